"""Which files a job makes, as its job file keeps it: the only ones that a later job may remove."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from hotcold.offline.output.names import Names, Shard
from hotcold.offline.output.place import FOLDER, Place

Series = dict[str, Any]  # plain values, for the job file


class Owns:
    """Tells the files of a series, and where they can be.

    Parameters
    ----------
    owns : callable
        Whether a path in the output folder, with ``/`` between, belongs to the series.
    folders : sequence of str
        Where the files are: the output folder itself, "", and those below it.
    """

    def __init__(self, owns: Callable[[str], bool], folders: Sequence[str] = ("",)) -> None:
        self._owns = owns
        self.folders = tuple(folders)

    def __call__(self, name: str) -> bool:
        """Whether a file belongs to the series."""
        return self._owns(name)

    @classmethod
    def of_names(cls, names: Names) -> Owns:
        """Return what tells the files of a job that makes one a unit."""
        return cls(lambda name: names.unit_of(name) is not None, names.folders)


_VALUES = re.compile(r"values(-\d{4,}-of-(?P<total>\d{4,}))?\.npy")
_CONTAINER = re.compile(r"pictures(-\d{4,}-of-(?P<total>\d{4,}))?\.(?P<kind>[a-z]+)")


def of_folder(names: Names) -> Series:
    """Return the series of a job that makes a file a unit."""
    return {"names": names.digest(), **names.pattern()}


def of_container(container: str, shard: Shard) -> Series:
    """Return the series of a job that puts everything into one file, or one a shard."""
    return {"container": container, "shards": shard.total}


def with_values(series: Series, shard: Shard) -> Series:
    """Return the series of a job that also keeps the numbers behind its pictures."""
    return {**series, "values": shard.total}


def is_values(name: str, series: Series) -> bool:
    """Whether a file is the array of numbers of a series, or of one of its shards."""
    match = _VALUES.fullmatch(name)
    return match is not None and int(match["total"] or 1) == series.get("values")


def keep_names(place: Place, names: Names, *, fsync: bool) -> None:
    """Keep given names beside the job file, whose series only holds their digest."""
    digest = names.digest()
    if digest is None or place.exists(_names_file(digest)):
        return
    text = "\n".join(names.given or ())
    place.write(_names_file(digest), text.encode(errors="surrogateescape"), fsync=fsync)


def forget_names(place: Place, kept: list[Series]) -> None:
    """Remove the names that no series of the job file refers to any more."""
    wanted = {_names_file(series["names"]) for series in kept if series.get("names")}
    found = {f"{FOLDER}/{name}" for name in place.own_names("names-")}
    place.remove(sorted(found - wanted))


def owner(place: Place, series: Series) -> Owns:
    """Return what tells whether a file of the output folder belongs to the series.

    Parameters
    ----------
    place : Place
        That of the job.
    series : dict
        As the job file has it.
    """
    pictures = _pictures(place, series)
    if "values" not in series:
        return pictures
    return Owns(lambda name: is_values(name, series) or pictures(name), pictures.folders)


def _pictures(place: Place, series: Series) -> Owns:
    if "container" in series:
        return Owns(lambda name: _is_container(name, series))
    try:
        return Owns.of_names(names_of(place, series))
    except OSError:
        return Owns(lambda name: False)  # the names are gone: nobody can say any more


def names_of(place: Place, series: Series) -> Names:
    """Return the file names of a series of a file a unit."""
    given = None
    if series["names"] is not None:
        data = place.read(_names_file(series["names"]))
        given = data.decode(errors="surrogateescape").split("\n")
    return Names(series["suffix"], given, series["prefix"], series["n_units"], check=False)


def _is_container(name: str, series: Series) -> bool:
    match = _CONTAINER.fullmatch(name)
    if match is None or match["kind"] != series["container"]:
        return False
    return bool(int(match["total"] or 1) == series["shards"])


def overlap(a: Series, b: Series, names: Names, owns: Owns) -> bool:
    """Whether a new job's series `a` has a file name in common with an earlier one.

    Parameters
    ----------
    names : Names
        Of the new job.
    owns : callable
        `owner` of the earlier series `b`.
    """
    if "values" in a and a["values"] == b.get("values"):
        return True
    if "container" in a or "container" in b:
        return a.get("container") == b.get("container")
    if a["suffix"] != b["suffix"]:
        return False
    if a["names"] is None and b["names"] is None:
        return bool(a["prefix"] == b["prefix"])
    if names.given is not None:
        return any(owns(name + names.suffix) for name in names.given)
    return a == b or any(owns(names.file_name(unit)) for unit in range(names.n_units or 0))


def _names_file(digest: str) -> str:
    return f"{FOLDER}/names-{os.path.basename(digest)}.txt"  # noqa: PTH119
