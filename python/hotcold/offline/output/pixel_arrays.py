"""Pictures put together as one array of pixels."""

from __future__ import annotations

import zlib
from typing import IO, Any

import numpy as np

from hotcold import _atomic
from hotcold._extras import require
from hotcold.offline.output.archives import SingleFile
from hotcold.offline.output.base import Damaged, Picture, Writer
from hotcold.offline.output.names import Names
from hotcold.offline.output.place import Place


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

    def __init__(
        self, place: Place, name: str, names: Names, verify: bool = False, fsync: bool = False
    ) -> None:
        super().__init__(place, name, names, verify, fsync)
        self._rows = _Rows()
        self._n_rows = 0
        self._sum = 0

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        n_bytes = 0
        for row in self._rows.take(content):
            if self._n_rows == 0:
                self._write_header(row.shape)
            data = np.ascontiguousarray(row).data
            n_bytes += self._file.write(data)
            if self._verify:
                self._sum = zlib.crc32(data, self._sum)
            self._n_rows += 1
        return n_bytes

    def _close(self) -> None:
        if self._rows.shape is None:
            self._rows.shape = (0, 0, 3)
        self._file.seek(0)
        self._write_header(self._rows.shape)

    def _read_back(self, file: IO[bytes]) -> None:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        found = 0
        while block := file.read(1 << 20):
            found = zlib.crc32(block, found)
        if found != self._sum:
            msg = "its pixels differ"
            raise self._damaged(msg)

    def _write_header(self, shape: tuple[int, ...]) -> None:
        # numpy pads the header so that the first axis can grow in place.
        np.lib.format.write_array_header_1_0(
            self._file,
            {"descr": "|u1", "fortran_order": False, "shape": (self._n_rows, *shape)},
        )


class ZarrWriter(Writer):
    """Pictures as one zarr array, uint8 of shape (N, H, W, 3 or 4)."""

    encodes = False

    def __init__(
        self, place: Place, name: str, names: Names, verify: bool = False, fsync: bool = False
    ) -> None:
        self._zarr = require("zarr", "zarr", "to write zarr stores")
        assert place.local is not None  # `check_container` sees to it
        path = place.local / name
        self.output = path
        self._path = path
        self._verify = verify
        self._fsync = fsync
        self._temporary = path.with_name(_atomic.temporary_name(path.name, _atomic.token()))
        self._rows = _Rows()
        self._array: Any = None
        self._buffer: list[Picture] = []
        self._n_rows = 0
        self._sum = 0

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
        if self._verify:
            self._read_back()
        _atomic.replace_folder(self._temporary, self._path, fsync=self._fsync)

    def abort(self) -> None:
        """Remove what is incomplete."""
        _atomic.remove(self._temporary)

    def _read_back(self) -> None:
        array = self._zarr.open_array(str(self._temporary), mode="r")
        step, found = array.chunks[0], 0
        for start in range(0, array.shape[0], step):
            found = zlib.crc32(np.ascontiguousarray(array[start : start + step]).data, found)
        if array.shape[0] != self._n_rows or found != self._sum:
            msg = f"{self.output} does not read back as it was written"
            raise Damaged(msg)

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
            rows = np.stack(self._buffer)
            self._array.append(rows)
            if self._verify:
                self._sum = zlib.crc32(rows.data, self._sum)
            self._n_rows += len(self._buffer)
            self._buffer = []

    @staticmethod
    def _chunk(shape: tuple[int, ...]) -> int:
        """Rows that make about 4 MB."""
        return max(1, min(64, (4 << 20) // max(1, int(np.prod(shape)))))
