"""This machine's files as those of another, with a rename and one request at a time."""

from __future__ import annotations

from fsspec.implementations.local import LocalFileSystem


class Disk(LocalFileSystem):
    protocol = "disk"

    @classmethod
    def _strip_protocol(cls, path):
        return LocalFileSystem._strip_protocol(path.removeprefix("disk://"))
