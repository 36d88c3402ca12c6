"""The page about triage: its Python runs, its commands too, and the page is worked as it says."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path

import chromium
import pytest
from click.testing import CliRunner

from hotcold.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "triage.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def run_command(block):
    command, *told = block.splitlines()
    done = CliRunner().invoke(main, shlex.split(command.removeprefix("$ hotcold ")))
    assert done.exit_code == 0, done.output
    pattern = ".*".join(re.escape(part) for part in "\n".join(told).split("..."))
    assert re.search(pattern.rstrip(), done.output, re.DOTALL), done.output


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


def test_the_page_is_true_from_its_beginning_to_its_end(browser, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text())
    assert [kind for kind, _ in blocks] == ["python", "console", "console", "python"]
    names: dict[str, object] = {}
    for kind, block in blocks[:-1]:
        if kind == "console":
            run_command(block)
            work_the_page(browser, tmp_path)
        else:
            exec(compile(block, str(PAGE), "exec"), names)
    exec(compile(blocks[-1][1], str(PAGE), "exec"), names)


def work_the_page(browser, folder):
    """Look, filter and tag as the page says, and save the tags."""
    browser.open(folder / "errors" / "index.html")
    browser.run("localStorage.clear()")
    browser.call("Page.reload")
    browser.wait_for("document.querySelectorAll('#grid img').length === 60")
    captions = browser.run(
        "JSON.stringify([...document.querySelectorAll('#grid span')].map(e => e.title))"
    )
    scores = [float(caption.rpartition(" ")[2]) for caption in json.loads(captions)]
    assert scores == sorted(scores, reverse=True)
    for row in re.findall(r"^\| (`.*?) \|", PAGE.read_text(), re.MULTILINE)[:4]:
        for wanted in re.findall("`(.*?)`", row):
            browser.run(
                "(() => {const box = document.getElementById('filter');"
                f"box.value = {json.dumps(wanted)}; box.dispatchEvent(new Event('input'));}})()"
            )
            assert browser.run("document.getElementById('problem').textContent") == "", wanted
            assert browser.run("document.querySelectorAll('#grid img').length") > 0, wanted
    browser.run("document.getElementById('filter').focus()")
    for key in ("Enter", "1", "ArrowRight", "1", "ArrowRight", "2"):
        browser.press(key)
    browser.run("document.activeElement.click()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="o")
    assert "/photos/" in browser.run("document.getElementById('large').src")
    browser.call("Input.dispatchKeyEvent", type="keyUp", key="o")
    saved = folder / "tags.csv"
    saved.unlink(missing_ok=True)
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    browser.run("document.getElementById('download').click()")
    end = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < end:
        time.sleep(0.05)
