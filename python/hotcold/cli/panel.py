"""`hotcold panel`: maps of several files side by side, a strip an item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import hotcold
from hotcold.cli.drawing_options import (
    DrawingCommand,
    drawing_options_without,
    make_visualizer,
)
from hotcold.cli.errors import clean_stop, one_sentence, plain_warnings, say
from hotcold.cli.gallery import table_option
from hotcold.cli.types import Folder
from hotcold.files import VECTOR_SUFFIXES
from hotcold.panel import text
from hotcold.panel.columns import SCALES

_MOST_IN_A_FIGURE = 50  # items


@click.command(cls=DrawingCommand)
@click.argument("images", required=False)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="LABEL=FILE",
    help="A column and what it draws, as ATTRIBUTIONS of `hotcold render`. May be given again.",
)
@click.option(
    "-o",
    "--output-dir",
    required=True,
    type=Folder(),
    help="Folder for the strips; made if it is not there.",
)
@click.option(
    "--scale",
    type=click.Choice(SCALES),
    default="item",
    show_default=True,
    help="The cells whose values the colours go by: each alone, those of a row or of a column, or "
    "all.",
)
@click.option(
    "--colorbar/--no-colorbar",
    default=None,
    help="Draw a colour bar a scale.  [default: unless each cell has its own]",
)
@click.option("--labels/--no-labels", default=True, help="Write the labels above the columns.")
@click.option(
    "--text-size",
    type=click.Choice([str(size) for size in text.SIZES]),
    help="Pixels.  [default: as suits the pictures]",
)
@click.option("--padding", type=int, default=4, show_default=True, help="Between cells.")
@click.option("--background", default="white", show_default=True, help="Between the cells.")
@click.option(
    "--captions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with a line below each strip.",
)
@table_option
@click.option(
    "--caption",
    metavar="TEXT",
    help='Line below each strip, of the table: "{label} {score:.2f}".',
)
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with a name per item and line; by default files are named by index.",
)
@click.option(
    "--recursive",
    is_flag=True,
    help="Folders with all folders below them; the pictures keep their places in these.",
)
@click.option("--resize", is_flag=True, help="Bring the pictures of a folder to the maps' size.")
@click.option(
    "--provenance/--no-provenance",
    default=True,
    show_default=True,
    help="Let PNG files say of which item they are, and what their colours stand for.",
)
@click.option("--gallery", is_flag=True, help="Write an index.html to look at the strips.")
@click.option(
    "--pdf",
    type=click.Path(path_type=Path),
    help=f"Also write a figure of all items, up to {_MOST_IN_A_FIGURE}: .pdf, .svg or .eps.",
)
@click.option("--overwrite", is_flag=True, help="Also replace files of these names.")
@drawing_options_without("scale", "background", "background_blur")
@click.option("--threads", type=click.IntRange(min=1), help="[default: CPUs of this process]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def panel(
    images: str | None,
    columns: tuple[str, ...],
    output_dir: Path | str,
    scale: str,
    colorbar: bool | None,
    labels: bool,
    text_size: str | None,
    padding: int,
    background: str,
    captions: Path | None,
    table: Path | None,
    caption: str | None,
    names: Path | None,
    resize: bool,
    recursive: bool,
    provenance: bool,
    gallery: bool,
    pdf: Path | None,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
    **drawing: Any,
) -> None:
    """Draw the maps of several files side by side, over IMAGES if given: a strip an item.

    The images stand in the first column. All columns are drawn by one visualizer and its options;
    with --scale column or shared the colours go by all items of the files. Memory does not grow
    with their number.

    \b
    Examples:
      hotcold panel photos/ --column IG=ig.npy --column CAM=cam.npy -o strips --scale row
      hotcold panel --column old=old.npy --column new=new.npy -o strips --scale shared --gallery
      hotcold panel --column IG=ig.npy -o strips --table t.csv --caption "{label} {score:.2f}"
      hotcold panel x.npy --column IG=ig.npy -o strips --pdf figure.pdf

    \b
    Exit status: 0 written, 1 not, one sentence says why, 2 wrong command, 130 stopped by Ctrl-C
    """  # noqa: D301 - click reads \b
    files = _columns(columns)
    _check_figure(pdf)
    made = make_visualizer(drawing.pop("visualizer"), images is not None, None, **drawing)
    shown = {"input": None} if images is not None and "input" not in files else {}
    with one_sentence(), clean_stop("run the same command again"), plain_warnings():
        from hotcold.offline import render_panels
        from hotcold.offline.output.names import read_lines

        whole = hotcold.Panel(
            {**shown, **dict.fromkeys(files, made)},
            scale=scale,
            colorbar=colorbar,
            labels=labels,
            padding=padding,
            text_size=None if text_size is None else int(text_size),
            background=background,
            n_threads=threads,
        )
        if pdf is not None:
            _write_figure(whole, files, images, pdf, overwrite)
        report = render_panels(
            whole,
            files,
            images,
            output_dir=output_dir,
            names=None if names is None else read_lines("--names", names),
            captions=None if captions is None else read_lines("--captions", captions),
            table=table,
            caption=caption,
            resize=resize,
            recursive=recursive,
            provenance=provenance,
            gallery=gallery,
            overwrite=overwrite,
            n_threads=threads,
            progress=not quiet,
        )
    if not quiet:
        say(f"{report.n_files:,} strips: {report.output}")


def _columns(given: tuple[str, ...]) -> dict[str, str]:
    """Return the file of each label."""
    if not given:
        msg = "--column must be given at least once, as LABEL=FILE"
        raise click.UsageError(msg)
    found: dict[str, str] = {}
    for one in given:
        label, is_pair, file = one.partition("=")
        if not is_pair or not label.strip() or not file:
            msg = f"--column must be LABEL=FILE, got {one!r}"
            raise click.UsageError(msg)
        if label.strip() in found:
            msg = f"--column must have labels of its own, and the label {label!r} is given twice"
            raise click.UsageError(msg)
        found[label.strip()] = file
    return found


def _check_figure(path: Path | None) -> None:
    if path is not None and path.suffix.lower() not in VECTOR_SUFFIXES:
        msg = f"--pdf must end in .pdf, .svg or .eps, got {path}"
        raise click.UsageError(msg)


def _write_figure(
    panel: hotcold.Panel, files: dict[str, str], images: str | None, path: Path, overwrite: bool
) -> None:
    """Write all items into one figure."""
    from hotcold.offline.panels import all_items

    batch, x = all_items(panel, files, images, path, overwrite, most=_MOST_IN_A_FIGURE)
    panel(batch, x, path, imshow=False)
