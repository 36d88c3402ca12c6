"""Picture files in an order that the caller says: a folder of them, or just one."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.offline.input.base import BadItem, IndexedSource, ItemNames, Place
from hotcold.offline.input.decode import NotAPicture, decode, has_alpha
from hotcold.offline.input.folders import labels_below
from hotcold.offline.input.remote import AnyPath, RemotePath

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")
ORDERS = ("name", "natural")
_PAIRS_TOLD = 3
_DIGITS = re.compile(r"(\d+)")


class PictureFile(Protocol):
    """A picture file, wherever it lies.

    Attributes
    ----------
    label : str
        Its name in the folder or archive that is read, with ``/`` between folders.
    path : Path or RemotePath
        The file that is read.
    """

    @property
    def label(self) -> str:
        """See above."""

    @property
    def path(self) -> AnyPath:
        """See above."""

    def read(self) -> bytes:
        """Return all of it; raise `NotAPicture` where that is not possible."""

    def __str__(self) -> str:
        """Return where it is."""


class LocalPicture(NamedTuple):
    """A picture file of this machine."""

    label: str
    path: Path

    def read(self) -> bytes:
        """Return all of it."""
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                # Opening a pipe would wait for a writer for ever.
                raise NotAPicture("it is not a regular file")
            return self.path.read_bytes()
        except OSError as error:
            raise NotAPicture(error.strerror or str(error)) from error

    def __str__(self) -> str:
        return str(self.path)


class RemotePicture(NamedTuple):
    """A picture file of another machine."""

    label: str
    path: RemotePath

    def read(self) -> bytes:
        """Return all of it."""
        try:
            return self.path.read_bytes()
        except Exception as error:  # each file system has its own
            raise NotAPicture(f"{type(error).__name__}: {error}") from error

    def __str__(self) -> str:
        return str(self.path)


class PictureFolder(IndexedSource):
    """Pictures decoded when they are read, as uint8 RGB, or RGBA where they are transparent.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    origin : str
        Where they are, for the job file.
    pictures : sequence of PictureFile
        At least one, in their order.
    dim_order : {"channels_first", "channels_last"}
        Of the batches that are read.
    counts : bool, default True
        The order is one in which numbers count, or that the user gave.
    """

    def __init__(
        self,
        name: str,
        origin: str,
        pictures: Sequence[PictureFile],
        dim_order: str,
        *,
        counts: bool = True,
    ) -> None:
        self.name = name
        self.origin = origin
        self.dtype = np.dtype(np.uint8)
        self.pictures = pictures
        self.paths = tuple(dict.fromkeys(picture.path for picture in pictures))
        self._counts = counts
        self._dim_order = dim_order
        self._resize = False
        stems = (os.path.splitext(picture.label)[0] for picture in pictures)  # noqa: PTH122
        self.item_names = ItemNames(stems)
        first = _first(name, pictures)
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
            len(self.pictures),
            *(first if self._dim_order == "channels_first" else last),
        )

    def first_pairs(self) -> str:
        """Say which pictures belong to the first maps, and whether counting would differ."""
        labels = [picture.label for picture in self.pictures]
        if len(labels) == 1:
            return f"one picture: {labels[0]}"
        told = ", ".join(f"{i} {label}" for i, label in enumerate(labels[:_PAIRS_TOLD]))
        more = ", ..." if len(labels) > _PAIRS_TOLD else ""
        hint = ""
        if not self._counts and sorted(labels, key=path_key) != labels:
            hint = '; numbers are not counted: order="natural" (--order natural) does that'
        return f"pictures by index: {told}{more}{hint}"

    def read(self, start: int, stop: int) -> Array:
        """Return pictures [start, stop), uint8 RGB or RGBA in `dim_order`."""
        channels = 4 if self._alpha else 3
        batch = np.empty((stop - start, *self._size, channels), np.uint8)
        for place, picture in zip(batch, self.pictures[start:stop], strict=True):
            place[...] = self._pixels(picture)
        return batch if self._dim_order == "channels_last" else batch.transpose(0, 3, 1, 2)

    def place(self, item: int) -> Place:
        """Return what an item's file is called in its folder."""
        return Place(self.pictures[item].label, None)

    def _pixels(self, file: PictureFile) -> NDArray[np.uint8]:
        from PIL import Image

        height, width = self._size
        try:
            picture = decode(file.read())
        except NotAPicture as error:
            msg = f"`{self.name}` must hold pictures that can be read, got {file}: {error}"
            raise BadItem(msg) from error
        if has_alpha(picture) and not self._alpha:
            msg = (
                f"`{self.name}` must hold pictures with or without transparency, not both: {file} "
                f"has transparent pixels, {self.pictures[0]} has none; lay it over a background, "
                "or let a transparent one be the first"
            )
            raise BadItem(msg)
        if self._alpha and not has_alpha(picture):
            picture = picture.convert("RGBA")  # opaque
        if picture.size != (width, height):
            if not self._resize:
                got = f"{picture.width} x {picture.height} in {file}"
                msg = (
                    f"`{self.name}` must hold pictures of {width} x {height} pixels, the size of "
                    f"the maps (of the first picture, where maps are enlarged), got {got}; pass "
                    "resize=True (--resize)"
                )
                raise BadItem(msg)
            picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(picture)


def open_pictures(
    name: str,
    path: AnyPath,
    dim_order: str,
    order: str | Sequence[str] = "name",
    *,
    recursive: bool = False,
) -> PictureFolder:
    """Open the pictures of a folder, or a picture.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    path : Path or RemotePath
        A folder, whose picture files are the items; hidden files and others are passed over. A
        picture file is the only item.
    dim_order : {"channels_first", "channels_last"}
        Of the batches that are read.
    order : {"name", "natural"} or sequence of str, default "name"
        By the characters of their names, by their names with numbers counted as such (``img_2``
        before ``img_10``), or just the files named, as they are named.
    recursive : bool, default False
        Those of all sub-folders too, by folder and name; what is drawn has the same places.
    """
    if path.suffix.lower() in SUFFIXES and not path.is_dir():
        return PictureFolder(name, path.name, [_picture(path.name, path)], dim_order)
    labels = labels_below(path, SUFFIXES, recursive=recursive)
    if not labels:
        msg = f"`{name}` must hold at least one picture file ({', '.join(SUFFIXES)}), got none "
        msg += f"in {path}"
        raise ValueError(msg)
    pictures = [_picture(label, path / label) for label in ordered(path, labels, order)]
    origin = path.name + (" with its sub-folders" if recursive else "")
    if order != "name":
        # Part of what a resumed job compares: other pairs make other pictures.
        origin += f" in {_order_label(order)} order"
    source = PictureFolder(name, origin, pictures, dim_order, counts=order != "name")
    source.gives_names = recursive
    source.is_folder = not recursive
    source.root = path if recursive else None
    return source


def _picture(label: str, path: AnyPath) -> PictureFile:
    return RemotePicture(label, path) if isinstance(path, RemotePath) else LocalPicture(label, path)


def natural_key(text: str) -> tuple[list[tuple[int, str]], str]:
    """Return what sorts names with numbers in them as people count; equal numbers by spelling."""
    parts = _DIGITS.split(text)
    # Digits of any script count, and stand at the odd places.
    return [(int(p), "") if i % 2 else (0, p) for i, p in enumerate(parts)], text


def path_key(label: str) -> list[tuple[list[tuple[int, str]], str]]:
    """Return what sorts paths folder by folder, with the numbers in them counted."""
    return [natural_key(part) for part in label.split("/")]


def ordered(folder: object, labels: Sequence[str], order: str | Sequence[str]) -> list[str]:
    """Return the labels of the pictures of a folder in an order."""
    if isinstance(order, str):
        if _validate.one_of("order", order, ORDERS) == "name":
            return sorted(labels, key=lambda label: label.split("/"))
        return sorted(labels, key=path_key)
    known = set(labels)
    chosen: dict[str, None] = {}
    for entry in order:
        if not isinstance(entry, str | os.PathLike):
            msg = f"`order` must be 'name', 'natural' or file names, got {entry!r} among them"
            raise TypeError(msg)
        wanted = os.fspath(entry)
        if wanted not in known:
            what = f"names of picture files in {folder}"
            raise ValueError(_validate.unknown_name("order", wanted, labels, what))
        if wanted in chosen:
            msg = f"`order` must name every file once, got {wanted!r} again"
            raise ValueError(msg)
        chosen[wanted] = None
    if not chosen:
        msg = "`order` must name at least one file, got none"
        raise ValueError(msg)
    return list(chosen)


def _order_label(order: str | Sequence[str]) -> str:
    if isinstance(order, str):
        return order
    listed = "\n".join(map(os.fspath, order)).encode("utf-8", "surrogateescape")
    return "the given (" + hashlib.sha256(listed).hexdigest()[:16] + ")"


def _first(name: str, pictures: Sequence[PictureFile]) -> Image.Image:
    """Return the first picture that can be read: the others must be like it."""
    problem: NotAPicture | None = None
    for picture in pictures:
        try:
            return decode(picture.read())
        except NotAPicture as error:  # noqa: PERF203 - few, if any
            problem = problem or error
    msg = f"`{name}` must hold pictures that can be read, got none ({pictures[0]}: {problem})"
    raise ValueError(msg)
