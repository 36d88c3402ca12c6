"""What arrays in memory are told apart by: all numbers of small ones, runs of numbers of large."""

import numpy as np
import pytest

from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.identity import difference, identify


def identity(array):
    return identify(ArraySource("attributions", array))


@pytest.fixture
def large():
    """3.4 MB, of which a digest cannot hold all."""
    return np.arange(70 * 3 * 64 * 64, dtype=np.float32).reshape(70, 3, 64, 64)


def layouts(array):
    """Yield the same numbers as they lie elsewhere in memory."""
    yield np.asfortranarray(array)
    yield np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    twice = np.repeat(array, 2, axis=3)
    yield twice[..., ::2]
    yield np.ascontiguousarray(array[::-1])[::-1]


@pytest.mark.parametrize("n_items", [2, 70])
def test_the_layout_in_memory_is_no_content(large, n_items):
    array = large[:n_items]
    assert (array.nbytes > 1 << 20) == (n_items == 70)
    for other in layouts(array):
        assert identity(other) == identity(array)


def test_a_tensor_is_told_apart_by_the_same_numbers(large):
    torch = pytest.importorskip("torch")
    assert identity(torch.from_numpy(large)) == identity(large)
    assert identity(torch.from_numpy(large[:2])) == identity(large[:2])


def test_every_number_of_a_small_array_counts(rng):
    array = rng.normal(size=(2, 1, 3, 5)).astype(np.float32)
    before = identity(array)
    for place in np.ndindex(array.shape):
        changed = array.copy()
        changed[place] += 1
        assert difference(before, identity(changed)).startswith("its content was ")


def test_every_item_and_both_ends_of_it_count(large):
    before = identity(large)
    for item in range(len(large)):
        changed = large.copy()
        changed[item] *= -1 if item else 2
        assert difference(before, identity(changed)) is not None, item
    for place in ((0, 0, 0, 0), (69, 2, 63, 63), (33, 0, 0, 15), (33, 2, 63, 48)):
        changed = large.copy()
        changed[place] += 1
        assert difference(before, identity(changed)) is not None, place


@pytest.mark.parametrize(("rows", "columns"), [(40, 64), (64, 40)])
def test_a_part_of_an_item_counts(large, rows, columns):
    changed = large.copy()
    changed[1, 1, :rows, :columns] = 0
    assert difference(identity(large), identity(changed)) is not None


@pytest.mark.parametrize("shape", [(1 << 19, 1, 1, 1), (1, 1, 1, 1 << 19), (1 << 15, 1, 4, 4)])
def test_large_arrays_of_any_shape(shape):
    array = np.zeros(shape, np.float32)
    before = identity(array)
    array.reshape(-1)[-1] = 1
    assert difference(before, identity(array)) is not None


def test_items_that_are_masked_or_wide_are_read(large):
    masked = np.ma.MaskedArray(large, mask=False)
    assert identity(masked) == identity(large)
    assert identity(large.astype(">f4")) != identity(large)  # the dtype is part of it


def test_digests_stay_what_they_are(large):
    # They are in the job files that are resumed.
    assert identity(large) == {"numbers": "740f32fd0014b509"}
    assert identity(large[:2]) == {"digest": "9fccd2050ac95f7d"}


def test_a_digest_of_another_way_is_no_digest_of_other_content(large):
    told = difference({"digest": "0123456789abcdef"}, identity(large))
    assert told == "it was digested in another way, by another hotcold"
