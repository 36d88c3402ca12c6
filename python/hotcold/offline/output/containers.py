"""The containers by name: a new one costs its class and a row here."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any, Protocol

from hotcold.offline.input.identity import of_file
from hotcold.offline.output.archives import TarWriter, ZipWriter
from hotcold.offline.output.base import Writer
from hotcold.offline.output.names import Names
from hotcold.offline.output.pixel_arrays import NpyWriter, ZarrWriter


class _Makes(Protocol):
    def __call__(self, path: Path, names: Names, verify: bool, fsync: bool) -> Writer: ...


_WRITERS: dict[str, _Makes] = {
    "zip": ZipWriter,
    "tar": TarWriter,
    "npy": NpyWriter,
    "zarr": ZarrWriter,
}
CONTAINERS = tuple(_WRITERS)
PIXEL_CONTAINERS = ("npy", "zarr")  # whose items have no files of their own


def container_path(folder: Path, container: str, label: str) -> Path:
    """Return where the pictures of a job, or of one of its shards, are put together."""
    return folder / f"pictures{label}.{container}"


def make_container(
    path: Path, container: str, names: Names, verify: bool | None, fsync: bool
) -> Writer:
    """Return what puts pictures together, in a folder that is there."""
    return _WRITERS[container](path, names, bool(verify), fsync)


def fingerprint(path: Path, *, whole: bool) -> dict[str, Any] | None:
    """Return what tells a finished container from one that was cut or changed since.

    Parameters
    ----------
    path : Path
        None is returned when nothing is there.
    whole : bool
        Read all of it, not a few blocks.
    """
    if not path.exists():
        return None
    if not path.is_dir():
        identity = of_file(path)
        found = {"size": identity["size"], "digest": identity["digest"]}
        return {**found, "checksum": _checksum([path])} if whole else found
    files = sorted(Path(root) / name for root, _, names in os.walk(path) for name in names)
    found = {"files": len(files), "size": sum(file.stat().st_size for file in files)}
    return {**found, "checksum": _checksum(files)} if whole else found


def _checksum(files: list[Path]) -> int:
    found = 0
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found = zlib.crc32(block, found)
    return found
