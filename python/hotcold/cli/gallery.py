"""`hotcold gallery`: a page to look at a folder of pictures."""

from __future__ import annotations

from pathlib import Path

import click

from hotcold.cli.errors import one_sentence, say


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", help="Heading of the page.  [default: the folder's name]")
@click.option("--open", "open_it", is_flag=True, help="Open the page in a browser.")
def gallery(folder: Path, title: str | None, open_it: bool) -> None:
    """Write FOLDER/index.html, a page to look at the pictures in FOLDER.

    The page needs no server and no network. Arrow keys go from picture to picture; the box filters
    by name.

    \b
    Examples:
      hotcold gallery pictures
      hotcold gallery pictures --title "Layer 28" --open

    \b
    Exit status: 0 written, 1 no such folder, no pictures in it, or a page of yours, 2 wrong command
    """  # noqa: D301 - click reads \b
    from hotcold.offline.gallery import write_gallery

    with one_sentence():
        page = write_gallery(folder, title=title)
    say(page)
    if open_it:
        click.launch(str(page))
