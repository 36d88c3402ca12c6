"""A page to look at very many pictures: static, self-contained, from ``file://`` as well."""

from __future__ import annotations

import json
import os
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from hotcold import files
from hotcold.offline.output import manifest

PAGE = "index.html"
# What browsers show; TIFF is not among it.
_SHOWN = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


def write_gallery(folder: str | os.PathLike[str], *, title: str | None = None) -> Path:
    """Write ``index.html`` into a folder of pictures.

    The page holds the names, its style and its script, and refers to the pictures beside it; it
    loads nothing else. Pictures appear as pages of thumbnails, loaded when they come into view.

    Parameters
    ----------
    folder : path-like
        Its png, jpg, webp, gif and bmp files are shown in the order of their names.
    title : str, optional
        Heading; None: the folder's name.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    NotADirectoryError
        There is no such folder.
    ValueError
        It holds no pictures.

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
    folder = Path(folder)
    if not folder.is_dir():
        msg = f"`folder` must be a folder of pictures, got {folder}"
        raise NotADirectoryError(msg)
    names = _picture_names(folder)
    if not names:
        msg = f"`folder` must hold at least one picture ({', '.join(_SHOWN)}), got none in {folder}"
        raise ValueError(msg)
    page = Template(_part("page.html")).substitute(
        title=escape(title or folder.resolve().name),
        style=_part("style.css"),
        script=_part("script.js"),
        about=escape(_about(folder)),
        names=_inert_json(names),
    )
    files.write_atomically(folder / PAGE, page.encode())
    return folder / PAGE


def _picture_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith(_SHOWN) and not entry.name.startswith(".")
        )


def _about(folder: Path) -> str:
    """How the pictures were made, where a job file tells."""
    try:
        job = manifest.read(folder)
    except ValueError:
        job = None
    if job is None:
        return ""
    hidden = ("attributions", "x", "names", "container", "shards")
    settings = {k: v for k, v in job["settings"].items() if v is not None and k not in hidden}
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in settings.items())


def _inert_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
