"""Which units a job has made, where files of an earlier job have the same names."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable

from hotcold import _atomic
from hotcold.offline.output.place import FOLDER, Place

_START = "done"
_EVERY = 5.0  # seconds between two writes of a journal that is written whole


class Journal:
    """Units that are done, kept line by line beside the job file.

    A line is written when the files are there; what a killed run did not come to write down is made
    again. Each part of a job has a journal of its own, and reads all. Where nothing can be added to
    a file, a run has one of its own, which is written whole every few seconds.

    Parameters
    ----------
    place : Place
        Of the job.
    label : str
        Of the part.
    """

    def __init__(self, place: Place, label: str) -> None:
        self._place = place
        self._done = bytearray()  # a byte a unit
        for name in place.own_names(_START):
            self._read(place.read(f"{FOLDER}/{name}"))
        run = "" if place.local is not None else f"-{_atomic.token()}"
        self._name = f"{FOLDER}/{_START}{label}{run}.txt"
        self._handle: int | None = None
        self._lines = bytearray()  # of this run, where they are written together
        self._written = (0, time.monotonic())  # how many of them, and when

    @classmethod
    def clear(cls, place: Place) -> None:
        """Remove the journals of all parts."""
        place.remove([f"{FOLDER}/{name}" for name in place.own_names(_START)])

    def __contains__(self, unit: int) -> bool:
        return unit < len(self._done) and self._done[unit] == 1

    def note(self, made: Iterable[tuple[int, int]], missing: Iterable[int]) -> None:
        """Keep that units [first, last) are made, but for those that have no picture."""
        lines = [
            *(f"{first} {last}\n" for first, last in made),
            *(f"-{unit}\n" for unit in missing),
        ]
        data = "".join(lines).encode()
        if self._place.local is None:
            self._lines += data
            if time.monotonic() - self._written[1] >= _EVERY:
                self._write()
            return
        if self._handle is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._handle = os.open(self._place.local / self._name, flags, 0o666)
        os.write(self._handle, data)

    def close(self) -> None:
        """Write no more."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
        if len(self._lines) > self._written[0]:
            with contextlib.suppress(OSError):  # then they are made again
                self._write()

    def forget(self) -> None:
        """Leave what has not been written down yet, as the job is done."""
        self._lines.clear()

    def _write(self) -> None:
        self._place.write(self._name, bytes(self._lines))
        self._written = (len(self._lines), time.monotonic())

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
