"""Giants, NaN and objects half made, straight at the extension: an error, never a crash."""

from __future__ import annotations

import math

import numpy as np
import pytest
from core_calls import KERNELS, f4, plan, render
from helpers import NEEDS_NEW_TO_FAIL, message
from numpy.lib.stride_tricks import as_strided

from hotcold import _core

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize("sigma", [math.nan, math.inf, -math.inf, -1.0])
@pytest.mark.parametrize("fast", [False, True])
def test_the_method_of_a_blur_with_a_wrong_sigma_is_refused(sigma, fast):
    for pair in ((sigma, 1.0), (1.0, sigma)):
        with pytest.raises(ValueError, match="`sigma` must be finite and >= 0 pixels"):
            _core.gaussian_blur_method(5, 5, *pair, fast, False)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2**63, 2), (2**40, 2**20)])
def test_the_method_of_a_blur_of_no_plane_is_refused(shape):
    with pytest.raises(ValueError, match="`rows` and `columns` must be >= 1"):
        _core.gaussian_blur_method(*shape, 1.0, 1.0, False, False)


@pytest.mark.parametrize("shape", [(2**47, 1), (1, 2**47), (2**24, 2**24)])
@pytest.mark.parametrize("sigma", [1.0, 5000.0, 1e300])
def test_the_method_of_a_blur_of_a_giant_plane_needs_no_memory(shape, sigma):
    for fast in (False, True):
        method = _core.gaussian_blur_method(*shape, sigma, sigma, fast, False)
        assert method in ("fir", "nodes", "nodes with tail")


@pytest.mark.parametrize(
    "shape", [(2**62, 8), (2**40, 2**40), (2**63 - 1,), (2**32,) * 4, (2**45, 3)]
)
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_an_array_that_no_memory_holds_is_a_memory_error(shape, kind):
    with pytest.raises(MemoryError):
        _core.empty_array(shape, np.dtype(kind))


@pytest.mark.parametrize("kind", ["O", "V0", "V8", "S5", "U3", "c8", "M8[s]", "m8[s]", "f4,O"])
def test_an_array_of_anything_but_numbers_is_refused(kind):
    with pytest.raises(TypeError, match="`dtype` must be a dtype of real numbers"):
        _core.empty_array((3,), np.dtype(kind))


def test_negative_extents_are_refused_and_empty_ones_are_arrays():
    with pytest.raises(ValueError, match=message("`shape` must hold numbers >= 0, got -3")):
        _core.empty_array((2, -3), np.dtype("f4"))
    for shape in ((0,), (3, 0, 2), ()):
        assert _core.empty_array(shape, np.dtype("f4")).shape == shape


@pytest.mark.parametrize("stride", [2**62, -(2**62), -(2**63)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_sheet_whose_cells_no_memory_holds_is_refused(stride, axis):
    strides = [36, 18, 6, 3, 1]
    strides[axis] = stride
    sheet = as_strided(np.zeros(1, np.uint8), (2, 2, 2, 2, 3), strides)
    with pytest.raises(ValueError, match="has strides that no memory holds"):
        render(plan(), f4((4, 3, 2, 2)), picture=sheet)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS.keys())
@pytest.mark.parametrize("stride", [2**62, -(2**62), -(2**63)])
def test_strides_that_no_memory_holds_are_refused(kernel, stride):
    shape = (2, 1, 1, 1)
    wild = as_strided(np.zeros(1, np.float32), shape, (stride, 4, 4, 4))
    for a, out in ((wild, f4(shape)), (f4(shape), wild)):
        with pytest.raises(ValueError, match="has strides that no memory holds"):
            kernel(a, out)


@NEEDS_NEW_TO_FAIL
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 2**47), (1, 1, 2**47, 1), (1, 1, 2**24, 2**24), (1, 3, 2**23, 2**22)]
)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_broadcast_giant_is_a_memory_error(shape, threads):
    giant = np.broadcast_to(np.float32(1), shape)
    with pytest.raises(MemoryError):
        _core.render(plan(sigma=(3.0, 3.0)), giant, None, None, None, threads)


@pytest.mark.parametrize("axis", range(4))
def test_more_elements_than_sizes_are_computed_with_are_refused(axis):
    shape = [1, 1, 1, 1]
    shape[axis] = 2**49 if axis else 2**61
    giant = np.broadcast_to(np.uint8(1), shape)
    with pytest.raises(ValueError, match="`attributions` is too large"):
        render(plan(), giant)
    with pytest.raises(ValueError, match="`a` is too large"):
        _core.tile(giant, 1, 1, 0, np.zeros((), "u1"))


def test_a_plan_that_was_never_initialised_is_refused():
    half_made = _core.RenderPlan.__new__(_core.RenderPlan)
    with pytest.raises(TypeError, match="`plan` must be a RenderPlan that was initialised"):
        render(half_made, f4())
    with pytest.raises(TypeError, match="`plan` must be a RenderPlan that was initialised"):
        _core.render_png(half_made, f4(), None, None, [], "fast", 1, b".", [], False)
    for other in (None, 3, "plan", object()):
        with pytest.raises(TypeError, match="`plan` must be a RenderPlan, got"):
            render(other, f4())


@pytest.mark.parametrize(
    ("low", "high"), [(-1e308, 1e308), (0, 5e-324), (1e308, 1.1e308), (0, 1e-300)]
)
@pytest.mark.parametrize("scale", [1.0, 1e-40, 3e38])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_ranges_beyond_a_types_own_index_no_table_from_outside(low, high, scale, kind):
    a = (np.linspace(-1, 1, 210).reshape(2, 1, 5, 21) * scale).astype(kind)
    table = np.eye(3, 4)
    table[:, 3] = 1
    for mode in ("unnormalized", "signed_max"):
        wanted = plan(paint="table", table=table, limits=(low, high), normalization_type=mode)
        picture = np.zeros((2, 5, 21, 3), np.uint8)
        assert render(wanted, a, picture=picture) is None
        entries = {tuple(entry) for entry in np.rint(table[:, :3] * 255).astype(int)}
        assert {tuple(pixel) for pixel in picture.reshape(-1, 3).astype(int)} <= entries


@pytest.mark.parametrize(
    ("table", "error", "words"),
    [
        (np.broadcast_to(0.5, (2**40, 4)), ValueError, "`table` must have shape"),
        (np.broadcast_to(0.5, (2, 2**40)), ValueError, "`table` must have shape"),
        (np.full((3, 4), 1j), TypeError, "`table` must hold real numbers"),
        (np.full((3, 4), None), TypeError, "`table` must hold real numbers"),
        (np.full((3, 4), "a"), TypeError, "`table` must hold real numbers"),
    ],
    ids=["many entries", "many columns", "complex", "object", "string"],
)
def test_tables_are_looked_at_before_they_are_copied(table, error, words):
    with pytest.raises(error, match=message(words)):
        plan(paint="table", table=table)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1.0, 1e9])
def test_a_measurement_of_no_time_or_for_ever_is_refused(seconds):
    with pytest.raises(ValueError, match=message("`seconds` must be in [0, 60]")):
        _core.measure_multiply_add_peak(seconds)


# --- PNG ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2**31, 1), (2**26, 2**26), (2**40, 3, 3), (1, 2**31, 3)])
def test_pictures_that_no_file_or_memory_holds_are_refused(shape):
    strides = (0, *[3, 1][3 - len(shape) :]) if len(shape) == 3 else (0, 1)
    giant = as_strided(np.zeros(16, np.uint8), shape, strides)
    with pytest.raises(ValueError, match="`picture` must have shape"):
        _core.encode_png(giant, None, [], "fast", 1)


def test_names_are_counted_before_pictures_are_looked_at(tmp_path):
    giant = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (2**40, 1, 1, 3))
    with pytest.raises(ValueError, match="`names` must hold the names of 1099511627776 pictures"):
        _core.write_png(giant, None, [], "fast", 1, bytes(tmp_path), [])
