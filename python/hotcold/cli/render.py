"""`hotcold render`: offline rendering from the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

import hotcold
from hotcold import _atomic, files
from hotcold.cli.drawing_options import (
    DrawingCommand,
    channel_axis_option,
    drawing_options,
    make_visualizer,
    maps_of,
)
from hotcold.cli.errors import FAILED_ITEMS, clean_stop, one_sentence, plain_warnings, say
from hotcold.cli.gallery import gallery_table_options
from hotcold.cli.types import Folder, Grid, Part

_LISTED = 10


@click.command(
    cls=DrawingCommand,
    epilog="See docs/offline.md for sources, recipes and what runs at scale take.",
)
@click.argument("attributions")
@click.argument("images", required=False)
@click.option(
    "-o",
    "--output-dir",
    required=True,
    type=Folder(),
    help="Folder for the pictures; made if it is not there.",
)
@drawing_options
@channel_axis_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice([suffix.removeprefix(".") for suffix in files.RASTER_SUFFIXES]),
    default="png",
    show_default=True,
    help="Of the picture files.",
)
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with a name per item and line; by default files are named by index, or like "
    "the inputs where these have a file an item.",
)
@click.option(
    "--names-from-images", is_flag=True, help="Name files like those of the folder IMAGES."
)
@click.option("--sheet", type=Grid(), help="Contact sheets of so many items, such as 8x8.")
@click.option("--shard", type=Part(), help="Only part K of N; the parts make up the whole job.")
@click.option(
    "--container",
    type=click.Choice(["zip", "tar", "npy", "zarr"]),
    help="One archive of pictures, or one array of pixels, instead of a file per item.",
)
@click.option(
    "--recursive",
    is_flag=True,
    help="Folders with all folders below them; the pictures keep their places in these.",
)
@click.option("--resize", is_flag=True, help="Bring the pictures of a folder to the maps' size.")
@click.option(
    "--order",
    metavar="name|natural|FILE",
    default="name",
    show_default=True,
    help="Of the pictures of a folder: by name, with numbers counted (img_2 before img_10), or as "
    "a text file lists them.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with an interrupted job of the same settings and inputs."
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Also replace files of these names in the folder that no job of ours made.",
)
@click.option(
    "--verify/--no-verify",
    default=None,
    help="Read every file back, or look at no more than the ends of those that --resume finds.  "
    "[default: checksums of those that --resume finds]",
)
@click.option("--fsync", is_flag=True, help="Force every file to the disk; slow.")
@click.option(
    "--on-error",
    type=click.Choice(["raise", "record"]),
    default="raise",
    show_default=True,
    help="What becomes of bad items: end the job, or list them in the report (exit status 3).",
)
@click.option(
    "--compression",
    type=click.Choice(files.COMPRESSIONS),
    default="default",
    show_default=True,
    help="Of PNG, TIFF and lossless WebP: less time, or fewer bytes. The pixels are the same.",
)
@click.option(
    "--quality",
    type=click.IntRange(1, 100),
    help="Of JPEG (95 by default) and WebP files (lossless by default).",
)
@click.option(
    "--provenance/--no-provenance",
    default=True,
    show_default=True,
    help="Let PNG files say of which item they are, and what their colours stand for.",
)
@click.option(
    "--values",
    type=click.Choice(["npy"]),
    help="Also keep the maps as they are drawn, in values.npy: float32 (N, H, W).",
)
@click.option("--gallery", is_flag=True, help="Write an index.html to look at the pictures.")
@gallery_table_options
@click.option("--report", type=click.Path(), help="Write the report there as JSON; - to print it.")
@click.option("--threads", type=click.IntRange(min=1), help="[default: CPUs of this process]")
@click.option(
    "--batch-size", type=click.IntRange(min=1), help="Items that a thread holds at a time."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def render(
    attributions: str,
    images: str | None,
    output_dir: Path | str,
    format_name: str,
    names: Path | None,
    names_from_images: bool,
    sheet: tuple[int, int] | None,
    shard: tuple[int, int] | None,
    container: str | None,
    resize: bool,
    recursive: bool,
    order: str,
    resume: bool,
    overwrite: bool,
    verify: bool | None,
    fsync: bool,
    on_error: str,
    compression: str,
    quality: int | None,
    provenance: bool,
    values: str | None,
    gallery: bool,
    table: Path | None,
    sort: str | None,
    caption: str | None,
    report: str | None,
    threads: int | None,
    batch_size: int | None,
    quiet: bool,
    no_channel_axis: bool,
    **drawing: Any,
) -> None:
    """Render every item of ATTRIBUTIONS, over IMAGES if given, into a picture file.

    Both are .npy, .npz, .zarr, .h5, .safetensors or .pt files, with :NAME behind the file where it
    holds several arrays, a folder of such files, or a quoted pattern such as `maps/*.npy`. IMAGES
    may be a folder of pictures too, or a picture. One image serves for all maps. Both may be tar
    archives, such as `shards-{000..017}.tar`, of .npy files and pictures. The job is streamed:
    memory does not grow with the number of items. Ctrl-C keeps what is finished.

    \b
    Examples:
      hotcold render maps.npy -o pictures
      hotcold render maps.npy photos/ -o overlays --blur 5 --resize --resume
      hotcold render maps.npy photos/ -o out --gallery --table t.csv --caption "{label} {score:.2f}"
      hotcold render run.h5:maps run.h5:images -o masks --visualizer mask --threshold 0.9
      hotcold render maps.npy -o sheets --sheet 8x8 --padding 2
      hotcold render maps/ photos/ -o overlays --recursive
      hotcold render shard-000.tar shard-000.tar -o overlays --container tar
      hotcold render maps.npy -o part --shard 3/16 --container tar

    \b
    Exit status:
      0    every picture is there
      1    the job could not be done; one sentence on standard error says why
      2    the command was wrong
      3    done, but items were set aside (--on-error record); see the report
      130  stopped by Ctrl-C (143: by SIGTERM); --resume goes on
    """  # noqa: D301 - click reads \b
    visualizer = _made(drawing, images is not None)
    with one_sentence():
        ordered = _order(order)
        unit_names = _names(names, images, names_from_images and not recursive, ordered)
    advice = "finished files are kept; the same command with --resume goes on"
    if container is not None:
        advice = "nothing is kept of a container that is not complete: run the same command again"
    with one_sentence(), clean_stop(advice), plain_warnings():
        _check_report(report, (attributions, images, names))
        done = hotcold.render_files(
            visualizer,
            maps_of(attributions, no_channel_axis),
            images,
            output_dir=output_dir,
            names=unit_names,
            format=format_name,
            batch_size=batch_size,
            n_threads=threads,
            progress=not quiet,
            on_error=on_error,
            resume=resume,
            sheets=sheet,
            shard=shard,
            container=container,
            resize=resize,
            recursive=recursive,
            order=ordered,
            gallery=gallery,
            table=table,
            sort=sort,
            caption=caption,
            compression=compression,
            quality=quality,
            overwrite=overwrite,
            verify=verify,
            fsync=fsync,
            provenance=provenance,
            values=values,
        )
        _tell(done, report, quiet)
    if not done.ok:
        raise SystemExit(FAILED_ITEMS)


def _made(drawing: dict[str, Any], has_images: bool) -> Any:
    with one_sentence():
        return make_visualizer(drawing.pop("visualizer"), has_images, **drawing)


def _names(
    listed: Path | None, folder: str | None, from_images: bool, order: str | list[str]
) -> Path | list[str] | None:
    if listed is not None:
        return listed
    if not from_images:
        return None
    from hotcold.offline.input import split_key, tar
    from hotcold.offline.input.pictures import open_pictures

    if folder is not None and split_key(folder)[0].suffix.lower() == tar.SUFFIX:
        return None  # whose items have names that count anyway
    if folder is None or not Path(folder).is_dir():
        msg = "--names-from-images needs a folder of pictures as IMAGES"
        raise click.UsageError(msg)
    return list(open_pictures("IMAGES", Path(folder), "channels_first", order).item_names or ())


def _order(order: str) -> str | list[str]:
    from hotcold.offline.input.pictures import ORDERS
    from hotcold.offline.output.names import read_lines

    return order if order in ORDERS else read_lines("--order", Path(order))


def _check_report(report: str | None, inputs: tuple[Path | str | None, ...]) -> None:
    """Refuse a report that could not be written when the job is done, or would replace an input."""
    if report in (None, "-"):
        return
    path = Path(str(report))
    problem = None
    if path.is_dir():
        problem = "is a folder"
    elif not path.parent.is_dir():
        problem = f"cannot be written: there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "cannot be written: no permission"
    elif path.exists() and any(_same(path, given) for given in inputs):
        problem = "is what the job reads"
    if problem is not None:
        msg = f"--report must be a file that can be written, got {path}, which {problem}"
        raise ValueError(msg)


def _same(path: Path, given: Path | str | None) -> bool:
    from hotcold.offline.input import split_key

    if given is None:
        return False
    place = split_key(str(given))[0]
    return place.exists() and place.samefile(path)


def _tell(done: hotcold.RenderReport, report: str | None, quiet: bool) -> None:
    if report == "-":
        say(done.to_json())
    elif report is not None:
        _atomic.write_atomically(report, (done.to_json() + "\n").encode())
    for failure in done.failures[:_LISTED]:
        say(f"{failure.name}: {failure.error}", fg="red", err=True)
    if len(done.failures) > _LISTED:
        say(f"and {len(done.failures) - _LISTED:,} more in the report", fg="red", err=True)
    if quiet or report == "-":
        return
    # What was there already says nothing about the speed.
    rate = f", {done.rate:,.0f} a second" if done.n_files else ""
    there = f", {done.n_skipped:,} were there already" if done.n_skipped else ""
    failed = f", {len(done.failures):,} items set aside" if done.failures else ""
    say(
        f"{done.n_files:,} written ({done.n_bytes / 1e6:,.1f} MB) in {done.seconds:.1f} s"
        f"{rate}{there}{failed}: {done.output}"
    )
