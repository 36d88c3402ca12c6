"""A page to look at very many pictures: static, self-contained, from ``file://`` as well."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from hotcold import _atomic
from hotcold.offline.output import manifest, tree
from hotcold.offline.output.job_folder import current_files

PAGE = "index.html"
_MARK = b'<meta name="generator" content="hotcold">'
_HEAD = 4096  # bytes of a page that the mark is in
# What browsers show; TIFF is not among it.
_SHOWN = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


def write_gallery(
    folder: str | os.PathLike[str],
    *,
    title: str | None = None,
    about: str | None = None,
    captions: Mapping[str, str] | None = None,
) -> Path:
    """Write ``index.html`` into a folder of pictures.

    The page holds the names, its style and its script, and refers to the pictures beside it; it
    loads nothing else. Pictures appear as pages of thumbnails, loaded when they come into view.

    Parameters
    ----------
    folder : path-like
        Its png, jpg, webp, gif and bmp files are shown in the order of their names; of a folder
        with a job file, those of the job.
    title : str, optional
        Heading; None: the folder's name.
    about : str, optional
        Lines under the heading; None: how the pictures were made, where a job file tells.
    captions : mapping of str to str, optional
        What is shown of a picture, and filtered by, in place of its file name.

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
    folder = Path(folder)
    if not folder.is_dir():
        msg = f"`folder` must be a folder of pictures, got {folder}"
        raise NotADirectoryError(msg)
    check_page(folder)
    names = _picture_names(folder)
    if not names:
        msg = f"`folder` must hold at least one picture ({', '.join(_SHOWN)}), got none in {folder}"
        raise ValueError(msg)
    page = Template(_part("page.html")).substitute(
        title=escape(title or _shown_name(folder.resolve().name)),
        style=_part("style.css"),
        script=_part("script.js"),
        about=escape(_about(folder) if about is None else about),
        names=_inert_json([_address_and_label(name, captions or {}) for name in names]),
    )
    _atomic.write_atomically(folder / PAGE, page.encode())
    return folder / PAGE


def check_page(folder: Path) -> None:
    """Raise FileExistsError when the folder has a page of somebody else's."""
    if not is_our_page(folder):
        msg = (
            f"`folder` must not hold a page that is not ours, got {folder / PAGE}: rename or "
            "remove it, or keep the pictures in another folder"
        )
        raise FileExistsError(errno.EEXIST, msg)


def is_our_page(folder: Path) -> bool:
    """Whether the folder has no page but one that was written here."""
    page = folder / PAGE
    try:
        with page.open("rb") as file:
            return _MARK in file.read(_HEAD)
    except FileNotFoundError:
        return not page.is_symlink()
    except OSError:
        return False


def _picture_names(folder: Path) -> list[str]:
    of_job = current_files(folder)
    found = tree.entries(folder, ("",) if of_job is None else of_job.folders)
    return sorted(
        name
        for name in found
        if name.lower().endswith(_SHOWN)
        and not name.rpartition("/")[2].startswith(".")
        and (of_job is None or of_job(name))
    )


def _address_and_label(name: str, captions: Mapping[str, str]) -> str | list[str]:
    """Return a name, or where that is not what is shown, what a link to it and a reader need."""
    data = os.fsencode(name)
    if name in captions:
        return [quote(data), captions[name]]
    if "/" in name:
        return [quote(data), data.decode(errors="replace")]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return [quote(data), data.decode(errors="replace")]


def _about(folder: Path) -> str:
    """How the pictures were made, where a job file tells."""
    try:
        job = manifest.read(folder)
    except ValueError:
        job = None
    if job is None:
        return ""
    hidden = ("attributions", "x", "names", "container", "shards")
    settings = {k: v for k, v in job.settings.items() if v is not None and k not in hidden}
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in settings.items())


def _shown_name(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")


def _inert_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
