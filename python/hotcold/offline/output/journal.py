"""Which units a job has made, where files of an earlier job have the same names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


class Journal:
    """Units that are done, kept line by line beside the job file.

    A line is written when the files are there; what a killed run did not come to write down is made
    again. Each part of a job has a journal of its own, and reads all.

    Parameters
    ----------
    folder : Path
        That of the job file.
    label : str
        Of the part.
    """

    def __init__(self, folder: Path, label: str) -> None:
        self._path = folder / f"done{label}.txt"
        self._done = bytearray()  # a byte a unit
        for path in folder.glob("done*.txt"):
            self._read(path.read_bytes())
        self._handle: int | None = None

    @classmethod
    def clear(cls, folder: Path) -> None:
        """Remove the journals of all parts."""
        for path in folder.glob("done*.txt"):
            path.unlink(missing_ok=True)

    def __contains__(self, unit: int) -> bool:
        return unit < len(self._done) and self._done[unit] == 1

    def note(self, made: Iterable[tuple[int, int]], missing: Iterable[int]) -> None:
        """Keep that units [first, last) are made, but for those that have no picture."""
        if self._handle is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._handle = os.open(self._path, flags, 0o666)
        lines = [
            *(f"{first} {last}\n" for first, last in made),
            *(f"-{unit}\n" for unit in missing),
        ]
        os.write(self._handle, "".join(lines).encode())

    def close(self) -> None:
        """Write no more."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _read(self, data: bytes) -> None:
        for line in data.split(b"\n")[:-1]:  # the last one may be half
            with contextlib.suppress(ValueError):
                if line.startswith(b"-"):
                    self._mark(int(line[1:]), int(line[1:]) + 1, 0)
                else:
                    first, last = line.split()
                    self._mark(int(first), int(last), 1)

    def _mark(self, first: int, last: int, value: int) -> None:
        if last > len(self._done):
            self._done.extend(bytes(last - len(self._done)))
        self._done[first:last] = bytes([value]) * (last - first)
