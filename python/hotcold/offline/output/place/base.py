"""Where the files of a job are: what a job asks of a folder, of whatever kind."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

FOLDER = ".hotcold"  # in a place: of the job file, and what stands beside it


class NewFile(Protocol):
    """A file that is there, whole, once it is committed."""

    file: IO[bytes]

    def commit(self) -> None:
        """Give it its name."""

    def discard(self) -> None:
        """Remove what is incomplete."""


class Lock(Protocol):
    """The right of a job, or of a part of one, to a place."""

    alone: bool

    def acquire(self) -> None:
        """Take the place, or raise BlockingIOError: another job has it."""

    def section(self) -> AbstractContextManager[None]:
        """For the moments in which the job file changes."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise BlockingIOError when another job has taken the place meanwhile."""

    def refusal(self) -> BlockingIOError | None:
        """Return the error for a part of another job than those that have the place."""

    def release(self) -> None:
        """Give the place back."""


class Place(abc.ABC):
    """A folder that pictures are written to. Names in it are paths with ``/`` between.

    Attributes
    ----------
    local : Path, optional
        The folder, where it is one of this machine; None: one of fsspec's.
    """

    local: Path | None = None

    @abc.abstractmethod
    def __str__(self) -> str: ...

    @abc.abstractmethod
    def path(self, name: str) -> Any:
        """Return what the user is told of a file."""

    @abc.abstractmethod
    def read(self, name: str) -> bytes:
        """Return a file.

        Raises
        ------
        FileNotFoundError
            There is none.
        """

    @abc.abstractmethod
    def write(self, name: str, data: bytes, *, fsync: bool = False) -> None:
        """Make a file, which appears whole, in place of what has its name."""

    @abc.abstractmethod
    def new_file(self, name: str, *, fsync: bool = False) -> NewFile:
        """Begin a file that is written bit by bit, and appears whole."""

    @abc.abstractmethod
    def exists(self, name: str = "") -> bool:
        """Whether there is such a file, or the folder itself."""

    @abc.abstractmethod
    def entries(self, folders: Iterable[str]) -> Iterator[str]:
        """Yield what is in some of the folders, "" for the place itself."""

    @abc.abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Remove files that may be there, and folders that this leaves empty."""

    @abc.abstractmethod
    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files, or temporary folders, that may be there, and nothing around them."""

    @abc.abstractmethod
    def check_folders(self, folders: Iterable[str]) -> None:
        """Require that folders can be made, or are there."""

    @abc.abstractmethod
    def make_folders(self, folders: Iterable[str]) -> None:
        """Make folders, upper ones first; "" is the place."""

    @abc.abstractmethod
    def lock(self, label: str) -> Lock:
        """Return the lock of a job, or of the part of one with this label."""

    def own_names(self, start: str) -> list[str]:
        """Return the files beside the job file whose names begin like this."""
        names = (name.rpartition("/")[2] for name in self.entries([FOLDER]))
        return [name for name in names if name.startswith(start)]
