"""`hotcold animate`: maps one after the other in a file that plays."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import Any

import click

import hotcold
from hotcold.animation import ColorsWarning, known_suffix
from hotcold.cli.drawing_options import (
    DrawingCommand,
    channel_axis_option,
    drawing_options,
    make_visualizer,
    maps_of,
)
from hotcold.cli.errors import clean_stop, one_sentence, plain_warnings, say


@click.command(cls=DrawingCommand)
@click.argument("attributions")
@click.argument("images", required=False)
@click.option(
    "-o",
    "--output-file",
    required=True,
    type=click.Path(path_type=Path),
    help="gif, png or apng (an animated PNG), webp, or mp4 (pip install hotcold[video]).",
)
@drawing_options
@channel_axis_option
@click.option("--fps", type=float, default=10, show_default=True, help="Frames a second.")
@click.option(
    "--loop",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How often it plays; 0: for ever.",
)
@click.option(
    "--captions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with a line below each frame.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--threads", type=click.IntRange(min=1), help="[default: CPUs of this process]")
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
def animate(
    attributions: str,
    images: str | None,
    output_file: Path,
    fps: float,
    loop: int,
    captions: Path | None,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
    no_channel_axis: bool,
    **drawing: Any,
) -> None:
    """Play the items of ATTRIBUTIONS, over IMAGES if given, one after the other.

    Both are as for `hotcold render`; one image serves for all. Unless another --scale or limits are
    given, all frames have one scale, so that what grows brighter has grown.

    \b
    Examples:
      hotcold animate epochs.npy photo.jpg -o epochs.png --fps 8
      hotcold animate layers.npy -o layers.gif --fps 2 --captions names.txt

    \b
    Exit status: 0 written, 1 not, one sentence says why, 2 wrong command, 130 stopped by Ctrl-C
    """  # noqa: D301 - click reads \b
    drawing.pop("padding")
    with one_sentence():
        known_suffix(output_file)
        made = make_visualizer(drawing.pop("visualizer"), images is not None, None, **drawing)
        made = _on_one_scale(made)
    with one_sentence(), clean_stop("nothing is written"), plain_warnings():
        from hotcold.offline.output.names import read_lines
        from hotcold.offline.series import frames_of

        lines = None if captions is None else read_lines("--captions", captions)
        frames = frames_of(
            made, maps_of(attributions, no_channel_axis), images, output_file, overwrite, threads
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ColorsWarning)
            hotcold.animate(frames, output_file, fps=fps, loop=loop, captions=lines)
    for warning in caught:
        say(f"hotcold: {warning.message}", fg="yellow", err=True)
    if not quiet:
        say(f"{len(frames)} frames: {output_file}")


def _on_one_scale(made: Any) -> Any:
    """Return a visualizer that shares its scale, where it has none yet and can."""
    if made.settings.scale is not None or getattr(made.settings, "limits", None) is not None:
        return made
    with contextlib.suppress(ValueError):  # a mask, which goes by each item's values
        return made.__replace__(scale="shared")
    return made
