"""Calls straight at the extension, with as few words as possible."""

from __future__ import annotations

import numpy as np

from hotcold import _core

SHAPE = (2, 3, 5, 6)
FIELDS = {
    "reduction": "none",
    "upsample": "none",
    "sigma": (0.0, 0.0),
    "sign": "all",
    "clip": None,
    "normalization_type": "01",
    "extremes": None,
    "paint": "channels",
    "limits": None,
    "table": None,
    "overlay_opacity": 0.5,
    "opacity": "threshold",
    "threshold_by": "quantile",
    "threshold": 0.5,
    "masked_opacity": 0.2,
    "invert": False,
    "background": (0.0, 0.0, 0.0),
    "background_sigma": (0.0, 0.0),
    "contours": (),
    "contour_color": (1.0, 1.0, 1.0),
    "contour_width": 1,
    "boxes": 0,
    "box_color": (1.0, 1.0, 1.0),
    "box_width": 2,
    "channel_order": "rgb",
    "image_range": None,
    "image_norm": None,
    "grayscale": False,
    "nonfinite": "raise",
}


def plan(**changes):
    # Of the paints a mask alone has a threshold unless it is asked for.
    opacity = "threshold" if changes.get("paint") == "mask" else "constant"
    return _core.RenderPlan(**{**FIELDS, "opacity": opacity, **changes})


def f4(shape=SHAPE):
    return np.ones(shape, np.float32)


KERNELS = {
    "gaussian_blur": lambda a, out, threads=1: _core.gaussian_blur(
        a, 1.0, 1.0, False, out, threads
    ),
    "normalize": lambda a, out, threads=1: _core.normalize(a, "01", out, threads),
    "percentile_mask": lambda a, out, threads=1: _core.percentile_mask(a, 0.5, 0.2, out, threads),
    "render": lambda a, out, threads=1: _core.render(plan(), a, None, out, None, threads),
}


def render(paint_plan, a, image=None, values=None, picture=None):
    return _core.render(paint_plan, a, image, values, picture, 1)
