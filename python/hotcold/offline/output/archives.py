"""Pictures put together in an archive, whose members take no memory."""

from __future__ import annotations

import io
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Any

from hotcold.offline.output.base import Damaged, Writer
from hotcold.offline.output.names import Names
from hotcold.offline.output.place import Place


class SingleFile(Writer):
    """A file that is made under a temporary name and appears when it is complete.

    Parameters
    ----------
    place : Place
        Where it is.
    name : str
        Its own name.
    names : Names
        Of the units.
    verify : bool
        Read it back before it appears.
    fsync : bool
        Force it to the disk before it appears.
    """

    def __init__(self, place: Place, name: str, names: Names, verify: bool, fsync: bool) -> None:
        self.output = place.path(name)
        self._names = names
        self._verify = verify
        self._target = place.new_file(name, fsync=fsync)
        self._file = self._target.file

    def finish(self) -> None:
        """Complete it and give it its name."""
        self._close()
        self._file.flush()
        if self._verify:
            self._file.seek(0)
            self._read_back(self._file)
        self._target.commit()

    def abort(self) -> None:
        """Remove what is incomplete."""
        self._target.discard()

    def _close(self) -> None:
        """Write what stands at the end, or is known only then."""

    def _read_back(self, file: IO[bytes]) -> None:
        """Raise `Damaged` unless the file reads well."""

    def _damaged(self, what: object) -> Damaged:
        return Damaged(f"{self.output} does not read back as it was written: {what}")


class TarWriter(SingleFile):
    """Pictures in a tar archive."""

    def __init__(
        self, place: Place, name: str, names: Names, verify: bool = False, fsync: bool = False
    ) -> None:
        super().__init__(place, name, names, verify, fsync)
        self._archive = tarfile.open(fileobj=self._file, mode="w")
        self._sums = _Sums() if verify else None

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        if content is None:
            return 0
        info = tarfile.TarInfo(self._names.file_name(unit))
        info.size = len(content)
        self._archive.addfile(info, io.BytesIO(content))
        # It would keep every member, for reading what it writes.
        _forget_members(self._archive)
        if self._sums is not None:
            self._sums.add(content)
        return len(content)

    def _close(self) -> None:
        self._archive.close()

    def _read_back(self, file: IO[bytes]) -> None:
        assert self._sums is not None
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                while (info := archive.next()) is not None:
                    member = archive.extractfile(info)
                    self._sums.check(member.read() if member is not None else b"")
                    _forget_members(archive)
            self._sums.end()
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise self._damaged(error) from error


def _forget_members(archive: tarfile.TarFile) -> None:
    members: list[tarfile.TarInfo] = archive.members  # type: ignore[attr-defined]
    members.clear()


class _Sums:
    """Checksums of members, in their order: four bytes each."""

    def __init__(self) -> None:
        self._sums = bytearray()
        self._position = 0

    def add(self, content: bytes) -> None:
        self._sums += zlib.crc32(content).to_bytes(4, "little")

    def check(self, content: bytes) -> None:
        expected = self._sums[self._position : self._position + 4]
        if zlib.crc32(content).to_bytes(4, "little") != expected:
            msg = f"member {self._position // 4} differs"
            raise ValueError(msg)
        self._position += 4

    def end(self) -> None:
        if self._position != len(self._sums):
            msg = f"{self._position // 4:,} members of {len(self._sums) // 4:,}"
            raise ValueError(msg)


# PKZIP application note 6.3.10, 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")
_MAX16, _MAX32 = (1 << 16) - 1, (1 << 32) - 1
_UTF8 = 0x800
_DATE = 0x21  # 1980-01-01, midnight: the same pictures make the same archive
_UNIX = 3 << 8
_MODE = 0o644 << 16


class ZipWriter(SingleFile):
    """Pictures in a zip archive, stored: they are compressed already.

    Written here, because `zipfile` keeps four hundred bytes of every member until the end. The
    list of members, which stands at the end of an archive, waits in a file without a name.
    """

    def __init__(
        self, place: Place, name: str, names: Names, verify: bool = False, fsync: bool = False
    ) -> None:
        super().__init__(place, name, names, verify, fsync)
        try:
            self._members = tempfile.TemporaryFile(dir=place.local)
        except BaseException:
            self._target.discard()
            raise
        self._count = 0
        self._offset = 0

    def write(self, unit: int, content: Any) -> int:
        """Add a unit."""
        if content is None:
            return 0
        if len(content) >= _MAX32:
            msg = f"a picture of {len(content):,} bytes is too large for a zip archive; use tar"
            raise OSError(msg)
        text = self._names.file_name(unit)
        flags = 0 if text.isascii() else _UTF8
        name = text.encode(errors="surrogateescape")
        total, check = len(content), zlib.crc32(content)
        far = self._offset >= _MAX32
        version = 45 if far else 20
        common = (version, flags, zipfile.ZIP_STORED, 0, _DATE, check, total, total, len(name))
        self._file.write(_LOCAL.pack(b"PK\3\4", *common, 0))
        self._file.write(name)
        self._file.write(content)
        extra = struct.pack("<2HQ", 1, 8, self._offset) if far else b""
        self._members.write(
            _CENTRAL.pack(
                b"PK\1\2",
                _UNIX | version,
                *common,
                len(extra),
                0,
                0,
                0,
                _MODE,
                _MAX32 if far else self._offset,
            )
        )
        self._members.write(name + extra)
        self._offset += _LOCAL.size + len(name) + total
        self._count += 1
        return total

    def abort(self) -> None:
        """Remove what is incomplete."""
        _quietly(self._members.close)
        super().abort()

    def _close(self) -> None:
        start, size = self._offset, self._members.tell()
        self._members.seek(0)
        shutil.copyfileobj(self._members, self._file, 1 << 20)
        self._members.close()
        end = start + size
        if self._count >= _MAX16 or start >= _MAX32 or size >= _MAX32:
            self._file.write(
                _END64.pack(
                    b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, self._count, self._count, size, start
                )
            )
            self._file.write(_LOCATOR64.pack(b"PK\6\7", 0, end, 1))
        count = min(self._count, _MAX16)
        self._file.write(
            _END.pack(b"PK\5\6", 0, 0, count, count, min(size, _MAX32), min(start, _MAX32), 0)
        )

    def _read_back(self, file: IO[bytes]) -> None:
        try:
            with zipfile.ZipFile(file) as archive:
                damaged = archive.testzip()
                n_members = len(archive.infolist())
        except (zipfile.BadZipFile, ValueError, EOFError) as error:
            raise self._damaged(error) from error
        if damaged is not None or n_members != self._count:
            raise self._damaged(damaged or f"{n_members:,} members of {self._count:,}")


def _quietly(step: Callable[[], object]) -> None:
    try:
        step()
    except (OSError, ValueError):
        return
