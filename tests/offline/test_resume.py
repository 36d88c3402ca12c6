"""Jobs that end early, by SIGKILL, Ctrl-C or a full disk, and go on: nothing is lost or half."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import run_python
from offline_inputs import (
    N,
    assert_same_pictures,
    make_images,
    make_maps,
    overlay,
    pictures_in,
    render_quietly,
)

import hotcold

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and tmpfs are POSIX's")
# CI kills a handful of jobs; HOTCOLD_KILLS=20 for a longer look.
KILLS = int(os.environ.get("HOTCOLD_KILLS", "3"))
N_SLOW = 300

# Half a second at least, whatever the machine: reading waits a little.
SLOW_JOB = """
import os, signal, sys, time
import numpy as np
import hotcold
from hotcold.cli import main

# A test run in the background passes SIGINT on as ignored; a user at a terminal does not.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["hotcold", "render", "maps.npy", "-o", "out", "-q", "--threads", "2", "--resume",
            "--batch-size", "3", "--format", sys.argv[1], "--combine-channels"]
from hotcold.offline.input.raw import RawSource
read = RawSource.read
def slowly(self, start, stop):
    os.write(1, b"reading\\n")
    time.sleep(0.005)
    return read(self, start, stop)
RawSource.read = slowly
main()
"""


@pytest.fixture
def slow_job(tmp_path):
    """A function that starts the job of 300 items in `tmp_path` and waits for its first read."""
    np.save(tmp_path / "maps.npy", make_maps(N_SLOW))
    started = []

    def start(format_name="png"):
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW_JOB, format_name],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "reading\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def expected_pictures():
    return hotcold.Visualizer(combine_channels=True).render(make_maps(N_SLOW))


@POSIX
def test_killed_jobs_go_on_and_leave_what_an_undisturbed_run_leaves(tmp_path, slow_job):
    chance = random.Random(5)
    n_partial = 0
    for _ in range(KILLS):
        process = slow_job()
        time.sleep(chance.uniform(0, 0.25))
        process.kill()
        process.communicate()
        found = pictures_in(tmp_path / "out")  # each is whole, whenever the job was killed
        n_partial += 0 < len(found) < N_SLOW
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.png")}
        process = slow_job()
        assert process.wait(120) == 0, process.stderr.read()
        assert_same_pictures(tmp_path / "out", expected_pictures())
        for path, written in before.items():
            assert path.stat().st_mtime_ns == written  # kept, not made again
        for path in chance.sample(list((tmp_path / "out").glob("*.png")), N_SLOW // 2):
            path.unlink()
    assert n_partial > 0  # or the test would show nothing


@POSIX
@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "Stopped"), (signal.SIGTERM, 143, "Terminated")],
)
def test_signals_end_a_job_cleanly_with_what_is_finished_kept(
    tmp_path, slow_job, number, status, word
):
    out = tmp_path / "out"
    process = slow_job()
    while not list(out.glob("*.png")):  # on a machine with other work that takes longer
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.strip() == f"{word}; finished files are kept; " + (
        "the same command with --resume goes on"
    )
    assert 0 < len(list(out.glob("*.png"))) < N_SLOW
    assert not list(out.glob(".*.part"))
    assert slow_job().wait(120) == 0
    assert_same_pictures(out, expected_pictures())


def test_leftovers_of_killed_runs_are_removed_but_nobody_elses_files(tmp_path):
    ours = tmp_path / ".00000003.png.0123abcd.part"
    others = [tmp_path / name for name in (".photo.png.0123abcd.part", "photo.png", "00000099.png")]
    for path in others:
        path.write_bytes(b"half")
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    for resume in (False, True):
        ours.write_bytes(b"half")
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, resume=resume)
        assert not ours.exists()
    assert all(path.read_bytes() == b"half" for path in others)


def test_files_that_lost_their_end_are_made_again(tmp_path):
    arguments = overlay(), make_maps(), make_images()
    render_quietly(*arguments, output_dir=tmp_path)
    (tmp_path / "00000002.png").write_bytes(b"")  # what a power cut may leave
    whole = (tmp_path / "00000005.png").read_bytes()
    (tmp_path / "00000005.png").write_bytes(whole[:-12] + bytes(12))
    report = render_quietly(*arguments, output_dir=tmp_path, resume=True)
    assert (report.n_items, report.n_files, report.n_skipped) == (N, 2, N - 2)
    assert_same_pictures(tmp_path, overlay().render(*arguments[1:]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"visualizer": hotcold.HeatmapVisualizer(blur=3)}, "blur was 1.5 and is 3.0"),
        ({"visualizer": hotcold.MaskVisualizer()}, "visualizer was 'HeatmapVisualizer' and is"),
        ({"format": "bmp"}, "format was 'png' and is 'bmp'"),
        ({"attributions": make_maps(dtype=np.float64)}, "attributions was "),
        ({"names": [f"n{i}" for i in range(N)]}, "names was None and is "),
        ({"sheets": (2, 2)}, "sheets was None and is "),
    ],
)
def test_resuming_with_other_settings_is_refused_and_says_what_differs(tmp_path, change, said):
    job = {"visualizer": overlay(), "attributions": make_maps(), "x": make_images()}
    render_quietly(**job, output_dir=tmp_path)
    before = pictures_in(tmp_path)
    with pytest.raises(ValueError, match="must have the settings of the job in") as caught:
        render_quietly(**{**job, **change}, output_dir=tmp_path, resume=True)
    assert said in str(caught.value)
    assert list(pictures_in(tmp_path)) == list(before)


def test_settings_that_change_no_pixel_may_differ(tmp_path):
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    visualizer = hotcold.HeatmapVisualizer(blur=1.5, n_threads=3)
    report = render_quietly(
        visualizer,
        make_maps(),
        make_images(),
        output_dir=tmp_path,
        resume=True,
        batch_size=2,
        n_threads=1,
        shard=(1, 2),
    )
    assert (report.n_items, report.n_files, report.n_skipped) == (11, 0, 11)


def test_colormap_objects_are_compared_by_their_colours(tmp_path):
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    def job(colours):
        visualizer = hotcold.HeatmapVisualizer(cmap=ListedColormap(colours, name="mine"))
        return visualizer, make_maps(), make_images()

    reds = mpl.colormaps["Reds"](np.arange(256))
    render_quietly(*job(reds), output_dir=tmp_path)
    assert render_quietly(*job(reds), output_dir=tmp_path, resume=True).n_files == 0
    with pytest.raises(ValueError, match="cmap was"):
        render_quietly(*job(reds[::-1]), output_dir=tmp_path, resume=True)


def test_a_later_job_that_fails_leaves_the_pictures_of_the_earlier_one(tmp_path):
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    before = pictures_in(tmp_path)
    other = hotcold.HeatmapVisualizer(blur=0)
    images = make_images()

    def stops():
        yield make_maps()[:4]
        raise ValueError("stopped here")

    with pytest.raises(ValueError, match="stopped here"):
        render_quietly(other, stops(), images, output_dir=tmp_path, batch_size=4)
    after = pictures_in(tmp_path)
    assert list(after) == list(before)
    changed = other.render(make_maps(), images)
    for i, name in enumerate(before):
        assert (after[name] == (changed[i] if i < 4 else before[name])).all() or (
            after[name] == before[name]
        ).all()
    # A resumed job does not take the old files for its own.
    stream = [make_maps()]
    with pytest.raises(ValueError, match="attributions was"):
        render_quietly(other, stream, images, output_dir=tmp_path, resume=True)
    report = render_quietly(other, iter([make_maps()]), images, output_dir=tmp_path)
    assert report.n_files == N
    assert_same_pictures(tmp_path, changed)


def test_a_broken_job_file_is_named(tmp_path):
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    (tmp_path / ".hotcold/job.json").write_text("{")
    with pytest.raises(ValueError, match=r"got a broken .*job\.json"):
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, resume=True)


def test_a_finished_container_is_not_made_again(tmp_path):
    arguments = overlay(), make_maps(), make_images()
    for shard in ((1, 2), (2, 2)):
        render_quietly(*arguments, output_dir=tmp_path, container="zip", shard=shard, resume=True)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.zip")}
    assert len(written) == 2
    report = render_quietly(
        *arguments, output_dir=tmp_path, container="zip", shard=(1, 2), resume=True
    )
    assert (report.n_items, report.n_files) == (11, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.zip")} == written


def test_items_that_failed_are_tried_again(tmp_path):
    maps = make_maps()
    maps[3] = np.nan
    arguments = {"x": make_images(), "output_dir": tmp_path, "on_error": "record"}
    render_quietly(overlay(), maps, **arguments)
    report = render_quietly(overlay(), maps, **arguments, resume=True)
    assert (report.n_files, report.n_skipped) == (0, N - 1)
    assert [failure.index for failure in report.failures] == [3]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True).returncode != 0:
        if os.environ.get("CI") and sys.platform == "linux" and os.geteuid() == 0:
            pytest.fail("a tmpfs could not be mounted")
        pytest.skip("a tmpfs can only be mounted by root on Linux")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("container", [None, "zip", "npy"])
def test_full_disk_is_one_sentence_and_finished_files_are_whole(small_disk, container):
    maps = make_maps(4000)
    visualizer = hotcold.Visualizer(combine_channels=True)
    kept = "finished files are whole and kept" if container is None else "nothing is kept of a con"
    with pytest.raises(OSError, match=rf"no space left for .*{kept}"):
        render_quietly(visualizer, maps, output_dir=small_disk / "out", container=container)
    found = pictures_in(small_disk / "out")
    assert not list((small_disk / "out").glob(".*.part"))
    if container is not None:
        assert not found
        return
    assert found
    expected = visualizer.render(maps)
    for name, picture in found.items():
        np.testing.assert_array_equal(picture, expected[int(name.removesuffix(".png"))])


@POSIX
def test_input_that_is_cut_short_while_it_is_read_ends_with_one_sentence(tmp_path):
    np.save(tmp_path / "maps.npy", make_maps(2000))

    def truncates(array):
        for i in range(0, len(array), 10):
            if i == 1500:
                os.truncate(tmp_path / "maps.npy", 1000)
            yield array[i : i + 10]

    images = truncates(make_images(2000))
    with pytest.raises(OSError, match=r"cannot be read any further: .* was cut short while it was"):
        render_quietly(overlay(), tmp_path / "maps.npy", images, output_dir=tmp_path / "out")
    found = pictures_in(tmp_path / "out")
    expected = overlay().render(make_maps(2000), make_images(2000))
    assert found
    for name, picture in found.items():
        np.testing.assert_array_equal(picture, expected[int(name.removesuffix(".png"))])


MEASURE = """
import sys, threading
import numpy as np, hotcold

maps = np.lib.format.open_memmap("{name}.npy", "w+", np.float32, ({n}, 1, 64, 64))
del maps  # a file with holes: zeros that take no disk
source = {source}
hotcold.render_files(
    hotcold.Visualizer(), source, output_dir="{name}", progress=False, n_threads=2,
)
status = open("/proc/self/status").read()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("source", ["'{name}.npy'", "np.load('{name}.npy', mmap_mode='r')"])
def test_peak_memory_does_not_grow_with_the_number_of_items(tmp_path, source):
    def peak(n):
        name = f"run{n}"
        code = MEASURE.format(n=n, name=name, source=source.format(name=name))
        n_bytes = int(run_python(code, cwd=tmp_path).stdout)
        assert len(list((tmp_path / name).glob("*.png"))) == n
        return n_bytes

    small, large = peak(1000), peak(10_000)  # 16 MB and 164 MB of maps
    # Pages of a user's own map count until the system takes them back, some tens of MB late; a job
    # that kept what it read would grow by 148 MB.
    assert large < small + 60e6
    assert large < 300e6


def test_jobs_that_differ_in_nothing_have_the_same_job_file(tmp_path):
    for name in "ab":
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path / name)
    a, b = (json.loads((tmp_path / name / ".hotcold/job.json").read_text()) for name in "ab")
    assert a == b
