"""The numbers behind a job's pictures, as one array beside them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np

from hotcold.offline.output.base import output_error
from hotcold.offline.output.place import FOLDER, Place, RemotePlace
from hotcold.request import RenderRequest

_DTYPE = np.dtype("<f4")


def forget(place: Place) -> None:
    """Remove what unfinished jobs left beside the job file."""
    names = [name for name in place.own_names("values") if name.endswith(".part")]
    place.remove_files([f"{FOLDER}/{name}" for name in names])


def file_name(label: str) -> str:
    """Return the name of the array of a job, or of one of its shards."""
    return f"values{label}.npy"


class ValuesFile:
    """A ``.npy`` file float32 (N, H, W), or (N, C, H, W) for maps of several channels.

    It grows beside the job file and gets its name when it is complete. Rows are written before the
    pictures of their items, so that a killed job can go on by the pictures alone. For a folder of
    another machine it grows in a temporary folder of this one, and a killed job begins again.

    Parameters
    ----------
    place : Place
        The job's.
    label : str
        Of the shard, whose items alone are in the file.
    first_item : int
        The item of the first row.
    goes_on : bool
        Keep the rows of an earlier run of this job.
    n_threads : int
        Of the core, for each call.
    fsync : bool
        Force rows to the disk before their pictures are written.

    Attributes
    ----------
    kept : bool
        There are rows of an earlier run.
    """

    def __init__(
        self,
        place: Place,
        label: str,
        first_item: int,
        *,
        goes_on: bool,
        n_threads: int,
        fsync: bool,
    ) -> None:
        self.output = place.path(file_name(label))
        self._place = place
        self._name = file_name(label)
        self._folder = None
        if place.local is not None:
            self._part = place.local / FOLDER / f"values{label}.part"
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="hotcold-")
            self._part = Path(self._folder.name) / "values.part"
        self._first_item = first_item
        self._n_threads = n_threads
        self._fsync = fsync
        self._lock = threading.Lock()
        self._item: tuple[int, ...] | None = None  # shape of a row
        self._offset = 0
        try:
            if goes_on and not self._part.exists() and place.exists(self._name):
                self._fetch()
            self.kept = goes_on and self._reads_header()
            self._file: IO[bytes] = self._part.open("r+b" if self.kept else "w+b")
        except OSError as error:
            raise output_error(error, self.output) from error

    def put(self, request: RenderRequest) -> None:
        """Write the rows of consecutive items; those that cannot be drawn are passed over.

        Raises
        ------
        ValueError
            Their maps have not the size of those before.
        OSError
            They cannot be written.
        """
        try:
            maps = request.maps(self._n_threads)
        except ValueError:
            if request.n_items > 1:
                for i in range(request.n_items):
                    self.put(request.items(i, i + 1))
            return
        rows = np.ascontiguousarray(maps[:, 0] if maps.shape[1] == 1 else maps, _DTYPE)
        try:
            with self._lock:
                self._write(request.first_item - self._first_item, rows)
        except OSError as error:
            raise output_error(error, self.output) from error

    def finish(self, n_items: int, failed: Iterable[int]) -> None:
        """Complete the file and give it its name; the rows of items that failed are NaN."""
        try:
            self._item = (0, 0) if self._item is None else self._item
            nothing = np.full((1, *self._item), np.nan, _DTYPE)
            for item in failed:
                self._write(item - self._first_item, nothing)
            head = _header(n_items, self._item)
            self._file.truncate(len(head) + n_items * nothing.nbytes)
            self._file.seek(0)
            self._file.write(head)
            self._file.flush()
            if self._fsync:
                os.fsync(self._file.fileno())
            self._file.close()
            if isinstance(self._place, RemotePlace):
                self._place.send(str(self._part), self._name)
            else:
                self._part.replace(self.output)
            self._tidy()
        except OSError as error:
            raise output_error(error, self.output) from error

    def abort(self) -> None:
        """Close the file; its rows stay for a job that goes on."""
        with contextlib.suppress(OSError):
            self._file.close()
            self._tidy()

    def _fetch(self) -> None:
        """Bring back the rows of a job that had ended."""
        if self._folder is None:
            self.output.replace(self._part)
            return
        with self._part.open("wb") as part, self.output.open("rb") as file:
            shutil.copyfileobj(file, part, 1 << 20)

    def _tidy(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def _write(self, row: int, rows: np.ndarray[Any, Any]) -> None:
        if self._item is None:
            self._item = rows.shape[1:]
            head = _header(0, self._item)
            self._offset = len(head)
            self._file.seek(0)
            self._file.write(head)
        if rows.shape[1:] != self._item:
            msg = (
                f"`values` must be None for maps of several sizes, got {rows.shape[1:]} after "
                f"{self._item}: one array cannot hold them"
            )
            raise ValueError(msg)
        self._file.seek(self._offset + row * (rows.nbytes // len(rows)))
        self._file.write(rows.data)
        self._file.flush()
        if self._fsync:
            os.fsync(self._file.fileno())

    def _reads_header(self) -> bool:
        """Whether there is a file of an earlier run, whose rows are then known."""
        try:
            with self._part.open("rb") as file:
                np.lib.format.read_magic(file)
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                self._item, self._offset = shape[1:], file.tell()
        except (FileNotFoundError, ValueError):
            return False
        return bool(dtype == _DTYPE)


def _header(n_items: int, item: tuple[int, ...]) -> bytes:
    """Return what stands before the rows, of one length however many there are."""
    file = io.BytesIO()
    # numpy pads it so that the first axis can grow in place.
    np.lib.format.write_array_header_1_0(
        file, {"descr": _DTYPE.str, "fortran_order": False, "shape": (n_items, *item)}
    )
    return file.getvalue()
