"""One job a folder at a time where there are no locks: files that say who writes, with a pulse."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from hotcold import _atomic
from hotcold.offline.output.place.base import FOLDER
from hotcold.offline.output.place.lock import is_gone, refused, signature

_START = "lock"
_BEAT = 10.0  # seconds between two beats of a running job
_SILENCE = 35.0  # after which a job of another machine is taken for dead
_LOOK = 2.0
_ours: set[str] = set()  # tokens of this process's locks


class _Files(Protocol):
    """What is asked of a place."""

    def read(self, name: str) -> bytes: ...
    def write(self, name: str, data: bytes) -> None: ...
    def create(self, name: str, data: bytes) -> bool: ...
    def remove(self, names: list[str]) -> None: ...
    def own_names(self, start: str) -> list[str]: ...


class RemoteLock:
    """The right of a job, or of a part of one, to a folder of another machine.

    A file says who has it, and is written anew every ten seconds. A job that finds one is refused,
    but where its owner was a process of this machine that has ended, or another machine's whose
    file has stayed the same for 35 seconds. Two that begin within one request of each other may
    both begin, where the system cannot create a file only if there is none; the one whose file the
    other has replaced ends with its next beat.

    Parameters
    ----------
    place : RemotePlace
        The folder.
    label : str
        Of the part; empty for a whole job.

    Attributes
    ----------
    alone : bool
        No other part had the folder when this one took it.
    """

    def __init__(self, place: _Files, label: str) -> None:
        self._place = place
        self._name = f"{FOLDER}/{_START}{label}.json"
        self._label = label
        self._token = _atomic.token()
        self._beats = 0
        self._held = False
        self._lost: Mapping[str, object] | None = None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.alone = False

    def acquire(self) -> None:
        """Take the folder.

        Raises
        ------
        BlockingIOError
            Another job has it.
        """
        whole = f"{FOLDER}/{_START}.json"
        if alive := self._alive({self._name, whole} if self._label else None):
            raise refused(self._place, alive)
        self.alone = not self._owners()
        if not self._place.create(self._name, self._signed()):
            raise refused(self._place, list(self._owners().values()))
        self._held = True
        _ours.add(self._token)
        self._look()
        self.check()
        self._thread = threading.Thread(target=self._beat, name="hotcold-lock", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def section(self) -> Iterator[None]:
        """Keep nobody out: what parts write at the same moments are files of their own."""
        yield

    def check(self) -> None:
        """Raise BlockingIOError when another job has taken the folder meanwhile."""
        if self._lost is not None:
            raise refused(self._place, [self._lost])

    def refusal(self) -> BlockingIOError | None:
        """Return the error for a part of another job than those that have the folder.

        None when they turn out to be dead: `alone` is true then.
        """
        others = set(self._owners()) - {self._name}
        if alive := self._alive(others):
            return refused(self._place, alive)
        self.alone = True
        return None

    def release(self) -> None:
        """Give the folder back."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        if self._held and self._lost is None:
            with contextlib.suppress(OSError):
                self._place.remove([self._name])
        self._held = False
        _ours.discard(self._token)

    def _signed(self) -> bytes:
        self._beats += 1
        return json.dumps({**signature(), "token": self._token, "beat": self._beats}).encode()

    def _beat(self) -> None:
        while not self._end.wait(_BEAT):
            # Without a connection it goes on: whoever waits longer than this lasts takes over.
            with contextlib.suppress(OSError):
                self._look()
                if self._lost is not None:
                    return
                self._place.write(self._name, self._signed())

    def _look(self) -> None:
        """See whether the file is still this job's."""
        owner = self._owner(self._name)
        if owner is not None and owner.get("token") != self._token:
            self._lost = owner

    def _alive(self, names: set[str] | None) -> list[Mapping[str, Any]]:
        """Return who has the folder by these files, or by any; those of the dead go."""
        end = time.monotonic() + _SILENCE
        first = watched = self._owners(names)
        while watched:
            dead = [name for name, owner in watched.items() if _is_dead(owner)]
            if time.monotonic() >= end:
                dead = list(watched)
            self._place.remove(dead)
            watched = {name: owner for name, owner in watched.items() if name not in dead}
            here = [owner for owner in watched.values() if owner.get("host") == _host()]
            beat = [owner for name, owner in watched.items() if owner != first.get(name)]
            if here or beat:
                return here or beat
            if watched:
                time.sleep(_LOOK)
                watched = self._owners(set(watched))
        return []

    def _owners(self, names: set[str] | None = None) -> dict[str, Mapping[str, Any]]:
        if names is None:
            names = {f"{FOLDER}/{name}" for name in self._place.own_names(_START)}
        found = {name: self._owner(name) for name in sorted(names)}
        return {name: owner for name, owner in found.items() if owner is not None}

    def _owner(self, name: str) -> Mapping[str, Any] | None:
        try:
            found = json.loads(self._place.read(name))
        except FileNotFoundError:
            return None
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {"token": None}


def _is_dead(owner: Mapping[str, object]) -> bool:
    same = owner.get("host") == _host() and owner.get("pid") == os.getpid()
    # A program that is started again in a container has the number of the one before.
    return is_gone(owner) or (same and owner.get("token") not in _ours)


def _host() -> object:
    return signature()["host"]
