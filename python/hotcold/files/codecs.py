"""Formats that Pillow writes: JPEG, WebP, BMP, GIF."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Suffix -> Pillow's name.
NAMES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".gif": "GIF",
}
# Pixels a side that a format can hold, or its common library writes (libjpeg, libwebp).
MOST_PIXELS = {"JPEG": 65500, "WEBP": 16383, "GIF": 65535}
_NO_ALPHA = frozenset({"JPEG", "BMP", "GIF"})
_USUAL_QUALITY = {"JPEG": 95}
# libwebp's effort for lossless files. Of 224x224 overlays, method 1 takes a seventh of the time of
# method 4, Pillow's default, for 7 % more bytes (`formats: encode[webp]` in the records).
_LOSSLESS = {
    "fast": {"method": 0, "quality": 0},
    "default": {"method": 1, "quality": 20},
    "small": {"method": 6, "quality": 100},
}


def encode(picture: NDArray[np.uint8], suffix: str, compression: str, quality: int | None) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3) or (H, W, 4)
        Lies on white where the format has no alpha.
    suffix : str
        One of `NAMES`.
    compression, quality
        As in `hotcold.files.encode`.
    """
    from PIL import Image

    name = NAMES[suffix]
    image = Image.fromarray(np.ascontiguousarray(picture))
    if image.mode == "RGBA" and name in _NO_ALPHA:
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(image)
        image = flat.convert("RGB")
    options = _options(name, compression, quality)
    if name == "JPEG" and hasattr(os, "memfd_create"):
        # Pillow lets other threads go on only while it encodes to a file of the system's.
        with contextlib.suppress(OSError):  # where the system has none to give: as elsewhere
            with os.fdopen(os.memfd_create("hotcold"), "w+b") as file:
                image.save(file, format=name, **options)
                file.seek(0)
                return file.read()
    buffer = io.BytesIO()
    image.save(buffer, format=name, **options)
    return buffer.getvalue()


def _options(name: str, compression: str, quality: int | None) -> dict[str, Any]:
    """Return what Pillow's encoder is told."""
    if name == "JPEG":
        # Full colour resolution: a colormap's edges are what people look at.
        return {"quality": quality or _USUAL_QUALITY[name], "subsampling": 0}
    if name == "WEBP":
        # "exact" keeps colours under alpha 0.
        if quality is not None:
            return {"quality": quality, "exact": True}
        return {"lossless": True, "exact": True, **_LOSSLESS[compression]}
    return {}
