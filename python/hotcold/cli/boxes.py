"""`hotcold boxes`: where very many maps speak, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hotcold.cli.drawing_options import DrawingCommand, channel_axis_option, map_options, maps_of
from hotcold.cli.errors import clean_stop, one_sentence, plain_warnings, say
from hotcold.cli.types import NumbersOrWord
from hotcold.options import THRESHOLD_BY


@click.command(cls=DrawingCommand)
@click.argument("attributions")
@click.option(
    "-o",
    "--output-file",
    required=True,
    type=click.Path(path_type=Path),
    help="The table, comma-separated values.",
)
@click.option("--count", type=int, help="The most boxes of an item.  [default: 1]")
@click.option(
    "--threshold",
    type=NumbersOrWord("FRACTION|otsu"),
    help="Regions are what is above it; higher keeps less.  [default: 0.9]",
)
@click.option(
    "--threshold-by",
    type=click.Choice(THRESHOLD_BY),
    help="What the threshold is a fraction of.  [default: quantile]",
)
@click.option(
    "--connectivity",
    type=int,
    help="Neighbours share a side (1) or a corner too (2).  [default: 1]",
)
@click.option(
    "--by",
    type=click.Choice(["mass", "peak", "area"]),
    help="What makes a region the stronger one.  [default: mass]",
)
@click.option("--min-area", type=int, help="Pixels; smaller regions do not count.  [default: 1]")
@map_options
@channel_axis_option
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with a name per item and line; by default items are named by index.",
)
@click.option(
    "--recursive",
    is_flag=True,
    help="A folder with all folders below it; items are named by the places of their files.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--threads", type=click.IntRange(min=1), help="[default: CPUs of this process]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def boxes(
    attributions: str,
    output_file: Path,
    names: Path | None,
    recursive: bool,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
    no_channel_axis: bool,
    **options: Any,
) -> None:
    """Find the strongest connected regions of every item of ATTRIBUTIONS, a row a box.

    ATTRIBUTIONS is a .npy, .npz, .zarr, .h5, .safetensors or .pt file, with :NAME behind the file
    where it holds several arrays, a folder of such files, or a quoted pattern such as `maps/*.npy`.
    Columns: item, name, rank, y0, x0, y1, x1 (pixels, half open), mass, peak, area. Memory does not
    grow with the number of items; the table appears whole or not at all.

    \b
    Examples:
      hotcold boxes maps.npy -o boxes.csv
      hotcold boxes run.h5:maps -o boxes.csv --count 3 --threshold 0.95 --blur 4 --min-area 20
      hotcold boxes maps/ -o boxes.csv --recursive

    \b
    Exit status: 0 written, 1 not, one sentence says why, 2 wrong command, 130 stopped by Ctrl-C
    """  # noqa: D301 - click reads \b
    given = {name: value for name, value in options.items() if value is not None}
    with one_sentence(), clean_stop("nothing is written"), plain_warnings():
        from hotcold.offline import write_boxes
        from hotcold.offline.output.names import read_lines

        if names is not None and output_file.exists() and output_file.samefile(names):
            msg = f"--output-file must not be what --names is read from, got {output_file}"
            raise ValueError(msg)
        listed = None if names is None else read_lines("--names", names)
        n_items = write_boxes(
            maps_of(attributions, no_channel_axis),
            output_file,
            names=listed,
            recursive=recursive,
            overwrite=overwrite,
            progress=not quiet,
            n_threads=threads,
            **given,
        )
    if not quiet:
        say(f"{n_items} items: {output_file}")
