"""A panel of 8 x 5 cells, against matplotlib, which most people draw it with."""

import numpy as np
import pytest
import workloads
from harness import QUICK, race

import hotcold

ITEMS = 8


@pytest.mark.benchmark(group="panel")
def test_sheet(benchmark):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    batch = workloads.typical(ITEMS)
    maps, images = batch.attributions, batch.images_first
    ways = {
        "input": None,
        **{f"sigma {s}": hotcold.HeatmapVisualizer(blur=s) for s in (0, 3, 10)},
        "mask": hotcold.MaskVisualizer(),
    }
    panel = hotcold.Panel(ways)
    shown = images if images.dtype == np.uint8 else (images * 255).astype(np.uint8)

    def theirs():
        """Draw the same cells with imshow and read the canvas back."""
        cells = [shown.transpose(0, 2, 3, 1)]
        cells += [way.render(maps, images) for way in list(ways.values())[1:]]
        figure = Figure(figsize=(5 * 2.28, 8 * 2.28), dpi=100)
        canvas = FigureCanvasAgg(figure)
        for place, axes in enumerate(figure.subplots(ITEMS, 5).ravel()):
            item, column = divmod(place, 5)
            axes.imshow(cells[column][item])
            axes.set_axis_off()
            if item == 0:
                axes.set_title(list(ways)[column])
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    def check(mine, answers):
        assert mine.shape[2] == 3
        assert answers["matplotlib"].shape[2] == 4
        first = list(ways.values())[1].render(maps, images)
        size = workloads.SIZE
        top = mine.shape[0] - ITEMS * (size + 4) + 4
        got = mine[top : top + size, size + 4 : 2 * size + 4]
        np.testing.assert_array_equal(got, first[0])

    race(
        benchmark,
        lambda: panel.sheet(maps, images),
        {"matplotlib": theirs},
        check=check,
        targets={"matplotlib": 20},
        floors={"matplotlib": 5},
        rounds=3 if QUICK else 7,
    )
