"""Which picture of a folder belongs to which map: sayable, shown, compared on resume."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from click.testing import CliRunner
from offline_inputs import assert_same_pictures, render_quietly
from PIL import Image

import hotcold
from hotcold.cli.main import main
from hotcold.offline.input import open_source
from hotcold.offline.input.pictures import natural_key

NAMES = ["img_1.png", "img_10.png", "img_2.png"]


@pytest.fixture
def photos(tmp_path, rng):
    """A folder of pictures that say by their grey which number they bear."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in NAMES:
        number = int(name[4:-4])
        Image.new("RGB", (10, 12), (number, number, number)).save(folder / name)
    np.save(tmp_path / "maps.npy", rng.standard_normal((3, 1, 12, 10)).astype(np.float32))
    return folder


def greys(source):
    return source.read(0, source.n_items)[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("name", [1, 10, 2]),
        ("natural", [1, 2, 10]),
        (["img_10.png", "img_1.png", "img_2.png"], [10, 1, 2]),
        (("img_2.png",), [2]),
    ],
)
def test_pictures_come_in_the_order_that_was_said(photos, order, numbers):
    assert greys(open_source(photos, "x", "channels_first", order)) == numbers


def test_natural_order_counts_numbers_and_knows_no_ties():
    names = ["b1", "a10", "a2", "a02", "a", "10", "9", "a2b10", "a2b9", "A3"]
    expected = ["9", "10", "A3", "a", "a02", "a2", "a2b9", "a2b10", "a10", "b1"]
    assert sorted(names, key=natural_key) == expected


@pytest.mark.parametrize(
    ("order", "error", "said"),
    [
        ("size", ValueError, "must be one of 'name', 'natural'"),
        (["img_3.png"], ValueError, "must be names of picture files .*img_3"),
        (["img_1.png", "img_1.png"], ValueError, "must name every file once"),
        ([], ValueError, "at least one file"),
        ([3], TypeError, "file names, got 3"),
    ],
)
def test_other_orders_are_refused(photos, order, error, said):
    with pytest.raises(error, match=said):
        open_source(photos, "x", "channels_first", order)


def test_order_of_arrays_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`order` must be 'name' unless `x` is a folder"):
        render_quietly(
            hotcold.Visualizer(), np.ones((3, 1, 4, 4)), output_dir=tmp_path, order="natural"
        )


def test_order_decides_the_pairs_and_is_compared_on_resume(tmp_path, photos):
    maps, out = np.load(tmp_path / "maps.npy"), tmp_path / "out"
    visualizer = hotcold.HeatmapVisualizer()
    images = np.stack([np.full((3, 12, 10), n, np.uint8) for n in (1, 2, 10)])
    render_quietly(visualizer, maps, photos, output_dir=out, order="natural")
    assert_same_pictures(out, visualizer.render(maps, images))
    with pytest.raises(ValueError, match="photos in natural order"):
        render_quietly(visualizer, maps, photos, output_dir=out, resume=True)


def run(*arguments):
    return CliRunner().invoke(main, ["render", *map(str, arguments)])


def test_the_first_pairs_are_worth_a_line_and_a_hint(tmp_path, photos):
    said = run(tmp_path / "maps.npy", photos, "-o", tmp_path / "out")
    assert said.exit_code == 0, said.output
    assert "pictures by index: 0 img_1.png, 1 img_10.png, 2 img_2.png" in said.output
    assert "--order natural" in said.output
    said = run(tmp_path / "maps.npy", photos, "-o", tmp_path / "other", "--order", "natural")
    assert "pictures by index: 0 img_1.png, 1 img_2.png, 2 img_10.png\n" in said.output


def test_order_and_names_from_text_files_with_a_byte_order_mark(tmp_path, photos):
    listed = tmp_path / "order.txt"
    listed.write_bytes("\ufeffimg_10.png\r\nimg_2.png\r\nimg_1.png\r\n".encode())
    out = tmp_path / "out"
    command = (tmp_path / "maps.npy", photos, "-o", out, "--order", listed)
    said = run(*command, "--names-from-images")
    assert said.exit_code == 0, said.output
    assert "pictures by index: 0 img_10.png, 1 img_2.png, 2 img_1.png\n" in said.output
    names = tmp_path / "names.txt"
    names.write_bytes("\ufefffirst\nse\u2028cond\nthird\n".encode())
    said = run(*command, "--names", names, "-o", tmp_path / "named")
    assert said.exit_code == 0, said.output
    found = sorted(path.name for path in (tmp_path / "named").glob("*.png"))
    assert found == ["first.png", "se\u2028cond.png", "third.png"]


def test_a_names_file_of_another_encoding_is_one_sentence(tmp_path, photos):
    names = tmp_path / "names.txt"
    names.write_bytes("one\ntwo\nthree\n".encode("utf-16"))
    said = run(tmp_path / "maps.npy", photos, "-o", tmp_path / "out", "--names", names)
    assert said.exit_code == 1
    assert "`names` must be a text file in UTF-8" in said.output


@pytest.mark.parametrize(
    "pair",
    [
        ("caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")),
        ("Caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")),
        ("\u1e9e", "\u00df"),
    ],
)
def test_names_that_some_file_systems_take_for_one_are_refused(tmp_path, pair):
    with pytest.raises(ValueError, match="must all differ as file names"):
        render_quietly(hotcold.Visualizer(), np.ones((2, 1, 4, 4)), output_dir=tmp_path, names=pair)
