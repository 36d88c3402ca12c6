"""Inputs of other machines by fsspec: a web server's own process, memory, and what they refuse."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from helpers import optional, run_python, runner
from offline_inputs import assert_same_pictures, overlay, render_quietly
from PIL import Image

import hotcold
from hotcold.cli import main
from hotcold.offline.input import open_source
from hotcold.offline.output.base import output_error

fsspec = optional("fsspec")
N = 23
SERVER = Path(__file__).parents[1] / "support" / "range_server.py"


@pytest.fixture
def maps(rng):
    return rng.standard_normal((N, 1, 12, 10)).astype(np.float32)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (N, 12, 10, 3), np.uint8)


def save_all(folder, maps, images):
    """Everything that can be read from elsewhere, in a folder of this machine."""
    folder.mkdir()
    np.save(folder / "maps.npy", maps)
    np.savez(folder / "maps.npz", maps=maps)
    np.savez_compressed(folder / "packed.npz", maps=maps)
    optional("safetensors.numpy").save_file({"maps": maps}, folder / "maps.safetensors")
    with optional("h5py").File(folder / "maps.h5", "w") as file:
        file.create_dataset("run/maps", data=maps, chunks=(5, 1, 12, 10), compression="gzip")
    zarr = optional("zarr")
    group = zarr.open_group(str(folder / "maps.zarr"), mode="w")
    array = group.create_array if hasattr(group, "create_array") else group.create_dataset
    array("maps", shape=maps.shape, chunks=(5, 1, 12, 10), dtype=maps.dtype)[:] = maps
    kinds = zarr.storage if hasattr(zarr.storage, "ZipStore") else zarr
    with contextlib.closing(kinds.ZipStore(str(folder / "maps.zarr.zip"), mode="w")) as store:
        array = zarr.open_array(
            store=store, mode="w", shape=maps.shape, chunks=(5, 1, 12, 10), dtype="f4"
        )
        array[:] = maps
    for i, image in enumerate(images):
        place = folder / "photos" / ("a b" if i % 2 else ".")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{i}.png")
        (folder / "parts").mkdir(exist_ok=True)
        np.save(folder / "parts" / f"{i}.npy", maps[i])
    with tarfile.open(folder / "shard-0.tar", "w") as archive:
        for i in range(N):
            archive.add(folder / "parts" / f"{i}.npy", f"{i:03d}.npy")
            place = folder / "photos" / ("a b" if i % 2 else ".")
            archive.add(place / f"{i}.png", f"{i:03d}.png")


def serve(command, folder, port=None):
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return process, f"http://127.0.0.1:{port or int(process.stdout.readline())}"


@pytest.fixture
def web(tmp_path, maps, images):
    """The address of a web server that sends parts of files."""
    optional("aiohttp")
    save_all(tmp_path / "web", maps, images)
    process, address = serve([sys.executable, str(SERVER), "."], tmp_path / "web")
    yield address
    process.kill()
    process.communicate()


@pytest.fixture
def plain_web(tmp_path, maps):
    """The address of Python's own web server, which sends whole files alone."""
    optional("aiohttp")
    (tmp_path / "plain").mkdir()
    np.save(tmp_path / "plain" / "maps.npy", maps)
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path / "plain",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    port = process.stdout.readline().split(" port ")[1].split()[0]
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.communicate()


@pytest.fixture
def memory(tmp_path, maps, images):
    """The address of a folder in fsspec's file system in memory."""
    save_all(tmp_path / "local", maps, images)
    system = fsspec.filesystem("memory")
    system.put(str(tmp_path / "local"), "/inputs", recursive=True)
    yield "memory://inputs"
    system.rm("/inputs", recursive=True)


FILES = ["maps.npy", "maps.npz", "maps.npz:maps", "packed.npz", "maps.safetensors:maps"]
FILES += [
    "maps.h5",
    "maps.h5:run/maps",
    "maps.zarr:maps",
    "maps.zarr",
    "maps.zarr.zip",
    "parts",
    "parts/*.npy",
]
FILES += ["parts/{0..22}.npy", "shard-0.tar", "shard-0.tar:npy", "shard-*.tar"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("where", ["web", "memory"])
def test_arrays(where, file, maps, request):
    address = request.getfixturevalue(where)
    source = open_source(f"{address}/{file}", "attributions")
    try:
        assert source.check(2) is None
        if file == "packed.npz":
            found = np.concatenate(list(source.batches()))
        else:
            found = np.concatenate([source.read(0, 7), source.read(7, 8), source.read(8, N)])
    finally:
        source.close()
    np.testing.assert_array_equal(found, maps)


@pytest.mark.parametrize("where", ["web", "memory"])
def test_jobs(where, maps, images, tmp_path, request):
    address = request.getfixturevalue(where)
    out = tmp_path / "out"
    expected = overlay().render(maps, images.transpose(0, 3, 1, 2))
    render_quietly(
        overlay(), f"{address}/maps.npy", f"{address}/shard-0.tar", output_dir=out, n_threads=3
    )
    assert_same_pictures(out, expected, [f"{i:03d}.png" for i in range(N)])
    options = {"recursive": True, "order": "natural"}
    even = [*range(0, N, 2), *range(1, N, 2)]  # those of the folder "a b" are last
    report = render_quietly(
        overlay(), maps[even], f"{address}/photos/", output_dir=tmp_path / "tree", **options
    )
    assert report.n_files == N
    picture = np.asarray(Image.open(tmp_path / "tree" / "a b" / "3.png"))
    np.testing.assert_array_equal(picture, expected[3])
    picture = np.asarray(Image.open(tmp_path / "tree" / "4.png"))
    np.testing.assert_array_equal(picture, expected[4])


def test_a_folder_of_pictures_without_those_below_it(web, memory):
    for address in (web, memory):
        source = open_source(f"{address}/photos", "x", order="natural")
        assert source.item_names == tuple(str(i) for i in range(0, N, 2))
        source = open_source(
            f"{address}/photos/a%20b/5.png" if "http" in address else f"{address}/photos/a b/5.png",
            "x",
        )
        assert (source.n_items, source.item_names) == (1, ("5",))


def test_the_identity_is_in_the_job_file(web, tmp_path, maps):
    show, address = hotcold.Visualizer(), f"{web}/maps.npy"
    render_quietly(show, address, output_dir=tmp_path / "out")
    record = json.loads((tmp_path / "out" / ".hotcold" / "job.json").read_text())
    found = record["inputs"]["attributions"]
    assert found["size"] == (tmp_path / "web" / "maps.npy").stat().st_size
    # Older versions of fsspec pass nothing on but the size.
    told = fsspec.filesystem("http").info(address)
    assert found["version"] == told.get("Last-Modified", "")
    assert len(found["digest"]) == 16
    (tmp_path / "out" / "00000003.png").unlink()
    again = render_quietly(show, address, output_dir=tmp_path / "out", resume=True)
    assert (again.n_files, again.n_skipped) == (1, N - 1)
    np.save(tmp_path / "web" / "maps.npy", maps[::-1])
    with pytest.raises(ValueError, match=r"`attributions` has changed: its (version|content)"):
        render_quietly(show, address, output_dir=tmp_path / "out", resume=True)


def test_many_pictures_are_compared_by_what_their_folder_lists(tmp_path, maps):
    system = fsspec.filesystem("memory")
    for i in range(70):
        with system.open(f"/many/{i}.png", "wb") as file:
            Image.new("RGB", (10, 12), (i, i, i)).save(file, "PNG")
    try:
        batch = np.resize(maps, (70, 1, 12, 10))
        photos, out = "memory://many", tmp_path / "out"
        render_quietly(overlay(), batch, photos, output_dir=out)
        assert render_quietly(overlay(), batch, photos, output_dir=out, resume=True).n_files == 0
        with system.open("/many/3.png", "wb") as file:
            Image.new("RGB", (10, 12), (1, 2, 3)).save(file, "PNG", compress_level=0)
        with pytest.raises(ValueError, match="`x` has changed"):
            render_quietly(overlay(), batch, photos, output_dir=out, resume=True)
    finally:
        system.rm("/many", recursive=True)


def test_a_server_that_knows_no_parts_is_refused_and_copied_from(plain_web, maps, tmp_path):
    with pytest.raises(OSError, match="simplecache::http"):
        render_quietly(hotcold.Visualizer(), f"{plain_web}/maps.npy", output_dir=tmp_path / "no")
    copied = f"simplecache::{plain_web}/maps.npy"
    render_quietly(hotcold.Visualizer(), copied, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", hotcold.Visualizer().render(maps))


def test_addresses_of_this_machine_are_paths(tmp_path, maps):
    np.save(tmp_path / "maps.npy", maps)
    source = open_source(f"file://{tmp_path}/maps.npy", "attributions")
    assert source.paths == (tmp_path / "maps.npy",)
    source.close()


def test_what_is_not_there(web, tmp_path):
    for address in (f"{web}/none.npy", f"{web}/none", "memory://none.npy", "memory://none/"):
        with pytest.raises(FileNotFoundError, match="`x` must be there: no file or folder"):
            open_source(address, "x")
    with pytest.raises(FileNotFoundError, match="no file matches"):
        open_source("memory://none/*.npy", "x")
    with pytest.raises(FileNotFoundError, match="Cannot connect"):
        open_source("http://127.0.0.1:1/maps.npy", "x")
    with pytest.raises(ValueError, match="Protocol not known: nowhere"):
        open_source("nowhere://maps.npy", "x")
    torch_file = tmp_path / "web" / "maps.pt"
    torch_file.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"must be of this machine where it is a \.pt file"):
        open_source(f"{web}/maps.pt", "x")
    done = runner().invoke(main, ["render", f"{web}/none.npy", "-o", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1


def test_a_server_that_goes_away_ends_the_job_with_a_sentence(tmp_path, maps, images):
    optional("aiohttp")
    save_all(tmp_path / "web", maps, images)
    process, address = serve([sys.executable, str(SERVER), "."], tmp_path / "web")
    source = open_source(f"{address}/maps.npy", "attributions")
    assert source.read(0, 1).shape == (1, 1, 12, 10)
    process.kill()
    process.communicate()

    class Held:
        shape, dtype = source.shape, source.dtype

        def __getitem__(self, items):
            return source.read(items.start, items.stop)

    with pytest.raises(OSError, match="the input cannot be read any further"):
        render_quietly(hotcold.Visualizer(), Held(), output_dir=tmp_path / "out")


def test_the_package_of_a_protocol_is_named():
    code = "import sys; sys.modules['{}'] = None\nfrom hotcold.offline.input import open_source\n"
    code += "open_source('{}://bucket/maps.npy', 'x')"
    for package, protocol, said in (
        ("s3fs", "s3", "pip install s3fs"),
        ("gcsfs", "gs", "pip install gcsfs"),
        ("fsspec.core", "memory", "pip install 'hotcold[fsspec]'"),
    ):
        done = run_python(code.format(package, protocol), check=False)
        assert done.returncode == 1
        assert said in done.stderr.splitlines()[-1], done.stderr


def test_an_address_that_was_made_a_path_is_told(maps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    show = hotcold.Visualizer()
    panel = hotcold.Panel({"map": show})
    given = Path("s3://bucket/out")
    for job in (
        lambda: render_quietly(show, maps, output_dir=given),
        lambda: hotcold.offline.compare_files(maps, maps, output_dir=given, progress=False),
        lambda: hotcold.offline.render_panels(panel, maps, output_dir=given, progress=False),
    ):
        with pytest.raises(ValueError, match="a path has lost one of its two slashes"):
            job()
    assert list(tmp_path.iterdir()) == []


def test_file_systems_that_cannot_rename_are_told():
    error = OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    assert "write to another folder and copy" in str(output_error(error, Path("/mnt/bucket")))
