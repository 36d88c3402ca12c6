"""Which file holds which item or sheet, and which of them a shard makes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

from hotcold import _validate
from hotcold._atomic import LONGEST_NAME
from hotcold.offline.input.base import ItemNames

_DIGITS = 8  # of an index in a file name: sorts by name up to a hundred million items
_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')  # refused by some file system or terminal


class Shard(NamedTuple):
    """Part `number` of `total`, counted from 1."""

    number: int = 1
    total: int = 1

    @property
    def is_all(self) -> bool:
        """Whether there is no other part."""
        return self.total == 1

    @property
    def label(self) -> str:
        """What is added to the names of files that each shard writes for itself."""
        return "" if self.is_all else f"-{self.number:04d}-of-{self.total:04d}"


class Names:
    """File names of the units (items, or sheets of them) of a job, by index.

    Attributes
    ----------
    folders : tuple of str
        Where the files are in the output folder: itself, "", and all below it, upper ones first.

    Parameters
    ----------
    suffix : str
        With its dot.
    given : sequence of str, optional
        A name per unit; by default the index. `ItemNames` may have folders.
    prefix : str, default ""
        Before the index.
    n_units : int, optional
        How many there will be, where known.
    shard : Shard
        Whose units are `mine`: a contiguous part where `n_units` is known, else every `total`-th.
    check : bool, default True
        Clean and check the given names; those of a job file were.
    """

    def __init__(
        self,
        suffix: str,
        given: Sequence[str] | None = None,
        prefix: str = "",
        n_units: int | None = None,
        shard: Shard = Shard(),  # noqa: B008 - immutable
        *,
        check: bool = True,
    ) -> None:
        self.suffix = suffix
        self.n_units = n_units
        if given is not None and check:
            given = _checked(given, suffix)
        self._given = None if given is None else list(given)
        self.folders = _folders(self._given or ())
        self._units = {name: unit for unit, name in enumerate(self._given or ())}
        self._prefix = prefix
        self._digits = max(_DIGITS, len(str(n_units - 1))) if n_units else _DIGITS
        self._shard = shard
        if n_units is not None and given is not None and len(given) != n_units:
            msg = f"`names` must hold {n_units} names, one per item, got {len(given)}"
            raise ValueError(msg)
        for folder in self.folders if check else ():
            if folder and self.unit_of(folder) is not None:
                msg = (
                    f"`names` must be given where a picture would be called like a folder of "
                    f"others, got {folder}"
                )
                raise ValueError(msg)

    @property
    def given(self) -> Sequence[str] | None:
        """The given names as they are written, without suffix; None: the index."""
        return self._given

    def pattern(self) -> dict[str, Any]:
        """Return what `Names` is made from beside the given names, as plain values."""
        return {"prefix": self._prefix, "suffix": self.suffix, "n_units": self.n_units}

    def stem(self, unit: int) -> str:
        """Return the name of a unit without its suffix."""
        if self._given is None:
            return f"{self._prefix}{unit:0{self._digits}d}"
        if unit >= len(self._given):
            msg = f"`names` must hold a name per item, got {len(self._given)} and an item more"
            raise ValueError(msg)
        return self._given[unit]

    def file_name(self, unit: int) -> str:
        """Return the file of a unit."""
        return self.stem(unit) + self.suffix

    def unit_of(self, file_name: str) -> int | None:
        """Return whose file this would be; None for files that the job never makes."""
        if not file_name.endswith(self.suffix):
            return None
        stem = file_name.removesuffix(self.suffix)
        if self._given is not None:
            return self._units.get(stem)
        digits = stem.removeprefix(self._prefix)
        if not digits.isascii() or not digits.isdigit() or self.stem(int(digits)) != stem:
            return None
        unit = int(digits)
        return None if self.n_units is not None and unit >= self.n_units else unit

    def span(self) -> tuple[int, int | None]:
        """Return [first, last) of the units that can be this shard's."""
        if self.n_units is None:
            return 0, None
        number, total = self._shard
        return (number - 1) * self.n_units // total, number * self.n_units // total

    def mine(self, unit: int) -> bool:
        """Whether this shard makes the unit."""
        if self.n_units is None:
            return unit % self._shard.total == self._shard.number - 1
        first, last = self.span()
        return first <= unit and (last is None or unit < last)

    def digest(self) -> str | None:
        """Return a short form of the given names, for comparing jobs."""
        if self._given is None:
            return None
        return hashlib.sha256("\n".join(self._given).encode(errors="surrogateescape")).hexdigest()[
            :16
        ]


def _folders(names: Sequence[str]) -> tuple[str, ...]:
    found = {""}
    for name in names:
        while (name := name.rpartition("/")[0]) not in found:
            found.add(name)
    return tuple(sorted(found, key=lambda folder: folder.split("/")))


def _checked(names: Sequence[str], suffix: str) -> list[str]:
    nested = isinstance(names, ItemNames)
    make = _clean_path if nested else _clean
    clean = [make(name, suffix) for name in names]
    seen: dict[str, object] = {}
    for name, given in zip(clean, names, strict=True):
        # Some file systems take upper and lower case for the same, some also two spellings of an
        # accented letter; names that differ by that alone would overwrite each other there.
        folded = normalize("NFD", normalize("NFD", name).casefold())
        if folded in seen:
            what = "all differ as file names"
            if nested:
                what = "be given where inputs have the same name but for their suffixes"
            msg = f"`names` must {what}, got {seen[folded]!r} and {given!r}"
            raise ValueError(msg)
        seen[folded] = given
    return clean


def _clean_path(path: str, suffix: str) -> str:
    """Return a path in the output folder, each part of it cleaned."""
    parts = path.split("/")
    if ".." in parts or "." in parts:
        msg = f"`names` must be given where inputs lie outside their folder, got {path!r}"
        raise ValueError(msg)
    *above, name = parts
    return "/".join([*(_clean_part(part, "", path) for part in above), _clean_part(name, suffix)])


def _clean(name: object, suffix: str) -> str:
    if not isinstance(name, str):
        msg = f"`names` must hold strings, got {name!r}"
        raise TypeError(msg)
    if "/" in name or "\\" in name or ".." in name or "\x00" in name:
        msg = f"`names` must be plain names without '/', '\\' and '..', got {name!r}"
        raise ValueError(msg)
    return _clean_part(name, suffix)


def _clean_part(name: str, suffix: str, whole: str | None = None) -> str:
    clean = _UNSAFE.sub("_", name.strip()).removesuffix(suffix).rstrip(". ")
    if clean.startswith("."):
        clean = "_" + clean[1:]  # hidden files are ours
    if not clean:
        msg = f"`names` must not be empty, got {whole or name!r}"
        raise ValueError(msg)
    if len((clean + suffix).encode(errors="surrogateescape")) > LONGEST_NAME:
        msg = f"`names` must be at most {LONGEST_NAME} bytes with their suffix, got {name!r}"
        raise ValueError(msg)
    return clean


def read_lines(what: str, path: Path) -> list[str]:
    """Return the lines of a text file; editors of Windows put a byte order mark before them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{what} must be a text file in UTF-8, got {path}: {error.reason}"
        raise ValueError(msg) from error
    # Not splitlines(), which takes more for the end of a line than file names leave out.
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def parse_shard(value: Any) -> Shard:
    """Return the shard of a pair (k, n) with 1 <= k <= n; None is everything."""
    if value is None:
        return Shard()
    if not isinstance(value, tuple | list) or len(value) != 2:
        msg = f"`shard` must be a pair (k, n) such as (3, 16), got {value!r}"
        raise ValueError(msg)
    shard = Shard(_validate.whole("shard", value[0], 1), _validate.whole("shard", value[1], 1))
    if shard.number > shard.total:
        msg = f"`shard` must be a pair (k, n) with 1 <= k <= n, got {value!r}"
        raise ValueError(msg)
    return shard
