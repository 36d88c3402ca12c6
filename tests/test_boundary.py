"""Calls straight at the extension: whatever they pass, an exception and never a crash.

The Python layer refuses most of this first; the core does not rely on it.
"""

from __future__ import annotations

import numpy as np
import pytest
from core_calls import KERNELS, SHAPE, f4, plan, render
from helpers import NEEDS_NEW_TO_FAIL, message
from numpy.lib.stride_tricks import as_strided

from hotcold import _core

pytestmark = pytest.mark.kernels


@pytest.fixture(params=KERNELS.values(), ids=KERNELS.keys())
def kernel(request):
    return request.param


# --- inputs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (5,), (5, 6), (3, 5, 6), (1, 2, 3, 5, 6)])
def test_wrong_ndim_is_refused(kernel, shape):
    with pytest.raises(ValueError, match="must have 4 dimensions, got shape"):
        kernel(f4(shape), f4())
    with pytest.raises(ValueError, match="must have"):
        kernel(f4(), f4(shape))
    with pytest.raises(ValueError, match="must have 4 dimensions"):
        _core.tile(f4(shape), 1, 1, 0, np.float32(0)[...])


@pytest.mark.parametrize("axis", range(4))
def test_empty_arrays_are_refused(kernel, axis):
    shape = list(SHAPE)
    shape[axis] = 0
    with pytest.raises(ValueError, match="must not be empty"):
        kernel(f4(shape), f4(shape))
    with pytest.raises(ValueError, match="must not be empty"):
        _core.tile(f4(shape), 1, 1, 0, np.zeros((), "f4"))


@pytest.mark.parametrize(
    "kind", ["c8", "c16", "O", "S4", "U4", "M8[s]", "m8[s]", "g", "V4", ">f4", ">i8"]
)
def test_wrong_input_dtypes_are_refused(kernel, kind):
    a = np.zeros(SHAPE, kind)
    with pytest.raises(TypeError, match="must hold real numbers in native byte order, got dtype"):
        kernel(a, f4())
    with pytest.raises(TypeError, match="must hold real numbers"):
        _core.tile(a, 2, 1, 0, np.zeros((), kind))


@pytest.mark.parametrize("value", [None, 3, "a", [[[[1.0]]]], object()])
def test_things_that_are_no_arrays_are_refused(kernel, value):
    with pytest.raises(TypeError, match="incompatible function arguments"):
        kernel(value, f4())
    if value is not None:
        with pytest.raises(TypeError, match="incompatible function arguments"):
            kernel(f4(), value)


def test_unaligned_input_is_refused(kernel):
    raw = np.zeros(4 * 180 + 1, np.uint8)
    a = raw[1:].view(np.float32).reshape(SHAPE)
    with pytest.raises(ValueError, match="must be aligned"):
        kernel(a, f4())
    strided = as_strided(raw[:4].view(np.float32), (1, 1, 2, 2), (4, 4, 6, 4))
    with pytest.raises(ValueError, match="must be aligned"):
        kernel(strided, f4((1, 1, 2, 2)))


def test_negative_and_zero_strides_are_read(kernel):
    a = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    for view in (a[::-1, ::-1, ::-1, ::-1], np.broadcast_to(a[:, :1, :, :1], SHAPE)):
        expected, got = f4(), f4()
        kernel(np.array(view), expected)
        kernel(view, got)
        np.testing.assert_array_equal(got, expected)


GIANTS = [  # as large as numpy lets a view claim to be
    ((2**60, 1, 1, 1), "f4"),
    ((1, 2**60, 1, 1), "f4"),
    ((1, 1, 2**60, 1), "f4"),
    ((1, 1, 1, 2**59), "f8"),
    ((2**15, 2**15, 2**15, 2**15), "f4"),
    ((1, 1, 2**31, 2**31), "u1"),
    ((1, 1, 1, 2**63 - 1), "u1"),
    ((1, 2**62, 1, 1), "u1"),
]


@pytest.mark.parametrize(("shape", "kind"), GIANTS, ids=str)
def test_sizes_that_overflow_are_refused(kernel, shape, kind):
    giant = as_strided(np.ones(1, kind), shape, (0, 0, 0, 0))
    out = np.empty(SHAPE, "f8" if kind == "f8" else "f4")
    with pytest.raises((ValueError, MemoryError)):
        kernel(giant, out)
    with pytest.raises((ValueError, TypeError, MemoryError)):
        kernel(giant, giant)  # no array of that size can be written
    with pytest.raises((ValueError, MemoryError)):
        _core.tile(giant, 2**30, 2**33, 0, np.zeros((), kind))


@NEEDS_NEW_TO_FAIL
@pytest.mark.parametrize("shape", [(1, 1, 2**31, 2**28), (1, 1, 2**24, 2**24)], ids=str)
@pytest.mark.parametrize("sigma", [(0.0, 0.0), (2.0, 2.0)])
def test_scratch_that_no_memory_can_hold_is_a_memory_error(shape, sigma):
    giant = np.broadcast_to(np.float32(1), shape)
    with pytest.raises((ValueError, MemoryError)):
        render(plan(sigma=sigma), giant)
    small = np.zeros((1, 1, 1, 1, 1), np.uint8)
    with pytest.raises((ValueError, MemoryError)):
        render(plan(sigma=sigma), giant, picture=small)


# --- outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["f8", "f2", "i4", "u4", ">f4", "c8", "O"])
def test_wrong_output_dtypes_are_refused(kernel, kind):
    with pytest.raises(TypeError, match="must have dtype float32, got"):
        kernel(f4(), np.empty(SHAPE, kind))


def test_float64_input_needs_a_float64_output(kernel):
    with pytest.raises(TypeError, match="must have dtype float64, got float32"):
        kernel(np.ones(SHAPE), f4())


@pytest.mark.parametrize(
    "shape", [(1, 3, 5, 6), (2, 1, 5, 6), (2, 3, 6, 5), (2, 3, 5, 7), (3, 3, 5, 6)]
)
def test_wrong_output_shapes_are_refused(kernel, shape):
    with pytest.raises(ValueError, match=message("must have shape (2, 3, 5, 6), got")):
        kernel(f4(), f4(shape))


def test_read_only_output_is_refused_and_stays_as_it_is(kernel):
    out = f4()
    out.flags.writeable = False
    with pytest.raises(ValueError, match="must be writeable"):
        kernel(f4() * 2, out)
    assert (out == 1).all()


def test_outputs_with_two_elements_at_one_address_are_refused(kernel):
    one = np.zeros(1000, np.float32)
    for strides in (
        (0, 120, 24, 4),
        (360, 0, 24, 4),
        (360, 120, 0, 4),
        (360, 120, 24, 0),
        (360, 120, 20, 4),
    ):
        out = as_strided(one, SHAPE, strides)
        with pytest.raises(ValueError, match="must not hold two elements at one address"):
            kernel(f4(), out)


def test_unaligned_output_is_refused(kernel):
    out = np.zeros(4 * 180 + 1, np.uint8)[1:].view(np.float32).reshape(SHAPE)
    with pytest.raises(ValueError, match="must be aligned"):
        kernel(f4(), out)


def test_overlapping_outputs_are_refused(kernel):
    memory = np.zeros(400, np.float32)
    a, out = memory[:180].reshape(SHAPE), memory[179:359].reshape(SHAPE)
    for first, second in ((a, a), (a, out), (out, a), (a, a[::-1]), (a[:, ::-1], a)):
        with pytest.raises(ValueError, match="must not share memory with"):
            kernel(first, second)
    kernel(a, memory[180:360].reshape(SHAPE))  # next to each other is not overlapping


def test_strided_outputs_are_written_and_nothing_else(kernel):
    a = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    expected = f4()
    kernel(a, expected)
    big = np.full([2 * n + 1 for n in SHAPE], -7, np.float32)
    out = big[1::2, -2:0:-2, 1::2, -2:0:-2]
    kernel(a, out)
    np.testing.assert_array_equal(out, expected)
    assert (big == -7).sum() == big.size - out.size


@pytest.mark.parametrize("threads", [0, -1, -(2**31)])
def test_thread_counts_below_one_are_refused(kernel, threads):
    with pytest.raises(ValueError, match=f"`n_threads` must be >= 1, got {threads}"):
        kernel(f4(), f4(), threads)


@pytest.mark.parametrize("threads", [2**31, -(2**40), 1.5, None, "2"])
def test_thread_counts_that_are_no_int_are_refused(kernel, threads):
    with pytest.raises(TypeError, match="incompatible function arguments"):
        kernel(f4(), f4(), threads)


def test_largest_thread_count_is_taken(kernel):
    kernel(f4(), f4(), 2**31 - 1)


# --- numbers and names ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, -np.inf])
def test_wrong_sigmas_are_refused(value):
    for pair in ((value, 1.0), (1.0, value)):
        with pytest.raises(ValueError, match="`sigma` must be finite and >= 0"):
            _core.gaussian_blur(f4(), *pair, False, f4(), 1)
        with pytest.raises(ValueError, match="`sigma` must be finite and >= 0"):
            plan(sigma=pair)


@pytest.mark.parametrize("sigma", [1e9, 1e300, np.finfo("f8").max, 5e-324])
@pytest.mark.parametrize("fast", [False, True])
def test_extreme_sigmas_neither_hang_nor_crash(sigma, fast):
    a, out = np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6), f4((1, 1, 4, 6))
    assert _core.gaussian_blur(a, sigma, sigma, fast, out, 1) is None
    expected = a if sigma < 1 else np.full_like(a, a.mean())
    np.testing.assert_allclose(out, expected, atol=1e-3)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf])
def test_wrong_fractions_are_refused(value):
    for pair in ((value, 0.5), (0.5, value)):
        with pytest.raises(ValueError, match=message("must be in [0, 1]")):
            _core.percentile_mask(f4(), *pair, f4(), 1)
    for name in ("threshold", "masked_opacity", "overlay_opacity"):
        with pytest.raises(ValueError, match=message(f"`{name}` must be in [0, 1]")):
            plan(**{name: value})


@pytest.mark.parametrize("name", ["reduction", "sign", "normalization_type", "paint", "opacity"])
@pytest.mark.parametrize("value", ["", "nothing", "none\0", "x" * 10_000])
def test_unknown_names_are_refused(name, value):
    with pytest.raises(ValueError, match=message(f"`{name}` must be one of")):
        plan(**{name: value})
    with pytest.raises(ValueError, match=message("`normalization_type` must be one of")):
        _core.normalize(f4(), value, f4(), 1)


@pytest.mark.parametrize("pair", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf)])
@pytest.mark.parametrize("name", ["limits", "image_range"])
def test_wrong_ranges_are_refused(name, pair):
    with pytest.raises(ValueError, match=f"`{name}` must be finite"):
        plan(**{name: pair})


@pytest.mark.parametrize(
    "table",
    [
        np.zeros((0, 4)),
        np.zeros((3, 3)),
        np.zeros(4),
        np.zeros((65537, 4)),
        np.full((2, 4), 1.5),
        np.full((2, 4), np.nan),
        np.full((2, 4), -0.1),
    ],
    ids=["empty", "three columns", "1-D", "too long", "above 1", "nan", "below 0"],
)
def test_wrong_tables_are_refused(table):
    with pytest.raises(ValueError, match="`table` must"):
        plan(paint="table", table=table)


def test_a_table_may_lie_anywhere(rng):
    """Matplotlib's are aligned; what is read from a file in one piece need not be."""
    table = np.linspace(0, 1, 7 * 4).reshape(7, 4)
    room = np.zeros(table.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(table.shape)
    room[:] = table
    a = rng.standard_normal((1, 1, 5, 6)).astype(np.float32)
    pictures = []
    for rgba in (table, room, np.asfortranarray(table), table.repeat(2, 0)[::2]):
        out = np.zeros((1, 5, 6, 4), np.uint8)
        _core.render(plan(paint="table", table=rgba), a, None, None, out, 1)
        pictures.append(out)
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture, pictures[0])


@pytest.mark.parametrize("paint", ["table", "overlay"])
def test_a_missing_table_is_refused(paint):
    with pytest.raises(ValueError, match="`table` must be given"):
        plan(paint=paint)
