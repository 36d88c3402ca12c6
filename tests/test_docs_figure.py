"""The page about a figure for a paper: its Python runs, its files hold text, its command works."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import hotcold
from hotcold.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "panels.md"


def blocks(*kinds):
    """Return the code of the page's blocks, in order, without the options at their head."""
    kind = "|".join(re.escape(kind) for kind in kinds)
    found = re.findall(rf"^```(?:{kind})\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return [re.sub(r"\A(:.*\n)+", "", block) for block in found]


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Run the Python of the page, in an empty folder, and return what it defines."""
    monkeypatch.chdir(tmp_path)
    defined: dict[str, object] = {}
    for block in blocks("python", "{show}"):
        exec(compile(block, str(PAGE), "exec"), defined)
    return defined


def text_of_pdf(data):
    """Return the strings that a PDF file draws as text; kerning stands between their letters."""
    drawn = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue  # pixels as they are
        for text in re.findall(rb"BT\s(.*?)\sET", content, re.DOTALL):
            letters = re.findall(rb"\(((?:\\.|[^\\)])*)\)", text)
            drawn.append(b"".join(letters).decode("latin-1"))
    return drawn


def test_the_figure_holds_its_words_as_text(names, tmp_path):
    words = {e.text for e in ET.parse(tmp_path / "figure.svg").iter() if e.tag.endswith("text")}
    assert {"input", "map", "heat map", "mask"} <= words
    pdf = (tmp_path / "figure.pdf").read_bytes()
    assert {"input", "map", "heat map", "mask", "Hopper", "Collins"} <= set(text_of_pdf(pdf))


def test_cells_are_what_the_page_says(names):
    maps, images, panel = names["maps"], names["images"], names["panel"]
    strips = names["strips"]
    assert len(strips) == 2
    assert strips.dtype == np.uint8
    cell = panel.columns["mask"].render(maps, images)[0]
    sheet = panel.sheet(maps, images)
    height, width = cell.shape[:2]
    begins = np.lib.stride_tricks.sliding_window_view(sheet, (1, 9, 3))[:, :, 0, 0]
    places = np.argwhere((begins == cell[0, :9]).all((-1, -2)))
    assert any((sheet[y : y + height, x : x + width] == cell).all() for y, x in places)


def test_the_command_writes_a_strip_an_item(names, tmp_path):
    (tmp_path / "photos").mkdir()
    example = hotcold.data.load_example(dim_order="channels_last")
    for i, image in enumerate(example.images[:3]):
        Image.fromarray(image).save(tmp_path / "photos" / f"{i}.png")
    maps = np.moveaxis(example.attributions, -1, 1)
    np.save(tmp_path / "ig.npy", maps[:3])
    np.save(tmp_path / "cam.npy", maps[3:6])
    (command,) = blocks("console")
    done = CliRunner().invoke(main, shlex.split(command.removeprefix("$ hotcold ")))
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "strips").glob("*.png"))) == 3
    assert (tmp_path / "strips" / "index.html").exists()
