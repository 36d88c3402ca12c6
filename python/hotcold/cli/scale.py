"""`hotcold scale`: one scale for very many maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import hotcold
from hotcold.cli.drawing_options import (
    DrawingCommand,
    channel_axis_option,
    make_maker,
    maker_options,
    maps_of,
)
from hotcold.cli.errors import clean_stop, one_sentence, plain_warnings, say
from hotcold.offline.input import split_key
from hotcold.offline.output.guard import Read, check_file

# What a scale depends on, besides what makes the map.
SCALING = ("combine_channels", "upsample", "positive_only", "normalization_type")


@click.command(cls=DrawingCommand)
@click.argument("attributions")
@click.argument("images", required=False)
@click.option(
    "-o",
    "--output-file",
    required=True,
    type=click.Path(path_type=Path),
    help="The scale, a JSON file.",
)
@channel_axis_option
@maker_options(*SCALING, default="heatmap with images, plain without")
@click.option("--recursive", is_flag=True, help="Folders with all folders below them.")
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--threads", type=click.IntRange(min=1), help="[default: CPUs of this process]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def scale(
    attributions: str,
    images: str | None,
    output_file: Path,
    visualizer: str | None,
    recursive: bool,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
    no_channel_axis: bool,
    **options: Any,
) -> None:
    """Measure one scale for all items of ATTRIBUTIONS, for `hotcold render --scale FILE`.

    ATTRIBUTIONS is a file as for `hotcold render`, and the options must be those that it will have.
    IMAGES are needed for --upsample alone. Shards that are drawn by the file look the same, and
    none of them has to read the others.

    \b
    Examples:
      hotcold scale maps.npy -o scale.json --visualizer heatmap --clip-quantile 0.999
      hotcold render maps.npy photos/ -o overlays --clip-quantile 0.999 --scale scale.json
      hotcold scale maps.npy -o scale.json && hotcold render maps.npy -o plain --scale scale.json

    \b
    Exit status: 0 written, 1 not, one sentence says why, 2 wrong command, 130 stopped by Ctrl-C
    """  # noqa: D301 - click reads \b
    with one_sentence(), clean_stop("nothing is written"), plain_warnings():
        made = make_maker(visualizer, images is not None, **options)
        reads = [
            Read(name, [split_key(given)[0]])
            for name, given in (("ATTRIBUTIONS", attributions), ("IMAGES", images))
            if given is not None
        ]
        check_file(output_file, reads, overwrite=overwrite)
        found = hotcold.measure(
            made,
            maps_of(attributions, no_channel_axis),
            images,
            recursive=recursive,
            n_threads=threads,
            progress=not quiet,
        )
        found.save(output_file)
    if not quiet:
        say(f"{found.low:g} to {found.high:g} of {found.n_items:,} items: {output_file}")
