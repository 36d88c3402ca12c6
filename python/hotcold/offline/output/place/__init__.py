"""Where the files of a job are: folders of this machine, and those of others by fsspec."""

from __future__ import annotations

import os
from pathlib import Path

from hotcold.offline.output.place.base import FOLDER, Place
from hotcold.offline.output.place.local import LocalPlace
from hotcold.offline.output.place.remote import RemotePlace, address

__all__ = ["FOLDER", "LocalPlace", "Place", "RemotePlace", "place_at"]


def place_at(output_dir: str | os.PathLike[str], name: str = "output_dir") -> Place:
    """Return the folder of this path or address.

    Raises
    ------
    ImportError
        fsspec is not installed, or what it needs for the protocol.
    ValueError
        fsspec does not know the protocol, or nothing can be written there.
    """
    if isinstance(output_dir, Place):
        return output_dir
    found = address(name, os.fsdecode(output_dir))
    return LocalPlace(found) if isinstance(found, Path) else RemotePlace(found)
