"""The geometry of sheets: where pictures, captions, labels and colour bars are."""

from __future__ import annotations

import numpy as np
import pytest

import hotcold
from hotcold.sheet import WHITE, Sheet, Tiler

pytestmark = pytest.mark.kernels

SHEETS = [
    Sheet(1, 1, (2, 3)),
    Sheet(2, 3, (4, 5)),
    Sheet(2, 3, (4, 5), (1, 2)),
    Sheet(3, 2, (4, 5), (1, 0), (7, 6, 5, 3), caption=2),
]


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_cells_are_where_their_boxes_are(sheet, channels):
    canvas = sheet.new(channels)
    assert canvas.shape == (*sheet.shape, channels)
    assert (canvas == WHITE).all()
    cells = sheet.cells(canvas)
    assert cells.shape == (sheet.rows, sheet.cols, *sheet.cell, channels)
    assert np.shares_memory(cells, canvas)
    for item in range(sheet.n_cells):
        cells[divmod(item, sheet.cols)] = item
        assert (sheet.box(item).of(canvas) == item).all()
    drawn = np.zeros(sheet.shape, bool)
    for item in range(sheet.n_cells):
        drawn[sheet.box(item).top : sheet.box(item).bottom][
            :, sheet.box(item).left : sheet.box(item).right
        ] = True
    assert drawn.sum() == sheet.n_cells * sheet.cell[0] * sheet.cell[1]  # no two overlap
    assert (canvas[~drawn] == WHITE).all()


def test_everything_has_a_place_of_its_own():
    sheet = SHEETS[-1]
    count = np.zeros((*sheet.shape, 1), int)
    boxes = [
        *(sheet.box(item) for item in range(sheet.n_cells)),
        *(sheet.caption_box(item) for item in range(sheet.n_cells)),
        *(sheet.above_column(col) for col in range(sheet.cols)),
        *(sheet.below_column(col) for col in range(sheet.cols)),
        *(sheet.before_row(row) for row in range(sheet.rows)),
        *(sheet.after_row(row) for row in range(sheet.rows)),
    ]
    for box in boxes:
        part = box.of(count)
        assert part.size == (box.bottom - box.top) * (box.right - box.left) > 0
        part += 1
    assert count.max() == 1
    height, width = sheet.shape
    assert (height, width) == (7 + 3 * (4 + 2) + 2 * 1 + 5, 3 + 2 * 5 + 6)
    assert sheet.caption_box(3) == (7 + 7 + 4, 3 + 5, 7 + 7 + 6, 3 + 10)
    assert sheet.above_column(1) == (0, 8, 7, 13)
    assert sheet.below_column(0) == (height - 5, 3, height, 8)
    assert sheet.before_row(2) == (7 + 14, 0, 7 + 18, 3)
    assert sheet.after_row(0) == (7, width - 6, 11, width)
    assert sheet.after_row(0, 2) == (7, width - 6, 7 + 18, width)


@pytest.mark.parametrize("sheet", SHEETS)
def test_pictures_are_rendered_straight_into_their_cells(sheet, rng):
    n_items = max(1, sheet.n_cells - 1)
    request = hotcold.Visualizer().request(rng.standard_normal((n_items, 1, *sheet.cell)))
    canvas = sheet.new(3)
    request.render_cells(sheet.cells(canvas), 1)
    expected = sheet.new(3)
    for item, picture in enumerate(request.render(None, 1)):
        sheet.box(item).of(expected)[:] = picture
    np.testing.assert_array_equal(canvas, expected)


def test_a_canvas_that_pictures_cover_is_not_filled_first(monkeypatch):
    memory = np.zeros((4, 6, 3), np.uint8)
    monkeypatch.setattr("hotcold.sheet.new_array", lambda shape, dtype: memory.reshape(shape))
    Sheet(2, 2, (2, 3)).new(3, n_items=4)
    assert not memory.any()
    Sheet(2, 2, (2, 3)).new(3, n_items=3)
    assert memory.all()


def test_tilers_are_sheets_with_equal_gaps():
    sheet = Tiler(cols=2, padding=3).sheet(5, (4, 6))
    assert sheet == Sheet(3, 2, (4, 6), (3, 3))
    tiled = Tiler(cols=2, padding=3, fill=-1).tile(np.arange(5 * 24.0).reshape(5, 1, 4, 6))
    assert sheet.shape == tiled.shape
    for item in range(5):
        np.testing.assert_array_equal(
            sheet.box(item).of(tiled).ravel(), np.arange(24.0) + 24 * item
        )
