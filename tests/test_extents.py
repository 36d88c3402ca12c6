"""Limits that follow from values: measured, merged over items, batches or shards, and read off."""

from __future__ import annotations

import json

import matplotlib as mpl
import numpy as np
import pytest
from core_calls import plan

import hotcold
from hotcold import _core

TABLE = mpl.colormaps["jet"](np.arange(256))
PAIRED = [mode for mode in hotcold.NORMALIZATION_TYPES if not mode.startswith("magnitude")]


def table_plan(mode, **changes):
    return plan(paint="table", table=TABLE, normalization_type=mode, **changes)


def measured(mode, a, **changes):
    return _core.measure(table_plan(mode, **changes), a, None, 1)


@pytest.fixture
def maps(rng):
    return (rng.standard_normal((5, 1, 7, 9)) * [[[[3.0]]]]).astype(np.float32)


@pytest.mark.parametrize("mode", PAIRED)
def test_an_extent_is_the_smallest_and_the_largest_normalized_value(maps, mode):
    values = hotcold.normalize(maps, mode)
    assert measured(mode, maps) == (float(values.min()), float(values.max()))


@pytest.mark.parametrize("mode", ["magnitude_max", "magnitude_sum"])
def test_an_extent_of_magnitudes_begins_at_zero(maps, mode):
    assert measured(mode, maps) == (0.0, float(hotcold.normalize(maps, mode).max()))


@pytest.mark.parametrize("n_threads", [1, 3])
def test_merged_extents_of_shards_are_the_extent_of_the_whole(maps, n_threads):
    wide = table_plan("unnormalized")
    whole = _core.measure(wide, maps, None, n_threads)
    parts = [_core.measure(wide, part, None, n_threads) for part in np.array_split(maps, 3)]
    merged = None
    for text in map(json.dumps, parts):  # as a shard would hand them on
        merged = _core.merge_extents(merged, tuple(json.loads(text)))
    assert merged == whole


def test_merging_with_nothing_changes_nothing():
    assert _core.merge_extents(None, None) is None
    assert _core.merge_extents((-1.0, 2.0), None) == (-1.0, 2.0)


def test_items_that_cannot_be_drawn_are_not_measured(maps):
    maps[1, 0, 2, 3] = np.nan
    maps[1, 0, 0, 0] = 1000.0
    rest = np.delete(maps, 1, axis=0)
    assert measured("unnormalized", maps) == measured("unnormalized", rest)
    assert measured("unnormalized", maps[1:2]) is None
    zeroed = measured("unnormalized", maps, nonfinite="zero")
    assert zeroed is not None
    assert zeroed[1] == 1000.0


def test_items_with_an_image_that_cannot_be_drawn_are_not_measured(maps):
    image = np.ones((5, 3, 7, 9), np.float32)
    image[2, 1, 6, 8] = np.inf
    maps[2] *= 100
    overlay = plan(paint="overlay", table=TABLE, normalization_type="unnormalized")
    found = _core.measure(overlay, maps, image, 1)
    assert found == measured("unnormalized", np.delete(maps, 2, axis=0))


@pytest.mark.parametrize(
    ("mode", "extent", "limits"),
    [
        ("unnormalized", (-3.0, 2.0), (-3.0, 3.0)),
        ("unnormalized", (0.0, 0.0), (-1.0, 1.0)),
        ("unnormalized", None, (-1.0, 1.0)),
        ("signed_sum", (-0.25, 0.5), (-0.5, 0.5)),
        ("magnitude_sum", (0.0, 0.25), (0.0, 0.25)),
        ("signed_max", (-0.5, 0.5), (-1.0, 1.0)),
        ("01", (0.0, 1.0), (0.0, 1.0)),
    ],
)
def test_limits_of_an_extent(mode, extent, limits):
    assert _core.extent_limits(mode, extent) == limits
    assert _core.extent_limits(mode, extent, True) == (0.0, limits[1])


@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
def test_given_limits_read_off_a_batch_draw_what_the_batch_draws(maps, mode):
    """Only where a batch has one extent: each item alone, or modes that share."""
    for batch in (maps,) if mode == "unnormalized" else np.split(maps, len(maps)):
        pictures = []
        limits = _core.extent_limits(mode, measured(mode, batch))
        for given in (None, limits):
            picture = np.zeros((len(batch), 7, 9, 3), np.uint8)
            drawn = table_plan(mode, limits=given)
            assert _core.render(drawn, batch, None, None, picture, 1) is None
            pictures.append(picture)
        np.testing.assert_array_equal(*pictures)


def test_what_a_mode_is():
    signed = {
        mode
        for mode in hotcold.NORMALIZATION_TYPES
        if _core.normalization_traits(mode)["is_signed"]
    }
    assert signed == {
        "unsigned_max",
        "unsigned_max_positive_centered",
        "signed_max",
        "signed_max_positive_centered",
        "signed_sum",
        "unnormalized",
    }
    sums = {
        mode
        for mode in hotcold.NORMALIZATION_TYPES
        if _core.normalization_traits(mode)["per_channel"]
    }
    assert sums == {"magnitude_sum", "signed_sum"}


MAP = (2, 3, 5, 6)
IMAGE = (2, 4, 10, 12)


@pytest.mark.parametrize(
    ("fields", "image", "picture", "values"),
    [
        ({"paint": "table", "reduction": "mean"}, None, (5, 6, 3), (2, 1, 5, 6)),
        ({"paint": "channels"}, None, (5, 6, 3), MAP),
        (
            {"paint": "overlay", "reduction": "mean", "upsample": "bilinear"},
            IMAGE,
            (10, 12, 4),
            (2, 1, 10, 12),
        ),
        ({"paint": "mask", "upsample": "bilinear"}, (2, 3, 10, 12), (10, 12, 3), (2, 3, 10, 12)),
        ({"paint": "mask", "reduction": "mean", "upsample": "bilinear"}, IMAGE, (10, 12, 4), IMAGE),
    ],
)
def test_a_plan_tells_the_shapes_of_what_it_makes(fields, image, picture, values):
    asked = plan(table=TABLE, **fields)
    assert asked.needs_image is (image is not None)
    assert asked.picture_shape(MAP, image) == picture
    assert asked.values_shape(MAP, image) == values


def test_a_mean_of_four_channels_makes_pictures_without_alpha(rng):
    """A single plane is left, so nothing fills a fourth byte of a pixel."""
    a = rng.integers(0, 256, (1, 4, 5, 6)).astype(np.uint8)
    grey = plan(reduction="mean", normalization_type="unnormalized", limits=(0.0, 255.0))
    assert grey.picture_shape(a.shape, None) == (5, 6, 3)
    picture = np.zeros((1, 5, 6, 3), np.uint8)
    assert _core.render(grey, a, None, None, picture, 1) is None
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])


def test_a_plan_takes_its_fields_and_no_others():
    with pytest.raises(TypeError, match="`sigma` cannot be 'wide'"):
        plan(sigma="wide")
    with pytest.raises(TypeError, match="RenderPlan takes these fields alone: reduction, "):
        plan(colour="red")
    with pytest.raises(TypeError, match="`reduction` must be given"):
        _core.RenderPlan()
