"""The fused render at every level: colours, overlays and masks, pixel by pixel.

The visualizers' own tests cover what is drawn; these cover how each level of the machine draws it.
"""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import reference
from core_calls import plan, render
from helpers import as_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, broadcasts

from hotcold import _core

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("isa")]

JET = mpl.colormaps["jet"](np.arange(256))
OPACITIES = (0.0, 0.25, 0.3, 0.4, 0.5, 0.77, 1.0)
IMAGE_RANGES = ((0, 255), (-100, 300), (30, 200))

# 64 pixels are painted together, 16 or 256 elsewhere, runs are 1024 long.
SHAPES = ((1, 1), (3, 21), (8, 8), (5, 13), (16, 65), (33, 1027))


def picture_of(paint_plan, a, image=None, values=None, n_threads=1):
    channels = 4 if image is not None and image.shape[1] == 4 else 3
    picture = np.zeros((len(a), *a.shape[2:], channels), np.uint8)
    fault = _core.render(paint_plan, a, image, values, picture, n_threads)
    assert fault is None
    return picture


def entry_map(entries):
    """One value in the middle of each table entry, a row each, for limits (0, 1)."""
    column = (np.arange(entries, dtype=np.float64) + 0.5) / entries
    return np.repeat(column[:, None], 256, axis=1).astype(np.float32)[None, None]


def opaque_table(rng, entries):
    return np.concatenate([rng.random((entries, 3)), np.ones((entries, 1))], axis=1)


def entry_plan(table, **changes):
    fields = {"normalization_type": "unnormalized", "limits": (0.0, 1.0), "table": table}
    return plan(**fields, **changes)


@pytest.mark.parametrize("entries", [1, 2, 3, 127, 128, 129, 255, 256, 257, 1000])
def test_table_colours_are_cut_as_matplotlib_cuts_them(rng, entries):
    table = opaque_table(rng, entries)
    picture = picture_of(entry_plan(table, paint="table"), entry_map(entries))
    expected = (table[:, :3] * 255).astype(np.uint8)
    np.testing.assert_array_equal(picture[0], np.repeat(expected[:, None], 256, axis=1))


@pytest.mark.parametrize("opacity", OPACITIES)
@pytest.mark.parametrize("image_range", IMAGE_RANGES)
@pytest.mark.parametrize("entries", [7, 256, 300])
def test_overlay_of_every_byte_and_every_entry_follows_the_formula(
    rng, opacity, image_range, entries
):
    """Exhaustive: 256 bytes by all entries, wrong nowhere but where float64 is at a tie itself."""
    table = opaque_table(rng, entries)
    image = np.broadcast_to(np.arange(256, dtype=np.uint8), (1, 3, entries, 256))
    image = np.stack([image[0, 0], image[0, 1, :, ::-1], image[0, 2]])[None]
    blended = reference.blend(
        reference.image01(image, image_range), table[None, :, None, :3], opacity
    )
    picture = picture_of(
        entry_plan(table, paint="overlay", overlay_opacity=opacity, image_range=image_range),
        entry_map(entries),
        image,
    )
    wrong = (picture != reference.to_bytes(blended)) & ~reference.near_tie(blended, 1e-6)
    assert not wrong.any()


@pytest.mark.parametrize("masked_opacity", [*OPACITIES, 0.2])
@pytest.mark.parametrize("image_range", IMAGE_RANGES)
def test_mask_of_every_byte_follows_the_formula(masked_opacity, image_range):
    """Exhaustive: 256 bytes, shown and masked, wrong nowhere but where float64 is at a tie."""
    image = np.broadcast_to(np.arange(256, dtype=np.uint8), (1, 3, 2, 256))
    opacity = np.array([1.0, masked_opacity])[None, None, :, None]
    # The upper row lies above every threshold, the lower below.
    a = np.broadcast_to(np.array([1, 0], np.float32)[:, None], (1, 1, 2, 256))
    mask = plan(
        paint="mask",
        sign="positive",
        threshold=0.5,
        masked_opacity=masked_opacity,
        image_range=image_range,
    )
    masked = opacity * reference.image01(image, image_range)
    v255 = 255 * reference.channels_last(masked)
    wrong = (picture_of(mask, a, image) != reference.to_bytes(v255)) & ~reference.near_tie(
        v255, 1e-6
    )
    assert not wrong.any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("layout", ["c_order", "channels_last_memory", "reversed", "window"])
@pytest.mark.parametrize("opacity", [0.4, 0.5])
def test_overlay_of_every_image_layout_and_size(rng, shape, channels, layout, opacity):
    a = rng.standard_normal((2, 3, *shape)).astype(np.float32)
    image = rng.integers(0, 256, (2, channels, *shape)).astype(np.uint8)
    settings_ = {"normalization_type": "unsigned_max", "paint": "overlay", "reduction": "mean"}
    overlay = plan(**settings_, table=JET, overlay_opacity=opacity, image_range=(0, 255))
    values = np.empty((2, 1, *shape), np.float32)
    picture = picture_of(overlay, a, LAYOUTS[layout](image), values)
    rgb = reference.colors(values, "unsigned_max", "jet")
    blended = reference.blend(reference.image01(image), rgb, opacity)
    wrong = (picture != reference.to_bytes(blended)) & ~reference.near_tie(blended, 1e-6)
    assert not wrong.any()


@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("opacity", ["threshold", "map"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_mask_pictures_are_their_values_in_bytes(rng, kind, opacity, channels, reduction, shape):
    """Made from bytes or from numbers, with the values asked for or not: the same pixels."""
    a = rng.standard_normal((2, channels, *shape)).astype(np.float32)
    image = (rng.random((2, channels, *shape)) * 255).astype(kind)
    mask = plan(
        reduction=reduction,
        sign="positive",
        paint="mask",
        opacity=opacity,
        threshold=0.7,
        masked_opacity=0.3,
        image_range=(0, 255),
    )
    values = np.empty(image.shape, np.float32)
    picture = picture_of(mask, a, image, values)
    np.testing.assert_array_equal(picture, picture_of(mask, a, image))
    v255 = 255 * reference.channels_last(values).astype(np.float64)
    wrong = (picture != reference.to_bytes(v255)) & ~reference.near_tie(v255)
    assert not wrong.any()


@pytest.mark.parametrize("sign", ["all", "positive"])
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.51, 0.9, 1.0])
@pytest.mark.parametrize("kind", ["normal", "negative", "ties", "sparse", "constant", "near ties"])
def test_mask_is_that_of_the_normalised_map(rng, dtype, sign, threshold, kind):
    """The core compares raw values; the rule speaks of clipped and normalised ones."""
    shape = (3, 1, 40, 41)
    a = {
        "normal": lambda: rng.standard_normal(shape),
        "negative": lambda: -rng.random(shape),
        "ties": lambda: rng.integers(-3, 4, shape),
        "sparse": lambda: np.where(rng.random(shape) < 0.9, 0, rng.standard_normal(shape)),
        "constant": lambda: np.full(shape, 2.5),
        # Distinct values that normalising makes equal: their spread is lost beside the largest.
        "near ties": lambda: np.where(rng.random(shape) < 0.01, 1e9, rng.random(shape) * 200),
    }[kind]().astype(dtype)
    image = np.ones(shape, dtype)
    values = np.empty_like(image)
    mask = plan(sign=sign, paint="mask", threshold=threshold, image_range=(0, 1))
    assert render(mask, a, image, values) is None
    clipped = np.maximum(a, 0) if sign == "positive" else a
    normalised = np.empty_like(clipped)
    assert _core.normalize(clipped, "01", normalised, 1) is None
    expected = reference.percentile_mask(normalised, threshold).astype(dtype)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("mode", reference.NORMALIZATION_TYPES)
def test_colours_do_not_depend_on_whether_values_are_asked_for(rng, dtype, mode):
    a = rng.standard_normal((2, 1, 37, 41)).astype(dtype)
    table = plan(normalization_type=mode, paint="table", table=JET)
    values = np.empty_like(a)
    picture = picture_of(table, a, values=values)
    np.testing.assert_array_equal(picture, picture_of(table, a))
    expected = reference.colors(values, mode, "jet", bytes=True)
    wrong = (picture != expected).any(-1)
    edges = reference.near_table_edge(values, reference.color_limits(values, mode))
    assert not (wrong & ~edges).any()


KINDS = ("?", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 9])
def test_mean_is_summed_from_the_first_channel_whatever_the_layout(rng, kind, channels):
    a = as_type(rng.standard_normal((2, channels, 13, 37)) * 50, kind)
    computed = np.float64 if kind == "f8" else np.float32
    total = a[:, :1].astype(computed)
    for c in range(1, channels):
        total = total + a[:, c : c + 1].astype(computed)
    expected = total / computed(channels)
    mean = plan(reduction="mean", normalization_type="unnormalized", paint="table", table=JET)
    for layout in ("c_order", "channels_last_memory", "reversed", "sliced", "fortran_order"):
        values = np.empty((2, 1, 13, 37), computed)
        assert render(mean, LAYOUTS[layout](a), values=values) is None
        np.testing.assert_array_equal(values, expected, err_msg=layout)
    for name, view, copy in broadcasts(a):
        ours, theirs = np.empty((2, 2, 1, 13, 37), computed)
        assert render(mean, view, values=ours) is None
        assert render(mean, copy, values=theirs) is None
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def test_every_float16_is_read_exactly():
    a = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(1, 1, 256, 256)
    fields = {"normalization_type": "unnormalized", "paint": "table", "table": JET}
    values = np.empty(a.shape, np.float32)
    assert render(plan(**fields, nonfinite="zero"), a, values=values) is None
    finite = np.isfinite(a)
    np.testing.assert_array_equal(values, np.where(finite, a, 0).astype(np.float32))
    fault = render(plan(**fields), a, values=values)
    assert fault == ("attributions", 0, np.count_nonzero(~finite))


def test_means_of_the_largest_numbers_stay_finite(dtype):
    top = np.finfo(dtype).max
    a = np.full((1, 3, 5, 7), top, dtype)
    a[0, :, 1] = -top
    a[0, :, 2] = dtype(0.5)
    values = np.empty((1, 1, 5, 7), dtype)
    mean = plan(reduction="mean", normalization_type="unnormalized", paint="table", table=JET)
    assert render(mean, a, values=values) is None
    np.testing.assert_allclose(values[0, 0], a[0, 0], rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_nonfinite_values_are_counted_once_each_and_read_as_zero(rng, channels):
    a = np.abs(rng.standard_normal((3, channels, 40, 41))).astype(np.float32)
    a[1, 0, 3, 4:7] = [np.nan, np.inf, -np.inf]
    a[2, 0, 0, 0] = np.nan
    fields = {"reduction": "mean", "normalization_type": "unsigned_max", "paint": "table"}
    picture = np.empty((3, 40, 41, 3), np.uint8)
    for n_threads in (1, 2):
        strict = plan(**fields, table=JET)
        fault = _core.render(strict, a, None, None, picture, n_threads)
        assert fault == ("attributions", 1, 3)
    zeroed = picture_of(plan(**fields, table=JET, nonfinite="zero"), a)
    # In one channel or all: the mean of what is missing is missing.
    clean = np.where(np.isfinite(a).all(axis=1, keepdims=True), a, 0)
    np.testing.assert_array_equal(zeroed, picture_of(plan(**fields, table=JET), clean))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    values=st.lists(st.floats(-(2.0**90), 2.0**90, width=32), min_size=1, max_size=200),
    mode=st.sampled_from(("unsigned_max", "magnitude_max", "signed_max", "01")),
    power=st.integers(-60, 30),
)
def test_a_power_of_two_changes_no_colour(values, mode, power):
    a = np.array(values, np.float32).reshape(1, 1, 1, -1)
    a[np.abs(a) < 2.0**-60] = 0  # beyond, scaling down would round
    table = plan(normalization_type=mode, paint="table", table=JET)
    np.testing.assert_array_equal(
        picture_of(table, a), picture_of(table, np.ldexp(a, power).astype(np.float32))
    )


@pytest.mark.parametrize("mode", ["unsigned_max", "magnitude_max", "signed_max", "01"])
def test_table_entries_come_from_quotients_right_to_the_last_bit(rng, dtype, mode):
    """A table of 65536 entries tells its entry by its colour; a wrong last bit would show."""
    entries = np.arange(65536)
    table = np.ones((65536, 4))
    table[:, 0], table[:, 1] = entries // 256 / 255, entries % 256 / 255
    # Cutting the table to bytes must give the numbers back.
    table[:, :2] = np.minimum(np.nextafter(table[:, :2], 2), 1)
    a = rng.standard_normal((40, 1, 128, 128)).astype(dtype)
    a *= rng.uniform(1e-9, 1e9, (40, 1, 1, 1)).astype(dtype)
    picture = picture_of(plan(normalization_type=mode, paint="table", table=table), a)
    drawn = picture[..., 0].astype(int) * 256 + picture[..., 1]
    values = np.empty_like(a)
    assert _core.normalize(a, mode, values, 1) is None
    low, high = reference.color_limits(values, mode)[0]
    t = (values[:, 0] - dtype(low)) / dtype(high - low) * dtype(65536)
    np.testing.assert_array_equal(drawn, np.clip(t, 0, 65535).astype(int))
