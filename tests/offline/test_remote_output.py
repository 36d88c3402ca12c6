"""Outputs on file systems of fsspec's: an object store's process, memory, one that renames."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import optional, runner
from offline_inputs import make_images, make_maps, overlay, render_quietly
from PIL import Image

import hotcold
from hotcold.cli import main
from hotcold.offline import compare_files, render_panels
from hotcold.offline.gallery import write_gallery
from hotcold.offline.output.names import Names
from hotcold.offline.output.place import FOLDER, place_at, remote_lock
from hotcold.offline.output.uploads import Uploads

fsspec = optional("fsspec")
SERVER = Path(__file__).parents[1] / "support" / "object_server.py"
S3 = {
    "AWS_ACCESS_KEY_ID": "user",
    "AWS_SECRET_ACCESS_KEY": "word",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Real stores would be asked for settings and roles.
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
}
SHOW = overlay()
MAPS, IMAGES = make_maps(), make_images()


class Server:
    """The object store's process, and the address of a folder in it."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER), *options], stdout=subprocess.PIPE, text=True
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.folder = "s3://bucket/out"

    def ask(self, what):
        with urllib.request.urlopen(f"{self.url}/-/{what}", timeout=30) as answer:
            return int(answer.read())

    def close(self):
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def object_store(monkeypatch, *options):
    s3fs = optional("s3fs")
    server = Server(*options)
    for name, value in {**S3, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        yield server
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.close()


@pytest.fixture(params=["memory", "s3", "disk"])
def out(request, monkeypatch, tmp_path):
    """The address of a folder that is not there."""
    if request.param == "s3":
        with object_store(monkeypatch) as server:
            yield server.folder
    elif request.param == "disk":
        fsspec.register_implementation("disk", optional("renaming_disk").Disk, clobber=True)
        yield f"disk://{tmp_path}/elsewhere/out"
    else:
        system = fsspec.filesystem("memory")
        yield "memory://out"
        if system.exists("/out"):
            system.rm("/out", recursive=True)


def files_at(address, *, own=False):
    """Every file in a folder, by its path there; those of the job with `own` alone."""
    system, top = fsspec.core.url_to_fs(address)
    system.invalidate_cache()
    top = top.lstrip("/")
    found = {}
    for path in system.find(top if "disk" not in address else "/" + top):
        name = path.lstrip("/").removeprefix(top + "/")
        # Of a folder that is only just there s3fs may give the folder.
        if name.startswith(FOLDER) == own and path.lstrip("/") != top:
            found[name] = system.cat_file(path)
    return found


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and FOLDER not in path.parts
    }


OPTIONS = {
    "png": {},
    "jpg": {"format": "jpg", "quality": 80},
    "sheets": {"sheets": (2, 3)},
    "zip": {"container": "zip", "verify": True},
    "tar": {"container": "tar"},
    "npy": {"container": "npy"},
    "values": {"values": "npy"},
    "folders": {"names": [f"{'ä' * (i % 3)}[{i}] ?" for i in range(23)]},
    "gallery": {"gallery": True, "verify": True, "n_threads": 3},
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_the_same_bytes_as_on_this_machine(kind, out, tmp_path):
    options = OPTIONS[kind]
    here = render_quietly(SHOW, MAPS, IMAGES, output_dir=tmp_path / "out", **options)
    there = render_quietly(SHOW, MAPS, IMAGES, output_dir=out, **options)
    assert files_at(out) == files_in(tmp_path / "out")
    assert (there.n_files, there.n_items, there.n_bytes) == (
        here.n_files,
        here.n_items,
        here.n_bytes,
    )
    assert there.output.startswith(out)
    # Only what the job leaves: no lock, no part of a file.
    left = {"job.json", "report.json", "ended.json"}
    own = {name.removeprefix(f"{FOLDER}/") for name in files_at(out, own=True)}
    assert {name for name in own if not name.startswith("names-")} == left
    again = render_quietly(SHOW, MAPS, IMAGES, output_dir=out, resume=True, **options)
    assert again.n_files == 0
    assert again.n_skipped == (1 if "container" in options else here.n_files)


def test_folders_of_inputs_are_kept(out, tmp_path):
    for i in range(6):
        place = tmp_path / "maps" / f"{'abc'[i % 3]} #%"
        place.mkdir(parents=True, exist_ok=True)
        np.save(place / f"{i}.npy", MAPS[i, :1])
    render_quietly(hotcold.Visualizer(), tmp_path / "maps", output_dir=out, recursive=True)
    assert sorted(files_at(out)) == sorted(f"{'abc'[i % 3]} #%/{i}.png" for i in range(6))


def test_only_what_is_missing_is_made_again(out):
    render_quietly(SHOW, MAPS, IMAGES, output_dir=out)
    before = files_at(out)
    system, top = fsspec.core.url_to_fs(out)
    for unit in (3, 17):
        system.rm_file(f"{top}/{unit:08d}.png")
    system.pipe_file(f"{top}/{5:08d}.png", b"")
    report = render_quietly(SHOW, MAPS, IMAGES, output_dir=out, resume=True)
    assert (report.n_files, report.n_skipped) == (3, 20)
    system.pipe_file(f"{top}/{7:08d}.png", before["00000007.png"][:-9])
    report = render_quietly(SHOW, MAPS, IMAGES, output_dir=out, resume=True, verify=True)
    assert report.n_files == 1
    assert files_at(out) == before
    with pytest.raises(ValueError, match="`resume` must have the settings of the job"):
        render_quietly(overlay(), MAPS[::-1], IMAGES, output_dir=out, resume=True, format="jpg")


def test_what_is_whose(out):
    render_quietly(SHOW, MAPS, IMAGES, output_dir=out)
    render_quietly(SHOW, MAPS[:5], IMAGES[:5], output_dir=out)  # takes its place
    assert len(files_at(out)) == 5
    system, top = fsspec.core.url_to_fs(out)
    system.pipe_file(f"{top}/mine.txt", b"mine")
    system.pipe_file(f"{top}/{6:08d}.png", b"mine too")
    with pytest.raises(FileExistsError, match=r"got 00000006\.png in"):
        render_quietly(SHOW, MAPS, IMAGES, output_dir=out)
    render_quietly(SHOW, MAPS, IMAGES, output_dir=out, overwrite=True)
    assert files_at(out)["mine.txt"] == b"mine"
    assert len(files_at(out)) == 24


def test_bad_items_leave_no_picture_of_an_earlier_run(out):
    render_quietly(SHOW, MAPS, IMAGES, output_dir=out)
    bad = MAPS.copy()
    bad[4] = np.nan
    report = render_quietly(SHOW, bad, IMAGES, output_dir=out, on_error="record")
    assert [failure.index for failure in report.failures] == [4]
    assert len(files_at(out)) == 22


@pytest.mark.parametrize("container", [None, "tar"])
def test_parts_of_a_job(out, tmp_path, container):
    options = {"container": container}
    for part in (2, 3, 1):
        render_quietly(SHOW, MAPS, IMAGES, output_dir=out, shard=(part, 3), **options)
        render_quietly(SHOW, MAPS, IMAGES, output_dir=tmp_path / "o", shard=(part, 3), **options)
    assert files_at(out) == files_in(tmp_path / "o")
    # Which ended is known, whatever order they wrote the job file in.
    own = files_at(out, own=True)
    assert sum(name.startswith(f"{FOLDER}/ended-") for name in own) == 3
    assert (
        render_quietly(
            SHOW, MAPS, IMAGES, output_dir=out, shard=(2, 3), resume=True, **options
        ).n_files
        == 0
    )


def test_panels_comparisons_and_galleries(out, tmp_path):
    panel = hotcold.Panel({"map": hotcold.Visualizer(True), "over": SHOW})
    for place in (out, tmp_path / "o"):
        end = f"{place}/{{}}".format
        render_panels(panel, MAPS, IMAGES, output_dir=end("p"), gallery=True, progress=False)
        compare_files(
            MAPS, MAPS[::-1], IMAGES, output_dir=end("c"), worst=3, gallery=True, progress=False
        )
        compare_files(MAPS, MAPS[::-1], output_dir=end("c"), worst=2, progress=False)
        page = write_gallery(end("p"), title="seen", captions={"00000003.png": "three"})
        assert page.name == "index.html"
        with pytest.raises(FileExistsError, match="pictures of an earlier comparison"):
            compare_files(MAPS, MAPS, output_dir=end("c"), worst=0, progress=False)
    there = {f"p/{name}": data for name, data in files_at(f"{out}/p").items()}
    there |= {f"c/{name}": data for name, data in files_at(f"{out}/c").items()}
    assert there == files_in(tmp_path / "o")
    with pytest.raises(ValueError, match="`originals` must be None"):
        write_gallery(f"{out}/p", originals=tmp_path)


def test_the_command_line(out, tmp_path):
    np.save(tmp_path / "maps.npy", MAPS)
    command = ["render", str(tmp_path / "maps.npy"), "-o", out, "--gallery", "--combine-channels"]
    done = runner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert out in done.output
    assert len(files_at(out)) == 24
    assert runner().invoke(main, ["gallery", out, "--title", "x"]).exit_code == 0
    done = runner().invoke(main, command)  # the same again takes its place
    assert done.exit_code == 0


def test_inputs_are_not_written_over(out, tmp_path):
    system, top = fsspec.core.url_to_fs(out)
    system.makedirs(top, exist_ok=True)
    data = io.BytesIO()
    np.save(data, MAPS[0, :1])
    for i in range(3):
        system.pipe_file(f"{top}/{i}.npy", data.getvalue())
    show = hotcold.Visualizer()
    for options in ({}, {"recursive": True}):
        for place in (out, *([f"{out}/below"] if options else [])):
            with pytest.raises(ValueError, match="`output_dir` must not be where `attributions`"):
                render_quietly(show, out, output_dir=place, **options)
    whole = io.BytesIO()
    np.save(whole, MAPS.transpose(0, 2, 3, 1)[..., :1] * 0)
    system.pipe_file(f"{top}/pictures.npy", whole.getvalue())
    last = hotcold.Visualizer(dim_order="channels_last")
    with pytest.raises(ValueError, match=r"whose pictures\.npy would be replaced"):
        render_quietly(last, f"{out}/pictures.npy", output_dir=out, container="npy", overwrite=True)


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ("s3:/bucket/out", {}, "a path has lost one of its two slashes"),
        ("https://host/out", {}, "a web server takes none"),
        ("memory://out", {"container": "zarr"}, "must be zip, tar or npy for a folder of another"),
        ("nowhere://out", {}, "must be a path or an address that fsspec knows"),
    ],
)
def test_what_cannot_be_written_to_is_said_before_any_work(given, options, said):
    optional("aiohttp")
    with pytest.raises(ValueError, match=said):
        render_quietly(SHOW, MAPS, IMAGES, output_dir=given, **options)


# Jobs that end early, two at a time, and servers that refuse: each in processes of their own.

JOB = """
import sys
import numpy as np, hotcold
maps = np.load("maps.npy")
hotcold.render_files(
    hotcold.Visualizer(combine_channels=True), maps, output_dir=sys.argv[1], progress=False,
    n_threads=1, resume=True, overwrite="over" in sys.argv,
)
"""
N_MANY = 300


def start(out, tmp_path, *arguments):
    if not (tmp_path / "maps.npy").exists():
        np.save(tmp_path / "maps.npy", make_maps(N_MANY))
    return subprocess.Popen(
        [sys.executable, "-c", JOB, out, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_pictures(out, n):
    system, top = fsspec.core.url_to_fs(out)
    end = time.monotonic() + 60
    there = 0
    while there < n:
        assert time.monotonic() < end
        time.sleep(0.02)
        system.invalidate_cache()
        there = sum(path.endswith(".png") for path in system.find(top))


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_killed_job_goes_on_and_keeps_what_is_there(monkeypatch, tmp_path):
    with object_store(monkeypatch, "--slow", "0.5") as server:
        process = start(server.folder, tmp_path)
        wait_for_pictures(server.folder, 20)
        # A second one is refused while the first one is at it.
        with pytest.raises(BlockingIOError, match=f"is writing to .process {process.pid} on"):
            render_quietly(SHOW, MAPS, IMAGES, output_dir=server.folder)
        process.kill()
        process.communicate(timeout=60)
        kept = files_at(server.folder)
        assert 20 <= len(kept) < N_MANY
        system = fsspec.filesystem("s3")
        system.invalidate_cache()
        times = {name: system.info(f"bucket/out/{name}")["LastModified"] for name in kept}
        assert f"{FOLDER}/lock.json" in files_at(server.folder, own=True)  # of a dead process
        with start(server.folder, tmp_path) as again:
            assert again.wait(120) == 0
        hotcold.render_files(
            hotcold.Visualizer(combine_channels=True),
            make_maps(N_MANY),
            output_dir=tmp_path / "o",
            progress=False,
        )
        # Arrays say nothing of their file's name.
        there, here = files_at(server.folder), files_in(tmp_path / "o")
        assert there.keys() == here.keys()
        for name, data in there.items():
            np.testing.assert_array_equal(pixels_of(data), pixels_of(here[name]))
        system.invalidate_cache()
        for name, when in times.items():
            assert system.info(f"bucket/out/{name}")["LastModified"] == when
        assert f"{FOLDER}/lock.json" not in files_at(server.folder, own=True)


def pixels_of(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_leaves_no_lock(monkeypatch, tmp_path, number):
    # 15 s of requests: on a busy machine, too, the signal comes before the end.
    with object_store(monkeypatch, "--slow", "0.5") as server:
        np.save(tmp_path / "maps.npy", make_maps(N_MANY, 1))
        code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        code += "from hotcold.cli import main\nmain()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "render", "maps.npy", "-o", server.folder, "-q"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for_pictures(server.folder, 20)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (130, 143)
        assert "finished files are kept" in said
        assert f"{FOLDER}/lock.json" not in files_at(server.folder, own=True)


def test_many_are_on_their_way_at_a_time(monkeypatch):
    with object_store(monkeypatch, "--slow", "0.2") as server:
        begin = time.perf_counter()
        report = render_quietly(
            hotcold.Visualizer(True), make_maps(64), output_dir=server.folder, n_threads=1
        )
        assert server.ask("peak") > 8  # botocore has ten connections
        assert time.perf_counter() - begin < 64 * 0.2 / 2  # one after the other: 12.8 s
        assert report.n_files == 64


def test_a_store_that_refuses_ends_the_job_with_a_sentence(monkeypatch):
    with object_store(monkeypatch) as server:
        server.ask("refuse/00000011.png")
        with pytest.raises(OSError, match="no permission to write to s3://bucket/out"):
            render_quietly(SHOW, MAPS, IMAGES, output_dir=server.folder)
        found = files_at(server.folder)
        assert "00000011.png" not in found
        assert f"{FOLDER}/lock.json" not in files_at(server.folder, own=True)
        server.ask("refuse/nothing")
        report = render_quietly(SHOW, MAPS, IMAGES, output_dir=server.folder, resume=True)
        assert report.n_skipped == len(found)
        assert len(files_at(server.folder)) == 23
    with object_store(monkeypatch) as server:
        server.ask("refuse/pictures.zip")
        with pytest.raises(OSError, match="no permission"):
            render_quietly(SHOW, MAPS, IMAGES, output_dir=server.folder, container="zip")
        assert files_at(server.folder) == {}


def test_a_job_that_replaces_another_is_known_by_its_journal(out, monkeypatch):
    """What an earlier job drew of an item does not pass for this one's."""
    from hotcold.offline.output import journal

    monkeypatch.setattr(journal, "_EVERY", 0.0)
    render_quietly(SHOW, MAPS, IMAGES, output_dir=out)
    other = MAPS[::-1].copy()
    bad = other.copy()
    bad[15] = np.nan
    before = files_at(out)
    with pytest.raises(ValueError, match="NaN"):
        render_quietly(SHOW, bad, IMAGES, output_dir=out, batch_size=1, n_threads=1)
    fresh = {name for name, data in files_at(out).items() if data != before[name]}
    assert 0 < len(fresh) < 23
    # The page of what is there shows this job's pictures alone.
    write_gallery(out)
    assert 0 < files_at(out)["index.html"].decode().count('.png"') <= len(fresh) + 1


def write_lock(out, **owner):
    system, top = fsspec.core.url_to_fs(out)
    system.makedirs(f"{top}/{FOLDER}", exist_ok=True)
    told = {"host": "elsewhere", "pid": 1, "since": "then", "token": "x", "beat": 1, **owner}
    system.pipe_file(f"{top}/{FOLDER}/lock.json", json.dumps(told).encode())


def test_a_job_of_another_machine(out, monkeypatch):
    """One whose file changes is alive; one whose file stays the same for long is not."""
    monkeypatch.setattr(remote_lock, "_LOOK", 0.05)
    monkeypatch.setattr(remote_lock, "_SILENCE", 0.5)
    write_lock(out)
    assert render_quietly(SHOW, MAPS, IMAGES, output_dir=out).n_files == 23
    looks = []

    def beat(seconds):
        looks.append(seconds)
        write_lock(out, beat=2 + len(looks))

    write_lock(out)
    monkeypatch.setattr(remote_lock.time, "sleep", beat)
    with pytest.raises(BlockingIOError, match="process 1 on elsewhere since then"):
        render_quietly(SHOW, MAPS, IMAGES, output_dir=out)
    assert len(looks) == 1
    monkeypatch.undo()


def test_a_predecessor_with_the_same_number_is_dead(out):
    write_lock(out, host=socket.gethostname(), pid=os.getpid())
    assert render_quietly(SHOW, MAPS, IMAGES, output_dir=out).n_files == 23


def test_a_job_whose_folder_was_taken_ends(out, monkeypatch):
    monkeypatch.setattr(remote_lock, "_BEAT", 0.01)
    maps = make_maps(40)

    def batches():
        for i in range(40):
            if i >= 3:
                write_lock(out, token="other", beat=i)
                time.sleep(0.05)
            yield maps[i : i + 1]

    with pytest.raises(BlockingIOError, match="process 1 on elsewhere"):
        render_quietly(hotcold.Visualizer(True), batches(), output_dir=out)
    assert f"{FOLDER}/lock.json" in files_at(out, own=True)  # the other's


def test_archives_are_read_by_others(out):
    render_quietly(SHOW, MAPS, IMAGES, output_dir=out, container="zip")
    with zipfile.ZipFile(io.BytesIO(files_at(out)["pictures.zip"])) as archive:
        assert len(archive.namelist()) == 23
        assert archive.testzip() is None


def test_a_cluster_writes_there_too(out, tmp_path):
    da = optional("dask.array")
    from hotcold.offline import dask as on_dask

    arrays = [da.from_array(array, chunks=(6, -1, -1, -1)) for array in (MAPS, IMAGES)]
    for place in (out, tmp_path / "o"):
        assert on_dask.render_files(SHOW, *arrays, output_dir=place, n_threads=2).n_files == 23
    assert files_at(out) == files_in(tmp_path / "o")
    assert render_quietly(SHOW, MAPS, IMAGES, output_dir=out).n_files == 23  # nobody has the folder


def test_what_sends_travels_to_the_processes_of_a_cluster(out):
    place = place_at(out)
    place.make_folders([""])
    writer = Uploads(place, Names(".png", n_units=5), None, lambda unit: False, resume=False)
    writer.write(0, b"first")
    again = pickle.loads(pickle.dumps(writer))
    again.write(1, b"second")
    for one in (writer, again):
        one.settle(0, 5)
        one.finish()
    assert files_at(out) == {"00000000.png": b"first", "00000001.png": b"second"}
