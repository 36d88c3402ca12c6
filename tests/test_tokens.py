"""Tokens of transformers laid out as maps."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import message, optional

import hotcold


@pytest.mark.parametrize("skip", [0, 1, 5])
def test_tokens_are_laid_out_row_by_row(rng, skip):
    a = rng.normal(size=(2, 3, skip + 16))
    expected = np.stack([a[:, :, skip + 4 * row : skip + 4 * row + 4] for row in range(4)], 2)
    np.testing.assert_array_equal(hotcold.tokens_to_maps(a, skip=skip), expected)
    np.testing.assert_array_equal(hotcold.tokens_to_maps(a[:, 1], skip=skip), expected[:, 1:2])


def test_grid_that_is_no_square(rng):
    a = rng.normal(size=(2, 7))
    maps = hotcold.tokens_to_maps(a, grid=(2, 3))
    np.testing.assert_array_equal(maps[1, 0], [a[1, 1:4], a[1, 4:7]])
    assert np.shares_memory(maps, a)


def test_tensors_are_taken(rng):
    torch = optional("torch")
    a = rng.normal(size=(2, 17)).astype(np.float32)
    got = hotcold.tokens_to_maps(torch.from_numpy(a).requires_grad_())
    np.testing.assert_array_equal(got, hotcold.tokens_to_maps(a))


@pytest.mark.parametrize(
    ("shape", "options", "parts"),
    [
        ((2, 20), {}, ("19 tokens after skip=1, which is no square", "grid=(rows, columns)")),
        ((2, 196), {}, ("195 tokens after skip=1", "skip=0 if that many")),
        ((2, 201), {}, ("200 tokens after skip=1", "skip=5 if that many")),
        ((2, 197, 192), {}, ("191 tokens after skip=1", "a.swapaxes(1, 2)")),
        ((2, 20), {"grid": (4, 5)}, ("hold the 19 tokens of `a`", "got 4 x 5 = 20")),
        ((2, 20), {"grid": (0, 5)}, ("`grid` must be >= 1, got 0",)),
        ((2, 20), {"skip": 20}, ("leave at least one token of 20, got 20",)),
        ((2, 20), {"skip": -1}, ("`skip` must be >= 0, got -1",)),
        ((20,), {}, ("`a` must have shape (N, T) or (N, K, T), got (20,)",)),
        ((1, 2, 20, 3), {}, ("`a` must have shape (N, T) or (N, K, T)",)),
    ],
)
def test_tokens_that_make_no_map_are_refused(shape, options, parts):
    with pytest.raises(ValueError, match=message(*parts)):
        hotcold.tokens_to_maps(np.zeros(shape), **options)


@pytest.mark.parametrize(
    ("a", "options", "parts"),
    [
        (np.zeros((2, 17), complex), {}, ("`a` must hold real numbers",)),
        (np.zeros((2, 17)), {"grid": 4}, ("`grid` must be a pair (rows, columns), got 4",)),
        (np.zeros((2, 17)), {"skip": 1.0}, ("`skip` must be a whole number",)),
    ],
)
def test_wrong_kinds_are_refused(a, options, parts):
    with pytest.raises(TypeError, match=message(*parts)):
        hotcold.tokens_to_maps(a, **options)
