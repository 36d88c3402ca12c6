"""What matplotlib makes of a figure."""

from __future__ import annotations

import numpy as np


def pixels(figure):
    """Return a figure as it looks, (H, W, 3), at its own size and resolution."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
