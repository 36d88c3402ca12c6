"""Pictures in tests: `assert_pictures_equal`, and the fixture with its kept pictures.

The fixture is tried in pytest runs of their own, as a user's project would have it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import hotcold
from hotcold.testing import GoldenPictures, assert_pictures_equal


def pictures(rng, *shape):
    return rng.integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (3, 5, 7, 4), (0, 5, 7, 3)])
def test_equal_pictures_pass(rng, shape):
    a = pictures(rng, *shape)
    assert_pictures_equal(a, a.copy())
    assert_pictures_equal(a, a.copy(), max_level=3, max_share=0.5)


@given(
    level=st.integers(0, 255),
    max_level=st.integers(0, 255),
    n_pixels=st.integers(0, 12),
    max_share=st.floats(0, 1),
)
def test_what_is_allowed_is_counted_by_pixels(level, max_level, n_pixels, max_share):
    a = np.zeros((3, 4, 3), np.uint8)
    b = a.copy()
    b.reshape(-1, 3)[:n_pixels, 1] = level
    differ = n_pixels if level > max_level else 0
    if differ <= max_share * 12:
        assert_pictures_equal(a, b, max_level=max_level, max_share=max_share)
        assert_pictures_equal(b, a, max_level=max_level, max_share=max_share)
    else:
        with pytest.raises(AssertionError, match=f"{differ} of 12 pixels"):
            assert_pictures_equal(b, a, max_level=max_level, max_share=max_share)


def test_the_message_says_where_and_how_much(rng):
    a = pictures(rng, 9, 4, 5, 3) // 2
    b = a.copy()
    b[[1, 2, 3, 4, 5, 7, 8], 2, 3, 1] += 100
    with pytest.raises(AssertionError) as info:
        assert_pictures_equal(a, b)
    assert str(info.value).splitlines()[0] == "7 of 9 pictures differ:"
    assert (
        f"item 1: 1 of 20 pixels (5.000%) at all; the most by 100, at row 2, column 3: "
        f"{a[1, 2, 3].tolist()} and {b[1, 2, 3].tolist()}"
    ) in str(info.value)
    assert str(info.value).endswith("and 2 more")
    with pytest.raises(AssertionError, match=r"^pictures differ: 1 of 20 .*by more than 9 levels"):
        assert_pictures_equal(a[1], b[1], max_level=9)


def test_many_good_pictures_do_not_excuse_a_bad_one():
    a = np.zeros((1000, 2, 2, 3), np.uint8)
    b = a.copy()
    b[7] = 255
    with pytest.raises(AssertionError, match=r"1 of 1000 pictures differ:\n  item 7: 4 of 4"):
        assert_pictures_equal(a, b, max_share=0.01)


def test_levels_do_not_wrap_around():
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    for a, b in ((black, white), (white, black)):
        with pytest.raises(AssertionError, match="the most by 255"):
            assert_pictures_equal(a, b, max_level=254)


def test_files_are_read_in_the_channels_of_the_other(rng, tmp_path):
    a = np.repeat(pictures(rng, 6, 5, 1) // 64 * 64, 3, axis=2)
    Image.fromarray(a).save(tmp_path / "rgb.png")
    Image.fromarray(a[..., 0]).save(tmp_path / "gray.png")
    Image.fromarray(a).quantize(8).save(tmp_path / "palette.png")
    for name in ("rgb", "gray", "palette"):
        assert_pictures_equal(tmp_path / f"{name}.png", a)
        assert_pictures_equal(a, str(tmp_path / f"{name}.png"))
    assert_pictures_equal(tmp_path / "rgb.png", tmp_path / "gray.png")
    with_alpha = np.dstack([a, np.full((6, 5), 7, np.uint8)])
    Image.fromarray(with_alpha).save(tmp_path / "rgba.png")
    assert_pictures_equal(tmp_path / "rgba.png", with_alpha)
    with pytest.raises(AssertionError, match=r"shapes are \(6, 5, 4\) and \(6, 5, 3\)"):
        assert_pictures_equal(tmp_path / "rgba.png", a)


@pytest.mark.parametrize(
    ("a", "b", "options", "error", "words"),
    [
        (np.zeros((2, 2)), np.zeros((2, 2), "u1"), {}, TypeError, "`a` must be pictures of uint8"),
        (np.zeros((2, 2), "u1"), np.zeros((2, 2)), {}, TypeError, "`b` must be pictures of uint8"),
        (np.zeros(4, "u1"), np.zeros(4, "u1"), {}, ValueError, "got the shape \\(4,\\)"),
        (np.zeros((2, 2, 5), "u1"),) * 2 + ({}, ValueError, "1 to 4 channels"),
        (np.zeros((2, 2), "u1"),) * 2 + ({"max_level": 256}, ValueError, "at most 255, got 256"),
        (np.zeros((2, 2), "u1"),) * 2 + ({"max_level": -1}, ValueError, "`max_level`"),
        (np.zeros((2, 2), "u1"),) * 2 + ({"max_level": 0.5}, TypeError, "`max_level`"),
        (np.zeros((2, 2), "u1"),) * 2 + ({"max_share": 2}, ValueError, "0 to 1, got 2"),
        (np.zeros((2, 2), "u1"),) * 2 + ({"max_share": np.nan}, ValueError, "got nan"),
        (np.zeros((2, 2), "u1"),) * 2 + ({"max_share": "1"}, TypeError, "number, got str"),
    ],
)
def test_bad_input_is_refused(a, b, options, error, words):
    with pytest.raises(error, match=words):
        assert_pictures_equal(a, b, **options)


def test_files_of_other_kinds_are_refused_by_name(tmp_path):
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match=r"deep\.png: only pictures of 8 bits .*I;16"):
        assert_pictures_equal(tmp_path / "deep.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(FileNotFoundError):
        assert_pictures_equal(tmp_path / "none.png", np.zeros((2, 2), np.uint8))


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 2), (6, 5, 3), (3, 6, 5, 4)])
def test_what_is_kept_is_what_was_given(rng, tmp_path, shape):
    given_pictures = pictures(rng, *shape)
    keep = GoldenPictures(tmp_path / "golden", tmp_path / "output", "t", update=True)
    keep(given_pictures, "one")
    assert len(keep.written) == (3 if len(shape) == 4 else 1)
    GoldenPictures(tmp_path / "golden", tmp_path / "output", "t")(given_pictures, "one")
    assert not (tmp_path / "output").exists()
    # What is right already is left as it is.
    again = GoldenPictures(tmp_path / "golden", tmp_path / "output", "t", update=True)
    again(given_pictures, "one")
    assert again.written == []


def test_a_batch_is_kept_to_its_length(rng, tmp_path):
    batch = pictures(rng, 11, 6, 5, 3)
    GoldenPictures(tmp_path, tmp_path / "output", "t", update=True)(batch, "b")
    for other, words in ((batch[:9], "9 pictures, 11 kept"), (batch.repeat(2, 0), "22 pictures")):
        with pytest.raises(AssertionError, match=words):
            GoldenPictures(tmp_path, tmp_path / "output", "t")(other, "b")
    shorter = GoldenPictures(tmp_path, tmp_path / "output", "t", update=True)
    shorter(batch[:9], "b")
    assert sorted(path.name for path in shorter.written) == ["10.png", "9.png"]
    assert len(list((tmp_path / "t-b").iterdir())) == 9


def test_what_differs_is_shown(rng, tmp_path):
    batch = pictures(rng, 3, 6, 5, 3) // 2
    GoldenPictures(tmp_path / "golden", tmp_path / "output", "t", update=True)(batch, "b")
    changed = batch.copy()
    changed[1, 2, 3, 0] += 2
    changed[1, 4, 1, 2] += 1
    GoldenPictures(tmp_path / "golden", tmp_path / "output", "t")(changed, "b", max_level=2)
    with pytest.raises(AssertionError, match=r"item 1: 2 of 30 pixels") as info:
        GoldenPictures(tmp_path / "golden", tmp_path / "output", "t")(changed, "b")
    output = tmp_path / "output" / "t-b"
    assert str(output) in str(info.value)
    shown = {path.name: np.asarray(Image.open(path)) for path in output.iterdir()}
    assert sorted(shown) == ["1-actual.png", "1-difference.png", "1-expected.png"]
    assert_pictures_equal(shown["1-actual.png"], changed[1])
    assert_pictures_equal(shown["1-expected.png"], batch[1])
    difference = np.zeros((6, 5), np.uint8)
    difference[2, 3], difference[4, 1] = 255, 127
    assert_pictures_equal(shown["1-difference.png"], difference)
    # Another size has no difference; what an earlier run left is gone.
    with pytest.raises(AssertionError, match="their shapes are"):
        GoldenPictures(tmp_path / "golden", tmp_path / "output", "t")(batch[:, :3], "b")
    assert len(list(output.glob("*-actual.png"))) == 3
    assert not list(output.glob("*-difference.png"))


def test_a_damaged_picture_is_kept_anew(rng, tmp_path):
    picture = pictures(rng, 6, 5, 3)
    (tmp_path / "t-a.png").write_bytes(b"not a picture")
    with pytest.raises(OSError, match="cannot identify"):
        GoldenPictures(tmp_path, tmp_path / "output", "t")(picture, "a")
    GoldenPictures(tmp_path, tmp_path / "output", "t", update=True)(picture, "a")
    GoldenPictures(tmp_path, tmp_path / "output", "t")(picture, "a")


def test_a_batch_of_none_keeps_nothing(tmp_path):
    golden = GoldenPictures(tmp_path, tmp_path / "output", "t", update=True)
    with pytest.raises(ValueError, match="`pictures` must hold a picture, got a batch of 0"):
        golden(np.zeros((0, 2, 2, 3), np.uint8))


@pytest.mark.parametrize("name", ["", "a/b", "a\\b", "a:b", "a\0b"])
def test_names_are_file_names(name, tmp_path):
    golden = GoldenPictures(tmp_path, tmp_path, "t", update=True)
    with pytest.raises(ValueError, match="`name` must be a plain file name"):
        golden(np.zeros((2, 2), np.uint8), name)
    golden(np.zeros((2, 2), np.uint8), "a")
    with pytest.raises(ValueError, match="another one for each call"):
        golden(np.zeros((2, 2), np.uint8), "A")


PROJECT = """
import numpy as np, pytest, hotcold

example = hotcold.data.load_example()

def draw(**options):
    return hotcold.HeatmapVisualizer(**options).render(example.attributions, example.images)

@pytest.mark.parametrize("blur", [0, 4])
def test_overlays(hotcold_golden, blur):
    hotcold_golden(draw(blur=blur BRIGHTER))

class TestSheets:
    @pytest.mark.parametrize("name", ["a/b", "a b"])
    def test_sheet(self, hotcold_golden, name):
        hotcold_golden(draw(blur=4)[3], max_level=1)
        hotcold_golden(draw(blur=2)[:1], "two")
"""


PAGE = Path(__file__).parents[1] / "docs" / "testing.md"


def run_pytest(folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_page_keeps_its_pictures(tmp_path):
    (block,) = (
        block
        for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
        if "hotcold_golden" in block
    )
    (tmp_path / "test_model.py").write_text(block)
    assert run_pytest(tmp_path).returncode == 1
    assert run_pytest(tmp_path, "--hotcold-update").returncode == 0
    assert run_pytest(tmp_path).returncode == 0
    kept = tmp_path / "golden" / "test_model"
    assert sorted(path.name for path in kept.iterdir()) == [
        "test_where_the_model_looks",
        "test_where_the_model_looks-masks",
    ]


def test_a_project_keeps_its_pictures(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    inner = tmp_path / "tests"
    inner.mkdir()
    (inner / "test_pictures.py").write_text(PROJECT.replace("BRIGHTER", ""))

    first = run_pytest(tmp_path)
    assert first.returncode == 1
    assert "4 failed" in first.stdout
    assert "pytest --hotcold-update" in first.stdout
    output = tmp_path / "hotcold-output" / "tests" / "test_pictures"
    assert len(list((output / "test_overlays[4]").iterdir())) == len(
        hotcold.data.load_example().images
    )

    update = run_pytest(tmp_path, "--hotcold-update")
    assert update.returncode == 0, update.stdout
    kept = inner / "golden" / "test_pictures"
    assert {path.name for path in kept.iterdir()} == {
        "test_overlays[0]",
        "test_overlays[4]",
        "TestSheets.test_sheet[a%2Fb].png",
        "TestSheets.test_sheet[a b].png",
        "TestSheets.test_sheet[a%2Fb]-two",
        "TestSheets.test_sheet[a b]-two",
    }
    n_files = sum(path.is_file() for path in kept.rglob("*"))
    assert f"{n_files} golden pictures changed" in update.stdout
    assert str(kept / "TestSheets.test_sheet[a b]-two" / "0.png") in update.stdout

    assert run_pytest(tmp_path).returncode == 0

    (inner / "test_pictures.py").write_text(
        PROJECT.replace("BRIGHTER", ", overlay_opacity=.6 if blur else .5")
    )
    changed = run_pytest(tmp_path, "--hotcold-output", "looks")
    assert changed.returncode == 1
    assert "1 failed, 3 passed" in changed.stdout
    looks = tmp_path / "looks" / "tests" / "test_pictures" / "test_overlays[4]"
    assert {path.name for path in looks.iterdir()} >= {"0-actual.png", "0-expected.png"}
    assert "is not what is kept in" in changed.stdout
    assert "item 0: " in changed.stdout
    assert "golden pictures changed" not in changed.stdout
