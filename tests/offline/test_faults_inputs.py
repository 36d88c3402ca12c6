"""Inputs that are not what they were, outputs that are not what was written, logs that vanish."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from helpers import optional
from offline_inputs import (
    FILES,
    N,
    assert_same_pictures,
    make_images,
    make_maps,
    render_quietly,
)
from PIL import Image

import hotcold
from hotcold.offline.input.raw import RawSource
from hotcold.offline.run.progress import Bar, Lines

PLAIN = hotcold.Visualizer(combine_channels=True)
OVERLAY = hotcold.HeatmapVisualizer(blur=1.5)
CONTAINERS = ("zip", "tar", "npy", "zarr")


@pytest.mark.parametrize("save", FILES.values(), ids=FILES.keys())
def test_another_file_of_the_same_name_and_shape_is_not_resumed(tmp_path, save):
    out = tmp_path / "out"
    saved = save(tmp_path, make_maps())
    render_quietly(PLAIN, saved, output_dir=out)
    assert render_quietly(PLAIN, saved, output_dir=out, resume=True).n_skipped == N
    save(tmp_path, make_maps(seed=99))
    with pytest.raises(ValueError, match=r"inputs of the job .*`attributions` has changed"):
        render_quietly(PLAIN, saved, output_dir=out, resume=True)
    assert render_quietly(PLAIN, saved, output_dir=out).n_files == N
    assert_same_pictures(out, PLAIN.render(make_maps(seed=99)))


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path):
    path = FILES["npy"](tmp_path, make_maps())
    render_quietly(PLAIN, path, output_dir=tmp_path / "out")
    times = path.stat()
    FILES["npy"](tmp_path, make_maps(seed=99))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(ValueError, match="its content was"):
        render_quietly(PLAIN, path, output_dir=tmp_path / "out", resume=True)


def test_a_copy_that_keeps_its_time_is_the_same_input(tmp_path):
    path = FILES["npy"](tmp_path, make_maps())
    render_quietly(PLAIN, path, output_dir=tmp_path / "out")
    times, data = path.stat(), path.read_bytes()
    path.rename(tmp_path / "kept.npy")
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert render_quietly(PLAIN, path, output_dir=tmp_path / "out", resume=True).n_skipped == N


@pytest.mark.parametrize("kind", ["numpy", "strided", "torch"])
def test_another_array_in_memory_is_not_resumed(tmp_path, kind):
    def given(seed):
        maps = make_maps(seed=seed)
        if kind == "strided":
            return np.repeat(maps, 2, axis=3)[:, :, :, ::2]
        return optional("torch").from_numpy(maps) if kind == "torch" else maps

    render_quietly(PLAIN, given(7), output_dir=tmp_path)
    assert render_quietly(PLAIN, given(7), output_dir=tmp_path, resume=True).n_skipped == N
    with pytest.raises(ValueError, match="`attributions` has changed: its content was"):
        render_quietly(PLAIN, given(8), output_dir=tmp_path, resume=True)


def test_another_picture_in_the_folder_is_not_resumed(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i, image in enumerate(make_images()):
        Image.fromarray(image.transpose(1, 2, 0)).save(photos / f"{i:03d}.png")
    render_quietly(OVERLAY, make_maps(), photos, output_dir=tmp_path / "out")
    Image.new("RGB", (10, 12), "red").save(photos / "004.png")
    with pytest.raises(ValueError, match="`x` has changed"):
        render_quietly(OVERLAY, make_maps(), photos, output_dir=tmp_path / "out", resume=True)


@pytest.mark.parametrize("container", [None, *CONTAINERS])
@pytest.mark.parametrize("how", ["rewritten", "replaced"])
def test_an_input_that_changes_under_way_fails_the_job(tmp_path, monkeypatch, container, how):
    if container == "zarr":
        optional("zarr")
    path = FILES["npy"](tmp_path, make_maps(200))
    np.save(tmp_path / "new.npy", make_maps(200, seed=99))
    read, calls = RawSource.read, []

    def changes(self, start, stop):
        calls.append(start)
        if len(calls) == 3 and how == "rewritten":
            path.write_bytes((tmp_path / "new.npy").read_bytes())
        elif len(calls) == 3:
            (tmp_path / "new.npy").replace(path)
        return read(self, start, stop)

    monkeypatch.setattr(RawSource, "read", changes)
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="`attributions` was changed while it was read"):
        render_quietly(PLAIN, path, output_dir=out, container=container, batch_size=10, n_threads=1)
    monkeypatch.undo()
    assert not list(out.glob("pictures*"))
    with pytest.raises(ValueError, match="must have the inputs of the job"):
        render_quietly(PLAIN, path, output_dir=out, container=container, resume=True)
    render_quietly(PLAIN, path, output_dir=out, container=container)


# --- outputs ----------------------------------------------------------------------------------


def holed(data):
    middle = len(data) // 2
    return data[:middle] + bytes(8) + data[middle + 8 :]


DAMAGE = {"cut": lambda data: data[: len(data) // 2], "empty": lambda data: b""}


@pytest.mark.parametrize("format_name", ["png", "jpg", "webp", "tif", "bmp", "gif"])
@pytest.mark.parametrize("damage", [*DAMAGE, "hole"])
def test_damaged_files_are_made_again(tmp_path, format_name, damage):
    arguments = {"output_dir": tmp_path, "format": format_name}
    render_quietly(OVERLAY, make_maps(), make_images(), **arguments)
    path = tmp_path / f"00000004.{format_name}"
    whole = path.read_bytes()
    path.write_bytes(DAMAGE.get(damage, holed)(whole))
    verify = None
    if damage == "hole" and format_name != "png":
        verify = False  # no cheap look finds a hole in every format
    report = render_quietly(
        OVERLAY, make_maps(), make_images(), **arguments, resume=True, verify=verify
    )
    if verify is None:
        assert (report.n_files, report.n_skipped) == (1, N - 1)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("verify", [None, True])
def test_damaged_containers_are_made_again(tmp_path, container, verify):
    if container == "zarr":
        optional("zarr")
    arguments = {"output_dir": tmp_path, "container": container, "verify": verify}
    render_quietly(PLAIN, make_maps(), **arguments)
    path = next(tmp_path.glob("pictures*"))
    if path.is_dir():
        path = max(path.rglob("*"), key=lambda file: file.stat().st_size * file.is_file())
    whole = path.read_bytes()
    assert render_quietly(PLAIN, make_maps(), **arguments, resume=True).n_files == 0
    for damaged in (whole[:-30], holed(whole)):
        if damaged == whole or (path.parent != tmp_path and len(damaged) == len(whole) != verify):
            continue  # of the many files of a store only the sizes are looked at
        path.write_bytes(damaged)
        assert render_quietly(PLAIN, make_maps(), **arguments, resume=True).n_files > 0
        assert path.read_bytes() == whole
    path.unlink()
    assert render_quietly(PLAIN, make_maps(), **arguments, resume=True).n_files > 0


@pytest.mark.parametrize("container", [None, *CONTAINERS])
def test_verified_and_forced_outputs_are_the_same(tmp_path, container):
    if container == "zarr":
        optional("zarr")
    for name, options in (("a", {}), ("b", {"verify": True, "fsync": True})):
        render_quietly(
            PLAIN, make_maps(), output_dir=tmp_path / name, container=container, **options
        )
    files = [path for path in sorted((tmp_path / "a").rglob("*")) if path.is_file()]
    for path in files:
        if ".hotcold" not in path.parts:
            other = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert path.read_bytes() == other.read_bytes()


def test_what_does_not_read_back_ends_the_job(tmp_path, monkeypatch):
    from hotcold.offline.output import check

    monkeypatch.setattr(check, "is_whole_file", lambda path, suffix: not path.endswith("3.png"))
    with pytest.raises(OSError, match=r"00000003\.png does not read back"):
        render_quietly(PLAIN, make_maps(), output_dir=tmp_path, verify=True)


def test_a_large_zip_is_read_by_others(tmp_path):
    from hotcold.offline.output.archives import ZipWriter
    from hotcold.offline.output.names import Names
    from hotcold.offline.output.place import LocalPlace

    n = 70_000  # more than the format of 1989 counts
    writer = ZipWriter(LocalPlace(tmp_path), "a.zip", Names(".png", n_units=n))
    for unit in range(n):
        writer.write(unit, b"%d" % unit)
    writer.finish()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.namelist()) == n
        assert archive.read("00069999.png") == b"69999"
        assert archive.testzip() is None


# --- logs -------------------------------------------------------------------------------------


class Gone(io.StringIO):
    """A terminal, or a log, that is not there any more."""

    def __init__(self, error, after=0):
        super().__init__()
        self.error, self.left = error, after

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return len(text)

    def isatty(self):
        return True


@pytest.mark.parametrize("kind", [Bar, Lines])
@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
@pytest.mark.parametrize("after", [0, 1])
def test_progress_survives_its_stream(kind, error, after):
    shown = kind(Gone(error, after))
    shown.say("hello")
    shown.start(10)
    shown.advance(3, 2)
    shown.advance(5)
    shown.close()


def test_a_process_whose_terminal_is_gone_ends():
    code = """
import time, tqdm
from hotcold.offline.run.progress import Bar
tqdm.tqdm.monitor_interval = 1  # its thread looks after the bars, and takes their lock
class Gone:
    def write(self, text=""):
        raise OSError(9, "closed")
    flush = write
shown = Bar(Gone())
shown.start(10)
shown.advance(3)
shown.close()
time.sleep(2)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert not done.stderr


JOB = """
import sys
import numpy as np, hotcold
sys.stderr = {stderr}
hotcold.render_files(hotcold.Visualizer(True), np.load("maps.npy"), output_dir="out",
                     container={container!r})
"""


@pytest.mark.parametrize("container", [None, "zip", "npy"])
@pytest.mark.parametrize("stderr", ["None", "closed"])
def test_jobs_without_standard_error_are_done(tmp_path, container, stderr):
    np.save(tmp_path / "maps.npy", make_maps())
    code = JOB.format(stderr="None" if stderr == "None" else "sys.stderr", container=container)
    read, write = os.pipe()
    os.close(read)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stderr=write, check=True)
    os.close(write)
    assert len(list((tmp_path / "out").glob("[!.]*"))) == (N if container is None else 1)


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
@pytest.mark.parametrize("redirection", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>&1 | true"])
@pytest.mark.parametrize("container", ["", "--container zip"])
def test_commands_whose_streams_are_closed_are_done(tmp_path, redirection, container):
    np.save(tmp_path / "maps.npy", make_maps())
    main = f"'{sys.executable}' -c 'from hotcold.cli import main; main()'"
    command = f"({main} render maps.npy -o out --combine-channels {container}; echo $? > status)"
    subprocess.run(["sh", "-c", f"{command} {redirection}"], cwd=tmp_path, check=True)
    assert (tmp_path / "status").read_text() == "0\n"
    assert len(list((tmp_path / "out").glob("[!.]*"))) == (1 if container else N)
