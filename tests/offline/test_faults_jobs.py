"""Jobs that are killed, run side by side, or run out of disk: one wins, nothing is mixed or lost.

`HOTCOLD_ROUNDS` sets how many jobs are killed, 5 by default.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import optional
from offline_inputs import make_maps, pictures_in, render_quietly

import hotcold

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX's"),
]
ROUNDS = int(os.environ.get("HOTCOLD_ROUNDS", "5"))
N = 200
CONTAINERS = ("zip", "tar", "npy", "zarr")
PLAIN = hotcold.Visualizer(combine_channels=True)

# Reading waits a little, so that there is something to kill, and for a file to go away.
JOB = """
import os, resource, signal, sys, time
from hotcold.cli import main
from hotcold.offline.input.raw import RawSource
read = RawSource.read
def slowly(self, start, stop):
    os.write(2, b"reading\\n")
    time.sleep(0.004)
    while os.path.exists("hold"):
        time.sleep(0.01)
    return read(self, start, stop)
RawSource.read = slowly
limit = int(sys.argv.pop(1))
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.argv[:1] = ["hotcold", "render"]
main()
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts a job on maps.npy in `tmp_path`, without waiting for it."""
    np.save(tmp_path / "maps.npy", make_maps(N))
    started = []

    def begin(*options, maps="maps.npy", out="out", limit=0, wait=True):
        command = [sys.executable, "-c", JOB, str(limit), maps, "-o", out, "-q", "--threads", "2"]
        command += ["--batch-size", "3", "--combine-channels", *options]
        process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        started.append(process)
        if wait:
            assert process.stderr.readline() == "reading\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def said(process):
    """What a job that has ended said, and its status."""
    _, text = process.communicate(timeout=120)
    return process.returncode, text.replace("reading\n", "")


def contents(folder):
    """The bytes of every visible file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not str(path.relative_to(folder)).startswith(".")
    }


def undisturbed(tmp_path, container=None):
    render_quietly(PLAIN, tmp_path / "maps.npy", output_dir=tmp_path / "calm", container=container)
    return contents(tmp_path / "calm")


@pytest.mark.parametrize("container", [None, *CONTAINERS])
def test_killed_jobs_go_on_to_what_an_undisturbed_run_leaves(tmp_path, start, container):
    if container == "zarr":
        optional("zarr")
    expected = undisturbed(tmp_path, container)
    out, chance = tmp_path / "out", random.Random(3)
    out.mkdir()
    (out / "mine.png").write_bytes(b"mine")
    options = ["--resume", *(["--container", container] if container else [])]
    for _ in range(ROUNDS if container is None else max(1, ROUNDS // 5)):
        process = start(*options)
        time.sleep(chance.uniform(0, 0.3))
        process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
        process.communicate()
        found = contents(out)
        assert found.pop("mine.png") == b"mine"
        assert all(expected[name] == data for name, data in found.items())  # each is whole
        status, text = said(start(*options, wait=False))
        assert status == 0, text
        found = contents(out)
        assert found.pop("mine.png") == b"mine"
        assert found == expected
        assert not list(out.glob(".*.part"))
        for name in list(found) if container else chance.sample(list(found), N // 2):
            (out / name).unlink()


def test_a_killed_job_over_an_earlier_one_mixes_nothing_when_it_goes_on(tmp_path, start):
    expected = undisturbed(tmp_path)
    chance = random.Random(4)
    old = PLAIN.render(make_maps(N + 50, seed=99))
    for i in range(max(1, ROUNDS // 5)):
        out = f"out{i}"
        render_quietly(PLAIN, make_maps(N + 50, seed=99), output_dir=tmp_path / out)
        process = start(out=out)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate()
        assert len(contents(tmp_path / out)) == N + 50
        for k, (name, picture) in enumerate(pictures_in(tmp_path / out).items()):
            new = expected.get(name) == (tmp_path / out / name).read_bytes()
            assert new or (picture == old[k]).all()
        status, text = said(start("--resume", out=out, wait=False))
        assert status == 0, text
        assert contents(tmp_path / out) == expected


@pytest.mark.parametrize("second", [[], ["--resume"], ["--blur", "2"], ["--shard", "1/2"]])
@pytest.mark.parametrize("container", [None, *CONTAINERS])
def test_a_second_job_is_told_who_has_the_folder(tmp_path, start, second, container):
    if container == "zarr":
        optional("zarr")
    expected = undisturbed(tmp_path, container)
    options = ["--container", container] if container else []
    (tmp_path / "hold").touch()
    first = start(*options)
    others = [start(*options, *second, wait=False) for _ in range(2)]
    for other in others:
        status, text = said(other)
        assert status == 1
        assert f"process {first.pid} on " in text
        assert "one job at a time" in text
    (tmp_path / "hold").unlink()
    assert said(first)[0] == 0
    assert contents(tmp_path / "out") == expected


def test_of_three_resumes_one_wins(tmp_path, start):
    expected = undisturbed(tmp_path)
    for _ in range(max(1, ROUNDS // 5)):
        process = start("--resume")
        process.kill()
        process.communicate()
        ended = [said(job) for job in [start("--resume", wait=False) for _ in range(3)]]
        assert any(status == 0 for status, _ in ended)
        assert all(status == 0 or "one job at a time" in text for status, text in ended)
        assert contents(tmp_path / "out") == expected
        for name in list(expected)[::2]:
            (tmp_path / "out" / name).unlink()


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_shards_of_one_job_run_side_by_side(tmp_path, start, resume):
    expected = undisturbed(tmp_path)
    jobs = [start("--shard", f"{k}/3", *resume, wait=False) for k in (1, 2, 3)]
    for job in jobs:
        status, text = said(job)
        assert status == 0, text
    assert contents(tmp_path / "out") == expected


def test_a_shard_of_another_job_and_the_same_shard_twice_are_refused(tmp_path, start):
    (tmp_path / "hold").touch()
    first = start("--shard", "1/2")
    for options in (["--shard", "1/2"], ["--shard", "2/2", "--blur", "3"], []):
        status, text = said(start(*options, wait=False))
        assert status == 1
        assert f"process {first.pid} on " in text
    (tmp_path / "hold").unlink()
    assert said(first)[0] == 0


def test_a_forked_child_does_not_keep_the_folder(tmp_path):
    code = """
import os, sys, time
from pathlib import Path
from hotcold.offline.output.place.lock import FolderLock
lock = FolderLock(Path("."), "", Path("."))
with lock.section():
    lock.acquire()
if os.fork() == 0:
    time.sleep(30)
    os._exit(0)
print("ready", flush=True)
time.sleep(30)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        process.kill()
        process.wait()
        from hotcold.offline.output.place.lock import FolderLock

        lock = FolderLock(tmp_path, "", tmp_path)
        with lock.section():
            lock.acquire()
        lock.release()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


@pytest.mark.parametrize("container", ["zip", "tar", "npy"])
def test_a_file_that_cannot_grow_is_one_sentence_and_costs_nothing(tmp_path, start, container):
    out = tmp_path / "out"
    render_quietly(PLAIN, make_maps(3), output_dir=out, container=container)
    before = contents(out)
    status, text = said(start("--container", container, limit=20_000, wait=False))
    assert status == 1
    assert "nothing is kept of a container that is not complete" in text
    assert text.count("\n") == 1
    assert contents(out) == before
    assert not list(out.glob(".*.part"))


def test_files_that_cannot_be_written_whole_are_not_there(tmp_path, start):
    maps = np.random.default_rng(0).standard_normal((20, 2, 96, 96)).astype(np.float32)
    maps[:10] = 1  # small files first, then some that are too large
    np.save(tmp_path / "maps.npy", maps)
    expected = undisturbed(tmp_path)
    status, text = said(start(limit=8_000, wait=False))
    assert status == 1
    assert "finished files are whole and kept" in text
    found = contents(tmp_path / "out")
    assert 0 < len(found) < 20
    assert all(expected[name] == data for name, data in found.items())
    assert not list((tmp_path / "out").glob(".*.part"))
    assert said(start("--resume", wait=False))[0] == 0
    assert contents(tmp_path / "out") == expected


@pytest.mark.parametrize("allowed", [0, 1])
def test_a_job_goes_on_with_the_threads_that_the_system_gives(tmp_path, allowed):
    code = """if True:
        import sys, threading
        import numpy as np
        import hotcold

        allowed, start = int(sys.argv[1]), threading.Thread.start

        # A stack that no machine has: the system itself refuses every thread but these.
        def start_some(self):
            alive = sum(t.name.startswith("hotcold") for t in threading.enumerate())
            threading.stack_size(0 if alive < allowed else 1 << 46)
            start(self)

        threading.Thread.start = start_some
        maps = np.random.default_rng(0).standard_normal((40, 1, 24, 20)).astype("f4")
        np.save("maps.npy", maps)
        report = hotcold.render_files(
            hotcold.Visualizer(), "maps.npy", output_dir="out", n_threads=3, progress=False
        )
        assert report.n_files == 40, report
        scale = hotcold.measure(hotcold.Visualizer(), "maps.npy", progress=False)
        assert "of 40 items" in repr(scale), scale
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(allowed)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").glob("*.png"))) == 40
