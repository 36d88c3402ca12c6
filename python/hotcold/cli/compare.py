"""`hotcold compare`: what changed between two versions of very many maps, and a gate for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hotcold import offline
from hotcold.cli.drawing_options import (
    DrawingCommand,
    channel_axis_option,
    make_maker,
    maker_options,
    maps_of,
)
from hotcold.cli.errors import GATE, clean_stop, one_sentence, plain_warnings, say
from hotcold.cli.gallery import gallery_table_options
from hotcold.cli.types import Folder, Limit
from hotcold.comparison import METRICS, Comparison, check_metrics
from hotcold.comparison.metrics import DEFAULT, check_limit, check_metric
from hotcold.offline.input.pictures import ORDERS
from hotcold.offline.output.names import read_lines

# Which way the metrics point says which limit they can have.
_LOW = tuple(name for name, metric in METRICS.items() if metric.higher_is_alike)
_HIGH = tuple(name for name in METRICS if name not in _LOW)

# What the pictures depend on, besides what makes the map.
_DRAWN = (
    *("combine_channels", "upsample", "positive_only", "overlay_opacity", "opacity", "cmap"),
    *("image_range", "image_norm", "channel_order"),
)


@click.command(cls=DrawingCommand)
@click.argument("a")
@click.argument("b")
@click.argument("images", required=False)
@click.option(
    "-o",
    "--output-dir",
    required=True,
    type=Folder(),
    help="Folder for comparison.csv and the pictures; made if it is not there.",
)
@channel_axis_option
@click.option(
    "--metrics",
    default=",".join(DEFAULT),
    show_default=True,
    help=f"With commas between: {', '.join(METRICS)}.",
)
@click.option("--top", type=float, help="The fraction of the pixels for iou.  [default: 0.1]")
@click.option("--by", help="The metric that says which items agree least.  [default: the first]")
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many of them are drawn: image, a, b and b - a, on one scale.",
)
@click.option(
    "--fail-below",
    multiple=True,
    type=Limit(),
    help=f"The gate: no item may have less. May be given again. Of {', '.join(_LOW)}.",
)
@click.option(
    "--fail-above",
    multiple=True,
    type=Limit(),
    help=f"The same for {' and '.join(_HIGH)}, which are distances.",
)
@click.option(
    "--allow",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="So many items may be beyond each limit.",
)
@maker_options(*_DRAWN, default="plain")
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with a name per item and line; by default items are named by index.",
)
@click.option(
    "--provenance/--no-provenance",
    default=True,
    show_default=True,
    help="Let PNG files say of which item they are, and what their colours stand for.",
)
@click.option("--gallery", is_flag=True, help="Write an index.html to look at the pictures.")
@gallery_table_options
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
    help="Of the pictures of a folder, as for `hotcold render`.",
)
@click.option(
    "--overwrite", is_flag=True, help="Also replace files of these names that are not ours."
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: CPUs of this process]")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def compare(
    a: str,
    b: str,
    images: str | None,
    output_dir: Path | str,
    no_channel_axis: bool,
    metrics: str,
    top: float | None,
    by: str | None,
    worst: int,
    fail_below: tuple[tuple[str, float], ...],
    fail_above: tuple[tuple[str, float], ...],
    allow: int,
    visualizer: str | None,
    names: Path | None,
    provenance: bool,
    gallery: bool,
    table: Path | None,
    sort: str | None,
    caption: str | None,
    resize: bool,
    recursive: bool,
    order: str,
    overwrite: bool,
    threads: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Compare two versions of the same maps, A and B, and fail where they agree too little.

    A and B are files as for `hotcold render`, IMAGES too or a folder of pictures. The table has a
    row an item; the items that agree least are drawn, worst first. Memory does not grow with the
    number of items. With --visualizer heatmap maps are compared as it makes them, and drawn over
    the images.

    \b
    Examples:
      hotcold compare old.npy new.npy -o changed
      hotcold compare old.npy new.npy photos/ -o changed --by iou --worst 200 --gallery
      hotcold compare old.npy new.npy -o changed --fail-below iou=0.8 --fail-above centroid=10

    \b
    Exit status:
      0    compared, and no limit is passed
      1    it could not be done; one sentence on standard error says why
      2    the command was wrong
      4    compared, and more items than allowed are beyond a limit: what, how many, which is worst
      130  stopped by Ctrl-C (143: by SIGTERM)
    """  # noqa: D301 - click reads \b
    made = make_maker(visualizer or "plain", False, **options)
    with one_sentence(), clean_stop("run the same command again"), plain_warnings():
        for flag, limits, known in (
            ("--fail-below", fail_below, _LOW),
            ("--fail-above", fail_above, _HIGH),
        ):
            for metric, limit in limits:
                check_limit(flag, check_metric(flag, metric, known), limit)
        asked = check_metrics("--metrics", [name.strip() for name in metrics.split(",")])
        gated = [metric for metric, _ in (*fail_below, *fail_above)]
        if by is not None:
            gated.append(check_metric("--by", by))
        if "combine_channels" not in options or options["combine_channels"] is None:
            made = _combining(made)
        found = offline.compare_files(
            maps_of(a, no_channel_axis),
            maps_of(b, no_channel_axis),
            images,
            output_dir=output_dir,
            visualizer=made,
            metrics=(*asked, *gated),
            **({} if top is None else {"top": top}),
            by=by,
            worst=worst,
            names=None if names is None else read_lines("--names", names),
            provenance=provenance,
            gallery=gallery,
            table=table,
            sort=sort,
            caption=caption,
            resize=resize,
            recursive=recursive,
            order=order if order in ORDERS else read_lines("--order", Path(order)),
            overwrite=overwrite,
            n_threads=threads,
            progress=not quiet,
        )
    if not quiet:
        say(f"{len(found):,} items: {output_dir}\n{found.told()}")
    if _passes_a_limit(found, (*fail_below, *fail_above), allow):
        raise SystemExit(GATE)


def _combining(made: Any) -> Any:
    """Return a visualizer that combines channels, as comparing needs, where it has the choice."""
    known = made.declared().options
    return made.__replace__(combine_channels=True) if "combine_channels" in known else made


def _passes_a_limit(found: Comparison, limits: tuple[tuple[str, float], ...], allow: int) -> bool:
    """Say which limits are passed by more items than are allowed."""
    failed = False
    for metric, limit in limits:
        beyond = found.beyond(metric, limit)
        if len(beyond) <= allow:
            continue
        failed = True
        item = int(found.worst(1, metric)[0])
        side = "below" if METRICS[metric].higher_is_alike else "above"
        allowed = f", {allow} allowed" if allow else ""
        say(
            f"{metric} {side} {limit:g}: {len(beyond):,} of {len(found):,} items{allowed}; the "
            f"worst is item {item}, {found[metric][item]:.4g}",
            fg="red",
            err=True,
        )
    return failed
