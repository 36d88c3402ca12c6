"""The output folder and the folders below it that a job's files are in."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hotcold import _atomic
from hotcold.offline.output.base import ForeignFiles


def entries(top: Path, folders: Iterable[str]) -> Iterator[str]:
    """Yield what is in some of the folders, as paths in `top`; nobody looks behind links.

    Parameters
    ----------
    top : Path
        The output folder, which is there.
    folders : iterable of str
        Paths in it, "" for itself; those that are not there hold nothing.
    """
    passed: set[str] = set()
    for folder in sorted(set(folders), key=lambda path: path.split("/")):
        path = f"{top}{os.sep}{folder}" if folder else os.fspath(top)
        # Behind a link are the files of others, whatever they are called.
        if folder and (folder.rpartition("/")[0] in passed or os.path.islink(path)):  # noqa: PTH114
            passed.add(folder)
            continue
        try:
            names = os.listdir(path)  # noqa: PTH208 - a hundred thousand strings
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield from names if not folder else (f"{folder}/{name}" for name in names)


def check_folders(top: Path, folders: Iterable[str]) -> None:
    """Require that the folders below the output folder can be made, or are there.

    Raises
    ------
    ForeignFiles
        A file is in the way, or a link, behind which the pictures would be somewhere else.
    """
    for folder in filter(None, folders):
        path = top / folder
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            what = "a link" if path.is_symlink() else "a file"
            msg = (
                f"`output_dir` must hold folders where those of the inputs are kept, got {what} "
                f"at {path}; use another folder"
            )
            raise ForeignFiles(errno.EEXIST, msg)


def remove(top: Path, names: Iterable[str]) -> None:
    """Remove files, and the folders below `top` that this leaves empty."""
    left = set()
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            _atomic.remove(top / name)
        left.add(name.rpartition("/")[0])
    for folder in sorted(left, key=lambda path: -path.count("/")):
        while folder:
            try:
                (top / folder).rmdir()
            except OSError:
                break  # something is in it
            folder = folder.rpartition("/")[0]
