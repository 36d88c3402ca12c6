"""Masks under random combinations of all their options, held against a twin of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from helpers import from_order, to_order

from hotcold import MaskVisualizer, _core

pytestmark = pytest.mark.kernels

COLORS = {"black": (0, 0, 0), "white": (1, 1, 1), "gray": (0.5, 0.5, 0.5)}
BACKGROUNDS = (*COLORS, "checker", "blur", "transparent", (0.2, 0.2, 0.2), (1, 0, 0.3))
N_SEEDS = 60
CALLS_A_SEED = 10


def pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def random_options(rng, channels):
    """Options that go together, and the number of channels of their maps."""
    combine = pick(rng, True, False)
    background = pick(rng, *BACKGROUNDS)
    if channels == 4 and background != "transparent":
        background = "black"
    if channels == 1 and isinstance(background, tuple) and len(set(background)) > 1:
        background = "white"
    combine = combine or (background == "transparent" and channels > 1)
    map_channels = pick(rng, 1, 2, 3, 5) if combine else channels
    options = {
        "combine_channels": combine,
        "blur": pick(rng, 0.0, 1.2),
        "sign": pick(rng, "all", "positive", "negative", "absolute"),
        "threshold": pick(rng, 0.0, 0.3, 0.9, 1.0, "otsu"),
        "masked_opacity": pick(rng, 0.0, 0.2, 1.0),
        "use_attr_as_opacity": pick(rng, True, False),
        "invert": pick(rng, True, False),
        "background": background,
        "nonfinite": pick(rng, "raise", "zero", "transparent"),
        "image_range": pick(rng, None, (0, 255), (20, 200), (-9, 300)),
    }
    if options["threshold"] != "otsu" and not options["use_attr_as_opacity"]:
        options["threshold_by"] = pick(rng, "quantile", "mass", "max")
    if background == "blur":
        options["background_blur"] = pick(rng, 3.0, (1.0, 5.0))
    return options, map_channels


def random_maps(rng, shape, missing):
    a = rng.standard_normal(shape)
    if rng.random() < 0.4:
        a = np.abs(a) + 1
    if rng.random() < 0.3:
        a = np.round(a)  # ties
    if missing:
        match rng.integers(3):
            case 0:
                a[0, 0, : max(1, shape[2] // 3), : max(1, shape[3] // 2)] = np.nan
            case 1:
                a[-1] = np.inf
            case 2:
                a[rng.random(shape) < 0.4] = np.nan
    return a


def shown_by_threshold(v, present, options):
    """Which values of an item lie above its limit, which those that are present set."""
    rule = "otsu" if options["threshold"] == "otsu" else options["threshold_by"]
    if rule == "quantile":
        low, span = present.min(), np.ptp(present)
        limit = np.percentile(reference.divide(present - low, span), 100 * options["threshold"])
        return reference.divide(v - low, span) > limit
    if rule == "otsu":
        from skimage.filters import threshold_otsu

        return v > threshold_otsu(present, 256)
    kept = reference.kept(present, options["threshold"], rule)
    return v >= present[kept].min() if kept.any() else np.zeros(v.shape, bool)


def opacity_of(a, options):
    """The opacity of each pixel, (N, C, H, W)."""
    missing = ~np.isfinite(a)
    v = np.where(missing, 0, a)
    if options["combine_channels"]:
        missing = missing.any(axis=1, keepdims=True)
        v = np.where(missing, 0, reference.combined(v))
    v = reference.gaussian_blur(v, options["blur"])
    v = {
        "all": v,
        "positive": np.maximum(v, 0),
        "negative": np.maximum(-v, 0),
        "absolute": np.abs(v),
    }[options["sign"]]
    hides = options["nonfinite"] == "transparent"
    opacity = np.empty(v.shape)
    for item, where, out in zip(v, missing, opacity, strict=True):
        present = item[~where] if not where.all() else np.zeros(1)
        if options["use_attr_as_opacity"]:
            low, high = present.min(), present.max()
            filled = np.where(where, np.clip(0, low, high), item)
            out[:] = reference.divide(filled - low, high - low)
            if options["invert"]:
                out[:] = 1 - out
            if hides:
                out[where] = 0
        else:
            filled = np.where(where, 0, item)
            shown = shown_by_threshold(filled, present, options) != options["invert"]
            if hides:
                shown &= ~where
            out[:] = np.where(shown, 1, options["masked_opacity"])
    return opacity


def picture_of(opacity, x01, options):
    """The values of the whole, (N, C, H, W)."""
    background = options["background"]
    if background == "transparent" and x01.shape[1] < 4:
        colors = np.broadcast_to(x01, (len(x01), 3, *x01.shape[2:]))
        return np.concatenate([colors, opacity], axis=1)
    if background == "checker":
        y, x = np.mgrid[: x01.shape[2], : x01.shape[3]] // 8
        behind = np.where((y + x) % 2 == 0, 0.6, 0.8)
    elif background == "blur":
        behind = reference.gaussian_blur(x01, options["background_blur"])
    elif background == "transparent":
        behind = 0
    else:
        color = COLORS[background] if isinstance(background, str) else background
        behind = np.array(color)[: min(x01.shape[1], 3), None, None]
    if x01.shape[1] == 4:
        behind = 0
    return reference.masked(opacity, x01, behind)


@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_any_combination_is_the_twins(seed):
    rng = np.random.default_rng(seed)
    before = _core.build_info()["isa"]
    try:
        for _ in range(CALLS_A_SEED):
            _core.set_isa(pick(rng, *_core.build_info()["isa_available"]))
            check_one(rng)
    finally:
        _core.set_isa(before)


def check_one(rng):
    n, rows, columns = (int(k) for k in (rng.integers(1, 4), *rng.integers(1, 40, 2)))
    channels = pick(rng, 1, 3, 4)
    options, map_channels = random_options(rng, channels)
    missing = options["nonfinite"] != "raise" and rng.random() < 0.8
    a = random_maps(rng, (n, map_channels, rows, columns), missing)
    x = (rng.random((n, channels, rows, columns)) * 255).astype(pick(rng, "u1", "u2", "f4", "f8"))
    order = pick(rng, "channels_first", "channels_last")
    visualizer = MaskVisualizer(dim_order=order, n_threads=pick(rng, 1, 3), **options)
    arrays = to_order(a, order), to_order(x, order)
    expected = picture_of(
        opacity_of(a, options), reference.image01(x, options["image_range"]), options
    )
    values = from_order(visualizer(*arrays, imshow=False, return_tiled=False), order)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9, err_msg=repr(visualizer))
    shown = 255 * reference.channels_last(expected)
    shown = np.repeat(shown, 3, axis=-1) if shown.shape[-1] == 1 else shown
    picture = visualizer.render(*arrays)
    assert picture.shape == shown.shape
    wrong = (picture != reference.to_bytes(shown)) & ~reference.near_tie(shown)
    assert not wrong.any(), repr(visualizer)
