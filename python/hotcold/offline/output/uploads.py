"""A file a unit in a folder of another machine: many on their way, beside the renderer."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from hotcold.offline.output import check
from hotcold.offline.output.base import Damaged, Writer
from hotcold.offline.output.names import Names
from hotcold.offline.output.place import RemotePlace

_MOST_BYTES = 64 << 20  # that wait to be sent


class Uploads(Writer):
    """One file per unit, each sent in one piece by threads of its own.

    `write` returns when a file is on its way, and waits where too much is; `settle` when it is
    there.

    Parameters
    ----------
    place : RemotePlace
        Where they go.
    names : Names
        Of the units.
    verify : bool, optional
        True reads back, and decodes, what is sent and what an earlier run finished. Otherwise that
        counts as whole where it is listed with a size: a file in one piece is there or not.
    is_old : callable
        Whether a unit's file, if it is there, is of an earlier job.
    resume : bool
        Whether anyone will ask what is there.
    """

    in_order = False
    kept = "finished files are whole and kept"

    def __init__(
        self,
        place: RemotePlace,
        names: Names,
        verify: bool | None,
        is_old: Callable[[int], bool],
        resume: bool,
    ) -> None:
        self.output = place
        self._place = place
        self._names = names
        self._verify = verify
        self._there = self._listed(is_old) if resume else bytearray()
        self._begin()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out threads and what is on its way: a process of a cluster begins its own."""
        left_out = ("_pool", "_room", "_sent")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def has(self, unit: int) -> bool:
        """Whether an earlier run put the file there."""
        if unit >= len(self._there) or not self._there[unit]:
            return False
        return not self._verify or self._whole(self._names.file_name(unit))

    def write(self, unit: int, content: Any) -> int:
        """Begin to send a file."""
        if content is None:
            return 0
        size = len(content)
        with self._room:
            most = 2 * self._place.n_at_once
            self._room.wait_for(
                lambda: (
                    self._failed is not None
                    or not self._sent_bytes
                    or (self._sent_files < most and self._sent_bytes + size <= _MOST_BYTES)
                )
            )
            if self._failed is not None:
                raise self._failed
            self._sent_files += 1
            self._sent_bytes += size
            self._sent[unit] = self._pool.submit(self._send, unit, content)
        return size

    def settle(self, first: int, last: int) -> None:
        """Wait until the files of units [first, last) are there."""
        for unit in range(first, last):
            with self._room:
                future = self._sent.pop(unit, None)
            if future is not None:
                future.result()

    def finish(self) -> None:
        """Wait until every file is there."""
        for future in list(self._sent.values()):
            future.result()
        self._pool.shutdown()

    def abort(self) -> None:
        """Begin no more; wait for those on their way, which are whole or not there."""
        self._pool.shutdown(cancel_futures=True)

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self._place.n_at_once, "hotcold-send")
        self._room = threading.Condition()
        self._sent: dict[int, Future[None]] = {}  # by unit, until they are settled
        self._sent_files = 0  # on their way
        self._sent_bytes = 0
        self._failed: OSError | None = None

    def _send(self, unit: int, content: Any) -> None:
        try:
            name = self._names.file_name(unit)
            self._place.write(name, bytes(content))
            if self._verify and not self._whole(name):
                msg = f"{self._place.path(name)} does not read back as it was written"
                raise Damaged(msg)
        except OSError as error:
            self._failed = error
            raise
        finally:
            with self._room:
                self._sent_files -= 1
                self._sent_bytes -= len(content)
                self._room.notify_all()

    def _listed(self, is_old: Callable[[int], bool]) -> bytearray:
        """Return which units' files are there and this job's: a byte each."""
        found = bytearray()
        for name, size in self._place.sizes(self._names.folders):
            unit = self._names.unit_of(name)
            if unit is None or not size or is_old(unit):
                continue
            if unit >= len(found):
                found.extend(bytes(unit + 1 - len(found)))
            found[unit] = 1
        return found

    def _whole(self, name: str) -> bool:
        try:
            data = self._place.read(name)
        except FileNotFoundError:
            return False
        return check.is_whole(data, self._names.suffix) and check.decodes(io.BytesIO(data))
