"""A job replaces and removes what is its own, and nothing else: no input, and nobody's files."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from offline_inputs import assert_same_pictures, make_images, make_maps, pictures_in, render_quietly
from PIL import Image

import hotcold
from hotcold.cli import main
from hotcold.offline.gallery import write_gallery

PLAIN = hotcold.Visualizer(combine_channels=True)
OVERLAY = hotcold.HeatmapVisualizer(blur=1.5)
CONTAINERS = ("zip", "tar", "npy", "zarr")


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def contents(folder):
    """The bytes of every visible file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".hotcold" not in path.parts
    }


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, image in enumerate(make_images(6)):
        Image.fromarray(image.transpose(1, 2, 0)).save(folder / f"cat{i}.png")
    return folder


@pytest.fixture
def maps_file(tmp_path):
    np.save(tmp_path / "maps.npy", make_maps(6))
    return tmp_path / "maps.npy"


# --- outputs that hold inputs -----------------------------------------------------------------


def spelled(folder, spelling, tmp_path):
    """The same folder, said in another way."""
    if spelling == "link":
        (tmp_path / "link").symlink_to(folder, target_is_directory=True)
        return tmp_path / "link"
    if spelling == "relative":
        return os.path.relpath(folder)
    return folder.parent / folder.name / ".." / folder.name if spelling == "dots" else folder


@pytest.mark.parametrize("spelling", ["same", "link", "relative", "dots"])
@pytest.mark.parametrize("options", [{}, {"--names-from-images": ""}, {"--overwrite": ""}])
def test_a_folder_of_images_is_never_the_output(photos, maps_file, tmp_path, spelling, options):
    before = contents(photos)
    out = spelled(photos, spelling, tmp_path)
    done = run("render", maps_file, photos, "-o", out, *options)
    assert done.exit_code == 1
    assert "must not be where `x` is read from" in done.output
    assert contents(photos) == before


def test_images_named_as_the_output_is(tmp_path, maps_file):
    frames = tmp_path / "frames"
    frames.mkdir()
    for i, image in enumerate(make_images(6)):
        Image.fromarray(image.transpose(1, 2, 0)).save(frames / f"{i:08d}.png")
    before = contents(frames)
    done = run("render", maps_file, frames, "-o", frames)
    assert done.exit_code == 1
    assert "must not be where `x` is read from" in done.output
    assert contents(frames) == before


def test_an_array_that_a_job_made_is_not_replaced_while_it_is_read(tmp_path, maps_file):
    out = tmp_path / "c"
    done = run("render", maps_file, "-o", out, "--container", "npy", "--combine-channels", "-q")
    assert done.exit_code == 0, done.output
    before = (out / "pictures.npy").read_bytes()
    (tmp_path / "hard.npy").hardlink_to(out / "pictures.npy")
    (tmp_path / "soft.npy").symlink_to(out / "pictures.npy")
    for name in (out / "pictures.npy", tmp_path / "hard.npy", tmp_path / "soft.npy"):
        for options in ([], ["--overwrite"], ["--resume"]):
            done = run(
                "render", name, "-o", out, "--container", "npy", "--dim-order", "channels_last",
                *options,
            )  # fmt: skip
            assert done.exit_code == 1
            assert "--resume" in options or (
                "must not hold what `attributions` is read from" in done.output
            )
            assert (out / "pictures.npy").read_bytes() == before
    mapped = np.load(out / "pictures.npy", mmap_mode="r")
    last = hotcold.Visualizer(True, dim_order="channels_last")
    with pytest.raises(ValueError, match="must not hold what `attributions` is read from"):
        render_quietly(last, mapped[:3], output_dir=out, container="npy")
    assert (out / "pictures.npy").read_bytes() == before


def test_a_zarr_store_is_neither_replaced_nor_written_into(tmp_path):
    optional("zarr")
    out = tmp_path / "c"
    render_quietly(PLAIN, make_maps(6), output_dir=out, container="zarr")
    before = contents(out)
    last = hotcold.Visualizer(True, dim_order="channels_last")
    with pytest.raises(ValueError, match="must not hold what `attributions` is read from"):
        render_quietly(last, out / "pictures.zarr", output_dir=out, container="zarr")
    for inside in (out / "pictures.zarr", out / "pictures.zarr" / "more"):
        with pytest.raises(ValueError, match="must not be where `attributions` is read from"):
            render_quietly(last, out / "pictures.zarr", output_dir=inside)
    assert contents(out) == before


def test_old_pictures_that_are_read_through_links_are_not_removed(tmp_path):
    out, chosen = tmp_path / "out", tmp_path / "chosen"
    render_quietly(PLAIN, make_maps(30), output_dir=out)
    chosen.mkdir()
    for i in range(3):
        (chosen / f"{i}.png").symlink_to(out / f"{27 + i:08d}.png")
    before = contents(out)
    with pytest.raises(ValueError, match="must not hold what `x` is read from"):
        render_quietly(OVERLAY, make_maps(3), chosen, output_dir=out)
    assert contents(out) == before


def test_the_file_of_names_is_not_replaced(tmp_path, maps_file):
    out = tmp_path / "out"
    out.mkdir()
    listed = out / "a.png"
    listed.write_text("a\nb\nc\nd\ne\nf\n")
    before = listed.read_bytes()
    for options in ([], ["--overwrite"]):
        done = run(
            "render", maps_file, "-o", out, "--names", listed, "--combine-channels", *options
        )
        assert done.exit_code == 1
        assert "must not hold what `names` is read from" in done.output
        assert listed.read_bytes() == before


def test_the_report_does_not_replace_an_input_and_is_checked_first(tmp_path, maps_file):
    before = maps_file.read_bytes()
    for report in (maps_file, tmp_path / "nodir" / "r.json", tmp_path):
        done = run("render", maps_file, "-o", tmp_path / "out", "--report", report)
        assert done.exit_code == 1
        assert "--report must be a file that can be written" in done.output
    assert maps_file.read_bytes() == before
    assert not (tmp_path / "out").exists()


# --- files of others --------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"shard": (1, 2)}])
def test_foreign_files_of_the_same_names_are_refused_unless_told(tmp_path, options):
    mine = tmp_path / "00000003.png"
    mine.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"got 00000003\.png .*--overwrite"):
        render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, **options)
    assert contents(tmp_path) == {"00000003.png": b"mine"}
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, overwrite=True)
    assert_same_pictures(tmp_path, PLAIN.render(make_maps(6)))


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_foreign_container_is_refused_unless_told(tmp_path, container):
    if container == "zarr":
        optional("zarr")
        (tmp_path / "pictures.zarr").mkdir()
        (tmp_path / "pictures.zarr" / "mine").write_bytes(b"mine")
    else:
        (tmp_path / f"pictures.{container}").write_bytes(b"mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match="--overwrite"):
        render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, container=container)
    assert contents(tmp_path) == before
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, container=container, overwrite=True)
    assert contents(tmp_path) != before


def test_a_foreign_file_that_is_to_be_overwritten_stays_until_then(tmp_path):
    (tmp_path / "00000003.png").write_bytes(b"mine")
    maps = make_maps(6)
    maps[3] = np.nan
    with pytest.raises(ValueError, match=r"attributions\[3\]"):
        render_quietly(PLAIN, maps, output_dir=tmp_path, overwrite=True)
    assert (tmp_path / "00000003.png").read_bytes() == b"mine"


def test_other_files_of_the_folder_are_never_touched(tmp_path):
    others = {f"{i}.png": b"x" for i in range(9)} | {"00000099.png": b"x", "notes.txt": b"x"}
    for name, data in others.items():
        (tmp_path / name).write_bytes(data)
    for n in (30, 6):
        render_quietly(PLAIN, make_maps(n), output_dir=tmp_path)
    found = contents(tmp_path)
    assert {name: found.pop(name) for name in others} == others
    assert sorted(found) == [f"{i:08d}.png" for i in range(6)]


def test_a_page_of_somebody_elses_is_kept(tmp_path):
    page = tmp_path / "index.html"
    page.write_text("<h1>mine</h1>")
    with pytest.raises(FileExistsError, match="page that is not ours"):
        render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, gallery=True)
    assert contents(tmp_path) == {"index.html": b"<h1>mine</h1>"}  # before the job, not after it
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path)
    with pytest.raises(FileExistsError, match="page that is not ours"):
        write_gallery(tmp_path)
    assert run("gallery", tmp_path).exit_code == 1
    assert page.read_text() == "<h1>mine</h1>"
    page.unlink()
    for _ in range(2):  # our own is replaced
        write_gallery(tmp_path)


# --- earlier jobs of ours ---------------------------------------------------------------------


def test_a_smaller_job_takes_the_place_of_a_larger_one(tmp_path):
    render_quietly(PLAIN, make_maps(300), output_dir=tmp_path)
    render_quietly(PLAIN, make_maps(40), output_dir=tmp_path, gallery=True)
    page = (tmp_path / "index.html").read_text()
    assert "00000039.png" in page
    assert "00000040.png" not in page
    (tmp_path / "index.html").unlink()
    assert_same_pictures(tmp_path, PLAIN.render(make_maps(40)))
    job = json.loads((tmp_path / ".hotcold/job.json").read_text())
    assert job["replaces"] == []


@pytest.mark.parametrize("jobs", ["stream", "names", "sheets", "shards"])
def test_smaller_jobs_of_every_kind_take_the_place_of_larger_ones(tmp_path, jobs):
    def options(n):
        return {
            "stream": {},
            "names": {"names": [f"n{i}" for i in range(n)]},
            "sheets": {"sheets": (1, 2)},
            "shards": {},
        }[jobs]

    for n in (30, 8):
        maps = make_maps(n)
        for shard in ((1, 2), (2, 2)) if jobs == "shards" else (None,):
            given = iter([maps]) if jobs == "stream" else maps
            render_quietly(PLAIN, given, output_dir=tmp_path, shard=shard, **options(n))
            if shard == (1, 2) and n == 8:
                assert len(pictures_in(tmp_path)) == 30  # until all parts are done
    assert len(pictures_in(tmp_path)) == (4 if jobs == "sheets" else 8)


def test_jobs_without_a_name_in_common_stay_side_by_side(tmp_path):
    for name in "ab":
        names = [f"{name}{i}" for i in range(6)]
        render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, names=names)
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, container="zip")
    assert len(contents(tmp_path)) == 13
    render_quietly(PLAIN, make_maps(2), output_dir=tmp_path, names=["a0", "a1"])
    assert sorted(contents(tmp_path)) == [
        "a0.png", "a1.png", *(f"b{i}.png" for i in range(6)), "pictures.zip",
    ]  # fmt: skip


def test_containers_of_another_number_of_shards_go(tmp_path):
    for total in (3, 2):
        for number in range(1, total + 1):
            render_quietly(
                PLAIN, make_maps(6), output_dir=tmp_path, container="tar", shard=(number, total)
            )
    assert sorted(contents(tmp_path)) == [
        "pictures-0001-of-0002.tar",
        "pictures-0002-of-0002.tar",
    ]


@pytest.mark.parametrize("container", [None, *CONTAINERS])
def test_a_second_job_that_fails_leaves_the_first_ones_pictures(tmp_path, container):
    if container == "zarr":
        optional("zarr")
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path, container=container)
    before = contents(tmp_path)
    maps = make_maps(3, seed=9)
    maps[0] = np.nan
    for _ in range(2):
        with pytest.raises(ValueError, match=r"attributions\[0\]"):
            render_quietly(PLAIN, maps, output_dir=tmp_path, container=container, batch_size=1)
        assert contents(tmp_path).keys() == before.keys()
        if container is not None:
            assert contents(tmp_path) == before
        assert (
            contents(tmp_path)["00000000.png" if container is None else min(before)]
            == (before["00000000.png" if container is None else min(before)])
        )
    render_quietly(PLAIN, make_maps(3, seed=9), output_dir=tmp_path, container=container)
    if container is None:
        assert_same_pictures(tmp_path, PLAIN.render(make_maps(3, seed=9)))


def test_the_old_picture_of_an_item_that_fails_goes(tmp_path):
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path)
    maps = make_maps(6, seed=9)
    maps[2] = np.nan
    render_quietly(PLAIN, maps, output_dir=tmp_path, on_error="record")
    assert sorted(contents(tmp_path)) == [f"{i:08d}.png" for i in (0, 1, 3, 4, 5)]


def test_a_job_folder_that_cannot_be_written_costs_nothing(tmp_path):
    render_quietly(PLAIN, make_maps(6), output_dir=tmp_path)
    before = contents(tmp_path)
    shutil.rmtree(tmp_path / ".hotcold")
    (tmp_path / ".hotcold").write_text("in the way")
    with pytest.raises(OSError, match="in the way"):
        render_quietly(PLAIN, make_maps(3), output_dir=tmp_path)
    found = contents(tmp_path)
    assert {name: found.get(name) for name in before} == before
