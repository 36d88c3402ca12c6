"""Folders of other machines, by fsspec: files that are sent whole."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from hotcold import _atomic
from hotcold.offline.input.remote import RemotePath, place_of, version_of
from hotcold.offline.output.place.base import Lock, NewFile, Place
from hotcold.offline.output.place.remote_lock import RemoteLock

# Whose renames do not replace what is there.
_KEEP = {"hdfs", "arrow_hdfs", "webhdfs", "webHDFS"}
_MANGLED = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/[^/]")  # an address that was made a path
AT_ONCE = 32  # files on their way at a time: a request takes some hundredths of a second


def address(name: str, text: str) -> Path | RemotePath:
    """Return the folder that an argument stands for.

    Raises
    ------
    ImportError, ValueError
        As `place_of`; a web server, which takes no files.
    """
    if _MANGLED.match(text) and not Path(text).exists() and os.name == "posix":
        msg = (
            f"`{name}` must be a folder, or an address as a string: a path has lost one of its two "
            f"slashes, got {text}"
        )
        raise ValueError(msg)
    found = place_of(name, text)
    if isinstance(found, RemotePath) and found.is_web:
        msg = (
            f"`{name}` must be where files can be written, got {text}: a web server takes none; "
            "write to a folder of this machine, a container if it is to be one file, and send that"
        )
        raise ValueError(msg)
    return found


class RemotePlace(Place):
    """A folder of a file system that fsspec knows.

    A file is put there in one piece. Object stores show it when they have all of it; file systems
    that rename get it under a temporary name first.

    Parameters
    ----------
    folder : RemotePath
        The folder, which need not be there.

    Attributes
    ----------
    system : fsspec.AbstractFileSystem
        The file system.
    top : str
        Where the folder is there.
    n_at_once : int
        Files that it takes at a time.
    """

    def __init__(self, folder: RemotePath) -> None:
        self._folder = folder
        self.system = folder.system
        self.top = folder.path.rstrip("/")
        kinds: Any = type(self.system)
        base = next(kind for kind in kinds.__mro__ if kind.__name__ == "AbstractFileSystem")
        # Where there is no such operation, fsspec copies and removes: no better than to put it.
        self._renames = kinds.mv is not base.mv
        self._keeps = bool(_KEEP & _protocols(self.system))
        # What is not made for several requests at a time may have one connection.
        together = self.system.async_impl or "memory" in _protocols(self.system)
        self.n_at_once = AT_ONCE if together else 1
        self._turn: Any = contextlib.nullcontext() if together else threading.RLock()

    def __str__(self) -> str:
        return str(self._folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return RemotePlace, (self._folder,)

    def at(self, name: str) -> str:
        """Return where a file is in the file system."""
        return f"{self.top}/{name}" if name else self.top

    def path(self, name: str) -> RemotePath:
        """Return the address of a file."""
        return self._folder / name

    def read(self, name: str) -> bytes:
        """Return a file."""
        with self._asking():
            data: bytes = self.system.cat_file(self.at(name))
        return data

    def read_end(self, name: str, size: int) -> bytes:
        """Return the last bytes of a file."""
        with self._asking():
            data: bytes = self.system.cat_file(self.at(name), start=-size)
        return data

    def write(self, name: str, data: bytes, *, fsync: bool = False) -> None:
        """Put a file, whose data are the system's when this returns."""
        with self._asking(), self._arriving(name) as path:
            self.system.pipe_file(path, data)

    def create(self, name: str, data: bytes) -> bool:
        """Put a file unless it is there; return False then, where the system can tell."""
        with self._asking():
            try:
                self.system.pipe_file(self.at(name), data, mode="create")
            except FileExistsError:
                return False
            except Exception:  # older packages know no such mode, each in its own way
                self.write(name, data)
        return True

    def new_file(self, name: str, *, fsync: bool = False) -> NewFile:
        """Begin a file of this machine that is put there when it is complete."""
        return _Sent(self, name)

    def send(self, file: str, name: str) -> None:
        """Put a file of this machine."""
        with self._asking(), self._arriving(name) as path:
            self.system.put_file(file, path)

    def exists(self, name: str = "") -> bool:
        """Whether it is there; a folder of an object store is where files are."""
        with self._asking():
            self.system.invalidate_cache()
            return bool(self.system.exists(self.at(name)))

    def version(self, name: str) -> tuple[int | None, str]:
        """Return the size of a file, and what tells one version from another."""
        with self._asking():
            self.system.invalidate_cache()
            return version_of(self.system.info(self.at(name)))

    def entries(self, folders: Iterable[str]) -> Iterator[str]:
        """Yield the files in some of the folders."""
        for name, _ in self.sizes(folders):
            yield name

    def sizes(self, folders: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Yield the files in some of the folders, and their sizes."""
        with self._asking():
            self.system.invalidate_cache()
        for folder in sorted(set(folders)):
            try:
                with self._asking():
                    found = self.system.ls(self.at(folder), detail=True)
            except (FileNotFoundError, NotADirectoryError):
                continue
            for entry in found:
                if entry["type"] == "file":
                    name = entry["name"].rpartition("/")[2]
                    if name:
                        yield (f"{folder}/{name}" if folder else name), int(entry["size"] or 0)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; folders are nothing by themselves in object stores, and stay elsewhere."""

        def one(name: str) -> None:
            # Not `rm`, to which a name with brackets is a pattern.
            with contextlib.suppress(FileNotFoundError), self._asking():
                self.system.rm_file(self.at(name))

        listed = list(names)
        if len(listed) < 2 or self.n_at_once == 1:
            for name in listed:
                one(name)
            return
        with ThreadPoolExecutor(self.n_at_once, "hotcold-remove") as pool:
            for _ in pool.map(one, listed):
                pass

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove files."""
        self.remove(names)

    def check_folders(self, folders: Iterable[str]) -> None:
        """Let the system say what is in the way of its folders, if it has any."""

    def make_folders(self, folders: Iterable[str]) -> None:
        """Make folders, where they are something by themselves."""
        if not self._renames:
            return  # object stores: the bucket must be there
        for folder in folders:
            with self._asking():
                self.system.makedirs(self.at(folder), exist_ok=True)

    def lock(self, label: str) -> Lock:
        """Return a lock that is a file with a heartbeat."""
        return RemoteLock(self, label)

    @contextlib.contextmanager
    def _arriving(self, name: str) -> Iterator[str]:
        """Give the path that a file is put to, and rename that where the system does such."""
        if not self._renames:
            yield self.at(name)
            return
        path = self.at(_atomic.temporary_name(name, _atomic.token()))
        try:
            yield path
            if self._keeps and self.system.exists(self.at(name)):
                self.system.rm_file(self.at(name))
            self.system.mv(path, self.at(name))
        except BaseException:
            with contextlib.suppress(Exception):
                self.system.rm_file(path)
            raise

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what packages raise in their own ways into OSError."""
        with self._turn:
            try:
                yield
            except OSError as error:
                if error.errno is not None or isinstance(error, FileNotFoundError):
                    raise
                number = errno.EACCES if isinstance(error, PermissionError) else errno.EIO
                raise OSError(number, str(error) or type(error).__name__) from error
            except Exception as error:
                msg = f"{type(error).__name__}: {error}"
                raise OSError(errno.EIO, msg) from error


class _Sent:
    """A file that grows on this machine and is put in one piece."""

    def __init__(self, place: RemotePlace, name: str) -> None:
        self._place = place
        self._name = name
        handle, self._path = tempfile.mkstemp(prefix="hotcold-")
        self.file: IO[bytes] = os.fdopen(handle, "w+b")

    def commit(self) -> None:
        try:
            self.file.close()
            self._place.send(self._path, self._name)
        finally:
            self.discard()

    def discard(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.file.close()
        Path(self._path).unlink(missing_ok=True)


def _protocols(system: Any) -> set[str]:
    found = system.protocol
    return {found} if isinstance(found, str) else set(found)
