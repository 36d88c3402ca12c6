"""Files that appear whole or not at all: the one place that makes temporary names and renames."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

LONGEST_NAME = 200  # bytes of a name whose temporary one still fits the usual limit of 255
# Whether the core writes PNG files itself, as `save_pngs` does; elsewhere Python writes all files.
CORE_WRITES = os.name == "posix"
_TEMPORARY = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{8}\.part", re.DOTALL)


class AtomicFile:
    """A file of a folder that is written under a temporary name and renamed when it is complete.

    A reader sees the old file or the new one, never a part; `discard` leaves the old one as it was.
    As a context manager it gives the open file, and ends by `commit` or, after an error, `discard`.

    Parameters
    ----------
    folder, name : str
        Nobody looks for links; a link of this name is replaced, not followed. The name may be that
        of a file further down, with ``/`` between.
    fsync : bool, default False
        Force the data to the disk before the file has its name, and the name after it.
    buffering : int
        As of `open`.
    """

    def __init__(self, folder: str, name: str, *, fsync: bool = False, buffering: int = 0) -> None:
        self._path = f"{folder}{os.sep}{name}"
        self._fsync = fsync
        # The name is this process's own: two writers of one file never meet before the rename.
        self.temporary = f"{folder}{os.sep}{temporary_name(name, token())}"
        # "x" makes the file with the permissions of any new file; "+" to read it back.
        self.file: IO[bytes] = open(self.temporary, "x+b", buffering)  # noqa: PTH123

    def __enter__(self) -> IO[bytes]:
        return self.file

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()

    def commit(self) -> None:
        """Close the file and give it its name."""
        try:
            if self._fsync:
                self.file.flush()
                os.fsync(self.file.fileno())
            self.file.close()
            os.replace(self.temporary, self._path)  # noqa: PTH105
        except BaseException:
            self.discard()
            raise
        if self._fsync:
            sync_folder(os.path.dirname(self._path))  # noqa: PTH120

    def discard(self) -> None:
        """Remove what is incomplete."""
        # On a full disk closing fails as well, when what is buffered cannot be written; the second
        # time it does not try.
        for _ in range(2):
            with contextlib.suppress(OSError, ValueError):
                self.file.close()
        with contextlib.suppress(OSError):
            os.unlink(self.temporary)  # noqa: PTH108


def write_atomically(path: str | os.PathLike[str], data: bytes, *, fsync: bool = False) -> None:
    """Write `data` to a temporary file in the same folder, then rename it to `path`.

    A symbolic link is followed, as by any other writer.
    """
    folder, name = target(path)
    try:
        write_entry(folder, name, data, fsync=fsync)
    except FileNotFoundError:
        raise no_folder(folder) from None


def write_entry(folder: str, name: str, data: bytes, *, fsync: bool = False) -> None:
    """Write a plain file of a folder atomically, without looking for links: for very many files."""
    with AtomicFile(folder, name, fsync=fsync) as file:
        # An unbuffered file may take less than it is given, on a disk that fills up for instance.
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def replace_folder(temporary: Path, path: Path, *, fsync: bool = False) -> None:
    """Give a finished folder its name; what had it goes when the new one is there."""
    old = path.with_name(temporary_name(path.name, token()))
    if fsync:
        for root, _, names in os.walk(temporary):
            for name in names:
                with open(f"{root}{os.sep}{name}", "rb") as file:  # noqa: PTH123
                    os.fsync(file.fileno())
            sync_folder(root)
    with contextlib.suppress(FileNotFoundError):
        path.rename(old)
    temporary.rename(path)
    if fsync:
        sync_folder(os.fspath(path.parent))
    remove(old)


def remove(path: Path) -> None:
    """Remove a file or a folder, or a link to one, if it is there."""
    import shutil  # and with it bz2 and lzma: not for those that only render

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync_folder(folder: str) -> None:
    """Force the names of a folder to the disk, where the system can."""
    if not CORE_WRITES:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse
            os.fsync(handle)
    finally:
        os.close(handle)


def target(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return folder and name of the file that is written when someone writes to `path`."""
    # By strings and one look at the path, as it is done for every picture. Resolved where it leads
    # elsewhere, where its end is no name, and on systems where "C:a.png" is in no folder "C:".
    folder, name = os.path.split(path)
    if not CORE_WRITES or name in ("", os.curdir) or os.path.islink(path):  # noqa: PTH114
        folder, name = os.path.split(os.path.realpath(path))
    return folder or os.curdir, name


def no_folder(folder: str) -> FileNotFoundError:
    """Return the error for a folder that is not there."""
    message = "the folder of the file to write must exist; create it first"
    return FileNotFoundError(errno.ENOENT, message, os.path.realpath(folder))


def token() -> str:
    """Return what makes a temporary name this process's own."""
    return os.urandom(4).hex()


def temporary_name(name: str, token: str) -> str:
    """Return a name in the same folder that nobody has and `target_of_leftover` knows."""
    above, slash, name = name.rpartition("/")
    # Of a long name only the start: the temporary one must fit in a directory entry too.
    # Characters are at most four bytes: most names need not be encoded to know.
    short = 4 * len(name) <= LONGEST_NAME or len(os.fsencode(name)) <= LONGEST_NAME
    return f"{above}{slash}.{name if short else name[:40]}.{token}.part"


def core_names(names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Return plain names as the core wants those of one call: each after its temporary one."""
    own = token()  # one is enough: the files of a call are made one after the other
    return [(os.fsencode(temporary_name(name, own)), os.fsencode(name)) for name in names]


def target_of_leftover(name: str) -> str | None:
    """Return the file that a temporary one was to become, in its folder; None for others.

    Names longer than `LONGEST_NAME` bytes are not told.
    """
    above, slash, name = name.rpartition("/")
    match = _TEMPORARY.fullmatch(name)
    return f"{above}{slash}{match['target']}" if match else None
