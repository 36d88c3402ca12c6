"""`hotcold gallery`: a page to look at a folder of pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hotcold.cli.errors import one_sentence, say
from hotcold.cli.types import Folder

_Command = Callable[..., Any]

table_option = click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is known of each item: a CSV or TSV file with a header. A column file, name or item "
    "says whose a row is; without one rows are in the items' order.",
)


def gallery_table_options(command: _Command) -> _Command:
    """Add what a gallery shows of a table."""
    for option in (
        click.option(
            "--caption",
            metavar="TEXT",
            help='Of the table, below each picture: "{label} to {pred}, {score:.2f}".',
        ),
        click.option(
            "--sort",
            metavar="COLUMN",
            help="Column that the gallery begins sorted by; -COLUMN: largest first.",
        ),
        table_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("folder", type=Folder())
@click.option("--title", help="Heading of the page.  [default: the folder's name]")
@gallery_table_options
@click.option(
    "--originals",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the pictures that were drawn over, to show while the key o is held; they stay "
    "where they are.",
)
@click.option("--open", "open_it", is_flag=True, help="Open the page in a browser.")
def gallery(
    folder: Path | str,
    title: str | None,
    table: Path | None,
    sort: str | None,
    caption: str | None,
    originals: Path | None,
    open_it: bool,
) -> None:
    """Write FOLDER/index.html, a page to look at the pictures in FOLDER.

    The page needs no server and no network. Arrow keys go from picture to picture, 1 to 9 tag one,
    o shows the original while it is held. The box filters by name, and by the columns of a table:
    label:cat, or score and a limit. The page's address keeps what is looked at.

    \b
    Examples:
      hotcold gallery pictures
      hotcold gallery pictures --title "Layer 28" --open
      hotcold gallery pictures --table t.csv --sort score --caption "{label} {score:.2f}"

    \b
    Exit status: 0 written, 1 not, one sentence says why, 2 wrong command
    """  # noqa: D301 - click reads \b
    from hotcold.offline.gallery import write_gallery

    with one_sentence():
        page = write_gallery(
            folder, title=title, table=table, sort=sort, caption=caption, originals=originals
        )
    say(page)
    if open_it:
        click.launch(str(page))
