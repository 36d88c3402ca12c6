"""Arguments that are more than a number or a word: 8x8, 3/16, 2.5 or 2,4."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from hotcold import Scale
from hotcold.options import SCALES


class Grid(click.ParamType):  # type: ignore[type-arg]
    """``ROWSxCOLS``, as a pair."""

    name = "ROWSxCOLS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return (rows, cols)."""
        match = re.fullmatch(r"(\d+)[xX](\d+)", str(value))
        if match is None or "0" in (match[1], match[2]):
            self.fail(f"must be ROWSxCOLS such as 8x8, got {value!r}", param, ctx)
        return int(match[1]), int(match[2])


class Folder(click.ParamType):  # type: ignore[type-arg]
    """A folder of this machine, or an address that fsspec knows, which a path would mangle."""

    name = "FOLDER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | str:
        """Return a path, or the address as it is."""
        return value if isinstance(value, Path) or "://" in value else Path(value)


class Part(click.ParamType):  # type: ignore[type-arg]
    """``K/N``, as a pair with 1 <= K <= N."""

    name = "K/N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return (k, n)."""
        match = re.fullmatch(r"(\d+)/(\d+)", str(value))
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"must be K/N with 1 <= K <= N such as 3/16, got {value!r}", param, ctx)
        return int(match[1]), int(match[2])


class Norm(click.ParamType):  # type: ignore[type-arg]
    """A name, or means and standard deviations as ``M/S`` or ``M,M,M/S,S,S``."""

    name = "NAME|M,M,M/S,S,S"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the name, or a pair of tuples of numbers."""
        if not re.search(r"[\d/]", str(value)):
            return str(value)  # whether it is known is asked where names are
        try:
            mean, std = (tuple(map(float, part.split(","))) for part in str(value).split("/"))
        except ValueError:
            self.fail(
                "must be a name, or means and standard deviations such as "
                f"0.485,0.456,0.406/0.229,0.224,0.225, got {value!r}",
                param,
                ctx,
            )
        return mean, std


class NumbersOrWord(click.ParamType):  # type: ignore[type-arg]
    """A number, several with commas between, or a word; the option checks which of them it takes.

    Parameters
    ----------
    name : str
        How the help writes it.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | tuple[float, ...] | str:
        """Return a number, a tuple of them, or the word as it is."""
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            return str(value)
        return numbers[0] if len(numbers) == 1 else numbers


class Thresholds(click.ParamType):  # type: ignore[type-arg]
    """A threshold, or several with commas between: numbers and words, which the option checks."""

    name = "FRACTION|otsu,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str | tuple[float | str, ...]:
        """Return one, or a tuple of them."""
        found = tuple(_number_or_word(part) for part in str(value).split(","))
        return found[0] if len(found) == 1 else found


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


class Limit(click.ParamType):  # type: ignore[type-arg]
    """``METRIC=NUMBER``, as a pair."""

    name = "METRIC=NUMBER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Return the metric, which the command checks, and its limit."""
        if isinstance(value, tuple):
            return value
        metric, _, limit = str(value).partition("=")
        try:
            return metric.strip(), float(limit)
        except ValueError:
            self.fail(f"must be METRIC=NUMBER such as iou=0.8, got {value!r}", param, ctx)


class ScaleOrWord(click.ParamType):  # type: ignore[type-arg]
    """``item``, ``shared``, or the path of a file that `hotcold scale` wrote."""

    name = "item|shared|FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | Scale:
        """Return the word, or the scale that the file holds."""
        if str(value) in SCALES:
            return str(value)
        try:
            return Scale.load(str(value))
        except OSError as error:
            words = " or ".join(SCALES)
            self.fail(
                f"must be {words}, or a file that `hotcold scale` wrote; {value!r}: "
                f"{error.strerror or error}",
                param,
                ctx,
            )
        except ValueError as error:
            self.fail(str(error), param, ctx)


class OneOrTwo(click.ParamType):  # type: ignore[type-arg]
    """A number, or two with a comma between them.

    Parameters
    ----------
    name : str
        What stands for it in the help.
    rule : str
        What it must be, for messages.
    """

    def __init__(self, name: str, rule: str) -> None:
        self.name = name
        self.rule = rule

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | tuple[float, float]:
        """Return a number or a pair."""
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 2):
            self.fail(f"must be {self.rule}, got {value!r}", param, ctx)
        return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])
