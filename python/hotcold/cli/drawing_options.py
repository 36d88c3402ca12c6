"""The visualizers' options on the command line, made from their declarations, and the visualizer.

Every one is None unless given, so that the defaults stay where they are: in `hotcold.options`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

import hotcold
from hotcold.cli.types import Norm, NumbersOrWord, OneOrTwo, ScaleOrWord, Thresholds
from hotcold.declared import Option
from hotcold.regions import MAP_OPTIONS
from hotcold.visualizers.base import KINDS, BaseVisualizer

F = TypeVar("F", bound=Callable[..., Any])

# Those that draw over no images first.
VISUALIZERS: dict[str, type[BaseVisualizer[Any]]] = {
    kind.command: kind
    for kind in sorted(KINDS.values(), key=lambda kind: kind.takes_images)
    if kind.command is not None
}

# How each kind of value is written; `Option.command` names the kind, or is several words.
_WRITTEN: dict[str, Callable[[], dict[str, Any]]] = {
    "color": lambda: {"type": NumbersOrWord("NAME|R,G,B")},
    "flag": lambda: {"default": None},
    "norm": lambda: {"type": Norm()},
    "number": lambda: {"type": float},
    "pair": lambda: {"type": float, "nargs": 2, "metavar": "LOW,HIGH"},
    "pixels": lambda: {"type": OneOrTwo("PIXELS", "a number of pixels, or two as Y,X")},
    "fractions": lambda: {
        "type": OneOrTwo("FRACTION", "a number in [0, 1], or two as LOW,HIGH"),
    },
    "scale": lambda: {"type": ScaleOrWord()},
    "thresholds": lambda: {"type": Thresholds()},
    "whole": lambda: {"type": int},
    "threshold": lambda: {"type": NumbersOrWord("FRACTION|otsu")},
    "text": lambda: {},
}


class DrawingCommand(click.Command):
    """A command whose pairs may be written as ``LOW,HIGH``, or as two words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write ``--pair LOW,HIGH`` as ``--pair LOW HIGH``."""
        pairs = {flag for known in self.params if known.nargs == 2 for flag in known.opts}
        words: list[str] = []
        for arg in args:
            flag, is_joined, value = arg.partition("=")
            if flag in pairs and is_joined and value.count(",") == 1:
                words += [flag, *value.split(",")]
            elif words and words[-1] in pairs and arg.count(",") == 1:
                words += arg.split(",")
            else:
                words.append(arg)
        return super().parse_args(ctx, words)


def channel_axis_option(command: F) -> F:
    """Give a command the flag for maps without a channel axis."""
    return click.option(
        "--no-channel-axis",
        is_flag=True,
        help="The maps are (N, H, W), without a channel axis; known beside as many images.",
    )(command)


def maps_of(attributions: str, no_channel_axis: bool) -> Any:
    """Return what attributions are read from."""
    if not no_channel_axis:
        return attributions
    from hotcold.offline import PlainMaps

    return PlainMaps(attributions)


def map_options(command: F) -> F:
    """Give a command the options of the map alone, as `hotcold.boxes` takes them."""
    declared = _declared()
    for name in reversed(MAP_OPTIONS):
        if name in declared:
            command = _option(name, declared[name])(command)
    return command


def drawing_options(command: F) -> F:
    """Give a command the options that `make_visualizer` takes."""
    for option in reversed(list(_options())):
        command = option(command)
    return command


_BY_IMAGES = "heatmap with images, plain without"


def _visualizer_option(default: str) -> Callable[[F], F]:
    drawn = [kind.command_help for kind in VISUALIZERS.values()]
    return click.option(
        "--visualizer",
        type=click.Choice(list(VISUALIZERS)),
        help=f"How items are drawn: {', '.join(drawn[:-1])}, or {drawn[-1]}.  [default: {default}]",
    )


def drawing_options_without(*names: str) -> Callable[[F], F]:
    """Give a command the options of `make_visualizer`, but for those that it has itself."""

    def with_options(command: F) -> F:
        for name, declared in reversed(list(_declared().items())):
            if name not in names:
                command = _option(name, declared)(command)
        return _visualizer_option(_BY_IMAGES)(command)

    return with_options


def _options() -> Iterator[Callable[[F], F]]:
    yield _visualizer_option(_BY_IMAGES)
    for name, declared in _declared().items():
        yield _option(name, declared)
    yield click.option(
        "--padding", type=click.IntRange(min=0), help="Pixels between the cells of sheets."
    )


def _declared() -> dict[str, Option]:
    """Return the options of all visualizers: those of the map and the paint, then how it is done.

    Each stands where the first visualizer that has it has it.
    """
    found: dict[str, Option] = {}
    for kind in VISUALIZERS.values():
        for name, declared in kind.declared().options.items():
            if declared.command is not None:
                found.setdefault(name, declared)
    return dict(sorted(found.items(), key=lambda item: not item[1].per_call))


def _option(name: str, declared: Option) -> Callable[[F], F]:
    flag = "--" + name.replace("_", "-")
    owners = _owners(name)
    told = declared.help
    if len(owners) < len(VISUALIZERS):
        told = f"{', '.join(owners)}: {told}"
    defaults = {VISUALIZERS[owner].declared().defaults[name] for owner in owners}
    if isinstance(declared.command, tuple):
        if defaults != {None}:
            told = f"{told}  [default: {' or '.join(defaults)}]"
        return click.option(flag, type=click.Choice(declared.command), help=told)
    if declared.command == "flag":
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    return click.option(flag, help=told, **_WRITTEN[str(declared.command)]())


def _owners(name: str) -> list[str]:
    return [kind for kind, made in VISUALIZERS.items() if name in made.declared().options]


def maker_options(*names: str, default: str) -> Callable[[F], F]:
    """Give a command the visualizers, and of their options those of the map and those named.

    `default` says which visualizer is taken where none is named.
    """

    def with_options(command: F) -> F:
        for name, declared in reversed(list(_declared().items())):
            if name in MAP_OPTIONS or name in names:
                command = _option(name, declared)(command)
        return _visualizer_option(default)(command)

    return with_options


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
    given = _known(chosen, options)
    if make.takes_images != has_images:
        msg = (
            f"--visualizer {chosen} draws over images: give IMAGES after ATTRIBUTIONS"
            if make.takes_images
            else f"--visualizer {chosen} draws no images: leave IMAGES out"
        )
        raise click.UsageError(msg)
    tiler = hotcold.Tiler(padding=padding) if padding is not None else None
    return make(tiler=tiler, **given)


def make_maker(visualizer: str | None, has_images: bool, **options: Any) -> BaseVisualizer[Any]:
    """Return the visualizer that the options describe, to make maps of attributions alone.

    Raises
    ------
    click.UsageError
        As in `make_visualizer`.
    """
    chosen = visualizer or ("heatmap" if has_images else "plain")
    make = VISUALIZERS[chosen]
    given = _known(chosen, options)
    if has_images and not make.takes_images:
        msg = f"--visualizer {chosen} draws no images: leave IMAGES out"
        raise click.UsageError(msg)
    return make(**given)


def _known(chosen: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, all of which the visualizer must have."""
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if chosen not in _owners(name):
            flag = "--" + name.replace("_", "-")
            msg = (
                f"{flag} is an option of --visualizer {' or '.join(_owners(name))}, not of {chosen}"
            )
            raise click.UsageError(msg)
    return given
