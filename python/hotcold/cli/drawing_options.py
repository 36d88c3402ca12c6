"""The visualizers' options on the command line, and the visualizer that they make."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import click

import hotcold
from hotcold.cli.types import Sigma

F = TypeVar("F", bound=Callable[..., Any])

VISUALIZERS = {
    "plain": hotcold.Visualizer,
    "heatmap": hotcold.HeatmapVisualizer,
    "mask": hotcold.MaskVisualizer,
}

# Every one is None unless given, so that the defaults stay where they are: in the visualizers.
_OPTIONS = [
    click.option(
        "--visualizer",
        type=click.Choice(list(VISUALIZERS)),
        help="How items are drawn: colours alone, a heat map over the image, or the image where "
        "the attributions are high.  [default: heatmap with images, plain without]",
    ),
    click.option("--blur", type=Sigma(), help="Gaussian blur (sigma), one number or Y,X."),
    click.option(
        "--normalization-type",
        type=click.Choice(hotcold.NORMALIZATION_TYPES),
        help="plain, heatmap: how values are scaled.",
    ),
    click.option("--cmap", help="plain, heatmap: a matplotlib colormap."),
    click.option(
        "--combine-channels/--no-combine-channels",
        default=None,
        help="plain, mask: take the mean over the channels first.",
    ),
    click.option(
        "--overlay-opacity", type=float, help="heatmap: how much of the heat map is seen, 0 to 1."
    ),
    click.option(
        "--upsample",
        type=click.Choice(["bilinear"]),
        help="heatmap: bring smaller maps to the image's size.",
    ),
    click.option(
        "--threshold", type=float, help="mask: quantile that separates masked from unmasked."
    ),
    click.option("--masked-opacity", type=float, help="mask: what is left of masked pixels."),
    click.option(
        "--use-attr-as-opacity/--no-use-attr-as-opacity",
        default=None,
        help="mask: the map itself is the opacity.",
    ),
    click.option(
        "--positive-only/--no-positive-only",
        default=None,
        help="mask: negative attributions count as 0.",
    ),
    click.option(
        "--image-range",
        type=float,
        nargs=2,
        metavar="LOW HIGH",
        help="heatmap, mask: image values drawn as black and white.",
    ),
    click.option(
        "--dim-order",
        type=click.Choice(["channels_first", "channels_last"]),
        help="Where the channel axis is.  [default: channels_first]",
    ),
    click.option(
        "--nonfinite",
        type=click.Choice(["raise", "zero"]),
        help="NaN and infinity are an error, or taken as 0.  [default: raise]",
    ),
    click.option(
        "--padding", type=click.IntRange(min=0), help="Pixels between the cells of sheets."
    ),
]


def drawing_options(command: F) -> F:
    """Give a command the options that `make_visualizer` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make_visualizer(
    visualizer: str | None, has_images: bool, padding: int | None, **options: Any
) -> Any:
    """Return the visualizer that the options describe.

    Raises
    ------
    click.UsageError
        An option that the chosen visualizer does not have.
    """
    chosen = visualizer or ("heatmap" if has_images else "plain")
    make = VISUALIZERS[chosen]
    given = {name: value for name, value in options.items() if value is not None}
    known = inspect.signature(make).parameters
    for name in given:
        if name not in known:
            flag = "--" + name.replace("_", "-")
            owners = [
                other
                for other, kind in VISUALIZERS.items()
                if name in inspect.signature(kind).parameters
            ]
            msg = f"{flag} is an option of --visualizer {' or '.join(owners)}, not of {chosen}"
            raise click.UsageError(msg)
    if chosen == "plain" and has_images:
        msg = "--visualizer plain draws no images: leave IMAGES out"
        raise click.UsageError(msg)
    if chosen != "plain" and not has_images:
        msg = f"--visualizer {chosen} draws over images: give IMAGES after ATTRIBUTIONS"
        raise click.UsageError(msg)
    tiler = hotcold.Tiler(padding=padding) if padding is not None else None
    return make(tiler=tiler, **given)
