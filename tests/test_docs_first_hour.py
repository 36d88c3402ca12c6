"""The page of the first hour: its blocks run in their order, and what says no says so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from helpers import runner
from PIL import Image

from hotcold.cli import main

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "first-hour.md"
BLOCK = re.compile(r"^```(python|console|\{show\})\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| ([^|]*?) \| ``(.*?)`` \|", re.MULTILINE)


def run(command):
    return runner().invoke(main, shlex.split(command.removeprefix("$ hotcold ")))


def run_command(block):
    command, *told = block.splitlines()
    done = run(command)
    assert done.exit_code == 0, done.stderr
    pattern = ".*".join(re.escape(part) for part in "\n".join(told).split("..."))
    assert re.match(pattern.rstrip(), done.stdout, re.DOTALL), done.stdout


def test_the_page_is_true_from_its_beginning_to_its_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    assert len(blocks) >= 12
    for kind, block in blocks:
        if kind == "console":
            run_command(block)
            continue
        lines = [line for line in block.splitlines() if not re.match(r":[a-z-]+:", line)]
        exec(compile("\n".join(lines), str(PAGE), "exec"), names)
    assert {"index.html", "comparison.csv", "worst-0003.png"} <= {
        path.name for path in (tmp_path / "compared").iterdir()
    }
    says_no(tmp_path)


def says_no(folder):
    """Do what the last table lists, in its order."""
    maps = np.load("maps.npy")
    np.save("last.npy", maps.transpose(0, 2, 3, 1))
    bad = maps.copy()
    bad[3, 0, 0, 0] = np.nan
    np.save("bad.npy", bad)
    for name, size, n in (("small", (100, 90), 8), ("seven", (224, 224), 7)):
        (folder / name).mkdir()
        for i in range(n):
            Image.new("RGB", size).save(folder / name / f"{i}.png")
    commands = (
        "render last.npy -o a",
        "render maps.npy small -o a",
        "render maps.npy seven -o a",
        "render bad.npy -o a",
        "render photos maps.npy -o a",
        "render maps.npy photos -o pictures --blur 2 --resume",
    )
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert len(rows) == len(commands)
    for (_, sentence), command in zip(rows, commands, strict=True):
        done = run(command)
        asks = "wrong way" in sentence
        assert done.exit_code == (0 if asks else 1)
        assert sentence in done.stderr
        assert len(done.stderr.splitlines()) <= 3


def test_only_pictures_over_an_array_are_asked_about(tmp_path):
    from hotcold import HeatmapVisualizer, render_files
    from hotcold.offline.input.base import InputWarning

    for folder in ("maps", "photos"):
        (tmp_path / folder).mkdir()
        Image.effect_noise((20, 10), 50).save(tmp_path / folder / "0.png")
    options = {"output_dir": tmp_path / "out", "progress": False}
    render_files(HeatmapVisualizer(), tmp_path / "maps", tmp_path / "photos", **options)
    image = np.zeros((1, 3, 10, 20), np.uint8)
    with pytest.warns(InputWarning, match=r"is the array .*: is that the wrong way round") as told:
        render_files(HeatmapVisualizer(), tmp_path / "maps", image, **options)
    assert told[0].filename == __file__
