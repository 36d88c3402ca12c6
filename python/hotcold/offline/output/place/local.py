"""Folders of this machine, where files get their names by a rename."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from hotcold import _atomic
from hotcold.offline.output.place.base import FOLDER, Lock, NewFile, Place
from hotcold.offline.output.place.lock import FolderLock
from hotcold.offline.output.place.tree import check_folders, entries, remove


class LocalPlace(Place):
    """A folder of this machine, where files get their names by a rename."""

    local: Path

    def __init__(self, folder: Path) -> None:
        self.local = folder

    def __str__(self) -> str:
        return str(self.local)

    def path(self, name: str) -> Path:
        """Return the path of a file."""
        return self.local / name

    def read(self, name: str) -> bytes:
        """Return a file."""
        try:
            return (self.local / name).read_bytes()
        except NotADirectoryError as error:
            raise FileNotFoundError(*error.args) from error

    def write(self, name: str, data: bytes, *, fsync: bool = False) -> None:
        """Write a file under a temporary name, then rename it."""
        _atomic.write_atomically(self.local / name, data, fsync=fsync)

    def new_file(self, name: str, *, fsync: bool = False) -> NewFile:
        """Begin a file under a temporary name."""
        return _atomic.AtomicFile(
            str(self.local), name, fsync=fsync, buffering=io.DEFAULT_BUFFER_SIZE
        )

    def exists(self, name: str = "") -> bool:
        """Whether it is there."""
        return (self.local / name).exists() if name else self.local.is_dir()

    def entries(self, folders: Iterable[str]) -> Iterator[str]:
        """Yield what is in some of the folders; nobody looks behind links."""
        return entries(self.local, folders)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""
        remove(self.local, names)

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files."""
        for name in names:
            if _atomic.target_of_leftover(name) is not None:
                _atomic.remove(self.local / name)
            else:  # a folder of this name is nobody's to remove
                (self.local / name).unlink(missing_ok=True)

    def check_folders(self, folders: Iterable[str]) -> None:
        """Require that no file or link is in the way."""
        check_folders(self.local, folders)

    def make_folders(self, folders: Iterable[str]) -> None:
        """Make folders; above the place as well, where it is among them."""
        for folder in folders:
            (self.local / folder).mkdir(parents=not folder, exist_ok=True)

    def lock(self, label: str) -> Lock:
        """Return a lock that the system gives up when the process ends."""
        return FolderLock(self.local / FOLDER, label, self.local)
