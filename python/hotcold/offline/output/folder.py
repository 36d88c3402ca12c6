"""A file a unit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hotcold import _atomic
from hotcold.offline.output import check
from hotcold.offline.output.base import Damaged, Writer
from hotcold.offline.output.names import Names
from hotcold.request import ItemTexts, RenderRequest, Saved


def _never(unit: int) -> bool:
    return False


class FolderWriter(Writer):
    """One file per unit, each whole or not there at all.

    Parameters
    ----------
    folder : Path
        There already.
    names : Names
        Of the units.
    verify : bool, optional
        Of files that an earlier run finished: True decodes them, None reads their checksums and
        frames, False looks at their ends. True also reads back what is written.
    fsync : bool
        Force every file to the disk.
    is_old : callable
        Whether a unit's file, if it is there, is of an earlier job.
    """

    in_order = False
    kept = "finished files are whole and kept"

    def __init__(
        self,
        folder: Path,
        names: Names,
        verify: bool | None = None,
        fsync: bool = False,
        is_old: Callable[[int], bool] = _never,
    ) -> None:
        self.output = folder
        self._folder = os.fspath(folder)
        self._names = names
        self._verify = verify
        self._fsync = fsync
        self._is_old = is_old
        # The core forces nothing to the disk.
        self.saves = names.suffix == ".png" and _atomic.CORE_WRITES and not fsync

    def has(self, unit: int) -> bool:
        """Whether the file is there, this job's, and whole."""
        if self._is_old(unit):
            return False
        path = self._path(unit)
        if self._verify is False:
            return check.ends_well(path, self._names.suffix)
        return self._whole(path)

    def check(self, units: Sequence[int]) -> None:
        """Read files back."""
        if self._verify:
            for unit in units:
                if not self._whole(self._path(unit)):
                    msg = f"{self._path(unit)} does not read back as it was written"
                    raise Damaged(msg)

    def save(
        self,
        request: RenderRequest,
        text: Mapping[str, str],
        items: ItemTexts | None,
        n_threads: int,
        stop_at_failure: bool,
        compression: str,
    ) -> Saved:
        """Render the files of consecutive units in one call of the core."""
        units = range(request.first_item, request.first_item + request.n_items)
        names = [self._names.file_name(unit) for unit in units]
        saved = request.save(
            self._folder,
            names,
            text,
            n_threads,
            stop_at_failure=stop_at_failure,
            compression=compression,
            items=items,
        )
        if self._verify:
            failed = {item for item, _ in saved.failures}
            self.check([unit for unit in units if unit not in failed])
        return saved

    def write(self, unit: int, content: Any) -> int:
        """Write a file under a temporary name, then rename it."""
        if content is None:
            return 0
        _atomic.write_entry(self._folder, self._names.file_name(unit), content, fsync=self._fsync)
        self.check([unit])
        return len(content)

    def _whole(self, path: str) -> bool:
        whole = check.is_whole_file(path, self._names.suffix)
        return whole and (not self._verify or check.decodes(path))

    def _path(self, unit: int) -> str:
        return f"{self._folder}{os.sep}{self._names.file_name(unit)}"
