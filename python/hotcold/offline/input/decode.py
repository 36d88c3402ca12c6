"""One picture file as RGB or RGBA bytes, or the reason why it has no right ones.

Pillow's own ``convert("RGB")`` makes 16-bit pictures white and shows the colours that lie hidden
under transparency; what it would do to floating point or Lab is not the picture either.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

# Other formats run programs (PostScript) or are no pictures of pixels. The last two are those that
# Pillow loads all its formats for, when a file is none of the others.
_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF", "PPM", "WEBP", "TIFF")
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_PLAIN = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "LA", "La", "PA", "RGBA", "RGBa")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_ORIENTATION = 0x0112
_PHOTOMETRIC = 0x0106


class NotAPicture(Exception):
    """Why a file gives no picture, for the end of a sentence."""


def decode(data: bytes) -> Image.Image:
    """Return a picture as it is to be looked at.

    Parameters
    ----------
    data : bytes
        Of a file; of animations and multi-page files the first picture is taken.

    Returns
    -------
    PIL image
        Mode RGBA when some pixel is not opaque, else RGB; turned as its EXIF data say. Samples of
        16 bits are divided by 257 and rounded.

    Raises
    ------
    NotAPicture
        A damaged file, or a kind of picture that has no certain colours.
    """
    from PIL import Image

    try:
        _check_png(data)
        with Image.open(io.BytesIO(data), formats=_FORMATS) as file:
            stored = str(file.tile[0][3]) if file.tile else ""  # gone once it is loaded
            file.load()
            return _turned(_colours(file, stored), file)
    except NotAPicture:
        raise
    except (MemoryError, OSError) as error:
        raise NotAPicture(getattr(error, "strerror", None) or str(error) or "no memory") from error
    except Exception as error:  # damage shows in many ways: struct.error, TypeError, IndexError ...
        raise NotAPicture(f"{type(error).__name__}: {error}") from error


def _check_png(data: bytes) -> None:
    """Compare the checksums of a PNG file's chunks, of which Pillow passes over the pixels'."""
    if not data.startswith(_PNG):
        return
    view, position = memoryview(data), len(_PNG)
    while position + 12 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            return  # Pillow's own word for what is cut short
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise NotAPicture(f"the checksum of its {kind!r} is wrong: the file is damaged")
        position = end + 4
        if kind == b"IEND":
            return


def has_alpha(picture: Image.Image) -> bool:
    """Whether a picture of `decode` has pixels that are not opaque."""
    return picture.mode == "RGBA"


def _colours(file: Any, stored: str) -> Image.Image:
    if file.mode in _SIXTEEN_BITS or (file.mode == "I" and file.format in ("PNG", "PPM")):
        return _from_sixteen_bits(file)
    if file.mode not in _PLAIN:
        known = {"F": "floating point", "I": "32-bit integers", "LAB": "Lab"}
        kind = known.get(file.mode, "a kind of colours not known here")
        raise NotAPicture(
            f"its mode is {file.mode} ({kind}), of which 8-bit colours do not follow; save it as "
            "8-bit or 16-bit grey or RGB"
        )
    if file.mode not in _WITH_ALPHA and "transparency" not in file.info:
        picture: Image.Image = file.convert("RGB")
        return picture
    key = file.info.get("transparency")
    if isinstance(key, tuple) and "16" in stored:
        raise NotAPicture(
            "it is transparent by a key of 16 bits, but only the upper halves of its colours are "
            "kept; save it with an alpha channel"
        )
    grey_key = isinstance(key, int) and file.mode in ("1", "L")
    picture = _grey_by_key(file, key, stored) if grey_key else file.convert("RGBA")
    opaque = picture.getchannel("A").getextrema() == (255, 255)
    return picture.convert("RGB") if opaque else picture


def _grey_by_key(file: Any, key: int, stored: str) -> Image.Image:
    """Grey with one value transparent: the key counts as it is stored, in 1, 2, 4 or 8 bits."""
    step = 85 if "L;2" in stored else 17 if "L;4" in stored else 1
    seen = key * step if file.mode == "L" else 255 if key else 0
    grey = np.asarray(file.convert("L"))
    return _with_alpha(grey, np.where(grey == seen, 0, 255).astype(np.uint8))


def _from_sixteen_bits(file: Any) -> Image.Image:
    from PIL import Image

    if file.format == "TIFF" and file.tag_v2.get(_PHOTOMETRIC) == 0:
        raise NotAPicture("its 16-bit samples count from white, which Pillow does not; turn them")
    samples = np.asarray(file).astype(np.uint32)
    if samples.max(initial=0) > 0xFFFF:
        raise NotAPicture(f"its samples reach {samples.max()}, beyond 16 bits")
    grey = ((samples * 255 + 0x7FFF) // 0xFFFF).astype(np.uint8)  # rounded samples / 257
    key = file.info.get("transparency")
    if isinstance(key, int) and (samples == key).any():
        return _with_alpha(grey, np.where(samples == key, 0, 255).astype(np.uint8))
    return Image.fromarray(np.repeat(grey[..., None], 3, axis=2))


def _with_alpha(grey: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Image.Image:
    from PIL import Image

    return Image.fromarray(np.stack([grey, grey, grey, alpha], axis=2))


def _turned(picture: Image.Image, file: Any) -> Image.Image:
    """Turn a picture as its EXIF data say; what cannot be read of them says nothing."""
    from PIL import Image

    turns = Image.Transpose
    methods = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_270,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_90,
    }
    try:
        # TIFF pictures are turned by Pillow when they are loaded, and then say so no more.
        method = methods.get(file.getexif().get(_ORIENTATION))
    except Exception:  # viewers show such pictures as they are stored
        method = None
    return picture if method is None else picture.transpose(method)
