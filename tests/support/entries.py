"""Every public way in: `ENTRIES` maps a name to a call with (attributions, x) of one layout."""

from __future__ import annotations

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer

SHAPE = (3, 3, 6, 7)  # N, C, H, W; small, no two spatial sizes alike

ENTRIES = {
    "gaussian_blur": lambda a, x, **kw: hotcold.gaussian_blur(a, 1.2, **kw),
    "normalize": lambda a, x, **kw: hotcold.normalize(a, "signed_max", **kw),
    "tile": lambda a, x, **kw: hotcold.tile(a, **kw),
    "visualizer": lambda a, x, **kw: Visualizer(blur=1, **kw).render(a),
    "heatmap": lambda a, x, **kw: HeatmapVisualizer(blur=1, **kw).render(a, x),
    "mask": lambda a, x, **kw: MaskVisualizer(blur=1, **kw).render(a, x),
    "mask_values": lambda a, x, **kw: MaskVisualizer(blur=1, **kw)(
        a, x, imshow=False, return_tiled=False
    ),
}
