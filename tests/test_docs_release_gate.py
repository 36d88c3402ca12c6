"""The page about a release gate: its Python runs, its commands say what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotcold.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "release-gate.md"


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """Run the Python of the page, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, str(PAGE), "exec"), names)
    return tmp_path


def test_the_commands_do_what_the_page_says(there):
    statuses = []
    for block in blocks("console"):
        command, *told = block.splitlines()
        words = shlex.split(command.removeprefix("$ hotcold "))
        done = CliRunner().invoke(main, words)
        statuses.append(done.exit_code)
        pattern = ".*".join(re.escape(part) for part in "\n".join(told).split("..."))
        assert re.search(pattern.rstrip(), done.output, re.DOTALL), done.output
        assert (there / "changed" / "index.html").exists()
    assert statuses == [4, 0]


def test_the_workflow_runs_a_command_that_exists(there):
    (workflow,) = blocks("yaml")
    command = re.search(r"run: hotcold (compare .*)", workflow)[1]
    assert CliRunner().invoke(main, shlex.split(command)).exit_code == 4
