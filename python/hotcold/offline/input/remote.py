"""Files of other machines: ``s3://``, ``gs://``, ``http://`` and whatever fsspec knows."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import IO, Any
from urllib.parse import quote, unquote

from hotcold._extras import require

_URL = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]+)(://|::)")
_LOCAL = ("file", "local")
_WEB = ("http", "https")
# Packages that fsspec needs for what is asked for most; of others it says itself which.
_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_PACKAGES |= dict.fromkeys(_WEB, "'fsspec[http]'")
# What tells one version of a file from another, by the names that file systems have for it.
_VERSIONS = (
    *("ETag", "etag", "Content-MD5", "md5Hash", "content_md5", "LastModified", "Last-Modified"),
    *("last_modified", "updated", "mtime", "modified", "created"),
)


class RemotePath:
    """A file or a folder of a file system that fsspec knows, with what readers ask of a `Path`.

    Parameters
    ----------
    url : str
        As the user gives it.
    system : fsspec.AbstractFileSystem
        The file system.
    path : str
        Where it is there.
    """

    def __init__(self, url: str, system: Any, path: str) -> None:
        self._url = url
        self.system = system
        self.path = path
        self._info: dict[str, Any] | None = None

    def __str__(self) -> str:
        return self._url

    def __truediv__(self, label: str) -> RemotePath:
        """Return what is in the folder."""
        quoted = quote(label) if self.is_web else label
        return RemotePath(
            f"{self._url.rstrip('/')}/{quoted}", self.system, f"{self.path.rstrip('/')}/{quoted}"
        )

    @property
    def is_web(self) -> bool:
        """Whether it is of a web server, which tells little of its folders."""
        return bool(_protocols(self.system) & set(_WEB))

    @property
    def name(self) -> str:
        """The last part of the path."""
        path = self.path.partition("?")[0] if self.is_web else self.path
        last = path.rstrip("/").rpartition("/")[2]
        return unquote(last) if self.is_web else last

    @property
    def suffix(self) -> str:
        """The name's end, with its dot."""
        return PurePosixPath(self.name).suffix

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem

    def info(self, *, fresh: bool = False) -> dict[str, Any]:
        """Return what the file system says of the file.

        Raises
        ------
        OSError
            There is none, or the file system cannot be reached.
        """
        if self._info is None or fresh:
            if fresh:
                self.system.invalidate_cache()
            self._info = self.system.info(self.path)
        return self._info

    def require(self, name: str) -> None:
        """Require that there is such a file or folder.

        Raises
        ------
        FileNotFoundError
            The message says why not, where the file system says so.
        """
        try:
            self.info()
        except FileNotFoundError as error:
            why = f" ({error.__cause__})" if error.__cause__ else ""
            msg = f"`{name}` must be there: no file or folder {self}{why}"
            raise FileNotFoundError(errno.ENOENT, msg) from error

    def version(self, *, fresh: bool = False) -> tuple[int | None, str]:
        """Return the size, and what tells one version from another, where it is known."""
        return version_of(self.info(fresh=fresh))

    def stat(self) -> SimpleNamespace:
        """Return the size, as `Path.stat` does."""
        size = self.info().get("size")
        if size is None:
            msg = f"{self} has no known size: its server does not say"
            raise OSError(msg)
        return SimpleNamespace(st_size=int(size))

    def exists(self) -> bool:
        """Whether it is there."""
        try:
            self.info()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return bool(self.system.isdir(self.path))

    def is_file(self) -> bool:
        """Whether it is a file."""
        return self.exists() and not self.is_dir()

    def samefile(self, other: object) -> bool:
        """Whether it is a file of this machine: never."""
        return False

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open the file, which the file system reads in blocks."""
        file: IO[bytes] = self.system.open(self.path, mode)
        return file

    def read_range(self, start: int, size: int) -> bytes:
        """Return bytes [start, start + size), fewer where the file ends before.

        Raises
        ------
        OSError
            The server sends whole files.
        """
        if self.is_web:
            return self._web_range(start, size)
        data: bytes = self.system.cat_file(self.path, start=start, end=start + size)
        return data

    def _web_range(self, start: int, size: int) -> bytes:
        # Unlike `cat_file` a file notices a server that knows no parts before it has read it all.
        end = min(start + size, self.stat().st_size)
        if start >= end:
            return b""
        with self.system.open(self.path, "rb", cache_type="none", size=self.stat().st_size) as file:
            file.seek(start)
            try:
                data: bytes = file.read(end - start)
            except ValueError as error:
                msg = (
                    f"the server of {self} sends the whole file where a part is asked for; "
                    f"simplecache::{self} reads a copy of it"
                )
                raise OSError(msg) from error
        return data

    def read_bytes(self) -> bytes:
        """Return all of it."""
        data: bytes = self.system.cat_file(self.path)
        return data

    def labels(self, suffixes: Sequence[str], *, recursive: bool = False) -> list[str]:
        """Return the files of a folder with any of these suffixes, hidden ones left out."""
        if recursive:
            found = self.system.find(self.path)
        else:
            listed = self.system.ls(self.path, detail=True)
            found = [entry["name"] for entry in listed if entry["type"] == "file"]
        return self._labels(found, tuple(suffixes))

    def is_pattern(self) -> bool:
        """Whether the path stands for all that it matches; of web servers only ``*`` does that."""
        if self.is_web:
            return "*" in self.path.partition("?")[0]
        return re.search(r"[*?\[]", self.path) is not None

    def matches(self) -> tuple[RemotePath, list[str]]:
        """Return the folder that a pattern begins at, and what matches it there."""
        parts = self.path.split("/")
        plain = next(i for i, part in enumerate(parts) if re.search(r"[*?\[]", part))
        above = "/".join(parts[:plain])
        url = self._url[: len(self._url) - len(self.path) + len(above)]
        root = RemotePath(url, self.system, above)
        found = self.system.glob(self.path)
        return root, root._labels(found, ("",))

    def _labels(self, found: Iterable[str], suffixes: tuple[str, ...]) -> list[str]:
        top = len(self.path.rstrip("/")) + 1
        # Some file systems begin all their paths with a slash, whatever they are asked for.
        if not self.path.startswith("/"):
            found = (path.lstrip("/") for path in found)
        labels = {path[top:] for path in found if not path.endswith("/")}
        if self.is_web:
            labels = {unquote(label) for label in labels}
        return sorted(
            label
            for label in labels
            if label.lower().endswith(suffixes)
            and not any(part.startswith(".") for part in label.split("/"))
        )


AnyPath = Path | RemotePath


def is_url(text: str) -> bool:
    """Whether a path is that of a file system of fsspec's."""
    return _URL.match(text) is not None


def place_of(name: str, text: str) -> AnyPath:
    """Return where a path or URL is.

    Raises
    ------
    ImportError
        fsspec is not installed, or what it needs for the protocol.
    ValueError
        fsspec does not know the protocol.
    """
    match = _URL.match(text)
    if match is None or Path(text).exists():
        return Path(text)
    protocol = match["protocol"].lower()
    core = require("fsspec.core", "fsspec", f"to read {protocol}:// addresses")
    try:
        system, path = core.url_to_fs(text)
    except ImportError as error:
        package = next((_PACKAGES[p] for p in _PACKAGES if f"{p}://" in text.lower()), None)
        hint = f"pip install {package}" if package else str(error)
        msg = f"`{name}` is at {text}, for which fsspec needs another package: {hint} ({error})"
        raise ImportError(msg) from error
    except ValueError as error:
        msg = f"`{name}` must be a path or an address that fsspec knows, got {text}: {error}"
        raise ValueError(msg) from error
    if _protocols(system) & set(_LOCAL):
        return Path(path)
    return RemotePath(text, system, path)


def read_range(place: AnyPath, start: int, size: int) -> bytes:
    """Return bytes [start, start + size) of a file, fewer where it ends before."""
    if isinstance(place, RemotePath):
        return place.read_range(start, size)
    with place.open("rb", buffering=0) as file:
        file.seek(start)
        return file.read(size)


def listed_versions(system: Any, folder: str) -> dict[str, tuple[int | None, str]]:
    """Return the sizes and versions of the files in a folder, by their paths."""
    system.invalidate_cache()
    return {info["name"]: version_of(info) for info in system.ls(folder, detail=True)}


def local(places: Iterable[AnyPath]) -> list[Path]:
    """Return those that are of this machine."""
    return [place for place in places if isinstance(place, Path)]


def version_of(info: dict[str, Any]) -> tuple[int | None, str]:
    """Return the size of a file, and what tells one version from another, where it is known."""
    found = next((str(info[key]) for key in _VERSIONS if info.get(key)), "")
    return info.get("size"), found


def _protocols(system: Any) -> set[str]:
    found = system.protocol
    return {found} if isinstance(found, str) else set(found)
