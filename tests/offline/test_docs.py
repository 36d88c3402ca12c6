"""docs/offline.md tells the truth about the command."""

from __future__ import annotations

import re
from pathlib import Path

from hotcold.cli.main import main

PAGE = (Path(__file__).parents[2] / "docs/offline.md").read_text(encoding="utf-8")


def test_every_option_on_the_page_exists():
    known = {"--help"}
    for command in main.commands.values():
        for parameter in command.params:
            known.update(parameter.opts, parameter.secondary_opts)
    mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert mentioned
    assert mentioned <= known
