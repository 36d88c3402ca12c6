"""Masks against numpy, on every level: the percentile must be numpy's to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import LAYOUTS, broadcasts

import hotcold
from hotcold import _core

pytestmark = [pytest.mark.kernels, pytest.mark.usefixtures("isa")]

# Selection takes another path below 513 values, and samples from about 8192 on.
COUNTS = (1, 2, 3, 31, 32, 33, 511, 512, 513, 1000, 1023, 1024, 1025, 4097, 8191, 20011)
THRESHOLDS = (0.0, 0.001, 0.1, 0.37, 0.5, 0.9, 0.99, 0.9999, 1.0)

# Each makes n values of which percentiles are awkward in one way.
MAPS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "constant": lambda rng, n: np.full(n, 0.3),
    "zeros of both signs": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, -0.0),
    "sparse": lambda rng, n: np.where(rng.random(n) < 0.9, 0.0, rng.standard_normal(n)),
    "clipped": lambda rng, n: np.maximum(rng.standard_normal(n), 0),
    "four values": lambda rng, n: rng.integers(0, 4, n).astype(float),
    "ascending": lambda rng, n: np.arange(n, dtype=float),
    "descending": lambda rng, n: -np.arange(n, dtype=float),
    "sorted with ties": lambda rng, n: np.sort(rng.integers(0, 50, n)).astype(float),
    "denormal": lambda rng, n: rng.random(n) * 1e-40,
    "around both zeros": lambda rng, n: rng.choice([-1e-45, -0.0, 0.0, 1e-45, 1.0], n),
    "all sizes": lambda rng, n: rng.standard_normal(n) * 10.0 ** rng.integers(-38, 37, n),
    "one outlier": lambda rng, n: np.where(np.arange(n) == n // 2, 1e30, 1e-30),
    # Runs of values on one side of the percentile are masked while it is looked for.
    "waves": lambda rng, n: np.sin(np.arange(n) * (40.0 / n)),
    "ascending, then noise": lambda rng, n: np.where(
        np.arange(n) < n // 2, np.linspace(-1, 1, n), rng.uniform(-1, 1, n)
    ),
    "two plateaus and noise": lambda rng, n: np.sort(rng.integers(0, 2, n)) * 1e3
    + np.where(np.arange(n) % 500 < 9, rng.standard_normal(n), 0),
    # The sample takes every step-th value; here those are not like the others at all.
    "misleading sample": lambda rng, n: np.where(
        np.arange(n) % max(n // 1024, 1) == max(n // 1024, 1) // 2, 100.0, 0.0
    )
    + rng.random(n),
}


def mask_of(a, threshold, masked_opacity=0.2, n_threads=1):
    out = np.empty_like(a)
    assert _core.percentile_mask(a, threshold, masked_opacity, out, n_threads) is None
    return out


@pytest.mark.parametrize("kind", MAPS)
def test_percentile_mask_equals_numpys(rng, dtype, kind):
    for n in COUNTS:
        a = MAPS[kind](rng, n).astype(dtype).reshape(1, 1, 1, n)
        for threshold in THRESHOLDS:
            expected = reference.percentile_mask(a, threshold).astype(dtype)
            np.testing.assert_array_equal(mask_of(a, threshold), expected, err_msg=f"{n}")


def test_percentile_mask_separates_neighbouring_numbers(rng, dtype):
    """An interpolated threshold between two numbers one ulp apart is one of the two."""
    low = dtype(0.7)
    high = np.nextafter(low, dtype(1))
    a = rng.choice([low, high], (1, 1, 20, 30)).astype(dtype)
    for threshold in np.linspace(0, 1, 101):
        np.testing.assert_array_equal(
            mask_of(a, threshold), reference.percentile_mask(a, threshold).astype(dtype)
        )


def test_percentile_mask_is_taken_over_all_channels_of_each_item(rng, dtype):
    a = rng.standard_normal((4, 3, 9, 7)).astype(dtype) * dtype(
        [[[[1]]], [[[9]]], [[[1]]], [[[5]]]]
    )
    np.testing.assert_array_equal(mask_of(a, 0.8), reference.percentile_mask(a, 0.8).astype(dtype))


def test_percentile_mask_of_the_largest_numbers_does_not_overflow(dtype):
    """numpy's own interpolation gives -inf here: the difference of the neighbours overflows."""
    top = np.finfo(dtype).max
    a = np.array([-top, top], dtype).reshape(1, 1, 1, 2)
    np.testing.assert_array_equal(mask_of(a, 0.5).ravel(), np.array([0.2, 1], dtype))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_percentile_mask_of_every_layout_is_that_of_a_copy(rng, dtype, layout):
    a = rng.standard_normal((3, 3, 17, 19)).astype(dtype)
    np.testing.assert_array_equal(hotcold.percentile_mask(LAYOUTS[layout](a), 0.6), mask_of(a, 0.6))


def test_percentile_mask_of_broadcast_axes_is_that_of_a_copy(rng):
    for name, view, copy in broadcasts(rng.standard_normal((3, 3, 17, 19)).astype(np.float32)):
        np.testing.assert_array_equal(
            hotcold.percentile_mask(view, 0.6), mask_of(copy, 0.6), err_msg=name
        )


def test_percentile_mask_channels_last_in_place_and_through_scratch_agree(rng, dtype):
    """Same places in memory: masked where they lie. Different ones: through a copy."""
    a = np.array(rng.standard_normal((2, 40, 41, 3)), dtype).transpose(0, 3, 1, 2)
    same, other = np.empty_like(a), np.empty(a.shape, dtype)
    assert same.strides == a.strides != other.strides
    for out in (same, other):
        assert _core.percentile_mask(a, 0.7, 0.2, out, 1) is None
    np.testing.assert_array_equal(same, other)
    np.testing.assert_array_equal(same, reference.percentile_mask(a, 0.7).astype(dtype))


@pytest.mark.parametrize("n_threads", [2, 3, 7])
@pytest.mark.parametrize("shape", [(13, 3, 37, 41), (1, 1, 301, 299)])
def test_percentile_mask_does_not_depend_on_threads(rng, n_threads, shape):
    a = rng.standard_normal(shape).astype(np.float32)
    np.testing.assert_array_equal(mask_of(a, 0.9, n_threads=n_threads), mask_of(a, 0.9))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_percentile_mask_reports_the_first_nonfinite_item_and_its_count(rng, dtype, value):
    a = rng.standard_normal((4, 2, 30, 30)).astype(dtype)
    a[2, 1, 3:5, 7] = value
    a[3, 0, 0, 0] = value
    for n_threads in (1, 2):
        assert _core.percentile_mask(a, 0.5, 0.2, np.empty_like(a), n_threads) == (2, 2)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    size=st.one_of(st.integers(1, 40), st.integers(500, 530), st.integers(3000, 5000)),
    at=st.floats(0, 1, exclude_max=True),
    value=st.sampled_from([np.nan, np.inf, -np.inf]),
    fill=st.sampled_from(["noise", "constant", "sparse"]),
    threshold=st.floats(0, 1),
)
def test_percentile_mask_finds_one_bad_value_wherever_it_is(
    size, at, value, fill, threshold, dtype
):
    """Whatever part of the map the selection looks at, the whole of it is checked."""
    noise = np.random.default_rng(size).standard_normal(size)
    a = {"noise": noise, "constant": noise * 0, "sparse": np.where(noise > 1.6, noise, 0)}[fill]
    a = a.reshape(1, 1, 1, -1).astype(dtype)
    a[..., int(at * size)] = value
    assert _core.percentile_mask(a, threshold, 0.2, np.empty_like(a), 1) == (0, 1)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    a=hnp.arrays(
        np.float32,
        st.integers(1, 3000),
        elements=st.floats(-(2.0**100), 2.0**100, width=32),
        fill=st.sampled_from([0.0, 1.0, -2.5]),
    ),
    threshold=st.floats(0, 1),
)
def test_percentile_mask_of_any_map_is_numpys(a, threshold):
    a = a.reshape(1, 1, 1, -1)
    np.testing.assert_array_equal(
        mask_of(a, threshold), reference.percentile_mask(a, threshold).astype(np.float32)
    )
