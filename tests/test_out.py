"""`render` into memory of the caller's, and one picture for call, render and file."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import message, read_picture

from hotcold import HeatmapVisualizer, MaskVisualizer, Tiler, Visualizer

SHAPE = (3, 3, 10, 12)
CASES = {
    "visualizer": (Visualizer(), 1),
    "combined": (Visualizer(True, blur=2), 1),
    "heatmap": (HeatmapVisualizer(), 2),
    "mask": (MaskVisualizer(), 2),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request, rng):
    """A visualizer and its inputs."""
    visualizer, count = request.param
    a = rng.standard_normal(SHAPE).astype(np.float32)
    x = rng.integers(0, 256, SHAPE).astype(np.uint8)
    return visualizer, (a, x)[:count]


def test_render_makes_one_picture_per_item(case):
    visualizer, arrays = case
    picture = visualizer.render(*arrays)
    assert picture.dtype == np.uint8
    assert picture.shape == (3, 10, 12, 3)
    assert picture.flags.c_contiguous


def test_render_writes_into_out_and_returns_it(case):
    visualizer, arrays = case
    expected = visualizer.render(*arrays)
    out = np.full_like(expected, 99)
    assert visualizer.render(*arrays, out=out) is out
    np.testing.assert_array_equal(out, expected)


def test_out_may_be_part_of_a_larger_array(case):
    visualizer, arrays = case
    big = np.full((7, 14, 12, 3), 99, np.uint8)
    for out in (big[1:4, 2:12], big[::2][:3, 2:12], big[::-1, ::-1][:3, :10]):
        big[...] = 99
        visualizer.render(*arrays, out=out)
        np.testing.assert_array_equal(out, visualizer.render(*arrays))
        assert (big != 99).any(axis=-1).sum() <= 3 * 10 * 12


def test_out_of_a_wrong_kind_raises(case):
    visualizer, arrays = case
    for wrong in (np.empty((3, 10, 12, 3), np.float32), np.empty((3, 10, 12, 3), np.int8)):
        with pytest.raises(TypeError, match=message("`out` must be a numpy array of dtype uint8")):
            visualizer.render(*arrays, out=wrong)
    with pytest.raises(TypeError, match=message("`out` must be a numpy array", "list")):
        visualizer.render(*arrays, out=[])


@pytest.mark.parametrize("shape", [(3, 10, 12, 4), (2, 10, 12, 3), (3, 12, 10, 3), (3, 10, 36)])
def test_out_of_a_wrong_shape_raises(case, shape):
    visualizer, arrays = case
    expected = message("`out` must have shape (3, 10, 12, 3), got", str(shape))
    with pytest.raises(ValueError, match=expected):
        visualizer.render(*arrays, out=np.empty(shape, np.uint8))


def test_read_only_out_raises(case):
    visualizer, arrays = case
    out = np.empty((3, 10, 12, 3), np.uint8)
    out.flags.writeable = False
    with pytest.raises(ValueError, match=message("`out` must be writeable")):
        visualizer.render(*arrays, out=out)


@pytest.mark.parametrize("name", ["pixels apart", "reversed channels", "planes", "broadcast"])
def test_out_without_adjacent_pixels_raises(case, name):
    visualizer, arrays = case
    out = {
        "pixels apart": np.empty((3, 10, 24, 3), np.uint8)[:, :, ::2],
        "reversed channels": np.empty((3, 10, 12, 3), np.uint8)[..., ::-1],
        "planes": np.empty((3, 3, 10, 12), np.uint8).transpose(0, 2, 3, 1),
        "broadcast": np.lib.stride_tricks.as_strided(
            np.empty((10, 12, 3), np.uint8), (3, 10, 12, 3), (0, 36, 3, 1)
        ),
    }[name]
    with pytest.raises(ValueError, match=message("`out` must")):
        visualizer.render(*arrays, out=out)


def test_out_that_overlaps_an_input_raises(rng):
    memory = np.zeros(10_000, np.uint8)
    out = memory[4:364].reshape(1, 10, 12, 3)
    x = memory[300:660].reshape(1, 3, 10, 12)
    a = rng.standard_normal((1, 3, 10, 12))
    for name, visualizer, arrays in (
        ("attributions", Visualizer(), (x,)),
        ("attributions", HeatmapVisualizer(), (x, a)),
        ("x", HeatmapVisualizer(), (a, x)),
        ("x", MaskVisualizer(), (a, x)),
    ):
        with pytest.raises(ValueError, match=message("`out` must not share memory", f"`{name}`")):
            visualizer.render(*arrays, out=out)


@pytest.mark.parametrize("tiler", [Tiler(), Tiler(rows=2, padding=3), Tiler(rows=3, cols=2)])
def test_call_file_and_render_show_the_same_pixels(rng, tmp_path, tiler):
    from matplotlib.figure import Figure

    a = rng.standard_normal(SHAPE).astype(np.float32)
    x = rng.integers(0, 256, SHAPE).astype(np.uint8)
    for cls, arrays in (
        (Visualizer, (a,)),
        (HeatmapVisualizer, (a, x)),
        (MaskVisualizer, (a, x)),
    ):
        visualizer = cls(tiler=tiler)
        picture = visualizer.render(*arrays)
        sheet = Tiler(**{**vars(tiler), "fill": 255}).tile(picture, dim_order="channels_last")
        figure = Figure()
        visualizer(*arrays, tmp_path / "sheet.png", fig=figure)
        np.testing.assert_array_equal(read_picture(tmp_path / "sheet.png"), sheet)
        np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), sheet)


def test_call_and_render_agree_for_unnormalized_batches(rng, tmp_path):
    # The one mode whose colours depend on the whole batch.
    a = rng.standard_normal((5, 1, 8, 8))
    visualizer = Visualizer(normalization_type="unnormalized", tiler=Tiler(cols=1))
    visualizer(a, tmp_path / "sheet.png", imshow=False)
    np.testing.assert_array_equal(
        read_picture(tmp_path / "sheet.png").reshape(5, 8, 8, 3), visualizer.render(a)
    )
