"""How items are cut into chunks for the threads and into pieces for memory."""

from __future__ import annotations

import numpy as np
import pytest

from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.feed import Bad, Feed


class Stored:
    """An array that is read in storage chunks, as zarr's are."""

    def __init__(self, n, chunk):
        self.shape = (n, 1, 4, 5)
        self.dtype = np.dtype(np.float32)
        self.chunks = (chunk, 1, 4, 5)

    def __getitem__(self, items):
        start, stop, _ = items.indices(self.shape[0])
        return np.full((stop - start, *self.shape[1:]), start, np.float32)


def cuts(array, first, last, multiple=1, n_ways=2, batch_size=None):
    """Return the chunks of a feed, having checked that they and their pieces are complete."""
    feed = Feed(ArraySource("attributions", array), None, batch_size)
    chunks = list(feed.chunks(first, last, multiple, n_ways))
    position = first
    for chunk in chunks:
        assert chunk.first == position < chunk.last
        for piece in chunk.load(chunk.first, chunk.last):
            assert not isinstance(piece, Bad)
            assert piece.start == position
            assert len(piece.attributions) <= (batch_size or 64)
            position += len(piece.attributions)
        assert position == chunk.last
    assert position == last
    return [(chunk.first, chunk.last) for chunk in chunks]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 1000])
@pytest.mark.parametrize("n_ways", [1, 2, 7])
@pytest.mark.parametrize("batch_size", [None, 1, 3])
@pytest.mark.parametrize("multiple", [1, 6])
def test_chunks_are_complete_and_whole_sheets(n, n_ways, batch_size, multiple):
    array = np.zeros((n, 1, 4, 5), np.float32)
    found = cuts(array, 0, n, multiple, n_ways, batch_size)
    assert all(first % multiple == 0 for first, _ in found)
    if n >= n_ways * multiple:
        assert len(found) >= n_ways


def test_a_part_is_cut_too():
    assert cuts(np.zeros((100, 1, 4, 5)), 13, 50)[0][0] == 13


def test_chunks_shrink_towards_the_end():
    sizes = [last - first for first, last in cuts(np.zeros((1000, 1, 4, 5)), 0, 1000)]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (64, 1)


@pytest.mark.parametrize("first", [0, 3, 12])
def test_storage_chunks_are_not_torn(first):
    found = cuts(Stored(95, 12), first, 95)
    assert all(start % 12 == 0 for start, _ in found[1:])


def test_pieces_of_what_must_be_read_are_smaller():
    big = (100, 1, 600, 600)
    in_memory = np.broadcast_to(np.float32(0), big)
    read = Stored(100, 1)
    read.shape = big
    assert cuts(in_memory, 0, 100)[0] == (0, 25)
    assert cuts(read, 0, 100)[0] == (0, 2)
