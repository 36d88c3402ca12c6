"""The nine normalizations against their definitions in float64, on every level."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, broadcasts

import hotcold
from hotcold import _core

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("isa")]

# Of the largest result: a division, a product and a difference, each rounded once, and for the sum
# modes the divisor, a sum in float64.
TOLERANCE = {np.float32: 4 * 2.0**-24, np.float64: 64 * 2.0**-53}

SUMS = ("magnitude_sum", "signed_sum")


def normalized(a, mode, n_threads=1):
    out = np.empty_like(a)
    assert _core.normalize(a, mode, out, n_threads) is None
    return out


def test_normalize_worked_case(dtype, mode):
    expected = {
        "unsigned_max": [-0.5, 0.25, 0, 1],
        "unsigned_max_positive_centered": [0.25, 0.625, 0.5, 1],
        "magnitude_max": [0.5, 0.25, 0, 1],
        "magnitude_sum": [2 / 7, 1 / 7, 0, 4 / 7],
        "signed_max": [-1, 0.25, 0, 1],
        "signed_max_positive_centered": [0, 0.625, 0.5, 1],
        "signed_sum": [-1, 0.2, 0, 0.8],
        "01": [0, 0.5, 1 / 3, 1],
        "unnormalized": [-4, 2, 0, 8],
    }
    a = np.array([-4, 2, 0, 8], dtype).reshape(1, 1, 2, 2)
    np.testing.assert_array_equal(normalized(a, mode).ravel(), np.array(expected[mode], dtype))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 1, 1, 7), (2, 3, 16, 17), (2, 4, 131, 129)])
def test_normalize_is_within_rounding_of_the_definition(rng, dtype, mode, shape):
    for offset in (0, 1, -1):  # values of both signs, of one sign, and neither at the ends
        a = (rng.standard_normal(shape) + 5 * offset).astype(dtype)
        expected = reference.normalize(a, mode)
        error = np.abs(normalized(a, mode) - expected).max()
        assert error <= TOLERANCE[dtype] * np.abs(expected).max(initial=1), (shape, offset)


def test_normalize_max_modes_are_one_rounded_division(rng, dtype):
    a = rng.standard_normal((2, 3, 33, 35)).astype(dtype)
    tops = np.abs(a).max(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_array_equal(normalized(a, "unsigned_max"), a / tops)
    np.testing.assert_array_equal(normalized(a, "magnitude_max"), np.abs(a) / tops)


@pytest.mark.parametrize("value", [0.0, -0.0, 3.0, -3.0, 1e-45, 3e38])
def test_normalize_constant_maps_give_no_nan(dtype, mode, value):
    a = np.full((2, 3, 4, 5), value, dtype)
    expected = reference.normalize(a, mode)
    np.testing.assert_allclose(normalized(a, mode), expected, rtol=1e-6)


def test_normalize_one_zero_channel_stays_zero_among_others(rng, dtype, mode):
    a = rng.standard_normal((2, 3, 6, 7)).astype(dtype)
    a[:, 1] = 0
    np.testing.assert_allclose(
        normalized(a, mode), reference.normalize(a, mode), atol=TOLERANCE[dtype]
    )


@pytest.mark.parametrize("power", [-140, -100, -30, 40, 100])
def test_normalize_does_not_depend_on_a_power_of_two(rng, mode, power):
    """No epsilon: a map of 1e-30 is drawn like a map of 1."""
    if mode == "unnormalized":
        return
    a = rng.integers(-100, 100, (2, 3, 8, 9)).astype(np.float32)
    scaled = np.ldexp(a, power).astype(np.float32)
    np.testing.assert_array_equal(normalized(scaled, mode), normalized(a, mode))


@pytest.mark.parametrize("mode", [m for m in hotcold.NORMALIZATION_TYPES if m != "unnormalized"])
def test_normalize_largest_numbers_do_not_overflow(dtype, mode):
    top = np.finfo(dtype).max
    a = np.array([-top, top, top / 2, 0, top, -top / 2], dtype).reshape(1, 1, 2, 3)
    small = np.array([-1, 1, 0.5, 0, 1, -0.5], dtype).reshape(1, 1, 2, 3)
    np.testing.assert_allclose(normalized(a, mode), reference.normalize(small, mode), rtol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_normalize_of_every_layout_is_that_of_a_copy(rng, mode, layout):
    a = rng.standard_normal((3, 3, 17, 19)).astype(np.float32)
    np.testing.assert_array_equal(hotcold.normalize(LAYOUTS[layout](a), mode), normalized(a, mode))


def test_normalize_of_broadcast_axes_is_that_of_a_copy(rng, mode):
    for name, view, copy in broadcasts(rng.standard_normal((3, 3, 17, 19)).astype(np.float32)):
        np.testing.assert_array_equal(
            hotcold.normalize(view, mode), normalized(copy, mode), err_msg=name
        )


def test_normalize_channels_last_memory_in_and_out_is_that_of_planes(rng, dtype, mode):
    planes = rng.standard_normal((2, 3, 40, 41)).astype(dtype)
    a = np.array(planes.transpose(0, 2, 3, 1), order="C").transpose(0, 3, 1, 2)
    out = np.empty_like(a)
    assert out.strides == a.strides
    assert _core.normalize(a, mode, out, 1) is None
    np.testing.assert_array_equal(out, normalized(planes, mode))


@pytest.mark.parametrize("n_threads", [2, 3, 7])
@pytest.mark.parametrize("shape", [(13, 3, 37, 41), (1, 3, 301, 299)])
def test_normalize_does_not_depend_on_threads(rng, mode, n_threads, shape):
    a = rng.standard_normal(shape).astype(np.float32)
    np.testing.assert_array_equal(normalized(a, mode, n_threads), normalized(a, mode))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_normalize_reports_the_first_nonfinite_item_and_its_count(rng, mode, value):
    a = rng.standard_normal((4, 2, 30, 30)).astype(np.float32)
    a[1, 1, 3:6, 7] = value
    a[3, 0, 0, 0] = value
    for n_threads in (1, 2):
        assert _core.normalize(a, mode, np.empty_like(a), n_threads) == (1, 3)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    mode=st.sampled_from(hotcold.NORMALIZATION_TYPES),
    values=st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=60),
)
def test_normalize_stays_within_the_range_of_its_mode(mode, values):
    a = np.array(values, np.float32).reshape(1, 1, 1, -1)
    result = normalized(a, mode)
    assert np.isfinite(result).all()
    if mode == "unnormalized":
        np.testing.assert_array_equal(result, a)
        return
    low = -1 if mode in ("unsigned_max", "signed_max", "signed_sum") else 0
    assert low - 1e-6 <= result.min() <= result.max() <= 1 + 1e-6
    if mode in SUMS and (a > 0).any():
        assert abs(result[result > 0].sum(dtype=np.float64) - 1) < 1e-5 or mode == "magnitude_sum"
