"""Pictures put together: an archive of files, or one array of pixels."""

from __future__ import annotations

import contextlib
import io
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from hotcold._extras import require
from hotcold.offline.output.names import Names
from hotcold.offline.output.writers import Writer

Picture = NDArray[np.uint8]


class SingleFile(Writer):
    """A file that is made under a temporary name and appears when it is complete."""

    def __init__(self, path: Path) -> None:
        self.output = path
        self._temporary = path.with_name(f".{path.name}.part")
        self._size = 0
        self._file: IO[bytes] = self._temporary.open("wb")

    def finish(self) -> None:
        """Complete it and give it its name."""
        self._close()
        self._temporary.replace(self.output)

    def abort(self) -> None:
        """Remove what is incomplete."""
        # On a full disk closing fails as well, when what is buffered cannot be written.
        for step in (self._close, self._file.close, self._temporary.unlink):
            with contextlib.suppress(OSError, ValueError):
                step()

    def _close(self) -> None:
        self._file.close()


class ZipWriter(SingleFile):
    """Pictures in a zip archive, stored: they are compressed already."""

    def __init__(self, path: Path, names: Names) -> None:
        super().__init__(path)
        self._names = names
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        if content is None:
            return 0
        # A fixed date, which ZipInfo has of itself: the same pictures make the same archive.
        info = zipfile.ZipInfo(self._names.file_name(unit))
        info.external_attr = 0o644 << 16
        self._archive.writestr(info, content)
        return len(content)

    def _close(self) -> None:
        self._archive.close()
        self._file.close()


class TarWriter(SingleFile):
    """Pictures in a tar archive."""

    def __init__(self, path: Path, names: Names) -> None:
        super().__init__(path)
        self._names = names
        self._archive = tarfile.open(fileobj=self._file, mode="w")

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        if content is None:
            return 0
        info = tarfile.TarInfo(self._names.file_name(unit))
        info.size = len(content)
        self._archive.addfile(info, io.BytesIO(content))
        return len(content)

    def _close(self) -> None:
        self._archive.close()
        self._file.close()


class _Rows:
    """Pictures as rows of one array: all of one shape; zeros for those that failed."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] | None = None
        self.waiting = 0  # failures before the shape is known

    def take(self, picture: Picture | None) -> list[Picture]:
        """Return the rows that can be written now."""
        if picture is None and self.shape is None:
            self.waiting += 1
            return []
        if picture is None:
            return [np.zeros(self.shape or (), np.uint8)]
        if self.shape not in (None, picture.shape):
            msg = (
                "`attributions` must give pictures of one shape to fill an array, got "
                f"{picture.shape} after {self.shape}; write files instead"
            )
            raise ValueError(msg)
        self.shape = picture.shape
        blank, self.waiting = self.waiting, 0
        return [*[np.zeros(self.shape, np.uint8)] * blank, picture]


class NpyWriter(SingleFile):
    """Pictures as one ``.npy`` array, uint8 of shape (N, H, W, 3 or 4)."""

    encodes = False

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._rows = _Rows()
        self._n_rows = 0

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        n_bytes = 0
        for row in self._rows.take(content):
            if self._n_rows == 0:
                self._write_header(row.shape)
            n_bytes += self._file.write(np.ascontiguousarray(row).data)
            self._n_rows += 1
        return n_bytes

    def _close(self) -> None:
        if self._rows.shape is None:
            self._rows.shape = (0, 0, 3)
        self._file.seek(0)
        self._write_header(self._rows.shape)
        self._file.close()

    def _write_header(self, shape: tuple[int, ...]) -> None:
        # numpy pads the header so that the first axis can grow in place.
        np.lib.format.write_array_header_1_0(
            self._file,
            {"descr": "|u1", "fortran_order": False, "shape": (self._n_rows, *shape)},
        )


class ZarrWriter(Writer):
    """Pictures as one zarr array, uint8 of shape (N, H, W, 3 or 4)."""

    encodes = False

    def __init__(self, path: Path) -> None:
        self._zarr = require("zarr", "zarr", "to write zarr stores")
        self.output = path
        self._temporary = path.with_name(f".{path.name}.part")
        _remove_folder(self._temporary)
        self._rows = _Rows()
        self._array: Any = None
        self._buffer: list[Picture] = []
        self._n_rows = 0

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        for row in self._rows.take(content):
            self._buffer.append(row)
            if len(self._buffer) == self._chunk(row.shape):
                self._flush()
        return 0 if content is None else int(content.nbytes)

    def finish(self) -> None:
        """Complete it and give it its name."""
        self._flush()
        _remove_folder(self.output)
        self._temporary.replace(self.output)

    def abort(self) -> None:
        """Remove what is incomplete."""
        _remove_folder(self._temporary)

    def _flush(self) -> None:
        shape = self._rows.shape or (0, 0, 3)
        if self._array is None:
            self._array = self._zarr.open_array(
                str(self._temporary),
                mode="w",
                shape=(0, *shape),
                chunks=(self._chunk(shape), *(max(length, 1) for length in shape)),
                dtype="uint8",
            )
        if self._buffer:
            self._array.append(np.stack(self._buffer))
            self._n_rows += len(self._buffer)
            self._buffer = []

    @staticmethod
    def _chunk(shape: tuple[int, ...]) -> int:
        """Rows that make about 4 MB."""
        return max(1, min(64, (4 << 20) // max(1, int(np.prod(shape)))))


def _remove_folder(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
