"""The code on the site's pages runs, and makes pictures; Sphinx is not needed to see that."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```\{show\}\n(.*?)^```", re.M | re.S)
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if BLOCK.search(page.read_text("utf-8"))]


def ids(page):
    return page.stem


def blocks(page):
    """Return (options, code) of each block of a page."""
    found = []
    for block in BLOCK.findall(page.read_text("utf-8")):
        lines = block.splitlines()
        options = [line for line in lines if re.match(r":[a-z-]+:", line)]
        found.append((options, "\n".join(line for line in lines if line not in options)))
    return found


def test_there_are_pages_with_code():
    assert {"index", "looking", "quickstart"} <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from running import evaluate, named_pictures

    names, n_pictures = {}, 0
    for options, code in blocks(page):
        pictures = named_pictures(evaluate(code, names)) or []
        n_pictures += len(pictures)
        assert not pictures or any(option.startswith(":alt: ") for option in options), code
        for _, pixels in pictures:
            assert pixels.ndim == 3
            assert np.ptp(pixels) > 0, f"a picture of one colour:\n{code}"
    assert n_pictures > 0
