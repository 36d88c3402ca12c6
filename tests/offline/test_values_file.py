"""`values="npy"`: the maps behind the pictures, as they are drawn, in one array beside them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from offline_inputs import make_images, make_maps, overlay, render_quietly
from PIL import Image

import hotcold
from hotcold.cli.main import main

N = 23


def job(visualizer, maps, images, folder, **options):
    return render_quietly(visualizer, maps, images, output_dir=folder, values="npy", **options)


def as_drawn(visualizer, maps, images=None):
    """Return the maps before they are normalized."""
    found = visualizer.request(maps, images).maps(1)
    return found[:, 0] if found.shape[1] == 1 else found


@pytest.fixture
def maps():
    return make_maps()


@pytest.fixture
def images():
    return make_images()


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_maps_as_they_are_drawn(tmp_path, maps, images, n_threads, batch_size):
    show = hotcold.HeatmapVisualizer(blur=2, sign="positive", clip_quantile=0.9)
    job(show, maps, images, tmp_path, n_threads=n_threads, batch_size=batch_size)
    found = np.load(tmp_path / "values.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, as_drawn(show, maps, images))
    assert found.min() == 0
    assert not list((tmp_path / ".hotcold").glob("values*"))


def test_they_are_what_the_picture_shows_before_it_is_normalized(tmp_path, maps):
    show = hotcold.Visualizer(True, blur=1.5, clip_mass=0.9)
    job(show, maps, None, tmp_path)
    found = np.load(tmp_path / "values.npy")
    again = hotcold.Visualizer().render(found[:, None])
    for i in range(N):
        with Image.open(tmp_path / f"{i:08}.png") as image:
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), again[i])
        read = hotcold.read_values(tmp_path / f"{i:08}.png")
        assert np.abs(read - found[i]).max() <= np.abs(found[i]).max() / 255


@pytest.mark.parametrize(
    "options",
    [
        {"container": "zip"},
        {"container": "npy"},
        {"sheets": (2, 3)},
        {"fsync": True},
        {"format": "webp"},
        {"provenance": False},
    ],
)
def test_whatever_the_pictures_become(tmp_path, maps, images, options):
    job(overlay(), maps, images, tmp_path, **options)
    np.testing.assert_array_equal(
        np.load(tmp_path / "values.npy"), as_drawn(overlay(), maps, images)
    )


def test_several_channels_stay(tmp_path, maps):
    three = np.repeat(maps[:, :1], 3, axis=1) * np.array([1, 2, 3])[:, None, None]
    job(hotcold.Visualizer(), three.astype(np.float32), None, tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), three.astype(np.float32))


def test_maps_that_are_enlarged(tmp_path, maps, images):
    show = hotcold.HeatmapVisualizer(upsample="bilinear", blur=0)
    small = np.ascontiguousarray(maps[:, :, ::2, ::2])
    job(show, small, images, tmp_path)
    found = np.load(tmp_path / "values.npy")
    assert found.shape == (N, *images.shape[2:])
    np.testing.assert_array_equal(found, as_drawn(show, small, images))


def test_streams_of_unknown_length(tmp_path, maps):
    show = hotcold.Visualizer(True)
    stream = (maps[i : i + 5] for i in range(0, N, 5))
    job(show, stream, None, tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), as_drawn(show, maps))
    with pytest.raises(ValueError, match="must be None for shards of a stream"):
        job(show, (maps[i : i + 5] for i in range(0, N, 5)), None, tmp_path / "b", shard=(1, 2))


def test_shards_have_a_file_each(tmp_path, maps):
    show = hotcold.Visualizer(True)
    for k in (2, 1, 3):
        job(show, maps, None, tmp_path, shard=(k, 3))
    parts = [np.load(tmp_path / f"values-{k:04}-of-0003.npy") for k in (1, 2, 3)]
    np.testing.assert_array_equal(np.concatenate(parts), as_drawn(show, maps))


@pytest.mark.parametrize("container", [None, "zip"])
def test_items_that_failed_are_nan(tmp_path, maps, images, container):
    bad = maps.copy()
    bad[[2, 3, N - 1], 0, 0, 0] = np.nan
    report = job(overlay(), bad, images, tmp_path, on_error="record", container=container)
    assert len(report.failures) == 3
    found = np.load(tmp_path / "values.npy")
    expected = as_drawn(overlay(), maps, images).copy()
    expected[[2, 3, N - 1]] = np.nan
    np.testing.assert_array_equal(found, expected)


def test_when_nothing_can_be_drawn(tmp_path, maps):
    report = job(hotcold.Visualizer(True), maps * np.nan, None, tmp_path, on_error="record")
    assert len(report.failures) == N
    assert np.load(tmp_path / "values.npy").shape == (N, 0, 0)


def test_maps_of_several_sizes_are_refused(tmp_path, maps):
    stream = [maps[:2], maps[2:4, :, 1:]]
    with pytest.raises(ValueError, match="`values` must be None for maps of several sizes, got"):
        job(hotcold.Visualizer(True), iter(stream), None, tmp_path, on_error="record")
    assert not (tmp_path / "values.npy").exists()


def test_going_on(tmp_path, maps, images):
    show = overlay()
    job(show, maps, images, tmp_path)
    data = (tmp_path / "values.npy").read_bytes()
    for i in (0, 4, 5):
        (tmp_path / f"{i:08}.png").unlink()
    report = job(show, maps, images, tmp_path, resume=True)
    assert (report.n_files, report.n_skipped) == (3, N - 3)
    assert (tmp_path / "values.npy").read_bytes() == data
    assert job(show, maps, images, tmp_path, resume=True).n_skipped == N
    assert (tmp_path / "values.npy").read_bytes() == data
    # Without their numbers pictures are made again.
    (tmp_path / "values.npy").unlink()
    assert job(show, maps, images, tmp_path, resume=True).n_files == N
    assert (tmp_path / "values.npy").read_bytes() == data
    with pytest.raises(ValueError, match="values was 'npy' and is None"):
        render_quietly(show, maps, images, output_dir=tmp_path, resume=True)


def test_a_finished_container_without_its_numbers_is_made_again(tmp_path, maps):
    show = hotcold.Visualizer(True)
    job(show, maps, None, tmp_path, container="zip")
    assert job(show, maps, None, tmp_path, container="zip", resume=True).n_skipped == 1
    (tmp_path / "values.npy").unlink()
    assert job(show, maps, None, tmp_path, container="zip", resume=True).n_files == N
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), as_drawn(show, maps))


def test_an_earlier_jobs_array_goes_with_its_pictures(tmp_path, maps):
    job(hotcold.Visualizer(True), maps, None, tmp_path)
    job(hotcold.Visualizer(True, blur=3), maps, None, tmp_path)
    found = np.load(tmp_path / "values.npy")
    np.testing.assert_array_equal(found, as_drawn(hotcold.Visualizer(True, blur=3), maps))
    render_quietly(hotcold.Visualizer(True), maps, output_dir=tmp_path)
    assert not (tmp_path / "values.npy").exists()


def test_a_job_that_fails_leaves_the_earlier_array(tmp_path, maps):
    job(hotcold.Visualizer(True), maps, None, tmp_path)
    data = (tmp_path / "values.npy").read_bytes()
    bad = maps.copy()
    bad[N - 1, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="non-finite"):
        job(hotcold.Visualizer(True, blur=2), bad, None, tmp_path)
    assert (tmp_path / "values.npy").read_bytes() == data


def test_a_file_that_is_not_ours_is_kept(tmp_path, maps):
    np.save(tmp_path / "values.npy", np.arange(3))
    with pytest.raises(FileExistsError, match=r"values\.npy"):
        job(hotcold.Visualizer(True), maps, None, tmp_path)
    render_quietly(hotcold.Visualizer(True), maps, output_dir=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), np.arange(3))
    job(hotcold.Visualizer(True), maps, None, tmp_path, overwrite=True)
    assert np.load(tmp_path / "values.npy").shape[0] == N


def test_what_is_read_is_never_replaced(tmp_path, maps):
    np.save(tmp_path / "values.npy", maps)
    with pytest.raises(ValueError, match="`output_dir` must not hold what `attributions`"):
        job(hotcold.Visualizer(True), tmp_path / "values.npy", None, tmp_path, overwrite=True)
    np.testing.assert_array_equal(np.load(tmp_path / "values.npy"), maps)


JOB = """
import sys, numpy as np, hotcold
maps = np.load(sys.argv[1], mmap_mode="r")
hotcold.render_files(
    hotcold.Visualizer(True, blur=2), maps, output_dir=sys.argv[2], progress=False, n_threads=2,
    batch_size=2, values="npy", resume=True,
)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_killed_anywhere_and_gone_on_with(tmp_path, rng):
    maps = rng.standard_normal((400, 1, 96, 96)).astype(np.float32)
    np.save(tmp_path / "maps.npy", maps)
    job(hotcold.Visualizer(True, blur=2), maps, None, tmp_path / "whole")
    whole = (tmp_path / "whole" / "values.npy").read_bytes()
    out = tmp_path / "out"
    command = [sys.executable, "-c", JOB, str(tmp_path / "maps.npy"), str(out)]
    n_killed = 0
    for wanted in (1, 60, 150, 260):
        process = subprocess.Popen(command)
        end = time.monotonic() + 60
        while len(list(out.glob("*.png"))) < wanted and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.002)
        process.kill()
        n_killed += process.wait(60) == -signal.SIGKILL
        if n_killed and process.returncode:
            assert not (out / "values.npy").exists()
    assert n_killed
    subprocess.run(command, check=True, timeout=120)
    assert (out / "values.npy").read_bytes() == whole
    assert len(list(out.glob("*.png"))) == 400
    assert not list((out / ".hotcold").glob("values*"))


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes")
def test_a_full_disk(tmp_path, maps):
    code = (
        "import resource, sys, numpy as np, hotcold\n"
        "maps = np.random.default_rng(0).standard_normal((40, 1, 60, 60)).astype('f4')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200000, 200000))\n"
        "try:\n"
        "    hotcold.render_files(hotcold.Visualizer(), maps, output_dir=sys.argv[1],\n"
        "                         progress=False, values='npy')\n"
        "except OSError as error:\n"
        "    assert 'values.npy' in str(error), error\n"
        "else:\n"
        "    raise AssertionError('written')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)
    assert not (tmp_path / "values.npy").exists()


@pytest.mark.parametrize("values", ["zarr", True, "NPY "])
def test_other_formats_are_refused(tmp_path, maps, values):
    with pytest.raises(ValueError, match="`values` must be"):
        render_quietly(hotcold.Visualizer(True), maps, output_dir=tmp_path, values=values)
    assert not list(tmp_path.iterdir())


def test_from_the_command_line(tmp_path, maps):
    np.save(tmp_path / "maps.npy", maps)
    done = CliRunner().invoke(
        main,
        [
            *("render", str(tmp_path / "maps.npy"), "-o", str(tmp_path / "out")),
            *("--values", "npy", "--combine", "sum", "-q"),
        ],
    )
    assert done.exit_code == 0, done.output
    found = np.load(tmp_path / "out" / "values.npy", mmap_mode="r")
    assert found.shape == (N, *maps.shape[2:])
