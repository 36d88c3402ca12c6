"""Text as pixels, the same on every machine.

The glyphs of DejaVu Sans are packed with the package (`glyphs.npz`, licence beside it; made by
docs/make_glyphs.py). Characters that are not among them are drawn with the font that matplotlib
brings.
"""

from __future__ import annotations

import functools
import unicodedata
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Color = tuple[int, int, int]

SIZES = (10, 12, 14, 16, 20, 24, 32)  # pixels of an em that are packed
_DOTS = "…"


class Glyphs(NamedTuple):
    """The packed glyphs of one size."""

    places: dict[str, int]
    cells: Picture  # (characters, line, width): coverage
    advance: NDArray[np.uint8]
    reach: int  # how far a cell begins before the character

    @property
    def line(self) -> int:
        """The height of a line."""
        return int(self.cells.shape[1])


@functools.cache
def _packed() -> dict[str, NDArray[np.uint8]]:
    with (
        resources.as_file(resources.files("hotcold.panel") / "glyphs.npz") as path,
        np.load(path) as file,
    ):
        return {name: file[name] for name in file.files}


@functools.cache
def glyphs(size: int) -> Glyphs:
    """Return the glyphs of one of `SIZES`."""
    packed = _packed()
    places = {chr(code): place for place, code in enumerate(packed["characters"].tolist())}
    cells, advance = packed[f"cells_{size}"], packed[f"advance_{size}"]
    return Glyphs(places, cells, advance, int(packed[f"reach_{size}"]))


def size_for(height: int) -> int:
    """Return the size of text that suits pictures of so many rows."""
    return max((size for size in SIZES if size <= height / 14), default=SIZES[0])


def line_height(size: int) -> int:
    """Return the height of a line of text, in pixels."""
    return glyphs(size).line


def check(name: str, text: str) -> str:
    """Return text that can be drawn on one line.

    Raises
    ------
    TypeError
        Something else than a string.
    ValueError
        A character that no font has.
    """
    if not isinstance(text, str):
        msg = f"`{name}` must be a string, got {type(text).__name__}"
        raise TypeError(msg)
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    known = glyphs(SIZES[0]).places
    for character in text:
        if character not in known and not _font_has(character):
            code = f"U+{ord(character):04X}"
            msg = f"`{name}` must be of characters that the font has, got {character!r} ({code})"
            raise ValueError(msg)
    return text


def width(text: str, size: int) -> int:
    """Return the width of a line of text, in pixels."""
    return sum(advance for _, advance in (_glyph(character, size) for character in text))


def fitting(text: str, size: int, most: int) -> str:
    """Return the text, with dots for its end where it is wider than so many pixels."""
    if width(text, size) <= most:
        return text
    while text and width(text + _DOTS, size) > most:
        text = text[:-1].rstrip()
    return text + _DOTS if text else ""


def draw(canvas: Picture, text: str, size: int, color: Color, align: str = "center") -> None:
    """Draw a line of text into a part of a canvas (H, W, 3), in the middle of its height.

    Parameters
    ----------
    canvas : ndarray of uint8, shape (H, W, 3)
        What does not fit in is left out, with dots in its place.
    text : str
        One line.
    size : int
        One of `SIZES`.
    color : (int, int, int)
        Red, green and blue, 0 to 255.
    align : {"center", "left", "right"}
        Where in the width.
    """
    height, room = canvas.shape[:2]
    text = fitting(text, size, room)
    if not text:
        return
    coverage = _coverage(text, size)
    line, long = coverage.shape
    reach = glyphs(size).reach
    start = {"left": 0, "right": room - (long - 2 * reach)}.get(
        align, (room - (long - 2 * reach)) // 2
    )
    top = (height - line) // 2
    _blend(canvas, coverage, top, start - reach, color)


def _blend(canvas: Picture, coverage: Picture, top: int, left: int, color: Color) -> None:
    """Lay a colour over a canvas, as far as both reach."""
    y0, x0 = max(0, -top), max(0, -left)
    height = min(coverage.shape[0], canvas.shape[0] - top)
    width_of = min(coverage.shape[1], canvas.shape[1] - left)
    if height <= y0 or width_of <= x0:
        return
    part = canvas[top + y0 : top + height, left + x0 : left + width_of]
    a = coverage[y0:height, x0:width_of, None].astype(np.uint16)
    over = np.array(color, np.uint16)
    part[...] = (part * (255 - a) + over * a + 127) // 255


def _coverage(text: str, size: int) -> Picture:
    """Return the coverage of a line, with room before and after for what reaches over."""
    reach = glyphs(size).reach
    drawn = [_glyph(character, size) for character in text]
    total = sum(advance for _, advance in drawn) + 2 * reach
    widest = max(cell.shape[1] for cell, _ in drawn)
    coverage = np.zeros((glyphs(size).line, total + widest), np.uint8)
    at = 0
    for cell, advance in drawn:
        place = coverage[:, at : at + cell.shape[1]]
        np.maximum(place, cell, out=place)
        at += advance
    return coverage[:, :total]


def _glyph(character: str, size: int) -> tuple[Picture, int]:
    """Return the coverage of a character, beginning `reach` before it, and its advance."""
    packed = glyphs(size)
    place = packed.places.get(character)
    if place is None:
        return _drawn(character, size)
    return packed.cells[place], int(packed.advance[place])


@functools.cache
def _font_path() -> str:
    import matplotlib as mpl

    return str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


@functools.lru_cache(maxsize=4096)
def _font_has(character: str) -> bool:
    from matplotlib.ft2font import FT2Font

    return bool(FT2Font(_font_path()).get_char_index(ord(character)))


@functools.lru_cache(maxsize=4096)
def _drawn(character: str, size: int) -> tuple[Picture, int]:
    from PIL import ImageFont

    packed = glyphs(size)
    font = ImageFont.truetype(_font_path(), size, layout_engine=ImageFont.Layout.BASIC)
    mask, (left, top) = font.getmask2(character, mode="L", anchor="la")
    pixels = np.array(mask, np.uint8).reshape(mask.size[::-1])
    x, y = max(0, packed.reach + left), max(0, top)
    cell = np.zeros((packed.line, x + pixels.shape[1]), np.uint8)
    pixels = pixels[: packed.line - y]
    cell[y : y + len(pixels), x:] = pixels
    return cell, round(font.getlength(character))
