"""A source of items from whatever the user names or holds."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotcold._arrays import as_numpy
from hotcold.offline.input import tar
from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.base import (
    IndexedSource,
    PlainMaps,
    Source,
    StreamSource,
    WithChannelAxis,
)
from hotcold.offline.input.boundary import opening
from hotcold.offline.input.folders import labels_below
from hotcold.offline.input.formats.npy import open_npy
from hotcold.offline.input.formats.npz import open_npz
from hotcold.offline.input.formats.pytorch import open_torch
from hotcold.offline.input.formats.safetensors import open_safetensors
from hotcold.offline.input.formats.stores import open_hdf5, open_zarr
from hotcold.offline.input.many import ManyFiles, expanded, is_pattern, listed, matches
from hotcold.offline.input.pictures import SUFFIXES, PictureFolder, open_pictures, path_key
from hotcold.offline.input.remote import AnyPath, RemotePath, is_url, place_of

_KEYED = {
    ".npz": open_npz,
    ".h5": open_hdf5,
    ".hdf5": open_hdf5,
    ".hdf": open_hdf5,
    ".nc": open_hdf5,
    ".nc4": open_hdf5,
    ".safetensors": open_safetensors,
    ".pt": open_torch,
    ".pth": open_torch,
    ".zarr": open_zarr,
    ".zip": open_zarr,
}
# Of files that hold arrays and lie in a folder beside one another.
_MORE_KEYED = (*_KEYED, tar.SUFFIX)
_ARRAY_SUFFIXES = tuple(suffix for suffix in (".npy", *_KEYED) if suffix not in (".zarr", ".zip"))
# The file's own suffix, then a colon and the array's name; a drive letter has no suffix before it.
_PATH_AND_KEY = re.compile(
    rf"(?P<path>.*({'|'.join(re.escape(suffix) for suffix in _MORE_KEYED)})):(?P<key>.+)",
    re.IGNORECASE | re.DOTALL,
)


def open_source(
    value: Any,
    name: str,
    dim_order: str = "channels_first",
    order: str | Sequence[str] = "name",
    *,
    recursive: bool = False,
) -> Source:
    """Open what attributions or images are read from; no data are read yet.

    Parameters
    ----------
    value : array-like, tensor, path-like or iterable of batches
        A path is a ``.npy``, ``.npz``, ``.zarr``, ``.h5``, ``.safetensors`` or ``.pt`` file, with
        ``:name`` behind it where it holds several arrays, a folder of pictures, or a picture.
        Arrays are anything with a shape and slices. A list of 4-D arrays, like any other iterable,
        is a stream of batches. Several files of arrays are a list of paths, a pattern such as
        ``maps/*.npy`` or ``maps-{00..17}.npy``, or a folder of them; see `ManyFiles`. A tar archive
        holds pictures or ``.npy`` files; see `open_tars`. Addresses such as ``s3://bucket/maps.npy``
        are read by fsspec; see `RemotePath`.
    name : str
        The argument's name in messages.
    dim_order : {"channels_first", "channels_last"}
        Of what is read from pictures; arrays are taken as they are.
    order : {"name", "natural"} or sequence of str, default "name"
        Of the pictures of a folder; see `open_pictures`.
    recursive : bool, default False
        Of a folder, what is in the folders below it too.

    Returns
    -------
    IndexedSource or StreamSource
        To be closed by the caller.

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    ValueError
        A file that is damaged, not of its suffix's kind, or does not hold the named array.
    TypeError
        Nothing that attributions could be read from.
    ImportError
        The file's format needs a package that is not installed; the message names the extra.
    """
    if isinstance(value, PlainMaps):
        return _plain_maps(
            open_source(value.value, name, dim_order, order, recursive=recursive), dim_order
        )
    if isinstance(value, str | os.PathLike):
        text = os.fsdecode(value)
        with opening(name, text):
            return _open_path(text, name, dim_order, order, recursive)
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, str | os.PathLike) for one in value):
            files = [os.fsdecode(one) for one in value]
            return _open_list(files, name, dim_order, order, listed(files))
        if value and getattr(value[0], "ndim", 0) == 4:
            return StreamSource(name, "a list of batches", value)
        value = as_numpy(value, name)
    if hasattr(value, "shape") and hasattr(value, "__getitem__"):
        return ArraySource(name, value)
    if hasattr(value, "__array__") or hasattr(value, "__dlpack__"):
        return ArraySource(name, as_numpy(value, name))
    if isinstance(value, Iterable) and not isinstance(value, bytes | dict):
        return StreamSource(name, f"an iterable ({type(value).__name__})", value, copy=True)
    msg = (
        f"`{name}` must be an array, the path of a file or folder, or an iterable of batches, "
        f"got {type(value).__name__}"
    )
    raise TypeError(msg)


def beside(maps: Source, images: Source | None, dim_order: str) -> Source:
    """Return maps (N, H, W) with a channel axis where images (N, C, H, W) are beside them."""
    if not isinstance(maps, IndexedSource) or not isinstance(images, IndexedSource):
        return maps
    plain = len(maps.shape) == 3 and len(images.shape) == 4 and maps.shape[0] == images.shape[0]
    return _plain_maps(maps, dim_order) if plain else maps


def _plain_maps(source: Source, dim_order: str) -> Source:
    if isinstance(source, IndexedSource) and len(source.shape) == 3:
        if isinstance(source, ArraySource) and source.in_memory:
            axis = 1 if dim_order == "channels_first" else 3
            return ArraySource(source.name, np.expand_dims(source._array, axis))
        return WithChannelAxis(source, dim_order)
    got = source.shape if isinstance(source, IndexedSource) else "batches one after the other"
    msg = (
        f"`{source.name}` must be an array or a file of maps (N, H, W) without channels, got {got}"
    )
    source.close()
    raise ValueError(msg)


def split_key(text: str) -> tuple[Path, str | None]:
    """Split ``file.h5:dataset`` into the file and the array's name."""
    match = _PATH_AND_KEY.fullmatch(text)
    if match is None or Path(text).exists():
        return Path(text), None
    return Path(match["path"]), match["key"]


def _place_and_key(name: str, text: str) -> tuple[AnyPath, str | None]:
    """Split a path, or an address that fsspec knows, as `split_key` does."""
    if not is_url(text) or Path(text).exists():
        return split_key(text)
    match = _PATH_AND_KEY.fullmatch(text)
    if match is None:
        return place_of(name, text), None
    return place_of(name, match["path"]), match["key"]


def _open_path(
    text: str, name: str, dim_order: str, order: str | Sequence[str], recursive: bool = False
) -> Source:
    path, key = _place_and_key(name, text)
    suffix = path.suffix.lower()
    is_remote = isinstance(path, RemotePath)
    if is_remote or not path.exists():
        if (files := expanded(name, text)) is not None:
            return _open_list(files, name, dim_order, order, text)
        if path.is_pattern() if isinstance(path, RemotePath) else is_pattern(text):
            return _open_pattern(path, key, name, dim_order, order)
    # The folder of a store need be no file of a server that knows what is in it.
    if isinstance(path, RemotePath):
        if suffix != ".zarr":
            path.require(name)
    elif not path.exists():
        msg = f"`{name}` must be there: no file or folder {path}"
        raise FileNotFoundError(errno.ENOENT, msg)
    elif not path.is_dir() and not path.is_file():
        # Opening a pipe would wait for a writer for ever.
        msg = f"`{name}` must be a regular file or a folder, got {path}, which is neither"
        raise ValueError(msg)
    if suffix in _KEYED:
        return _KEYED[suffix](name, path, key)
    if suffix == tar.SUFFIX:
        return tar.open_tars(name, [path], key, dim_order, order, path.name)
    if tar.is_packed(text):
        msg = (
            f"`{name}` must be a tar archive without compression, from which items can be read in "
            f"any order, got {text}; unpack it"
        )
        raise ValueError(msg)
    is_named = is_remote and suffix in (".npy", *SUFFIXES)
    if not is_named and path.is_dir():
        return _open_folder(name, path, dim_order, order, recursive)
    if suffix in SUFFIXES:
        return open_pictures(name, path, dim_order, order)
    if suffix == ".npy":
        return open_npy(name, path)
    known = ", ".join((".npy", *_MORE_KEYED))
    msg = f"`{name}` must be a picture, a folder of pictures or end in one of {known}, got {text!r}"
    raise ValueError(msg)


def _open_list(
    files: Sequence[str], name: str, dim_order: str, order: str | Sequence[str], origin: str
) -> Source:
    places = [_place_and_key(name, file) for file in files]
    if all(path.suffix.lower() == tar.SUFFIX for path, _ in places):
        components = {key for _, key in places}
        if len(components) > 1:
            msg = f"`{name}` must be one component of archives, got {origin}"
            raise ValueError(msg)
        archives = [path for path, _ in places]
        return tar.open_tars(name, archives, components.pop(), dim_order, order, origin)
    return _many(name, origin, files, dim_order, [path.name for path, _ in places])


def _open_pattern(
    path: AnyPath, key: str | None, name: str, dim_order: str, order: str | Sequence[str]
) -> Source:
    root, labels = matches(name, path)
    text = str(path) if key is None else f"{path}:{key}"
    if all(label.lower().endswith(tar.SUFFIX) for label in labels):
        archives = [root / label for label in labels]
        return tar.open_tars(name, archives, key, dim_order, order, str(path))
    if all(label.lower().endswith(SUFFIXES) for label in labels):
        msg = (
            f"`{name}` must be a folder of pictures rather than the pattern {text}, which "
            "matches pictures: name the folder (recursive=True or --recursive for those below it), "
            "or give order=[...] (--order FILE)"
        )
        raise ValueError(msg)
    keyed = [str(root / label) if key is None else f"{root / label}:{key}" for label in labels]
    return _many(name, text, keyed, dim_order, labels)


def _open_folder(
    name: str, folder: AnyPath, dim_order: str, order: str | Sequence[str], recursive: bool
) -> Source:
    """Open a folder of pictures, or of array files."""
    arrays = sorted(labels_below(folder, _ARRAY_SUFFIXES, recursive=recursive), key=path_key)
    pictures = labels_below(folder, SUFFIXES, recursive=recursive)
    if not arrays and not pictures:
        archives = sorted(labels_below(folder, [tar.SUFFIX], recursive=recursive), key=path_key)
        if archives:
            places = [folder / label for label in archives]
            return tar.open_tars(name, places, None, dim_order, order, folder.name)
        raise _nothing_in(name, folder, recursive)
    if not arrays:
        return open_pictures(name, folder, dim_order, order, recursive=recursive)
    if pictures:
        msg = (
            f"`{name}` must be a folder of pictures or of array files, got both in {folder}: "
            f"{min(pictures)} and {arrays[0]}; name the array file, or a pattern such as "
            f"{folder}/*.npy"
        )
        raise ValueError(msg)
    if order not in ("name", "natural"):
        msg = f"`order` must be 'name' or 'natural' for a folder of array files, got {order!r}"
        raise ValueError(msg)
    origin = folder.name + (" with its sub-folders" if recursive else "")
    source = _many(name, origin, [str(folder / label) for label in arrays], dim_order, arrays)
    source.is_folder = not recursive
    source.root = folder if recursive else None
    return source


def _nothing_in(name: str, folder: AnyPath, recursive: bool) -> ValueError:
    """Return the error for a folder with nothing to read, which says where there is something."""
    hint = ""
    if not recursive:
        known = (*SUFFIXES, *_ARRAY_SUFFIXES, tar.SUFFIX)
        with contextlib.suppress(OSError):
            below = labels_below(folder, known, recursive=True)
            if below:
                hint = (
                    f"; recursive=True (--recursive) reads {min(below)} and what else is below it"
                )
    return ValueError(
        f"`{name}` must hold at least one picture file ({', '.join(SUFFIXES)}), array file "
        f"({', '.join(_ARRAY_SUFFIXES)}) or tar archive, got none in {folder}{hint}"
    )


def _many(
    name: str, origin: str, files: Sequence[str], dim_order: str, labels: Sequence[str]
) -> ManyFiles:
    """Open several array files as one source; one alone is what it is alone."""

    def open_file(file: str) -> IndexedSource:
        with opening(name, file):
            source = _open_path(file, name, dim_order, "name")
        if isinstance(source, IndexedSource) and not isinstance(source, PictureFolder | ManyFiles):
            return source
        msg = f"`{name}` must be files of arrays, got {file}"
        raise ValueError(msg)

    return ManyFiles(name, origin, files, open_file, dim_order, labels)
