"""Pictures to files: the formats, their encoders, and writing whole or not at all.

A raster file holds one array element per pixel, without margins. Vector formats wrap the same
pixels in a matplotlib figure (see `drawing`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from hotcold import _core, _validate
from hotcold._atomic import CORE_WRITES, core_names, no_folder, target, write_atomically
from hotcold.files import codecs, tiff

if TYPE_CHECKING:
    from numpy.typing import NDArray

Picture: TypeAlias = "NDArray[np.uint8]"

COMPRESSIONS = ("fast", "default", "small")  # of PNG, TIFF and lossless WebP files
WITH_QUALITY = (".jpg", ".jpeg", ".webp")
VECTOR_SUFFIXES = (".pdf", ".svg", ".eps")
RASTER_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")
_TIFF = (".tif", ".tiff")
_MOST_COLORS = 65536  # that the core takes


def known_suffix(path: str | os.PathLike[str]) -> str:
    """Return the suffix of a path in lower case; ValueError when no format has it."""
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - pathlib costs a picture's percents
    if suffix not in RASTER_SUFFIXES:
        from pathlib import Path

        suffix = Path(path).suffix.lower()  # "a.png/" too
    if suffix not in RASTER_SUFFIXES and suffix not in VECTOR_SUFFIXES:
        known = ", ".join((*RASTER_SUFFIXES, *VECTOR_SUFFIXES))
        msg = f"`output_file` must end in one of {known}, got {os.fspath(path)!r}"
        raise ValueError(msg)
    return suffix


def check_size(suffix: str, height: int, width: int) -> None:
    """Refuse a picture that the format of a suffix cannot hold."""
    most = codecs.MOST_PIXELS.get(codecs.NAMES.get(suffix, ""))
    if most is not None and max(height, width) > most:
        msg = (
            f"a {suffix} file holds at most {most} pixels a side, the picture has "
            f"{height} x {width}; .png and .tif hold it"
        )
        raise ValueError(msg)
    if suffix in _TIFF and 4 * height * width > tiff.MOST_BYTES:
        msg = f"a {suffix} file holds less than 4 GB, the picture has {height} x {width} pixels"
        raise ValueError(msg)


def quality(name: str, value: Any) -> int:
    """Return a quality of JPEG and WebP files."""
    return _validate.whole(name, value, 1, 100)


def check_quality(quality: int | None, suffix: str) -> None:
    """Refuse a quality for a format that has none."""
    if quality is not None and suffix not in WITH_QUALITY:
        known = ", ".join(WITH_QUALITY)
        msg = f"`quality` must be None for {suffix} files, got {quality}; {known} have one"
        raise ValueError(msg)


def save_picture(
    path: str | os.PathLike[str],
    picture: Picture,
    text: Mapping[str, str] | None = None,
    colors: Picture | None = None,
    n_threads: int = 1,
    compression: str = "default",
    quality: int | None = None,
) -> None:
    """Write a picture so that the file appears whole or not at all.

    Parameters
    ----------
    path : path-like
        Its suffix chooses the format; its folder must exist.
    picture : ndarray of uint8, shape (H, W, 3) or (H, W, 4)
        The pixels.
    text, colors, n_threads, compression, quality
        As in `encode`.
    """
    suffix = known_suffix(path)
    if suffix == ".png" and CORE_WRITES:
        folder, name = target(path)
        pictures = np.ascontiguousarray(picture)[np.newaxis]
        try:
            save_pngs(
                folder,
                [name],
                pictures,
                text,
                colors,
                n_threads=n_threads,
                compression=compression,
            )
        except FileNotFoundError:
            raise no_folder(folder) from None
        return
    if suffix in VECTOR_SUFFIXES:
        from hotcold import drawing

        data = drawing.vector_bytes(picture, suffix.removeprefix("."))
    else:
        data = encode(
            picture,
            suffix,
            text,
            colors,
            n_threads=n_threads,
            compression=compression,
            quality=quality,
        )
    write_atomically(path, data)


class Saved(NamedTuple):
    """What `save_pngs` wrote, and how long it took."""

    n_bytes: int
    encode_seconds: float
    write_seconds: float


def save_pngs(
    folder: str,
    names: Sequence[str],
    pictures: Picture,
    text: Mapping[str, str] | None = None,
    colors: Picture | None = None,
    *,
    n_threads: int = 1,
    compression: str = "default",
) -> Saved:
    """Write pictures as PNG files of a folder, where `CORE_WRITES`: one call, all without the GIL.

    Each appears whole or not at all, in their order; the first that fails ends it. Nobody looks
    for links.

    Parameters
    ----------
    folder : str
        Must exist.
    names : sequence of str
        Plain names, one per picture.
    pictures : ndarray of uint8, shape (N, H, W, 3) or (N, H, W, 4)
        The pixels, those of a row next to each other in memory.
    text, colors, n_threads, compression
        As in `encode`, for all of them.
    """
    written = _core.write_png(
        pictures,
        expected_colors(colors, pictures.shape[3]),
        list((text or {}).items()),
        compression,
        n_threads,
        os.fsencode(folder),
        core_names(names),
    )
    return Saved(*written)


def encode(
    picture: Picture,
    suffix: str,
    text: Mapping[str, str] | None = None,
    colors: Picture | None = None,
    *,
    n_threads: int = 1,
    compression: str = "default",
    quality: int | None = None,
) -> bytes:
    """Return the bytes of a raster file.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3) or (H, W, 4)
        The pixels.
    suffix : str
        Of a raster format, in lower case with its dot.
    text : mapping of str to str, optional
        What was drawn and how; stored where the format has a place for it (PNG, TIFF).
    colors : ndarray of uint8, shape (n, 3), optional
        What the pixels are probably made of, in an order in which neighbours look alike. A PNG of
        such pixels alone becomes a palette picture, less than half the size; others are not hurt.
    n_threads : int, default 1
        For PNG and TIFF; changes no byte.
    compression : {"default", "fast", "small"}
        For PNG, TIFF and lossless WebP; the pixels are the same. ``"fast"`` takes less time and
        more bytes, of PNG one or two per cent; ``"small"`` searches for repeats, for PNG files no
        larger than Pillow's, and takes many times as long (see `encode_png` in the benchmarks'
        records).
    quality : int, 1 to 100, optional
        For JPEG and WebP. None: 95 for JPEG, and lossless WebP.
    """
    if suffix == ".png":
        colors = expected_colors(colors, picture.shape[2])
        picture = np.ascontiguousarray(picture)
        return _core.encode_png(picture, colors, list((text or {}).items()), compression, n_threads)
    check_size(suffix, *picture.shape[:2])
    if suffix in _TIFF:
        return tiff.encode(picture, text, n_threads, compression)
    return codecs.encode(picture, suffix, compression, quality)


def expected_colors(colors: Picture | None, channels: int) -> Picture | None:
    """Return the colours that the core can look for in pictures of so many channels, if any."""
    return colors if channels == 3 and colors is not None and len(colors) <= _MOST_COLORS else None
