"""Pictures to files: the formats, their encoders, and writing whole or not at all.

A raster file holds one array element per pixel, without margins. Vector formats wrap the same
pixels in a matplotlib figure (see `drawing`).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

# Suffix -> Pillow's name and options. Lossless where the format can be; JPEG keeps full colour
# resolution because a colormap's edges are what people look at.
_RASTER: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True, "exact": True}),  # exact: colours under alpha 0 as well
    ".tif": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ".tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ".bmp": ("BMP", {}),
    ".gif": ("GIF", {}),
}
_NO_ALPHA = frozenset({"JPEG", "BMP", "GIF"})
VECTOR_SUFFIXES = (".pdf", ".svg", ".eps")
RASTER_SUFFIXES = tuple(_RASTER)


def known_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a path in lower case; ValueError when no format has it."""
    suffix = Path(path).suffix.lower()
    if suffix not in _RASTER and suffix not in VECTOR_SUFFIXES:
        known = ", ".join((*RASTER_SUFFIXES, *VECTOR_SUFFIXES))
        msg = f"`output_file` must end in one of {known}, got {os.fspath(path)!r}"
        raise ValueError(msg)
    return suffix


def save_picture(
    path: str | os.PathLike[str], picture: Picture, text: Mapping[str, str] | None = None
) -> None:
    """Write a picture so that the file appears whole or not at all.

    Parameters
    ----------
    path : path-like
        Its suffix chooses the format; its folder must exist.
    picture : ndarray of uint8, shape (H, W, 3) or (H, W, 4)
        The pixels.
    text : mapping of str to str, optional
        What was drawn and how; stored where the format has a place for it (PNG).
    """
    suffix = known_suffix(path)
    if suffix in VECTOR_SUFFIXES:
        from hotcold import drawing

        data = drawing.vector_bytes(picture, suffix.removeprefix("."))
    else:
        data = encode(picture, suffix, text)
    write_atomically(path, data)


def encode(picture: Picture, suffix: str, text: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a raster file with this suffix."""
    from PIL import Image, PngImagePlugin

    name, options = _RASTER[suffix]
    image = Image.fromarray(np.ascontiguousarray(picture))
    if image.mode == "RGBA" and name in _NO_ALPHA:
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(image)
        image = flat.convert("RGB")
    if name == "PNG" and text:
        info = PngImagePlugin.PngInfo()
        for key, value in text.items():
            info.add_itxt(key, value)
        options = {**options, "pnginfo": info}
    buffer = io.BytesIO()
    image.save(buffer, format=name, **options)
    return buffer.getvalue()


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to a temporary file in the same folder, then rename it to `path`.

    A reader sees the old file or the new one, never a part; a failure leaves nothing behind. A
    symbolic link is followed, as by any other writer.
    """
    target = Path(path).resolve()
    try:
        # Of a long name only the start: the temporary one must fit in a directory entry too.
        handle, temporary = tempfile.mkstemp(
            prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent
        )
    except FileNotFoundError:
        message = "the folder of the file to write must exist; create it first"
        raise FileNotFoundError(errno.ENOENT, message, str(target.parent)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes private files; a picture gets the permissions of any new file.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _umask() -> int:
    # The mask can only be read by setting it; Linux tells it without that race.
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
