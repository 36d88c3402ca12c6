"""The command line: argument parsing only, one module per command."""

from hotcold.cli.main import main

__all__ = ["main"]
