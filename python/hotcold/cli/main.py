"""The `hotcold` command."""

from __future__ import annotations

import click

from hotcold import __version__
from hotcold.cli.animate import animate
from hotcold.cli.boxes import boxes
from hotcold.cli.compare import compare
from hotcold.cli.demo import demo
from hotcold.cli.errors import keep_standard_streams
from hotcold.cli.gallery import gallery
from hotcold.cli.info import info
from hotcold.cli.panel import panel
from hotcold.cli.render import render
from hotcold.cli.scale import scale

_EPILOG = """\b
Completion of commands, options and paths with the Tab key:
  bash: eval "$(_HOTCOLD_COMPLETE=bash_source hotcold)" in ~/.bashrc
  zsh:  eval "$(_HOTCOLD_COMPLETE=zsh_source hotcold)" in ~/.zshrc
  fish: _HOTCOLD_COMPLETE=fish_source hotcold | source in config.fish
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(__version__, prog_name="hotcold")
def main() -> None:
    """Turn attribution maps of neural networks into pictures."""
    keep_standard_streams()


for _command in (demo, render, panel, scale, boxes, compare, animate, gallery, info):
    main.add_command(_command)
