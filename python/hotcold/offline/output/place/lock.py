"""One job a folder at a time: locks that the system gives up when their process ends.

Parts of one job (shards) hold the folder together and each a lock of its own. The locks are those
of `flock`, which NFS passes on to its server; who has one is written into it, for people. Where a
file system has no locks the owner that is written there counts, as long as its process is alive or
on another machine.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import os
import socket
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

if os.name == "posix":
    import fcntl

_NAME = "lock"
_NO_LOCKS = {
    getattr(errno, name) for name in ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL")
}
_held: weakref.WeakSet[_LockFile] = weakref.WeakSet()


class _LockFile:
    """A file that is locked while it is open here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Never truncated when it is opened: its owner may be somebody else.
        self._handle: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        self._wrote = False
        _held.add(self)

    def take(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Lock it, or return False when others have it."""
        assert self._handle is not None
        if os.name != "posix":
            return self._owner_is_gone()
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._handle, kind if wait else kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            if error.errno not in _NO_LOCKS:
                raise
            return shared or wait or self._owner_is_gone()
        return True

    def sign(self) -> None:
        """Write into it who has it."""
        assert self._handle is not None
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        os.write(self._handle, json.dumps(signature()).encode())
        self._wrote = True

    def clear(self) -> None:
        """Remove what an earlier owner, who was killed, wrote into it."""
        assert self._handle is not None
        os.ftruncate(self._handle, 0)

    def release(self) -> None:
        """Let others have it."""
        if self._handle is None:
            return
        if self._wrote:
            with contextlib.suppress(OSError):
                self.clear()
        self.drop()

    def drop(self) -> None:
        """Close it without a word: in a forked child, whose parent still has it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _owner_is_gone(self) -> bool:
        owner = _owner(self.path)
        return owner is None or is_gone(owner)


def _owner(path: Path) -> dict[str, object] | None:
    """Return who wrote that they have a lock file."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _drop_all() -> None:
    for lock in list(_held):
        lock.drop()


if hasattr(os, "register_at_fork"):
    # A forked child would keep the locks of a killed parent.
    os.register_at_fork(after_in_child=_drop_all)


class FolderLock:
    """The right of a job, or of a part of one, to a folder.

    Parameters
    ----------
    folder : Path
        Where the lock files are.
    label : str
        Of the part; empty for a whole job.
    output : Path
        What the user is told.

    Attributes
    ----------
    alone : bool
        No other part had the folder when this one took it.
    """

    def __init__(self, folder: Path, label: str, output: Path) -> None:
        self._folder = folder
        self._label = label
        self._output = output
        self._locks: list[_LockFile] = []
        self.alone = False

    def acquire(self) -> None:
        """Take the folder within `section`.

        Raises
        ------
        BlockingIOError
            Another job has it; the message says which.
        """
        whole = self._open(_NAME)
        self.alone = whole.take()
        if self._label:
            own = self._open(_NAME + self._label)
            if not own.take():
                # Perhaps by a part that is being refused itself, and has not written who it is.
                raise self._refusal([own, whole])
            # Within the section nobody comes between giving up the one and taking the other.
            if not whole.take(shared=True):
                raise self._refusal([whole])
            if self.alone:
                whole.clear()
            own.sign()
        elif self.alone:
            whole.sign()
        else:
            raise self._refusal([whole])

    @contextlib.contextmanager
    def section(self) -> Iterator[None]:
        """For the moments in which the job file changes: one process at a time."""
        lock = _LockFile(self._folder / f"{_NAME}-job")
        try:
            lock.take(wait=True)
            yield
        finally:
            lock.release()

    def release(self) -> None:
        """Give the folder back."""
        while self._locks:
            self._locks.pop().release()

    def check(self) -> None:
        """Nobody takes from a process what the system has given it."""

    def refusal(self) -> BlockingIOError:
        """Return the error for a part of another job than those that have the folder."""
        return self._refusal([])

    def _open(self, name: str) -> _LockFile:
        lock = _LockFile(self._folder / name)
        self._locks.append(lock)
        return lock

    def _refusal(self, locks: list[_LockFile]) -> BlockingIOError:
        owners = [_owner(lock.path) for lock in locks]
        if not any(owners):  # parts of a job have files of their own
            others = set(self._folder.glob(f"{_NAME}-*-of-*"))
            owners = [_owner(path) for path in sorted(others - {lock.path for lock in self._locks})]
        found = [owner for owner in owners if owner]
        return refused(self._output, found)


def refused(output: object, owners: Sequence[Mapping[str, object]]) -> BlockingIOError:
    """Return the error for a place that others write to."""
    who = (
        "; ".join(
            f"process {owner.get('pid')} on {owner.get('host')} since {owner.get('since')}"
            for owner in owners[:3]
        )
        or "a process that did not say which"
    )
    msg = (
        f"`output_dir` must have one job at a time, got {output}, which another job is writing "
        f"to ({who}): wait for it, or use another folder"
    )
    return BlockingIOError(errno.EAGAIN, msg)


def signature() -> dict[str, object]:
    """Return who this process is, for people and for those who ask whether it is alive."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"host": socket.gethostname(), "pid": os.getpid(), "since": now}


def is_gone(owner: Mapping[str, object]) -> bool:
    """Whether the process that signed is known to have ended: it was one of this machine's."""
    pid = owner.get("pid")
    if owner.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
