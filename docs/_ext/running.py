"""Running the code of a page's blocks, and telling pictures from other values."""

from __future__ import annotations

import ast
import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np


def is_pixels(value):
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (3, 4)


def named_pictures(value):
    """Return [(caption, pixels of one picture)], or None where `value` is no picture."""
    if isinstance(value, dict) and value and all(map(is_pixels, value.values())):
        parts = list(value.items())
    elif is_pixels(value):
        parts = [("", value)]
    else:
        return None
    found = []
    for caption, pixels in parts:
        batch = pixels[None] if pixels.ndim == 3 else pixels
        found.extend((caption, picture) for picture in batch)
    return found


@contextlib.contextmanager
def elsewhere():
    """Stand in a folder of one's own, so that files which a page writes are gone afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def evaluate(code, names):
    """Run the code in `names`, and return the value of its last line, as a notebook does."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<page>", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "<page>", "eval"), names)
