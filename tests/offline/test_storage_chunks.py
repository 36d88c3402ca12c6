"""Arrays in storage chunks: each chunk is decoded once, a damaged one costs its items alone."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
from helpers import optional, runner
from offline_inputs import assert_same_pictures, make_images, make_maps, overlay, render_quietly

import hotcold
from hotcold.cli.main import main
from hotcold.offline.input import open_source
from hotcold.offline.input.base import Unreadable
from hotcold.offline.input.blocks import Blocks

N = 40


def save_zarr(path, maps, chunks, *, lazy=False):
    zarr = optional("zarr")
    array = zarr.open_array(
        str(path), mode="w", shape=maps.shape, chunks=chunks, dtype=maps.dtype, fill_value=0
    )
    array[: len(maps) // 2 if lazy else None] = maps[: len(maps) // 2] if lazy else maps
    return path


def save_hdf5(path, maps, chunks, *, lazy=False):
    h5py = optional("h5py")
    with h5py.File(path, "w") as file:
        made = file.create_dataset(
            "maps", maps.shape, maps.dtype, chunks=chunks, compression="gzip" if chunks else None
        )
        made[: len(maps) // 2 if lazy else None] = maps[: len(maps) // 2] if lazy else maps
    return path


SAVE = {"zarr": save_zarr, "h5": save_hdf5}


class Counting:
    """An array in chunks that counts how often it decodes each of them."""

    def __init__(self, array, chunk):
        self.shape, self.dtype, self.chunks = array.shape, array.dtype, (chunk, 1, 3, 5)
        self._array, self._chunk, self._lock = array, chunk, threading.Lock()
        self.decoded = np.zeros(-(-len(array) // chunk), int)

    def __getitem__(self, items):
        start, stop, _ = items.indices(len(self._array))
        with self._lock:
            self.decoded[start // self._chunk : -(-stop // self._chunk)] += 1
        return self._array[start:stop].copy()


@pytest.mark.parametrize("chunk", [3, 16, 39, 1000])
@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 1}, {"batch_size": 7}, {"sheets": (1, 5)}], ids=str
)
def test_every_chunk_is_decoded_once(tmp_path, chunk, options):
    maps = make_maps(N)
    array = Counting(maps, min(chunk, N))
    images = np.repeat(make_images(1), N, axis=0)
    report = render_quietly(overlay(), array, images, output_dir=tmp_path, n_threads=3, **options)
    assert report.n_items == N
    assert array.decoded.tolist() == [1] * len(array.decoded)
    if "sheets" not in options:
        assert_same_pictures(tmp_path, overlay().render(maps, images))


def test_chunks_larger_than_what_is_kept_are_decoded_in_parts(monkeypatch):
    maps = np.arange(100, dtype=np.float32).reshape(100, 1, 1, 1)
    monkeypatch.setattr("hotcold.offline.input.blocks._KEPT_BYTES", 2 * 4 * 12)
    asked = []

    def read(start, stop):
        asked.append((start, stop))
        return maps[start:stop]

    blocks = Blocks(read, 100, 30, 4)  # 12 items fit, so three blocks of 10 a chunk
    for start in range(0, 100, 7):
        stop = min(start + 7, 100)
        np.testing.assert_array_equal(blocks.read(start, stop), maps[start:stop])
    assert asked == [(i, min(i + 10, 100)) for i in range(0, 100, 10)]


def test_a_block_that_does_not_fit_into_memory_is_read_as_it_is_wanted():
    maps = np.arange(20, dtype=np.float32).reshape(20, 1, 1, 1)

    def read(start, stop):
        if stop - start > 4:
            raise MemoryError
        return maps[start:stop]

    np.testing.assert_array_equal(Blocks(read, 20, 10, 4).read(3, 6), maps[3:6])


def test_a_block_that_failed_is_not_tried_again():
    asked = []

    def read(start, stop):
        asked.append(start)
        raise Unreadable("no")

    blocks = Blocks(read, 20, 10, 4)
    for item in range(3):
        with pytest.raises(Unreadable, match="no"):
            blocks.read(item, item + 1)
    assert asked == [0]


def damage(path, kind):
    """Spoil the chunk of items 8 to 15; of HDF5 by its place in the file."""
    if kind == "zarr":
        found = [
            p
            for p in path.rglob("*")
            if p.is_file() and p.relative_to(path).parts[:2] in (("c", "1"), ("1.0.0.0",))
        ]
        data = bytearray(found[0].read_bytes())
        data[: len(data) // 2] = b"\xff" * (len(data) // 2)
        found[0].write_bytes(data)
        return
    h5py = optional("h5py")
    with h5py.File(path) as file:
        place = file["maps"].id.get_chunk_info_by_coord((8, 0, 0, 0))
    data = bytearray(path.read_bytes())
    data[place.byte_offset : place.byte_offset + place.size] = b"\xff" * place.size
    path.write_bytes(data)


@pytest.mark.parametrize("kind", SAVE)
@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_damaged_chunk_costs_its_items_alone(tmp_path, kind, batch_size):
    maps = make_maps(N)
    path = SAVE[kind](tmp_path / f"maps.{kind}", maps, (8, *maps.shape[1:]))
    damage(path, kind)
    options = {"output_dir": tmp_path / "o", "batch_size": batch_size}
    visualizer = hotcold.Visualizer(combine_channels=True)
    report = render_quietly(visualizer, path, on_error="record", **options)
    assert [failure.index for failure in report.failures] == list(range(8, 16))
    assert report.n_files == N - 8
    with pytest.raises(OSError, match=r"cannot be read any further: `attributions` .* in maps\."):
        render_quietly(visualizer, path, **options)


@pytest.mark.filterwarnings("default::UserWarning")
@pytest.mark.parametrize("kind", SAVE)
def test_chunks_that_are_not_there_are_told(tmp_path, kind):
    maps = make_maps(N, channels=1)
    chunks = (5, *maps.shape[1:])
    whole = SAVE[kind](tmp_path / f"whole.{kind}", maps, chunks)
    half = SAVE[kind](tmp_path / f"half.{kind}", maps, chunks, lazy=True)
    visualizer = hotcold.Visualizer(combine_channels=True)
    with pytest.warns(UserWarning, match=r"`attributions`: 4 of 8 chunks are not stored") as told:
        render_quietly(visualizer, half, output_dir=tmp_path / "o")
    assert len(told) == 1
    source = open_source(whole, "attributions")
    assert source.check(1) is None
    source.close()
    said = runner().invoke(main, ["render", str(half), "-o", str(tmp_path / "p"), "-q"])
    assert said.exit_code == 0
    assert said.stderr.startswith("hotcold: `attributions`: 4 of 8 chunks are not stored and read ")
    assert said.stderr.count("\n") == 1


def test_a_lost_chunk_of_zarr_is_told(tmp_path):
    maps = make_maps(N)
    path = save_zarr(tmp_path / "maps.zarr", maps, (5, 1, *maps.shape[2:]))
    lost = next(
        p
        for p in sorted(path.rglob("*"))
        if p.is_file() and "json" not in p.name and not p.name.startswith(".")
    )
    lost.unlink()
    source = open_source(path, "attributions")
    assert source.check(1).startswith("`attributions`: 1 of 16 chunks are not stored")


def test_hdf5_that_was_never_written_and_lost_parts_are_told(tmp_path):
    h5py = optional("h5py")
    with h5py.File(tmp_path / "part.h5", "w") as file:
        file["maps"] = make_maps(4)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("never", (4, 1, 3, 3), np.float32)
        layout = h5py.VirtualLayout((4, 2, 12, 10), np.float32)
        layout[:] = h5py.VirtualSource("part.h5", "maps", (4, 2, 12, 10))
        file.create_virtual_dataset("virtual", layout)

    def remark(key):
        source = open_source(f"{tmp_path}/a.h5:{key}", "attributions")
        found = source.check(1)
        source.close()
        return found

    assert "1 of 1 chunks are not stored" in remark("never")
    assert remark("virtual") is None
    shutil.move(tmp_path / "part.h5", tmp_path / "gone.h5")
    assert "1 of the 1 files of a virtual dataset are not there (part.h5 first)" in remark(
        "virtual"
    )
