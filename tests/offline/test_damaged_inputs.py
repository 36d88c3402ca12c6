"""Damage of every kind is a sentence, and costs an item where items are recorded."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from offline_inputs import FILES, assert_same_pictures, make_images, make_maps, render_quietly
from PIL import Image

import hotcold
from hotcold.cli.main import main
from hotcold.offline.input import BadItem, open_source
from hotcold.offline.input.checksum import combined, crc32_of
from hotcold.offline.input.mapped import MappedPages


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 0x10
    path.write_bytes(data)


def position_of(path, array):
    """Where an array's middle lies in a file that holds it as it is in memory."""
    return path.read_bytes().index(array.tobytes()) + array.nbytes // 2


@pytest.mark.parametrize("kind", ["npz", "torch", "torch_tensor"])
def test_a_flipped_bit_of_a_stored_archive_is_found_before_a_picture_is_made(tmp_path, kind):
    maps = make_maps()
    saved = str(FILES[kind](tmp_path, maps))
    path = next(path for path in tmp_path.iterdir() if path.suffix in (".npz", ".pt"))
    flip(path, position_of(path, maps))
    with pytest.raises(OSError, match="`attributions` is damaged: the checksum"):
        render_quietly(hotcold.Visualizer(combine_channels=True), saved, output_dir=tmp_path / "o")
    assert not list((tmp_path / "o").glob("*.png"))


def test_a_flipped_bit_of_a_compressed_archive_ends_the_job(tmp_path):
    maps = np.round(make_maps(400, dtype=np.float32), 1)
    saved = FILES["npz_compressed"](tmp_path, maps)
    flip(tmp_path / "packed.npz", (tmp_path / "packed.npz").stat().st_size // 2)
    with pytest.raises(OSError, match=r"`attributions` cannot be read in .*packed\.npz"):
        render_quietly(hotcold.Visualizer(combine_channels=True), saved, output_dir=tmp_path / "o")


def test_files_of_torch_without_checksums_are_read(tmp_path):
    torch = optional("torch")
    maps = torch.from_numpy(make_maps())
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(maps, tmp_path / "maps.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    with contextlib.closing(open_source(tmp_path / "maps.pt", "attributions")) as source:
        assert source.check(2) is None
        np.testing.assert_array_equal(source.read(0, 23), maps)


def test_tensors_that_lie_otherwise_are_read_too(tmp_path):
    torch = optional("torch")
    base = torch.from_numpy(make_maps())
    tensors = {
        "part": base[5:9],
        "turned": base.transpose(2, 3),
        "double": base.double(),
        "bytes": (base * 10).to(torch.uint8),
        "float8": base.to(torch.float8_e4m3fn),
        "param": torch.nn.Parameter(base),
    }
    torch.save(tensors, tmp_path / "maps.pt")
    for key, tensor in tensors.items():
        expected = tensor.detach().float() if key == "float8" else tensor.detach()
        saved = f"{tmp_path}/maps.pt:{key}"
        with contextlib.closing(open_source(saved, "attributions")) as source:
            assert source.shape == tuple(tensor.shape)
            np.testing.assert_array_equal(source.read(1, 3), expected[1:3])
            assert source.check(1) is None


@pytest.mark.parametrize("size", [0, 1, 5, 1 << 20])
@pytest.mark.parametrize("cut", [0, 1, 3, 1000])
def test_checksum_of_two_parts(size, cut, rng):
    data = rng.bytes(size)
    first, second = zlib.crc32(data[:cut]), zlib.crc32(data[cut:])
    assert combined(first, second, len(data[cut:])) == zlib.crc32(data)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_checksum_of_a_file_by_threads(n_threads, rng):
    data = rng.bytes((35 << 20) + 7)

    def read_into(buffer, position):
        part = data[position : position + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    assert crc32_of(read_into, 3, len(data) - 3, n_threads) == zlib.crc32(data[3:])
    assert crc32_of(read_into, 0, len(data) + 1, n_threads) is None


def encrypted(path, maps):
    content = io.BytesIO()
    np.save(content, maps)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("maps.npy", content.getvalue())
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)


def unknown_compression(path, maps):
    np.savez(path, maps=maps)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + offset] = 99
    path.write_bytes(data)


def npy_header(text):
    header = text.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


UNREADABLE = {
    "encrypted.npz": encrypted,
    "method.npz": unknown_compression,
    "tokens.npy": lambda path, maps: path.write_bytes(npy_header("{'descr': (((")),
    "nested.npy": lambda path, maps: path.write_bytes(npy_header("-" * 100 + "(" * 16)),
    "negative.npy": lambda path, maps: path.write_bytes(
        npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 1, 4, 4)}") + bytes(999)
    ),
    "giant.npy": lambda path, maps: path.write_bytes(
        npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,1,4294967296,1)}")
    ),
    "nulls.npy": lambda path, maps: path.write_bytes(npy_header("{'descr': '\x00'}")),
    "cut.h5": lambda path, maps: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(3000)),
    "cut.pt": lambda path, maps: path.write_bytes(b"PK\x03\x04" + bytes(300)),
    "cut.zarr": lambda path, maps: path.write_bytes(b"no folder"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_opened_is_one_sentence(tmp_path, name):
    for suffix, package in ((".pt", "torch"), (".h5", "h5py"), (".zarr", "zarr")):
        if name.endswith(suffix):
            optional(package)
    UNREADABLE[name](tmp_path / name, make_maps())
    with pytest.raises(ValueError, match=r"^`attributions` must ") as caught:
        open_source(tmp_path / name, "attributions")
    assert "\n" not in str(caught.value)
    said = CliRunner().invoke(main, ["info", str(tmp_path / name)])
    assert said.exit_code == 1
    assert "Traceback" not in said.output


@pytest.mark.parametrize("on_error", ["raise", "record"])
def test_a_file_cut_short_under_way_costs_what_was_cut_off(tmp_path, on_error):
    maps = make_maps()
    path = FILES["npy"](tmp_path, maps)

    class Cutting(hotcold.Visualizer):
        def request(self, *arguments):
            os.truncate(path, path.stat().st_size - maps[0].nbytes * 5 - 8)
            object.__setattr__(self, "request", super().request)
            return super().request(*arguments)

    options = {"output_dir": tmp_path / "o", "on_error": on_error, "batch_size": 3}
    visualizer = Cutting(combine_channels=True)
    if on_error == "raise":
        with pytest.raises(OSError, match=r"cannot be read any further: .* cut short while it was"):
            render_quietly(visualizer, path, **options)
    else:
        report = render_quietly(visualizer, path, **options)
        assert [failure.index for failure in report.failures] == [17, 18, 19, 20, 21, 22]
        assert report.n_files == 17


MAPPED = """
import os, sys
import numpy as np
import hotcold
path, how = sys.argv[1:3]
array = np.load(path, mmap_mode="r") if how == "map" else path
if how != "map":
    from hotcold.offline.input import open_source
    array = open_source(path, "attributions")._array
os.truncate(path, 2 * os.path.getsize(path) // 3)
report = hotcold.render_files(
    hotcold.Visualizer(combine_channels=True),
    array, output_dir=sys.argv[3], progress=False, on_error="record", n_threads=2,
)
print(report.n_files, len(report.failures), report.failures[0].error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere maps are read as they are")
@pytest.mark.parametrize("kind", ["npy", "npy_fortran"])
def test_a_map_whose_file_shrinks_is_an_error_and_no_signal(tmp_path, kind):
    maps = np.ones((60, 2, 32, 32), np.float32)
    path = FILES[kind](tmp_path, maps)
    how = "map" if kind == "npy" else "file"
    run = subprocess.run(
        [sys.executable, "-c", MAPPED, path, how, tmp_path / "o"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run
    n_files, n_failures, error = run.stdout.split(" ", 2)
    assert int(n_files) + int(n_failures) == 60
    assert int(n_failures) >= 20
    assert "cut short while it was mapped" in error


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_maps_of_any_layout_are_copied_exactly(tmp_path, mode):
    whole = np.arange(7 * 3 * 8 * 5, dtype=np.float32).reshape(7, 3, 8, 5)
    np.save(tmp_path / "a.npy", whole)
    mapped = np.load(tmp_path / "a.npy", mmap_mode=mode)
    if mode == "c":
        mapped[2] = -1
    views = [
        mapped,
        mapped[2:5],
        mapped[::2, :, 1:-1],
        mapped.transpose(0, 2, 3, 1),
        mapped.transpose(3, 2, 1, 0)[1:],
        mapped[:, ::-1],
        mapped[0:0],
        np.broadcast_to(mapped[:1], (4, 3, 8, 5)),
    ]
    pages = MappedPages.of(mapped)
    for view in views:
        np.testing.assert_array_equal(pages.copy(view), view)
    assert not np.shares_memory(pages.copy(mapped), mapped) or sys.platform != "linux"


class Failing:
    """An array whose reads fail in a library's own way."""

    shape, dtype = (6, 1, 4, 5), np.dtype(np.float32)

    def __init__(self, error):
        self._error = error

    def __getitem__(self, items):
        start, stop, _ = items.indices(6)
        if start <= 3 < stop:
            raise self._error
        return np.ones((stop - start, 1, 4, 5), np.float32)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("filter returned failure"),
        zlib.error("Error -3"),
        struct.error("unpack"),
        KeyError("c/0"),
        MemoryError(),
        TypeError("unhashable"),
        OSError("no message"),
        AssertionError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_library_throws_costs_its_item(tmp_path, error):
    options = {"output_dir": tmp_path, "batch_size": 2}
    report = render_quietly(hotcold.Visualizer(), Failing(error), on_error="record", **options)
    assert [failure.index for failure in report.failures] == [3]
    assert report.failures[0].error.startswith("`attributions` cannot be read in an array: ")
    with pytest.raises(OSError, match="cannot be read any further: `attributions`") as caught:
        render_quietly(hotcold.Visualizer(), Failing(error), **options)
    assert caught.value.__cause__.__cause__ is error


PICTURE_DAMAGE = {
    "struct": lambda data: data[:40],
    "crc": lambda data: data[:60] + b"\xff" + data[61:],
    "empty": lambda data: b"",
    "text": lambda data: b"not a picture",
    "eps": lambda data: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 12\nshowpage\n",
}


@pytest.mark.parametrize("kind", PICTURE_DAMAGE)
def test_damaged_pictures_are_bad_items(tmp_path, kind):
    for i, image in enumerate(np.moveaxis(make_images(2), 1, -1)):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    path = tmp_path / "1.png"
    path.write_bytes(PICTURE_DAMAGE[kind](path.read_bytes()))
    source = open_source(tmp_path, "x")
    with pytest.raises(BadItem, match=r"must hold pictures that can be read, got .*1\.png"):
        source.read(1, 2)


def test_info_of_a_picture_beyond_the_limit_of_pillow(tmp_path, monkeypatch):
    Image.new("RGB", (30, 20)).save(tmp_path / "sheet.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    said = CliRunner().invoke(main, ["info", str(tmp_path / "sheet.png")])
    assert said.exit_code == 0, said.output
    assert "30 x 20 pixels" in said.output
    assert Image.MAX_IMAGE_PIXELS == 10
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    said = CliRunner().invoke(main, ["info", str(tmp_path / "bad.png")])
    assert said.exit_code == 1
    assert "must be a picture that can be read" in said.output


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int4"])
def test_numbers_that_numpy_does_not_know_are_taken_as_render_takes_them(tmp_path, dtype):
    maps = np.round(make_maps() * 2).astype(optional("ml_dtypes").__dict__[dtype])
    visualizer = hotcold.Visualizer(combine_channels=True)
    render_quietly(visualizer, maps, output_dir=tmp_path)
    assert_same_pictures(tmp_path, visualizer.render(maps))


def test_dask_arrays_of_unknown_lengths_say_what_to_call(tmp_path):
    da = optional("dask.array")
    maps = da.from_array(make_maps(), chunks=(5, -1, -1, -1))
    unknown = maps[da.from_array(np.arange(23) > 3, chunks=5)]
    with pytest.raises(ValueError, match=r"must know its lengths.*compute_chunk_sizes\(\)"):
        render_quietly(hotcold.Visualizer(), unknown, output_dir=tmp_path)
    from hotcold.offline import dask as on_dask

    with pytest.raises(ValueError, match=r"must know its lengths.*compute_chunk_sizes\(\)"):
        on_dask.render(hotcold.Visualizer(), unknown)


def test_hdf5_of_variable_lengths_is_not_called_code(tmp_path):
    h5py = optional("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("maps", (3,), dtype=h5py.vlen_dtype(np.float32))
    with pytest.raises(ValueError, match="got entries of variable length"):
        open_source(tmp_path / "a.h5", "attributions")


@pytest.mark.parametrize(
    ("shape", "order", "first"),
    [
        ((50, 224, 224), "channels_first", r"add the channel axis: attributions\[:, None\]; for"),
        (
            (3, 224, 224),
            "channels_first",
            r"add the batch axis: attributions\[None\]; for \d+ maps",
        ),
        ((50, 224, 224), "channels_last", r"channel axis: attributions\[\.\.\., None\]; for one"),
        ((224, 224, 3), "channels_last", r"add the batch axis: attributions\[None\]; for \d+ maps"),
    ],
)
def test_three_axes_get_the_likelier_advice_first(tmp_path, shape, order, first):
    maps = np.broadcast_to(np.float32(0), shape)
    with pytest.raises(ValueError, match=first):
        render_quietly(hotcold.Visualizer(dim_order=order), maps, output_dir=tmp_path)
    with pytest.raises(ValueError, match=first):
        hotcold.Visualizer(dim_order=order).render(maps)
