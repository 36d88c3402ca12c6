"""A page to look at very many pictures: static, self-contained, from ``file://`` as well."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any
from urllib.parse import quote

from hotcold.offline.gallery.originals import SHOWN, Originals, find_originals
from hotcold.offline.input.remote import AnyPath
from hotcold.offline.item_table import Column, TableLike, check_table, shown_text
from hotcold.offline.output import manifest, series
from hotcold.offline.output.job_folder import current_files
from hotcold.offline.output.place import Place, place_at

PAGE = "index.html"
_MARK = b'<meta name="generator" content="hotcold">'
_HEAD = 4096  # bytes of a page that the mark is in


def write_gallery(
    folder: str | os.PathLike[str],
    *,
    title: str | None = None,
    about: str | None = None,
    captions: Mapping[str, str] | None = None,
    table: TableLike | None = None,
    sort: str | None = None,
    caption: str | None = None,
    originals: Originals | None = None,
) -> AnyPath:
    """Write ``index.html`` into a folder of pictures.

    The page holds the names, the table, its style and its script, and refers to the pictures beside
    it; it loads nothing else. Pictures appear as pages of thumbnails, loaded when they come into
    view. They can be sorted, filtered (``label:cat score<0.5``) and tagged there.

    Parameters
    ----------
    folder : path-like or str
        Its png, jpg, webp, gif and bmp files are shown in the order of their names; of a folder
        with a job file, those of the job. Also an address, as for `render_files`.
    title : str, optional
        Heading; None: the folder's name.
    about : str, optional
        Lines under the heading; None: how the pictures were made, where a job file tells.
    captions : mapping of str to str, optional
        What is shown of a picture, and filtered by, in place of its file name.
    table : path-like or mapping of str to sequence, optional
        What is known of the pictures: a file of comma-separated values (``.tsv``: of tabs) with a
        header, or columns by their names. A column ``file``, ``name`` or ``item`` says which
        picture a row belongs to, by its name with or without suffix; without one rows are in the
        order of the job's items, or of the names. Columns of numbers sort and filter as numbers.
    sort : str, optional
        Column that the page begins sorted by, smallest first; ``-column``: largest first.
    caption : str, optional
        In place of `captions`, of the table's columns: ``"{label} -> {pred} {score:.2f}"``.
    originals : path-like or mapping of str to path-like, optional
        Folder of pictures of which one is shown instead while a key is held, from where it is:
        nothing is copied. Those that the pictures say they were drawn over, or else of the same
        names. A mapping gives the file of each picture's name. `render_files` with a folder as `x`
        knows them.

    Returns
    -------
    Path
        The page; of an address something alike.

    Raises
    ------
    NotADirectoryError
        There is no such folder.
    ValueError
        It holds no pictures; a table whose rows do not match them: which, and how many; a caption
        or `sort` with a column that the table lacks: the closest is named.
    FileExistsError
        It holds an ``index.html`` that is not ours.

    Examples
    --------
    >>> import numpy as np, tempfile, hotcold
    >>> from hotcold.offline.gallery import write_gallery
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     show = hotcold.Visualizer()
    ...     report = hotcold.render_files(
    ...         show, np.eye(8)[None, None], output_dir=folder, progress=False
    ...     )
    ...     write_gallery(folder).name
    'index.html'
    """
    place = place_at(folder, "folder")
    if not place.exists():
        msg = f"`folder` must be a folder of pictures, got {folder}"
        raise NotADirectoryError(msg)
    check_page(place)
    names = _picture_names(place)
    if not names:
        msg = f"`folder` must hold at least one picture ({', '.join(SHOWN)}), got none in {folder}"
        raise ValueError(msg)
    labels = _labels(names, captions or {})
    known = _known(place, names, table, sort, caption, labels)
    if originals is not None and place.local is None:
        msg = f"`originals` must be None for a folder of another machine, got {originals!r:.60}"
        raise ValueError(msg)
    known["originals"] = find_originals(place.local, names, originals)
    page = Template(_part("page.html")).substitute(
        title=escape(title or _shown_name(place)),
        style=_part("style.css"),
        script=_part("script.js"),
        about=escape(_about(place) if about is None else about),
        names=_inert_json([_address_and_name(name) for name in names]),
        known=_inert_json(known),
    )
    place.write(PAGE, page.encode())
    page_path: AnyPath = place.path(PAGE)
    return page_path


def check_page(place: Place) -> None:
    """Raise FileExistsError when the folder has a page of somebody else's."""
    if not is_our_page(place):
        msg = (
            f"`folder` must not hold a page that is not ours, got {place.path(PAGE)}: rename or "
            "remove it, or keep the pictures in another folder"
        )
        raise FileExistsError(errno.EEXIST, msg)


def is_our_page(place: Place) -> bool:
    """Whether the folder has no page but one that was written here."""
    try:
        return _MARK in place.read(PAGE)[:_HEAD]
    except FileNotFoundError:
        return place.local is None or not (place.local / PAGE).is_symlink()
    except OSError:
        return False


def _picture_names(place: Place) -> list[str]:
    of_job = current_files(place)
    found = place.entries(("",) if of_job is None else of_job.folders)
    return sorted(
        name
        for name in found
        if name.lower().endswith(SHOWN)
        and not name.rpartition("/")[2].startswith(".")
        and (of_job is None or of_job(name))
    )


def _labels(names: Sequence[str], captions: Mapping[str, str]) -> list[str | None] | None:
    if not captions:
        return None
    return [shown_text(captions[name]) if name in captions else None for name in names]


def _known(
    place: Place,
    names: Sequence[str],
    table: TableLike | None,
    sort: str | None,
    caption: str | None,
    captions: list[str | None] | None,
) -> dict[str, Any]:
    """Return what the page knows of the pictures beside their names, as plain values."""
    read = check_table(table, sort, caption)
    if read is None:
        return {"captions": captions, "columns": [], "sort": None}
    order = None if sort is None else read.sorted_by(sort)
    made = None if caption is None else read.caption(caption)
    whole = _whole_job(place, names)
    row_of = dict(zip(whole, read.rows_of(whole), strict=True))
    rows = [row_of[name] for name in names]
    columns = [
        {
            "name": shown_text(column.name),
            "numbers": column.numbers is not None,
            "values": [_value(column, row) for row in rows],
        }
        for column in read.columns.values()
    ]
    if made is not None:
        captions = [shown_text(made(row)) for row in rows]
    return {"captions": captions, "columns": columns, "sort": order}


def _whole_job(place: Place, names: Sequence[str]) -> Sequence[str]:
    """Return the names of all items of the folder's job, in their order, made or not.

    Those of the pictures where there is no job, or more of them than it tells of.
    """
    try:
        job = manifest.read(place)
        if job is None or "container" in job.series or job.series["n_units"] is None:
            return names
        of_job = series.names_of(place, job.series)
    except (ValueError, OSError):
        return names
    whole = [of_job.file_name(unit) for unit in range(of_job.n_units or 0)]
    return whole if set(whole).issuperset(names) else names


def _value(column: Column, row: int) -> str | float | None:
    """Return a cell for JSON, which has no infinity; None: empty or NaN."""
    if column.numbers is None:
        return shown_text(column.texts[row])
    number = column.numbers[row]
    if math.isnan(number):
        return None
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return int(number) if number.is_integer() else number


def _address_and_name(name: str) -> str | list[str]:
    """Return a name, or where that is not what is shown, what a link to it and a reader need."""
    data = os.fsencode(name)
    if "/" in name:
        return [quote(data), data.decode(errors="replace")]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return [quote(data), data.decode(errors="replace")]


def _about(place: Place) -> str:
    """How the pictures were made, where a job file tells."""
    try:
        job = manifest.read(place)
    except ValueError:
        job = None
    if job is None:
        return ""
    hidden = ("attributions", "x", "names", "container", "shards")
    settings = {k: v for k, v in job.settings.items() if v is not None and k not in hidden}
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in settings.items())


def _shown_name(place: Place) -> str:
    name = str(place).rstrip("/").rpartition("/")[2]
    if place.local is not None:
        name = place.local.resolve().name
    return os.fsencode(name).decode(errors="replace")


def _inert_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
