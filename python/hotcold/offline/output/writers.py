"""Where pictures go: a folder of files, an archive, or one array."""

from __future__ import annotations

import abc
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold import files
from hotcold.offline.output.names import Names
from hotcold.request import RenderRequest, Saved

Picture = NDArray[np.uint8]

CONTAINERS = ("zip", "tar", "npy", "zarr")
_PNG_END = b"IEND\xae\x42\x60\x82"


class Writer(abc.ABC):
    """Takes the units of a job; `finish` makes them visible where that has not happened yet.

    Attributes
    ----------
    encodes : bool
        Takes encoded files; otherwise pixels.
    in_order : bool
        Takes units in their order from one thread; otherwise in any order from any thread.
    saves : bool
        Has `save`, which renders many units itself.
    output : Path
        What the user is told.
    """

    encodes = True
    in_order = True
    saves = False
    output: Path

    def has(self, unit: int) -> bool:
        """Whether an earlier run finished the unit."""
        return False

    @abc.abstractmethod
    def write(self, unit: int, content: Any) -> int:
        """Take a unit and return its bytes; None stands for one that failed."""

    def save(
        self,
        request: RenderRequest,
        text: Mapping[str, str],
        n_threads: int,
        stop_at_failure: bool,
        compression: str,
    ) -> Saved:
        """Render, encode and take consecutive units, the job's items."""
        raise NotImplementedError

    def finish(self) -> None:  # noqa: B027 - optional
        """Take no more."""

    def abort(self) -> None:  # noqa: B027 - optional
        """Drop what cannot be kept."""


class FolderWriter(Writer):
    """One file per unit, each whole or not there at all."""

    in_order = False

    def __init__(self, folder: Path, names: Names) -> None:
        self.output = folder
        self._folder = os.fspath(folder)
        self._names = names
        self.saves = names.suffix == ".png" and files.CORE_WRITES

    def has(self, unit: int) -> bool:
        """Whether the file is there and whole, as far as its ends tell.

        A file that is renamed into place is whole unless the machine lost power before the data
        reached the disk; then its end is missing or holds zeros.
        """
        try:
            with open(self._path(unit), "rb", buffering=0) as file:  # noqa: PTH123
                if self._names.suffix != ".png":
                    return file.seek(0, os.SEEK_END) > 0
                file.seek(-len(_PNG_END), os.SEEK_END)
                return file.read() == _PNG_END
        except OSError:
            return False

    def save(
        self,
        request: RenderRequest,
        text: Mapping[str, str],
        n_threads: int,
        stop_at_failure: bool,
        compression: str,
    ) -> Saved:
        """Render the files of consecutive units in one call of the core."""
        units = range(request.first_item, request.first_item + request.n_items)
        names = [self._names.file_name(unit) for unit in units]
        return request.save(
            self._folder,
            names,
            text,
            n_threads,
            stop_at_failure=stop_at_failure,
            compression=compression,
        )

    def write(self, unit: int, content: Any) -> int:
        """Write a file under a temporary name, then rename it."""
        if content is None:
            return 0
        files.write_entry(self._folder, self._names.file_name(unit), content)
        return len(content)

    def clear(self, keep: bool) -> None:
        """Remove what killed runs left, and unless `keep` the files of earlier runs of this job.

        Files that this job (this shard) does not make are never touched.
        """
        with os.scandir(self._folder) as entries:
            for entry in entries:
                target = files.target_of_leftover(entry.name)
                if target is None and keep:
                    continue
                unit = self._names.unit_of(target or entry.name)
                if unit is not None and self._names.mine(unit):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(entry.path)  # noqa: PTH108

    def _path(self, unit: int) -> str:
        return f"{self._folder}{os.sep}{self._names.file_name(unit)}"


def container_path(folder: Path, container: str, label: str) -> Path:
    """Return where the pictures of a job, or of one of its shards, are put together."""
    return folder / f"pictures{label}.{container}"


def make_writer(folder: Path, container: str | None, label: str, names: Names) -> Writer:
    """Return what takes the pictures, in a folder that is there."""
    if container is None:
        return FolderWriter(folder, names)
    from hotcold.offline.output import containers

    path = container_path(folder, container, label)
    if container == "zip":
        return containers.ZipWriter(path, names)
    if container == "tar":
        return containers.TarWriter(path, names)
    return containers.NpyWriter(path) if container == "npy" else containers.ZarrWriter(path)
