"""The `hotcold` command."""

from __future__ import annotations

import click

from hotcold import __version__
from hotcold.cli.demo import demo


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hotcold")
def main() -> None:
    """Turn attribution maps of neural networks into pictures."""


main.add_command(demo)
