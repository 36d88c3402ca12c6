"""Nothing that a job reads may be where it writes, whatever it is called there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hotcold import _atomic
from hotcold.offline.input.base import Source
from hotcold.offline.input.remote import RemotePath, local
from hotcold.offline.output.place import Place, RemotePlace

FileId = tuple[int, int]


class Read(NamedTuple):
    """What an argument of the job reads.

    Parameters
    ----------
    name : str
        The argument.
    paths : sequence of Path
        Files, or folders that stand for everything in them.
    folder : bool
        The files are all that their folder holds of their kind.
    root : Path, optional
        The folder that is read with everything below it.
    remote : sequence of RemotePath
        Files of other machines, or folders that stand for everything in them.
    """

    name: str
    paths: Sequence[Path]
    folder: bool = False
    root: Path | None = None
    remote: Sequence[RemotePath] = ()

    @classmethod
    def of(cls, source: Source) -> Read:
        """Return what a source reads."""
        root = source.root if isinstance(source.root, Path) else None
        remote = [path for path in source.paths if isinstance(path, RemotePath)]
        if isinstance(source.root, RemotePath):
            remote = [source.root]
        return cls(source.name, local(source.paths), source.is_folder, root, remote)


def refuse_folders(place: Place, reads: Iterable[Read], folders: Iterable[str] = ("",)) -> None:
    """Raise ValueError when `output_dir` is, or is inside, a folder that is read as a whole.

    Parameters
    ----------
    place : Place
        Where files are written.
    reads : iterable of Read
        What is read.
    folders : iterable of str
        Where files are in `output_dir`, "" for itself.
    """
    if isinstance(place, RemotePlace):
        _refuse_remote_folders(place, reads)
        return
    output_dir = place.local
    assert output_dir is not None
    written: dict[FileId, Path] | None = None
    above: dict[FileId, Path] = {}
    for read in reads:
        whole = {path.parent for path in read.paths} if read.folder else set()
        if read.root is not None:
            whole = {read.root}
        elif len(read.paths) == 1 and read.paths[0].is_dir():
            whole = {read.paths[0]}
        for folder in whole:
            if written is None:
                places = [output_dir / below for below in folders]
                written = {found: one for one in places for found in _ids([one])}
                for one in reversed(places):
                    resolved = one.resolve()
                    above |= dict.fromkeys(_ids([resolved, *resolved.parents]), one)
            found = (written if read.folder else above).get(next(_ids([folder]), (-1, -1)))
            if found is not None:
                msg = (
                    f"`output_dir` must not be where `{read.name}` is read from, got {found}, "
                    f"which {'is' if read.folder else 'is in'} {folder}; use another folder"
                )
                raise ValueError(msg)


def _refuse_remote_folders(place: RemotePlace, reads: Iterable[Read]) -> None:
    """Refuse a place that is, or is inside, a folder which is read as a whole."""
    for read in reads:
        for path in read.remote:
            if path.system != place.system:
                continue
            folder = path.path.rstrip("/")
            if read.folder:
                folder = folder.rpartition("/")[0]
            if place.top == folder or (not read.folder and place.top.startswith(folder + "/")):
                msg = (
                    f"`output_dir` must not be where `{read.name}` is read from, got {place}, "
                    f"where {path} is; use another folder"
                )
                raise ValueError(msg)


def refuse_files(place: Place, written: Sequence[str], reads: Iterable[Read]) -> None:
    """Raise ValueError when one of the files that are written or removed is read, or holds that.

    Parameters
    ----------
    place : Place
        Their folder.
    written : sequence of str
        Names of files and folders that are there.
    """
    if not written:
        return
    if isinstance(place, RemotePlace):
        _refuse_remote_files(place, written, reads)
        return
    output_dir = place.local
    assert output_dir is not None
    names: dict[FileId, str] = {}
    for name in written:
        for found in _ids([output_dir / name]):
            names.setdefault(found, name)
    for read in reads:
        for path in read.paths:
            resolved = path.resolve()
            above = (resolved, *resolved.parents) if not read.folder else (path,)
            for found in _ids(above):
                if found in names:
                    msg = (
                        f"`output_dir` must not hold what `{read.name}` is read from, got "
                        f"{output_dir}, whose {names[found]} would be replaced and is "
                        f"{path}; use another folder"
                    )
                    raise ValueError(msg)


def _refuse_remote_files(place: RemotePlace, written: Sequence[str], reads: Iterable[Read]) -> None:
    for read in reads:
        for path in read.remote:
            if path.system != place.system:
                continue
            for name in written:
                if f"{path.path}/".startswith(f"{place.at(name)}/"):
                    msg = (
                        f"`output_dir` must not hold what `{read.name}` is read from, got {place}, "
                        f"whose {name} would be replaced and is {path}; use another folder"
                    )
                    raise ValueError(msg)


def _ids(paths: Iterable[Path]) -> Iterator[FileId]:
    """Which files and folders these are, through links; those that are not there are left out."""
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116
        except OSError:
            continue
        yield status.st_dev, status.st_ino


def check_table(place: Place, name: str, reads: Iterable[Read], *, overwrite: bool) -> None:
    """Do the same for a file of a place."""
    if place.local is not None:
        check_file(place.local / name, reads, overwrite=overwrite)
        return
    if place.exists(name):
        refuse_files(place, [name], reads)
        if not overwrite:
            raise _there(place.path(name))


def check_file(path: Path, reads: Iterable[Read], *, overwrite: bool) -> None:
    """Refuse, before any work, an output file that cannot be written or would replace something.

    Raises
    ------
    OSError
        There is no such folder, it is one itself, or it is there and `overwrite` is not True.
    ValueError
        It is read.
    """
    folder, _ = _atomic.target(path)
    if not Path(folder).is_dir():
        raise _atomic.no_folder(folder)
    if path.is_dir():
        msg = "`output_file` must be a file, and this is a folder"
        raise IsADirectoryError(errno.EISDIR, msg, str(path))
    if not path.exists():
        return
    for read in reads:
        if any(other.exists() and other.samefile(path) for other in read.paths):
            msg = f"`output_file` must not be what `{read.name}` is read from, got {path}"
            raise ValueError(msg)
    if not overwrite:
        raise _there(path)


def _there(path: object) -> FileExistsError:
    msg = "`output_file` is there already; give another name, or overwrite (--overwrite)"
    return FileExistsError(errno.EEXIST, msg, str(path))
