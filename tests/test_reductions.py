"""Channels reduced to one, in the core, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from core_calls import plan
from helpers import as_type
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import LAYOUTS

from hotcold import _core
from hotcold._arrays import as_batch, result_dtype

pytestmark = pytest.mark.kernels

REDUCTIONS = ("mean", "sum", "sum_abs", "max_abs", "norm")


def reduced(a, reduction, n_threads=1):
    """Return what the fused pass computes when it reduces and does nothing else."""
    view = as_batch(a, "a", "channels_first")
    values = np.empty((len(a), 1, *a.shape[2:]), result_dtype(view))
    spec = plan(reduction=reduction, normalization_type="unnormalized")
    assert _core.render(spec, view, None, values, None, n_threads) is None
    return values


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(2, 1, 3, 4), (1, 3, 1, 1), (3, 2, 7, 513), (2, 65, 5, 9)])
def test_reductions_are_numpys(rng, dtype, isa, reduction, shape):
    a = rng.standard_normal(shape).astype(dtype)
    expected = reference.reduced(a, reduction)
    few = shape[1] * np.finfo(dtype).eps
    np.testing.assert_allclose(reduced(a, reduction), expected, rtol=few, atol=4 * few)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_reductions_do_not_depend_on_strides(rng, reduction, layout):
    a = LAYOUTS[layout](rng.standard_normal((2, 3, 11, 13)))
    np.testing.assert_array_equal(reduced(a, reduction), reduced(np.array(a, "f8"), reduction))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("kind", ["u1", "i1", "i8", "f2", "?"])
def test_reductions_take_any_dtype(rng, reduction, kind):
    a = as_type(rng.standard_normal((2, 3, 8, 9)) * 50, kind)
    expected = reference.reduced(a.astype("f4"), reduction)
    np.testing.assert_allclose(reduced(a, reduction), expected, rtol=1e-6)


def test_max_abs_keeps_the_sign_of_the_first_largest():
    a = np.array([2.0, -3.0, 3.0, -1.0]).reshape(1, 4, 1, 1)
    assert reduced(a, "max_abs").item() == -3
    assert reduced(a[:, ::-1], "max_abs").item() == 3


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reductions_of_the_largest_numbers_stay_finite(dtype, reduction):
    top = np.finfo(dtype).max
    a = np.full((1, 3, 2, 2), top, dtype)
    assert np.all(reduced(a, reduction) == top)


def test_norm_of_tiny_numbers_does_not_vanish(dtype):
    tiny = np.finfo(dtype).tiny
    got = reduced(np.array([3, 4], dtype).reshape(1, 2, 1, 1) * tiny, "norm")
    np.testing.assert_allclose(got, 5 * tiny, rtol=1e-6)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_reductions_do_not_depend_on_threads(rng, reduction):
    a = rng.standard_normal((2, 3, 300, 301)).astype(np.float32)
    for n_threads in (2, 3, 7):
        np.testing.assert_array_equal(reduced(a, reduction, n_threads), reduced(a, reduction))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_values_that_are_not_finite_are_told(rng, reduction):
    a = rng.standard_normal((3, 3, 4, 4))
    a[1, 2, 0, :2] = np.nan, np.inf
    values = np.empty((3, 1, 4, 4))
    fault = _core.render(
        plan(reduction=reduction, normalization_type="unnormalized"), a, None, values, None, 1
    )
    assert fault[1] == 1


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float64, hnp.array_shapes(min_dims=4, max_dims=4, max_side=6), elements=st.floats(-9, 9)
    ),
    st.sampled_from(REDUCTIONS),
)
def test_reductions_of_any_numbers(a, reduction):
    expected = reference.reduced(a, reduction)
    np.testing.assert_allclose(reduced(a, reduction), expected, rtol=1e-12, atol=1e-12)
