"""The containers by name: a new one costs its class and a row here."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from hotcold.offline.input.identity import of_file
from hotcold.offline.input.remote import AnyPath, RemotePath
from hotcold.offline.output.archives import TarWriter, ZipWriter
from hotcold.offline.output.base import Writer
from hotcold.offline.output.names import Names
from hotcold.offline.output.pixel_arrays import NpyWriter, ZarrWriter
from hotcold.offline.output.place import Place


class _Makes(Protocol):
    def __call__(
        self, place: Place, name: str, names: Names, verify: bool, fsync: bool
    ) -> Writer: ...


_WRITERS: dict[str, _Makes] = {
    "zip": ZipWriter,
    "tar": TarWriter,
    "npy": NpyWriter,
    "zarr": ZarrWriter,
}
CONTAINERS = tuple(_WRITERS)
PIXEL_CONTAINERS = ("npy", "zarr")  # whose items have no files of their own


def container_name(container: str, label: str) -> str:
    """Return the name of what the pictures of a job, or of one of its shards, are put into."""
    return f"pictures{label}.{container}"


def check_container(container: str, place: Place) -> None:
    """Require a container that can appear whole in such a folder."""
    if container == "zarr" and place.local is None:
        msg = (
            f"`container` must be zip, tar or npy for a folder of another machine, got "
            f"{container!r} for {place}: a zarr store of many files cannot appear there at once"
        )
        raise ValueError(msg)


def make_container(
    place: Place, container: str, label: str, names: Names, verify: bool | None, fsync: bool
) -> Writer:
    """Return what puts pictures together, in a folder that is there."""
    name = container_name(container, label)
    return _WRITERS[container](place, name, names, bool(verify), fsync)


def fingerprint(place: Place, name: str, *, whole: bool) -> dict[str, Any] | None:
    """Return what tells a finished container from one that was cut or changed since.

    Parameters
    ----------
    place : Place
        Where it is.
    name : str
        None is returned when nothing is there.
    whole : bool
        Read all of it, not a few blocks.
    """
    if not place.exists(name):
        return None
    path = place.path(name)
    if isinstance(path, RemotePath):
        size, version = path.version(fresh=True)
        found = {"size": size, "digest": version}
        return {**found, "checksum": _checksum([path])} if whole else found
    if not path.is_dir():
        identity = of_file(path)
        found = {"size": identity["size"], "digest": identity["digest"]}
        return {**found, "checksum": _checksum([path])} if whole else found
    files = sorted(Path(root) / name for root, _, names in os.walk(path) for name in names)
    found = {"files": len(files), "size": sum(file.stat().st_size for file in files)}
    return {**found, "checksum": _checksum(files)} if whole else found


def _checksum(files: Sequence[AnyPath]) -> int:
    found = 0
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found = zlib.crc32(block, found)
    return found
