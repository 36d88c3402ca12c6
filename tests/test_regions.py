"""Thresholds, outlines and boxes of regions against numpy, scipy and scikit-image."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import LAYOUTS
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.segmentation import find_boundaries

import hotcold
from hotcold import _core
from hotcold._arrays import as_batch

pytestmark = pytest.mark.kernels

RULES = ("quantile", "mass", "max", "otsu")
SIZES = ((1, 1), (1, 9), (9, 1), (2, 3), (17, 31), (33, 32), (64, 63))

MAPS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "constant": lambda rng, shape: np.full(shape, 0.3),
    "zeros": lambda rng, shape: np.zeros(shape),
    "negative": lambda rng, shape: -rng.random(shape) - 1,
    "sparse": lambda rng, shape: np.where(rng.random(shape) < 0.9, 0.0, rng.standard_normal(shape)),
    "tied": lambda rng, shape: rng.integers(-2, 4, shape).astype(float),
    "one pixel": lambda rng, shape: np.where(np.arange(np.prod(shape)) == 0, 1.0, 0).reshape(shape),
    "tiny": lambda rng, shape: rng.random(shape) * 1e-30,
    "two levels": lambda rng, shape: np.where(rng.random(shape) < 0.3, 5.0, 1.0)
    + 0.1 * rng.random(shape),
}


def limits_of(maps, threshold, by, n_threads=1):
    limits, bad = _core.threshold_limits(maps, threshold, by, n_threads)
    assert bad is None
    return limits


def kept(maps, threshold, by):
    limits = limits_of(maps, threshold, by)
    return maps[:, 0] > limits.astype(maps.dtype)[:, None, None]


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("by", RULES)
def test_threshold_keeps_what_its_definition_keeps(rng, dtype, kind, by):
    for size in SIZES:
        maps = MAPS[kind](rng, (3, 1, *size)).astype(dtype)
        for threshold in (0.0, 0.1, 0.5, 0.77, 0.99, 1.0):
            expected = [reference.kept(item[0], threshold, by) for item in maps]
            np.testing.assert_array_equal(
                kept(maps, threshold, by), expected, f"{size} {threshold}"
            )


def test_otsu_limit_is_scikit_images_number(rng, dtype):
    for kind in ("normal", "two levels", "tied", "sparse"):
        maps = MAPS[kind](rng, (4, 1, 40, 50)).astype(dtype)
        expected = [threshold_otsu(item[0], 256) for item in maps]
        np.testing.assert_array_equal(limits_of(maps, 0.5, "otsu").astype(dtype), expected)


@pytest.mark.parametrize("offset", [1.0, -3.0, 1e6, -1e12])
@pytest.mark.parametrize("coarse", [2, 30, 1000, 10**5])
def test_otsu_counts_as_numpy_where_edges_are_rounded(rng, dtype, offset, coarse):
    """Bins of `coarse` steps of the type each; values on edges, close to them and anywhere."""
    range_ = 256 * coarse * np.spacing(dtype(abs(offset)))
    on_edges = rng.integers(0, 257, (1, 1, 61, 73)) / 256
    anywhere = rng.random((1, 1, 61, 73))
    for share in (anywhere, on_edges, (on_edges + anywhere * 1e-3) / 1.001):
        maps = (share * range_ + offset).astype(dtype)
        expected = threshold_otsu(maps[0, 0], 256)
        assert limits_of(maps, 0.5, "otsu").astype(dtype) == expected


def test_otsu_of_the_widest_range_stays_finite(dtype):
    top = np.finfo(dtype).max
    maps = np.array([-top, -top, top, top * dtype(0.99)], dtype).reshape(1, 1, 2, 2)
    np.testing.assert_array_equal(kept(maps, 0.5, "otsu"), [[[False, False], [True, True]]])


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, (1, 1, 7, 9), elements=st.integers(-3, 9).map(float)),
    st.floats(0, 1),
)
def test_mass_keeps_the_fewest_pixels_that_hold_it(maps, threshold):
    positive = np.sort(maps[maps > 0].astype(float))[::-1]
    shown = np.sort(maps[:, 0][kept(maps, threshold, "mass")].astype(float))[::-1]
    wanted = (1 - threshold) * positive.sum()
    assert shown.sum() >= wanted - 1e-9
    # Without its smallest value, and the equals of that, it would not do.
    assert not len(shown) or shown[shown > shown[-1]].sum() < wanted + 1e-9


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("diagonal", [False, True])
def test_boxes_are_those_of_scipy(rng, dtype, kind, diagonal):
    for size in SIZES:
        maps = MAPS[kind](rng, (2, 1, *size)).astype(dtype)
        count = min(4, size[0] * size[1])
        for by, least in (("mass", 1), ("peak", 2), ("area", 1)):
            *got, bad = _core.boxes(maps, count, 0.6, "quantile", diagonal, by, least, 1)
            assert bad is None
            for item in range(2):
                shown = reference.kept(maps[item, 0], 0.6, "quantile")
                expected = reference.strongest(maps[item, 0], shown, count, diagonal, by, least)
                for ours, theirs in zip(got, expected, strict=True):
                    np.testing.assert_allclose(ours[item], theirs, rtol=1e-12, err_msg=f"{size}")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_regions_do_not_depend_on_strides(rng, layout):
    maps = LAYOUTS[layout](rng.standard_normal((3, 1, 12, 15)).astype("f4"))
    view = as_batch(maps, "a", "channels_first")
    plain = np.array(maps, view.dtype, order="C")
    for call in (
        lambda maps: _core.boxes(maps, 3, 0.5, "quantile", False, "mass", 1, 1),
        lambda maps: _core.outlines(maps, 0.5, "mass", 2, 1),
        lambda maps: _core.threshold_limits(maps, 0.5, "otsu", 1),
    ):
        for ours, theirs in zip(call(view), call(plain), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", MAPS)
def test_outlines_are_the_inner_boundaries(rng, dtype, kind):
    for size in SIZES:
        maps = MAPS[kind](rng, (2, 1, *size)).astype(dtype)
        for width in (1, 2, 3, 70):
            lines, bad = _core.outlines(maps, 0.4, "quantile", width, 1)
            assert bad is None
            for item in range(2):
                shown = reference.kept(maps[item, 0], 0.4, "quantile")
                expected = shown & ~ndimage.binary_erosion(shown, iterations=width, border_value=1)
                np.testing.assert_array_equal(lines[item], expected)
                if width == 1:
                    by_skimage = find_boundaries(shown, connectivity=1, mode="inner")
                    np.testing.assert_array_equal(lines[item], by_skimage)


def test_boxes_do_not_depend_on_threads(rng):
    maps = rng.standard_normal((40, 1, 60, 70)).astype(np.float32)
    expected = _core.boxes(maps, 3, 0.5, "mass", True, "mass", 1, 1)
    for n_threads in (2, 3, 7):
        got = _core.boxes(maps, 3, 0.5, "mass", True, "mass", 1, n_threads)
        for ours, theirs in zip(got, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_boxes_tell_of_values_that_are_not_finite(rng):
    maps = rng.standard_normal((3, 1, 5, 5)).astype(np.float32)
    maps[1, 0, 2] = np.nan
    assert _core.boxes(maps, 1, 0.5, "quantile", False, "mass", 1, 1)[-1] == (1, 5)
    assert _core.threshold_limits(maps, 0.5, "otsu", 1)[-1] == (1, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "`count` must be >= 1"),
        ({"count": 26}, "`count` must be at most the 25 pixels"),
        ({"threshold": float("nan")}, r"`threshold` must be in \[0, 1\]"),
        ({"threshold_by": "rank"}, "`threshold_by` must be one of"),
        ({"by": "size"}, "`by` must be one of"),
        ({"min_area": 0}, "`min_area` must be >= 1"),
        ({"n_threads": 0}, "`n_threads`"),
        ({"maps": np.zeros((1, 2, 5, 5))}, "`maps` must have one channel, got 2"),
    ],
)
def test_boxes_refuse_what_makes_no_sense(change, message):
    arguments = {
        "maps": np.zeros((1, 1, 5, 5)),
        "count": 1,
        "threshold": 0.5,
        "threshold_by": "quantile",
        "diagonal": False,
        "by": "mass",
        "min_area": 1,
        "n_threads": 1,
    }
    with pytest.raises(ValueError, match=message):
        _core.boxes(**{**arguments, **change})


def test_public_boxes_combine_blur_and_find(rng):
    a = rng.standard_normal((3, 4, 20, 30))
    smooth = reference.gaussian_blur(reference.reduced(a, "sum_abs"), 2.0)
    found = hotcold.boxes(a, count=3, combine="sum_abs", blur=2, threshold=0.7, connectivity=2)
    for item in range(3):
        shown = reference.kept(smooth[item, 0], 0.7, "quantile")
        expected = reference.strongest(smooth[item, 0], shown, 3, True, "mass", 1)
        for ours, theirs in zip(
            (found.bbox, found.mass, found.peak, found.area), expected, strict=True
        ):
            np.testing.assert_allclose(ours[item], theirs, rtol=1e-9)
    last = hotcold.boxes(np.moveaxis(a, 1, -1), dim_order="channels_last", threshold="otsu")
    np.testing.assert_array_equal(last.bbox, hotcold.boxes(a, threshold="otsu").bbox)


def test_boxes_beyond_the_regions_are_empty():
    found = hotcold.boxes(np.array([[[[1.0, 0]]]]), count=5, threshold=0.5, threshold_by="max")
    assert found.bbox.tolist() == [[[0, 0, 1, 1], *[[-1] * 4] * 4]]
    assert found.area.tolist() == [[1, 0, 0, 0, 0]]
    assert found.bbox.dtype == np.int64
    assert len(found) == 1


def test_boxes_as_a_table(tmp_path):
    a = np.zeros((2, 1, 4, 4))
    a[1, 0, 2, 1:3] = 0.5
    hotcold.boxes(a, count=2, threshold=0, threshold_by="max").to_csv(
        tmp_path / "b.csv", names=["x, y", "z"]
    )
    with (tmp_path / "b.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["item", "name", "rank", "y0", "x0", "y1", "x1", "mass", "peak", "area"],
            ["1", "z", "0", "2", "1", "3", "3", "1.0", "0.5", "2"],
        ]
    with pytest.raises(ValueError, match="`names` must hold 2 names, one per item, got 1"):
        hotcold.boxes(a).to_csv(tmp_path / "c.csv", names=["x"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "`count` must be"),
        ({"threshold": 1.5}, r"`threshold` must be"),
        ({"threshold": "li"}, "`threshold` must be a number in .* or 'otsu'"),
        ({"threshold_by": "rank"}, "`threshold_by` must be one of"),
        ({"connectivity": 4}, "`connectivity` must be 1"),
        ({"by": "size"}, "`by` must be one of"),
        ({"min_area": -1}, "`min_area` must be"),
        ({"blur": -1}, "`blur` must be"),
    ],
)
def test_public_boxes_refuse_what_makes_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        hotcold.boxes(np.zeros((1, 1, 4, 4)), **options)
