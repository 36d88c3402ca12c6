"""The job file: what a folder of pictures was made with, and which files in it are the job's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hotcold import _core
from hotcold.offline.input import IndexedSource, Source
from hotcold.offline.input.identity import Identity, difference
from hotcold.offline.output.place import FOLDER, Place
from hotcold.offline.output.series import Series
from hotcold.provenance.describe import plain

_VERSION = 2
_json = json.JSONEncoder().encode
_JOB = f"{FOLDER}/job.json"
_ENDED = "ended"
_TOLD = 4  # settings that a message names


@dataclass
class Record:
    """What a job file holds.

    Parameters
    ----------
    settings : dict
        Everything that changes a picture.
    series : dict
        The files that the job makes.
    inputs : dict
        The identity of each input when the job began.
    shared : (pair, pair), optional
        What all items share; see `hotcold.scale.kept.Shared`.
    replaces : list of dict
        Series of earlier jobs whose files go when those of this one are there; empty at the end.
    others : list of dict
        Series of earlier jobs that stay.
    finished : dict
        What each part of the job ended with, by its label.
    """

    settings: dict[str, Any]
    series: Series
    inputs: dict[str, Identity | None]
    shared: Any = None
    replaces: list[Series] = field(default_factory=list)
    others: list[Series] = field(default_factory=list)
    finished: dict[str, Any] = field(default_factory=dict)
    hotcold: str = _core.__version__

    @property
    def owned(self) -> list[Series]:
        """Every series of the folder that was made by a job of ours."""
        return [self.series, *self.replaces, *self.others]


def describe_visualizer(visualizer: Any) -> dict[str, Any]:
    """Return everything that changes a visualizer's pictures, as plain values."""
    if not hasattr(visualizer, "describe"):
        return {"visualizer": repr(visualizer)}
    described = {name: plain(value) for name, value in visualizer.describe().items()}
    return {"visualizer": type(visualizer).__name__, **described}


def describe_source(source: Source | None) -> Any:
    """Return what tells one input from another without reading it."""
    if source is None:
        return None
    if isinstance(source, IndexedSource):
        return {"origin": source.origin, "shape": list(source.shape), "dtype": str(source.dtype)}
    return {"origin": source.origin, "n_items": source.n_items}


def write(place: Place, record: Record, *, fsync: bool = False) -> None:
    """Write the job file; its folder is there."""
    # A setting a line, for people. What json does with `indent` takes six times as long.
    told = {"version": str(_VERSION)}
    for name, value in vars(record).items():
        told[name] = _lines(value) if name == "settings" else _json(value)
    text = ",\n".join(f'  "{name}": {value}' for name, value in told.items())
    place.write(_JOB, f"{{\n{text}\n}}\n".encode(), fsync=fsync)


def write_end(place: Place, label: str, ended: Mapping[str, Any]) -> None:
    """Write what a part of the job ended with where parts cannot take turns at the job file."""
    if place.local is None:
        place.write(f"{FOLDER}/{_ENDED}{label}.json", json.dumps(ended).encode())


def forget_ends(place: Place, label: str | None = None) -> None:
    """Remove what parts of an earlier job, or of this one, ended with."""
    if place.local is None:
        names = place.own_names(_ENDED) if label is None else [f"{_ENDED}{label}.json"]
        place.remove([f"{FOLDER}/{name}" for name in names])


def _ends(place: Place) -> dict[str, Any]:
    names = [] if place.local is not None else place.own_names(_ENDED)
    return {
        name.removeprefix(_ENDED).removesuffix(".json"): json.loads(place.read(f"{FOLDER}/{name}"))
        for name in names
    }


def read(place: Place) -> Record | None:
    """Return the job file's content; None where there is none."""
    path = place.path(_JOB)
    try:
        content = json.loads(place.read(_JOB).decode())
    except FileNotFoundError:
        return None
    except ValueError as error:
        msg = f"`output_dir` must hold a readable job file to resume, got a broken {path}: {error}"
        raise ValueError(msg) from error
    if not isinstance(content, dict) or content.pop("version", None) != _VERSION:
        msg = f"`output_dir` must hold a job file of version {_VERSION} to resume, got {path}"
        raise ValueError(msg)
    if "limits" in content:  # as it was called when there was nothing else to share
        limits = content.pop("limits")
        content["shared"] = None if limits is None else [None, limits]
    try:
        content["settings"].setdefault("provenance", False)  # of jobs before there was any
        record = Record(**content)
        record.finished |= _ends(place)
        return record
    except TypeError as error:
        msg = f"`output_dir` must hold a whole job file to resume, got {path}: {error}"
        raise ValueError(msg) from error


def differences(before: Record, settings: Mapping[str, Any]) -> list[str]:
    """Return which settings of a job differ from those of the job file, in words."""
    old = {"hotcold": before.hotcold, **before.settings}
    # As the old ones were: written to JSON and read again.
    new = {"hotcold": _core.__version__, **json.loads(json.dumps(settings))}
    return [
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]


def changes(before: Record, inputs: Mapping[str, Identity | None]) -> list[str]:
    """Return which inputs are not those that the job file's job began with, in words."""
    found = {name: difference(before.inputs.get(name), now) for name, now in inputs.items()}
    return [f"`{name}` has changed: {what}" for name, what in found.items() if what]


def check_same(
    before: Record,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Identity | None],
    output_dir: Place,
) -> None:
    """Refuse to mix pictures of two jobs in one folder; the message names what differs."""
    found = differences(before, settings)
    if found:
        more = f"; {len(found) - _TOLD} more settings differ" if len(found) > _TOLD else ""
        msg = (
            f"`resume` must have the settings of the job in {output_dir}: "
            f"{'; '.join(found[:_TOLD])}{more}; use another folder, or start again without resume"
        )
        raise ValueError(msg)
    found = changes(before, inputs)
    if found:
        msg = (
            f"`resume` must have the inputs of the job in {output_dir}: {'; '.join(found)}; start "
            "again without resume (a copy of the same input counts as the same when it keeps its "
            "time)"
        )
        raise ValueError(msg)


def _lines(settings: dict[str, Any]) -> str:
    lines = [f'    "{name}": {_json(value)}' for name, value in settings.items()]
    return "{\n" + ",\n".join(lines) + "\n  }"
