"""Which picture of a folder each picture of a gallery was drawn over."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from hotcold.provenance.chunk import find_provenance

# What browsers show; TIFF is not among it.
SHOWN = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


Originals = str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]]


def find_originals(
    folder: Path | None, names: Sequence[str], originals: Originals | None
) -> list[str | None] | None:
    """Return the address of each picture's original, relative to the page; None without any.

    Parameters
    ----------
    folder : Path, optional
        That of the page, of this machine.
    names : sequence of str
        Of its pictures.
    originals : path-like or mapping of str to path-like, optional
        Folder of the originals, or the file of each name.

    Raises
    ------
    NotADirectoryError
        There is no such folder.
    ValueError
        Pictures of it belong to none of the page.
    """
    if originals is None or folder is None:
        return None
    found: Sequence[str | os.PathLike[str] | None]
    if isinstance(originals, Mapping):
        found = [originals.get(name) for name in names]
    else:
        found = _in_folder(folder, names, Path(originals))
    top = os.path.realpath(folder)
    ways: dict[str, str] = {}  # of the folders of originals, of which there are few
    return [None if file is None else _address(os.fspath(file), top, ways) for file in found]


def _in_folder(folder: Path, names: Sequence[str], given: Path) -> list[str | None]:
    """Return the original of each picture by its name, or by what the pictures say."""
    if not given.is_dir():
        msg = f"`originals` must be a folder of pictures, got {given}"
        raise NotADirectoryError(msg)
    files = _files(given)
    stems: dict[str, str | None] = {}
    for file in files:
        stems[_stem(file)] = None if _stem(file) in stems else file
    found = [_told(folder / name, files) for name in names]
    if not any(found):
        found = [stems.get(_stem(name)) for name in names]
    if not any(found):
        msg = (
            f"`originals` must hold pictures that those in {folder} say they were drawn over, or "
            f"of the same names, got none such in {given}"
        )
        raise ValueError(msg)
    return [None if file is None else os.path.join(given, file) for file in found]  # noqa: PTH118


def _address(file: str, top: str, ways: dict[str, str]) -> str:
    """Return the address of a file for a page in the folder `top`."""
    above, name = os.path.split(file)
    if above not in ways:
        real = os.path.realpath(above)
        try:
            way = os.path.relpath(real, top)
        except ValueError:  # on another drive
            way = "file:///" + real
        ways[above] = quote(os.fsencode(way.replace(os.sep, "/")), safe="/:")
    return f"{ways[above]}/{quote(os.fsencode(name))}"


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122 - names, not files


def _files(top: Path) -> Mapping[str, str]:
    """Return the pictures of a folder and those below it, as paths in it."""
    found = {}
    for above, _, names in os.walk(top):
        place = os.path.relpath(above, top).replace(os.sep, "/")
        for name in names:
            if name.lower().endswith(SHOWN) and not name.startswith("."):
                path = name if place == "." else f"{place}/{name}"
                found[path] = path
    return found


def _told(picture: Path, files: Mapping[str, str]) -> str | None:
    """Return the file that a picture says it was drawn over."""
    try:
        told = find_provenance(picture)
    except (OSError, ValueError):
        return None
    image = None if told is None else told.get("image")
    return files.get(image) if isinstance(image, str) else None
