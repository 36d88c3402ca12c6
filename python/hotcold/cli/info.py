"""`hotcold info`: this installation, or what is in a file."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import click

import hotcold
from hotcold import files
from hotcold.cli.errors import one_sentence
from hotcold.provenance.chunk import find_provenance
from hotcold.provenance.describe import KEYWORD

_OPTIONAL = ("torch", "zarr", "h5py", "fsspec", "dask", "distributed")


@click.command()
@click.argument("path", required=False)
def info(path: str | None) -> None:
    """Say what this installation is, or what is in PATH.

    PATH may be a picture that hotcold wrote (which item it shows, and how it was made), a folder
    of them (the job's settings), or a file that `hotcold render` reads (its arrays).

    \b
    Examples:
      hotcold info
      hotcold info pictures/00000042.png
      hotcold info maps.h5:run3

    \b
    Exit status: 0 said, 1 no such file or not readable, 2 wrong command
    """  # noqa: D301 - click reads \b
    with one_sentence():
        facts = _installation() if path is None else _facts_of(path)
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{click.style(name.ljust(width), bold=True)}  {value}")


def _installation() -> dict[str, Any]:
    facts = {name.replace("_", " "): value for name, value in hotcold.build_info().items()}
    facts |= {name: _version(name) for name in _OPTIONAL}
    facts["formats"] = " ".join((*files.RASTER_SUFFIXES, *files.VECTOR_SUFFIXES))
    return facts


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _facts_of(path: str) -> dict[str, Any]:
    from hotcold.offline.output import manifest
    from hotcold.offline.output.place import LocalPlace

    entry = Path(path)
    job = manifest.read(LocalPlace(entry)) if entry.is_dir() else None
    if job is not None:
        settings = {name: json.dumps(value) for name, value in job.settings.items()}
        return {"made by": f"hotcold {job.hotcold}", **settings}
    if entry.is_file() and entry.suffix.lower() in files.RASTER_SUFFIXES:
        return _facts_of_picture(entry)
    return _facts_of_source(path)


def _facts_of_picture(path: Path) -> dict[str, Any]:
    from PIL import Image

    from hotcold.offline.input.boundary import opening

    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None  # our own sheets are large, and only the header is read
    try:
        with opening("PATH", path, "a picture that can be read"), Image.open(path) as image:
            facts: dict[str, Any] = {
                "picture": f"{image.width} x {image.height} pixels, {image.mode}",
                "bytes": f"{path.stat().st_size:,}",
            }
            texts = dict(getattr(image, "text", {}))
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    if KEYWORD in texts and (told := find_provenance(path)) is not None:
        del texts[KEYWORD]
        facts |= _facts_of_item(told)
    return {**facts, **texts}


def _facts_of_item(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a picture says of its item, or of its items, in words."""
    drawn = told.get("drawn", {})
    facts: dict[str, Any] = {"shows": drawn.get("as", "unknown")}
    if "cells" in told:
        items = [cell["item"] for cell in told["cells"]]
        facts["items"] = f"{len(items)}: {items[0]} to {items[-1]}" if items else "none"
        return facts
    facts["item"] = told["item"] if "name" not in told else f"{told['item']} ({told['name']})"
    for name in ("source", "image"):
        if told.get(name) is not None:
            item = told.get(f"{name}_item")
            facts[name] = told[name] if item is None else f"{told[name]}, item {item}"
    if "caption" in told:
        facts["caption"] = told["caption"]
    if told.get("limits") is not None:
        low, high = told["limits"]
        facts["colours"] = f"{drawn.get('cmap', 'grey')}, {low:.6g} to {high:.6g}"
        if "normalization_type" in drawn:
            facts["colours"] += f" ({drawn['normalization_type']})"
    if told.get("clip") is not None:
        facts["clipped"] = "to {:.6g} to {:.6g}".format(*told["clip"])
    for label, column in told.get("columns", {}).items():
        facts[f"column {label}"] = _of_column(column)
    return facts


def _of_column(column: dict[str, Any]) -> str:
    told = column.get("source") or column.get("image") or "an array"
    if column.get("limits") is None:
        return str(told)
    return "{}, colours {:.6g} to {:.6g}".format(told, *column["limits"])


def _facts_of_source(path: str) -> dict[str, Any]:
    from hotcold.offline.input import IndexedSource, open_source

    source = open_source(path, "PATH")
    try:
        if isinstance(source, IndexedSource):
            facts = {"shape": source.shape, "dtype": source.dtype}
        else:
            first = source.first()
            facts = {"shape": (source.n_items, *first.shape[1:]), "dtype": first.dtype}
        return {"items": source.n_items, **facts, "bytes an item": f"{source.item_bytes:,}"}
    finally:
        source.close()
