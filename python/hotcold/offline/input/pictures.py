"""A folder of picture files, in an order that the caller says, or one picture file."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.offline.input.base import BadItem, IndexedSource
from hotcold.offline.input.decode import NotAPicture, decode, has_alpha

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")
ORDERS = ("name", "natural")
_PAIRS_TOLD = 3
_DIGITS = re.compile(r"(\d+)")


class PictureFolder(IndexedSource):
    """Pictures decoded when they are read, as uint8 RGB, or RGBA where they are transparent.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    folder : Path
        Its picture files are the items; hidden files and others are passed over. A picture file
        is the only item.
    dim_order : {"channels_first", "channels_last"}
        Of the batches that are read.
    order : {"name", "natural"} or sequence of str, default "name"
        By the characters of their names, by their names with numbers counted as such (``img_2``
        before ``img_10``), or just the files named, as they are named.
    """

    def __init__(
        self, name: str, folder: Path, dim_order: str, order: str | Sequence[str] = "name"
    ) -> None:
        self.name = name
        self.origin = folder.name
        self.dtype = np.dtype(np.uint8)
        self.is_folder = folder.is_dir()
        files = _files_in(folder) if self.is_folder else [folder]
        if not files:
            msg = f"`{name}` must hold at least one picture file ({', '.join(SUFFIXES)}), got none "
            msg += f"in {folder}"
            raise ValueError(msg)
        self.files = _ordered(folder, files, order)
        if order != "name":
            # Part of what a resumed job compares: other pairs make other pictures.
            self.origin += f" in {_order_label(order)} order"
        self.paths = tuple(self.files)
        self._order = order
        self._dim_order = dim_order
        self._resize = False
        first = _first(name, self.files)
        self._alpha = has_alpha(first)
        self.set_size(first.height, first.width)

    @property
    def resizes(self) -> bool:
        """Whether pictures of another size are resized rather than refused."""
        return self._resize

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) that pictures must have or are brought to; at first the first picture's."""
        return self._size

    def set_size(self, height: int, width: int, *, resize: bool = False) -> None:
        """Say what size the pictures must have, or with `resize` are brought to."""
        self._size = height, width
        self._resize = resize
        channels = 4 if self._alpha else 3
        last = (height, width, channels)
        first = (channels, height, width)
        self.shape = (
            len(self.files),
            *(first if self._dim_order == "channels_first" else last),
        )

    def first_pairs(self) -> str:
        """Say which pictures belong to the first maps, and whether counting would differ."""
        if len(self.files) == 1:
            return f"one picture: {self.files[0].name}"
        told = ", ".join(f"{i} {path.name}" for i, path in enumerate(self.files[:_PAIRS_TOLD]))
        more = ", ..." if len(self.files) > _PAIRS_TOLD else ""
        counted = sorted(self.files, key=lambda path: natural_key(path.name))
        hint = ""
        if self._order == "name" and counted != self.files:
            hint = '; numbers are not counted: order="natural" (--order natural) does that'
        return f"pictures by index: {told}{more}{hint}"

    def read(self, start: int, stop: int) -> Array:
        """Return pictures [start, stop), uint8 RGB or RGBA in `dim_order`."""
        channels = 4 if self._alpha else 3
        batch = np.empty((stop - start, *self._size, channels), np.uint8)
        for place, path in zip(batch, self.files[start:stop], strict=True):
            place[...] = self._pixels(path)
        return batch if self._dim_order == "channels_last" else batch.transpose(0, 3, 1, 2)

    def _pixels(self, path: Path) -> NDArray[np.uint8]:
        from PIL import Image

        height, width = self._size
        try:
            picture = decode(path)
        except NotAPicture as error:
            msg = f"`{self.name}` must hold pictures that can be read, got {path}: {error}"
            raise BadItem(msg) from error
        if has_alpha(picture) and not self._alpha:
            msg = (
                f"`{self.name}` must hold pictures with or without transparency, not both: {path} "
                f"has transparent pixels, {self.files[0]} has none; lay it over a background, or "
                "let a transparent one be the first"
            )
            raise BadItem(msg)
        if self._alpha and not has_alpha(picture):
            picture = picture.convert("RGBA")  # opaque
        if picture.size != (width, height):
            if not self._resize:
                got = f"{picture.width} x {picture.height} in {path}"
                msg = (
                    f"`{self.name}` must hold pictures of {width} x {height} pixels, the size of "
                    f"the maps (of the first picture, where maps are enlarged), got {got}; pass "
                    "resize=True (--resize)"
                )
                raise BadItem(msg)
            picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(picture)


def _files_in(folder: Path) -> list[Path]:
    return [
        entry
        for entry in folder.iterdir()
        if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".")
    ]


def natural_key(text: str) -> tuple[list[tuple[int, str]], str]:
    """Return what sorts names with numbers in them as people count; equal numbers by spelling."""
    parts = _DIGITS.split(text)
    # Digits of any script count, and stand at the odd places.
    return [(int(p), "") if i % 2 else (0, p) for i, p in enumerate(parts)], text


def _ordered(folder: Path, files: list[Path], order: str | Sequence[str]) -> list[Path]:
    if isinstance(order, str):
        if _validate.one_of("order", order, ORDERS) == "name":
            return sorted(files)
        return sorted(files, key=lambda path: natural_key(path.name))
    known = {path.name: path for path in files}
    chosen: dict[str, Path] = {}
    for entry in order:
        if not isinstance(entry, str | os.PathLike):
            msg = f"`order` must be 'name', 'natural' or file names, got {entry!r} among them"
            raise TypeError(msg)
        wanted = os.fspath(entry)
        if wanted not in known:
            what = f"names of picture files in {folder}"
            raise ValueError(_validate.unknown_name("order", wanted, known, what))
        if wanted in chosen:
            msg = f"`order` must name every file once, got {wanted!r} again"
            raise ValueError(msg)
        chosen[wanted] = known[wanted]
    if not chosen:
        msg = "`order` must name at least one file, got none"
        raise ValueError(msg)
    return list(chosen.values())


def _order_label(order: str | Sequence[str]) -> str:
    if isinstance(order, str):
        return order
    listed = "\n".join(map(os.fspath, order)).encode("utf-8", "surrogateescape")
    return "the given (" + hashlib.sha256(listed).hexdigest()[:16] + ")"


def _first(name: str, files: list[Path]) -> Image.Image:
    """Return the first picture that can be read: the others must be like it."""
    problem: NotAPicture | None = None
    for path in files:
        try:
            return decode(path)
        except NotAPicture as error:  # noqa: PERF203 - few, if any
            problem = problem or error
    msg = (
        f"`{name}` must hold pictures that can be read, got none in {files[0].parent} "
        f"({files[0].name}: {problem})"
    )
    raise ValueError(msg)
