"""Folders with all folders below them: the same places in the output, and nothing else touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import read_picture, runner
from offline_inputs import overlay, render_quietly
from PIL import Image

import hotcold
from hotcold.cli import main
from hotcold.offline.gallery import write_gallery
from hotcold.offline.input import open_source

LABELS = [
    "2.jpg",
    "10.png",
    "a/1.png",
    "a/b c/3.png",
    "a/b c/20.png",
    "b/1.png",
]  # in natural order
STEMS = [label.rpartition(".")[0] for label in LABELS]


@pytest.fixture
def photos(tmp_path, rng):
    folder = tmp_path / "photos"
    for label in LABELS:
        path = folder / label
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (12, 10, 3), np.uint8)
        Image.fromarray(pixels).save(path, quality=95)
    return folder


@pytest.fixture
def maps(rng):
    return rng.standard_normal((len(LABELS), 1, 12, 10)).astype(np.float32)


def files_below(folder):
    """Every file but those of the job folder, as paths in `folder`."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if ".hotcold" not in path.parts)


def draw(maps, photos, out, **options):
    options = {"order": "natural", "recursive": True, **options}
    return render_quietly(overlay(), maps, photos, output_dir=out, **options)


def pixels_of(photos, labels=LABELS):
    return np.stack([np.asarray(Image.open(photos / label)) for label in labels])


def expected(maps, photos, labels=LABELS):
    return overlay().render(maps, pixels_of(photos, labels).transpose(0, 3, 1, 2))


def test_pictures_have_the_places_of_those_they_are_drawn_over(photos, maps, tmp_path):
    report = draw(maps, photos, tmp_path / "out")
    assert report.n_files == len(LABELS)
    assert files_below(tmp_path / "out") == sorted(stem + ".png" for stem in STEMS)
    for stem, picture in zip(STEMS, expected(maps, photos), strict=True):
        found = read_picture(tmp_path / "out" / f"{stem}.png")
        np.testing.assert_array_equal(found, picture)


def test_the_order_by_name_goes_folder_by_folder(photos):
    source = open_source(photos, "x", recursive=True)
    labels = [picture.label for picture in source.pictures]
    assert labels == ["10.png", "2.jpg", "a/1.png", "a/b c/20.png", "a/b c/3.png", "b/1.png"]
    assert "0 10.png, 1 2.jpg, 2 a/1.png, ...; numbers are not counted" in source.first_pairs()
    source = open_source(photos, "x", order=["b/1.png", "2.jpg"], recursive=True)
    assert source.item_names == ("b/1", "2")
    with pytest.raises(ValueError, match=r"names of picture files .*'a/1.png'"):
        open_source(photos, "x", order=["a/2.png"], recursive=True)


def test_the_command_says_the_first_pairs_and_makes_a_gallery(photos, maps, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    out = tmp_path / "out"
    arguments = ["render", str(tmp_path / "maps.npy"), str(photos), "-o", str(out), "--recursive"]
    done = runner().invoke(
        main, [*arguments, "--gallery", "--order", "natural", "--sign", "absolute"]
    )
    assert done.exit_code == 0, done.output
    assert "pictures by index: 0 2.jpg, 1 10.png, 2 a/1.png, ..." in done.stderr
    page = (out / "index.html").read_text()
    assert json.dumps(["a/b%20c/3.png", "a/b c/3.png"], separators=(",", ":")) in page
    again = runner().invoke(
        main, [*arguments, "--order", "natural", "--sign", "absolute", "--resume"]
    )
    assert "6 were there already" in again.output


def test_sub_folders_are_named_where_a_folder_holds_no_picture_itself(photos, tmp_path):
    for name in ("2.jpg", "10.png"):
        (photos / name).unlink()
    with pytest.raises(ValueError, match=r"recursive=True \(--recursive\) reads a/1\.png"):
        open_source(photos, "x")
    np.save(tmp_path / "1.npy", np.zeros((12, 10)))
    (tmp_path / "maps" / "a").mkdir(parents=True)
    (tmp_path / "1.npy").rename(tmp_path / "maps" / "a" / "1.npy")
    with pytest.raises(ValueError, match=r"recursive=True \(--recursive\) reads a/1\.npy"):
        open_source(tmp_path / "maps", "attributions")


def test_maps_and_pictures_with_the_same_places(photos, maps, tmp_path):
    for stem, one in zip(STEMS, maps, strict=True):
        path = tmp_path / "maps" / f"{stem}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, one)
    draw(tmp_path / "maps", photos, tmp_path / "out")
    picture = read_picture(tmp_path / "out" / "a" / "b c" / "20.png")
    np.testing.assert_array_equal(picture, expected(maps, photos)[4])
    # In another order the wrong ones would be beside one another.
    with pytest.raises(ValueError, match=r"`x` must be in the order of .*order='natural'"):
        draw(tmp_path / "maps", photos, tmp_path / "wrong", order="name")
    (photos / "a" / "1.png").unlink()
    with pytest.raises(ValueError, match="an item for each of `attributions`, got none for a/1"):
        draw(tmp_path / "maps", photos, tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_one_scale_for_maps_in_sub_folders(photos, maps, tmp_path):
    for stem, one in zip(STEMS, maps, strict=True):
        path = tmp_path / "maps" / f"{stem}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, one)
    show = hotcold.HeatmapVisualizer(clip_quantile=0.9)
    found = hotcold.measure(show, tmp_path / "maps", recursive=True, progress=False)
    assert found == hotcold.measure(show, maps, progress=False)
    arguments = ["scale", str(tmp_path / "maps"), "-o", str(tmp_path / "scale.json"), "--recursive"]
    arguments += ["--visualizer", "heatmap", "--clip-quantile", "0.9"]
    assert runner().invoke(main, arguments).exit_code == 0
    assert hotcold.Scale.load(tmp_path / "scale.json") == found


def test_files_that_differ_by_their_suffix_alone_are_refused(photos, maps, tmp_path):
    shutil.copy(photos / "a" / "1.png", photos / "a" / "1.bmp")
    more = np.concatenate([maps, maps[:1]])
    with pytest.raises(ValueError, match=r"`names` must be given where inputs .*'a/1' and 'a/1'"):
        draw(more, photos, tmp_path / "out")
    named = [f"item {i}" for i in range(len(more))]
    assert draw(more, photos, tmp_path / "out", names=named).n_files == len(more)
    assert files_below(tmp_path / "out") == sorted(f"{name}.png" for name in named)


def test_a_picture_called_like_a_folder_of_others_is_refused(photos, maps, tmp_path):
    (photos / "b").rename(photos / "2.png")  # and 2.jpg would be drawn into 2.png
    with pytest.raises(ValueError, match=r"called like a folder of others, got 2\.png"):
        draw(maps, photos, tmp_path / "out")


def test_links_are_followed_but_not_in_circles(photos, tmp_path):
    (photos / "a" / "up").symlink_to(photos)
    (photos / "b" / "self").symlink_to(photos / "b")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (10, 12)).save(elsewhere / "7.png")
    (photos / "linked").symlink_to(elsewhere)
    labels = [p.label for p in open_source(photos, "x", order="natural", recursive=True).pictures]
    assert labels == [*LABELS, "linked/7.png"]


def test_the_output_may_not_be_in_what_is_read(photos, maps, tmp_path):
    for out in (photos, photos / "out", photos / "a"):
        with pytest.raises(ValueError, match="`output_dir` must not be where `x` is read from"):
            draw(maps, photos, out)
    # Nor may a folder below the output be.
    (photos / "photos").mkdir()
    (photos / "b" / "1.png").rename(photos / "photos" / "1.png")
    with pytest.raises(ValueError, match="`output_dir` must not be where `x` is read from"):
        draw(maps, photos, tmp_path)
    assert files_below(tmp_path) == sorted(
        "photos/" + label.replace("b/1", "photos/1") if label == "b/1.png" else f"photos/{label}"
        for label in LABELS
    )


def test_files_of_others_stay(photos, maps, tmp_path):
    out = tmp_path / "out"
    (out / "a" / "b c").mkdir(parents=True)
    (out / "a" / "b c" / "3.png").write_bytes(b"mine")
    (out / "a" / "notes.txt").write_bytes(b"mine too")
    with pytest.raises(FileExistsError, match=r"no job file says are ours, got a/b c/3.png"):
        draw(maps, photos, out)
    assert (out / "a" / "b c" / "3.png").read_bytes() == b"mine"
    draw(maps, photos, out, overwrite=True)
    # The next job has other names: of this one's files nothing is left, but for the user's.
    (out / "b" / "mine.png").write_bytes(b"still mine")
    names = [f"{i}" for i in range(1, 7)]
    render_quietly(
        overlay(),
        maps,
        photos,
        output_dir=out,
        names=[*names[:5], "10"],
        recursive=True,
        order="natural",
    )
    assert files_below(out) == sorted(
        ["1.png", "10.png", "2.png", "3.png", "4.png", "5.png", "a/notes.txt", "b/mine.png"]
    )
    assert not (out / "a" / "b c").exists()


@pytest.mark.parametrize("what", ["link", "file"])
def test_nothing_is_written_through_links_or_over_files(photos, maps, tmp_path, what):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    if what == "link":
        (out / "a").symlink_to(elsewhere)
    else:
        (out / "a").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=f"got a {what} at"):
        draw(maps, photos, out)
    assert list(elsewhere.iterdir()) == []


def test_old_pictures_behind_a_link_are_not_removed(photos, maps, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    draw(maps, photos, out)
    (out / "a").rename(elsewhere)
    (out / "a").symlink_to(elsewhere)
    names = ["2", *(f"x{i}" for i in range(5))]
    render_quietly(
        overlay(), maps, photos, output_dir=out, names=names, recursive=True, order="natural"
    )
    assert "1.png" in files_below(elsewhere)
    assert not (out / "10.png").exists()


@pytest.mark.parametrize("container", ["tar", "zip"])
def test_members_of_archives_have_the_places(photos, maps, tmp_path, container):
    draw(maps, photos, tmp_path / "out", container=container)
    path = tmp_path / "out" / f"pictures.{container}"
    if container == "tar":
        with tarfile.open(path) as archive:
            names = archive.getnames()
    else:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    assert names == [f"{stem}.png" for stem in STEMS]


def test_shards_and_bad_items(photos, maps, tmp_path):
    (photos / "a" / "b c" / "20.png").write_bytes(b"no picture")
    for number in (2, 1):
        report = draw(maps, photos, tmp_path / "out", shard=(number, 2), on_error="record")
    assert files_below(tmp_path / "out") == sorted(f"{s}.png" for s in STEMS if s != "a/b c/20")
    second = json.loads((tmp_path / "out" / ".hotcold" / "report-0002-of-0002.json").read_text())
    assert [failure["name"] for failure in second["failures"]] == ["a/b c/20"]
    assert report.ok


def test_sheets_and_arrays_are_what_they_were(photos, maps, tmp_path):
    draw(maps, photos, tmp_path / "sheets", sheets=(2, 3))
    assert files_below(tmp_path / "sheets") == ["sheet-00000000.png"]
    draw(maps, photos, tmp_path / "array", container="npy")
    np.testing.assert_array_equal(
        np.load(tmp_path / "array" / "pictures.npy"), expected(maps, photos)
    )


def test_recursive_needs_a_folder(maps, photos, tmp_path):
    with pytest.raises(ValueError, match="`recursive` must be False unless"):
        draw(maps, photos / "10.png", tmp_path / "out")
    with pytest.raises(TypeError, match="`recursive`"):
        draw(maps, photos, tmp_path / "out", recursive="yes")


def test_comparisons_and_panels_know_the_names(photos, maps, tmp_path):
    hotcold.offline.compare_files(
        maps,
        np.roll(maps, 1, -1),
        photos,
        output_dir=tmp_path / "changed",
        worst=2,
        progress=False,
        recursive=True,
        order="natural",
    )
    rows = (tmp_path / "changed" / "comparison.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == STEMS
    panel = hotcold.Panel({"map": hotcold.Visualizer(True), "over": overlay()})
    hotcold.offline.render_panels(
        panel,
        maps,
        photos,
        output_dir=tmp_path / "strips",
        progress=False,
        recursive=True,
        order="natural",
    )
    assert files_below(tmp_path / "strips") == sorted(f"{stem}.png" for stem in STEMS)
    assert write_gallery(tmp_path / "strips").read_text().count("a/b c/") == 2


JOB = """
import os, sys, time
from hotcold.cli import main
from hotcold.offline.input.pictures import PictureFolder
read = PictureFolder.read
def slowly(self, start, stop):
    os.write(2, b"reading\\n")
    time.sleep(0.01)
    return read(self, start, stop)
PictureFolder.read = slowly
sys.argv[:1] = ["hotcold", "render"]
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_killed_job_goes_on(tmp_path, rng):
    photos = tmp_path / "photos"
    for i in range(90):
        path = photos / f"{i % 3}" / f"{i % 2}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 10, 3), np.uint8)).save(path)
    maps = rng.standard_normal((90, 1, 12, 10)).astype(np.float32)
    np.save(tmp_path / "maps.npy", maps)
    options = ["maps.npy", "photos", "-o", "out", "--recursive", "-q", "--threads", "2"]
    options += ["--batch-size", "2", "--resume", "--order", "natural", "--blur", "1.5"]
    process = subprocess.Popen(
        [sys.executable, "-c", JOB, *options], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    for _ in range(20):
        assert process.stderr.readline() == "reading\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    made = {
        path: Path(path).stat().st_mtime_ns for path in map(str, (tmp_path / "out").rglob("*.png"))
    }
    assert 0 < len(made) < 90
    leftover = tmp_path / "out" / "1" / "0" / ".4.png.0123abcd.part"
    leftover.parent.mkdir(parents=True, exist_ok=True)
    leftover.write_bytes(b"half")
    done = subprocess.run(
        [sys.executable, "-c", JOB, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(path).stat().st_mtime_ns == time for path, time in made.items())
    assert not leftover.exists()
    labels = [p.label for p in open_source(photos, "x", order="natural", recursive=True).pictures]
    assert files_below(tmp_path / "out") == sorted(labels)
    for label, picture in zip(labels, expected(maps, photos, labels), strict=True):
        np.testing.assert_array_equal(read_picture(tmp_path / "out" / label), picture)
