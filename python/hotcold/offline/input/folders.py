"""Which files are in a folder, or anywhere below it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from hotcold.offline.input.remote import AnyPath, RemotePath


def labels_below(folder: AnyPath, suffixes: Sequence[str], *, recursive: bool = False) -> list[str]:
    """Return the files with any of these suffixes, in no order.

    Parameters
    ----------
    folder : Path or RemotePath
        Hidden files and folders in it are passed over.
    suffixes : sequence of str
        With their dots; upper and lower case are the same.
    recursive : bool, default False
        Those of all folders below it too. Links to folders are followed, but not one that leads to
        a folder which it lies in: it would go round for ever.

    Returns
    -------
    list of str
        Their paths in the folder, with ``/`` between.

    Raises
    ------
    OSError
        A folder cannot be looked into.
    """
    if isinstance(folder, RemotePath):
        return folder.labels(suffixes, recursive=recursive)
    return list(_walk(os.fspath(folder), "", tuple(suffixes), recursive, ()))


def _walk(
    folder: str, prefix: str, suffixes: tuple[str, ...], recursive: bool, above: tuple[object, ...]
) -> Iterator[str]:
    below = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.lower().endswith(suffixes) and not (recursive and entry.is_dir()):
                yield prefix + entry.name
            elif recursive and entry.is_dir():
                below.append(entry.name)
    if not below:
        return
    status = os.stat(folder)  # noqa: PTH116
    above = (*above, (status.st_dev, status.st_ino))
    for name in below:
        path = f"{folder}{os.sep}{name}"
        status = os.stat(path)  # noqa: PTH116
        if (status.st_dev, status.st_ino) not in above:
            yield from _walk(path, f"{prefix}{name}/", suffixes, recursive, above)
