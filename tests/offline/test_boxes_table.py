"""Boxes of very many items: `hotcold.offline.write_boxes`, and the command `hotcold boxes`."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from offline_inputs import make_maps

import hotcold
from hotcold.cli import main
from hotcold.offline import write_boxes

OPTIONS = {"count": 2, "threshold": 0.8, "blur": 1.5, "connectivity": 2, "by": "peak"}


def run(*arguments):
    return CliRunner().invoke(main, ["boxes", *map(str, arguments)])


@pytest.fixture
def maps():
    return make_maps(150, channels=3)


@pytest.fixture
def expected(maps, tmp_path):
    path = tmp_path / "expected.csv"
    hotcold.boxes(maps, **OPTIONS).to_csv(path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["array", "npy", "npz", "h5", "zarr", "batches"])
def test_a_table_is_that_of_all_items_together(maps, expected, tmp_path, kind):
    given = maps
    if kind == "npy":
        given = tmp_path / "maps.npy"
        np.save(given, maps)
    elif kind == "npz":
        given = tmp_path / "maps.npz"
        np.savez(given, maps=maps)
    elif kind == "h5":
        given = f"{tmp_path / 'maps.h5'}:maps"
        with optional("h5py").File(tmp_path / "maps.h5", "w") as file:
            file.create_dataset("maps", data=maps, chunks=(7, *maps.shape[1:]))
    elif kind == "zarr":
        given = tmp_path / "maps.zarr"
        optional("zarr").save(str(given), maps)
    elif kind == "batches":
        given = (maps[i : i + 37] for i in range(0, len(maps), 37))
    table = tmp_path / "boxes.csv"
    assert write_boxes(given, table, progress=False, **OPTIONS) == len(maps)
    assert table.read_bytes() == expected
    assert not list(tmp_path.glob(".*"))


def test_names_take_the_place_of_numbers(maps, tmp_path):
    names = [f"photo, {i}" for i in range(len(maps))]
    write_boxes(maps, tmp_path / "boxes.csv", names=names, progress=False)
    with (tmp_path / "boxes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == names
    assert [row["item"] for row in rows] == [str(i) for i in range(len(maps))]


def test_all_options_of_a_map_are_there():
    from hotcold.keywords import AllBoxesKeywords, BoxesKeywords
    from hotcold.regions import MAP_OPTIONS

    assert set(BoxesKeywords.__annotations__) == set(MAP_OPTIONS)
    named = set(hotcold.boxes.__kwdefaults__)
    assert set(AllBoxesKeywords.__annotations__) == named | set(MAP_OPTIONS)


@pytest.mark.parametrize("as_batches", [False, True])
@pytest.mark.parametrize("n_names", [149, 151])
def test_names_must_be_one_per_item(maps, tmp_path, as_batches, n_names):
    given = iter([maps[:100], maps[100:]]) if as_batches else maps
    with pytest.raises(ValueError, match=rf"`names` must hold 150 names.*got {n_names}"):
        write_boxes(given, tmp_path / "b.csv", names=["a"] * n_names, progress=False)
    assert not list(tmp_path.iterdir())


def test_a_bad_item_is_named_and_nothing_is_left(maps, tmp_path):
    maps[133, 1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"attributions\[133\]"):
        write_boxes(maps, tmp_path / "boxes.csv", progress=False)
    assert not list(tmp_path.iterdir())
    write_boxes(maps, tmp_path / "boxes.csv", nonfinite="zero", progress=False)
    assert (tmp_path / "boxes.csv").is_file()


def test_files_are_replaced_only_when_told(maps, tmp_path):
    table = tmp_path / "boxes.csv"
    table.write_text("mine")
    with pytest.raises(FileExistsError, match="there already"):
        write_boxes(maps, table, progress=False)
    assert table.read_text() == "mine"
    maps[140] = np.inf
    with pytest.raises(ValueError, match=r"attributions\[140\]"):
        write_boxes(maps, table, overwrite=True, progress=False)
    assert table.read_text() == "mine"
    write_boxes(maps[:9], table, overwrite=True, progress=False)
    assert table.read_text().startswith("item,name")


def test_what_is_read_is_never_replaced(maps, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    (tmp_path / "link.csv").symlink_to(tmp_path / "maps.npy")
    os.link(tmp_path / "maps.npy", tmp_path / "other.csv")
    (tmp_path / "names.txt").write_text("\n".join(map(str, range(len(maps)))))
    for name in ("maps.npy", "link.csv", "other.csv"):
        done = run(tmp_path / "maps.npy", "-o", tmp_path / name, "--overwrite", "-q")
        assert done.exit_code == 1
        assert "must not be what `attributions` is read from" in done.output
    names = tmp_path / "names.txt"
    done = run(tmp_path / "maps.npy", "-o", names, "--names", names, "--overwrite", "-q")
    assert done.exit_code == 1
    assert "--names is read from" in done.output
    np.testing.assert_array_equal(np.load(tmp_path / "maps.npy"), maps)


def test_attributions_that_change_under_way_leave_no_table(maps, tmp_path):
    path = tmp_path / "maps.npy"
    np.save(path, maps)

    class Names(list):
        """Changes the file when the last item is reached."""

        def __getitem__(self, key):
            if key.stop == len(maps):
                with path.open("r+b") as file:
                    file.seek(-8, os.SEEK_END)
                    file.write(b"\1" * 8)
                os.utime(path, (1, 1))
            return super().__getitem__(key)

    names = Names(map(str, range(len(maps))))
    with pytest.raises(ValueError, match="`attributions` was changed while it was read"):
        write_boxes(path, tmp_path / "boxes.csv", names=names, progress=False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["maps.npy"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "`count`"),
        ({"threshold": 2}, "`threshold`"),
        ({"threshold_by": "rank"}, "`threshold_by`"),
        ({"connectivity": 3}, "`connectivity` must be 1"),
        ({"by": "size"}, "`by`"),
        ({"min_area": 0}, "`min_area`"),
        ({"blur": -1}, "`blur`"),
        ({"names": "abc"}, "the string 'abc'"),
        ({"overwrite": "yes"}, "`overwrite`"),
        ({"cmap": "hot"}, "not cmap"),
        ({"contours": 0.5}, "not contours"),
        ({"tread": 0.5}, "not tread"),
    ],
)
def test_bad_options_are_refused_before_any_work(maps, tmp_path, options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        write_boxes(maps, tmp_path / "boxes.csv", **{"progress": False, **options})
    assert not list(tmp_path.iterdir())


def test_the_command_writes_the_table(maps, expected, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    table = tmp_path / "boxes.csv"
    command = "--count 2 --threshold 0.8 --blur 1.5 --connectivity 2 --by peak --threads 2".split()
    done = run(tmp_path / "maps.npy", "-o", table, *command)
    assert done.exit_code == 0, done.output
    assert f"150 items: {table}" in done.output
    assert table.read_bytes() == expected
    again = run(tmp_path / "maps.npy", "-o", table, *command)
    assert again.exit_code == 1
    assert "--overwrite" in again.output
    (tmp_path / "names.txt").write_text("\n".join(f"n{i}" for i in range(150)) + "\n")
    done = run(
        *(tmp_path / "maps.npy", "-o", table, "--overwrite", "-q"),
        *("--names", tmp_path / "names.txt", "--threshold", "otsu"),
    )
    assert (done.exit_code, done.output) == (0, "")
    assert ",n149," in table.read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["none.npy", "-o", "b.csv"], 1, "no file or folder"),
        (["maps.npy", "-o", "none/b.csv"], 1, "must exist"),
        (["maps.npy", "-o", "."], 1, "is a folder"),
        (["maps.npy", "-o", "b.csv", "--count", "0"], 1, "`count`"),
        (["maps.npy", "-o", "b.csv", "--by", "size"], 2, "--by"),
        (["maps.npy"], 2, "--output-file"),
    ],
)
def test_bad_commands_end_with_a_sentence(tmp_path, monkeypatch, arguments, status, words):
    monkeypatch.chdir(tmp_path)
    np.save("maps.npy", make_maps(2))
    done = run(*arguments)
    assert done.exit_code == status
    assert words in done.output
    assert [entry.name for entry in tmp_path.iterdir()] == ["maps.npy"]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_leaves_nothing(tmp_path, number, status):
    # Giants: 100,000 items in a file without data.
    with (tmp_path / "maps.npy").open("wb") as file:
        shape = (100_000, 1, 224, 224)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * int(np.prod(shape)))
    command = Path(sys.executable).with_name("hotcold")
    process = subprocess.Popen(
        [command, "boxes", "maps.npy", "-o", "boxes.csv", "-q"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".boxes.csv.*.part")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == status, stderr
    assert "nothing is written" in stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["maps.npy"]


@pytest.mark.parametrize("command", [False, True])
def test_a_folder_with_all_folders_below_it(tmp_path, command):
    maps = make_maps(6)[:, :1]
    for i in range(6):
        place = tmp_path / "maps" / "ab"[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        np.save(place / f"{i}.npy", maps[i])
    table = tmp_path / "boxes.csv"
    if command:
        line = ["boxes", str(tmp_path / "maps"), "-o", str(table), "--recursive", "-q"]
        assert CliRunner().invoke(main, line).exit_code == 0
    else:
        write_boxes(tmp_path / "maps", table, recursive=True, progress=False)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    order = [0, 2, 4, 1, 3, 5]
    assert [row["name"] for row in rows] == [f"{'ab'[i % 2]}/{i}" for i in order]
    expected = tmp_path / "expected.csv"
    write_boxes(maps[order], expected, names=[row["name"] for row in rows], progress=False)
    assert table.read_bytes() == expected.read_bytes()
    with pytest.raises(ValueError, match="`recursive` must be False unless"):
        write_boxes(maps, table, recursive=True, overwrite=True, progress=False)
