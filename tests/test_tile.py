"""Sheets: every element in its place, whatever it is made of."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from helpers import as_type
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, broadcasts

import hotcold

pytestmark = pytest.mark.kernels

DTYPES = ("?", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8")


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(1, 6), st.integers(1, 6)),
    cells=st.sampled_from([(None, None), (2, None), (None, 3), (1, None), (5, 4)]),
    padding=st.integers(0, 3),
    last=st.booleans(),
)
def test_tile_puts_every_element_where_the_definition_does(shape, cells, padding, last):
    a = np.arange(1, 1 + np.prod(shape), dtype=np.float32).reshape(shape)
    rows, cols = cells
    if rows == 5:
        a = a[:12]
    expected = reference.tile(a, rows, cols, padding, fill=-7)
    given_array = np.array(np.moveaxis(a, 1, -1)) if last else a
    order = "channels_last" if last else "channels_first"
    sheet = hotcold.tile(
        given_array, rows=rows, cols=cols, padding=padding, fill=-7, dim_order=order
    )
    np.testing.assert_array_equal(sheet, expected)
    assert sheet.dtype == a.dtype
    assert set(a.ravel()) <= set(sheet.ravel())  # no pixel is lost


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_tile_moves_every_dtype_unchanged(rng, kind, channels, dim_order):
    a = as_type(rng.standard_normal((5, channels, 7, 9)) * 50, kind)
    given_array = np.array(np.moveaxis(a, 1, -1)) if dim_order == "channels_last" else a
    sheet = hotcold.tile(given_array, padding=2, fill=1, dim_order=dim_order)
    np.testing.assert_array_equal(sheet, reference.tile(a, padding=2, fill=1))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tile_of_every_layout_is_that_of_a_copy(rng, layout):
    a = rng.standard_normal((5, 3, 7, 9)).astype(np.float32)
    np.testing.assert_array_equal(
        hotcold.tile(LAYOUTS[layout](a), padding=1), reference.tile(a, padding=1)
    )


def test_tile_of_broadcast_axes_is_that_of_a_copy(rng):
    for name, view, copy in broadcasts(rng.standard_normal((5, 3, 7, 9)).astype(np.float32)):
        np.testing.assert_array_equal(hotcold.tile(view), reference.tile(copy), err_msg=name)


def test_tile_keeps_the_bits_of_nan():
    a = np.array([0x7FC00123, 0xFF800001], np.uint32).view(np.float32).reshape(2, 1, 1, 1)
    sheet = hotcold.tile(a, rows=1)
    assert sheet.ravel().view(np.uint32).tolist() == [0x7FC00123, 0xFF800001]
