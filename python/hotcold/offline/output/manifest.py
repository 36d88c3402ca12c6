"""The job file: what a folder of pictures was made with, so that a later run can go on with it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from hotcold import _core, files
from hotcold.offline.input import IndexedSource, Source

FOLDER = ".hotcold"
_VERSION = 1


def job_path(output_dir: Path) -> Path:
    """Return where the job file of an output folder is."""
    return output_dir / FOLDER / "job.json"


def describe_visualizer(visualizer: Any) -> dict[str, Any]:
    """Return everything that changes a visualizer's pictures, as plain values."""
    if not hasattr(visualizer, "describe"):
        return {"visualizer": repr(visualizer)}
    described = {name: _plain(value) for name, value in visualizer.describe().items()}
    return {"visualizer": type(visualizer).__name__, **described}


def describe_source(source: Source | None) -> Any:
    """Return what tells one input from another without reading it."""
    if source is None:
        return None
    if isinstance(source, IndexedSource):
        return {"origin": source.origin, "shape": list(source.shape), "dtype": str(source.dtype)}
    return {"origin": source.origin, "n_items": source.n_items}


def write(output_dir: Path, settings: dict[str, Any], **extra: Any) -> None:
    """Write the job file; shards of one job all write the same."""
    path = job_path(output_dir)
    path.parent.mkdir(exist_ok=True)
    content = {"version": _VERSION, "hotcold": _core.__version__, "settings": settings, **extra}
    # A setting a line, for people. What json does with `indent` takes six times as long.
    told = {name: json.dumps(value) for name, value in content.items() if name != "settings"}
    lines = (f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in settings.items())
    told["settings"] = "{\n" + ",\n".join(lines) + "\n  }"
    text = ",\n".join(f'  "{name}": {value}' for name, value in told.items())
    files.write_atomically(path, f"{{\n{text}\n}}\n".encode())


def read(output_dir: Path) -> dict[str, Any] | None:
    """Return the job file's content; None where there is none."""
    path = job_path(output_dir)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        msg = f"`output_dir` must hold a readable job file to resume, got a broken {path}: {error}"
        raise ValueError(msg) from error
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        msg = f"`output_dir` must hold a job file of version {_VERSION} to resume, got {path}"
        raise ValueError(msg)
    return content


def check_same(before: dict[str, Any], settings: dict[str, Any], output_dir: Path) -> None:
    """Refuse to mix pictures of two jobs in one folder; the message names what differs."""
    old = {"hotcold": before.get("hotcold"), **before.get("settings", {})}
    # As the old ones were: written to JSON and read again.
    new = {"hotcold": _core.__version__, **json.loads(json.dumps(settings))}
    differences = [
        f"{name} was {old.get(name)!r} and is {new.get(name)!r}"
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]
    if differences:
        msg = (
            f"`resume` must have the settings of the job in {output_dir}: "
            f"{'; '.join(differences)}; use another folder, or start again without resume"
        )
        raise ValueError(msg)


def _plain(value: Any) -> Any:
    """Return a value that JSON keeps; a colormap by its colours."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if callable(value) and hasattr(value, "N"):
        colours = np.ascontiguousarray(value(np.arange(value.N)), np.float64)
        return f"{value.name} {hashlib.sha256(colours.tobytes()).hexdigest()[:16]}"
    return repr(value)
