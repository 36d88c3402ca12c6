"""Make python/hotcold/panel/glyphs.npz: DejaVu Sans as pixels, the same on every machine.

    python docs/make_glyphs.py

The font comes with matplotlib; what it is drawn with is Pillow's FreeType, once, here. Each size
holds a row a character: its coverage 0 to 255 in a cell of the line's height, left-aligned, and how
far the next character is.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import ImageFont

SIZES = (10, 12, 14, 16, 20, 24, 32)
CODES = [*range(0x20, 0x7F), *range(0xA0, 0x100)]
CHARACTERS = "".join(map(chr, CODES)) + "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}…"
OUT = Path(__file__).parents[1] / "python" / "hotcold" / "panel" / "glyphs.npz"


def main() -> None:
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    arrays: dict[str, np.ndarray] = {
        "characters": np.array([ord(c) for c in CHARACTERS], np.uint16)
    }
    for size in SIZES:
        font = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
        ascent, descent = font.getmetrics()
        drawn = []
        for character in CHARACTERS:
            mask, (left, top) = font.getmask2(character, mode="L", anchor="la")
            pixels = np.array(mask, np.uint8).reshape(mask.size[::-1])
            drawn.append((pixels, left, top, round(font.getlength(character))))
        reach = max(-left for _, left, _, _ in [*drawn, (None, 0, 0, 0)])
        width = max(reach + left + p.shape[1] for p, left, _, _ in drawn)
        cells = np.zeros((len(CHARACTERS), ascent + descent, width), np.uint8)
        for cell, (pixels, left, top, _) in zip(cells, drawn, strict=True):
            y, x = max(top, 0), reach + left
            cut = pixels[max(-top, 0) :][: cells.shape[1] - y]
            cell[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
        arrays[f"cells_{size}"] = cells
        arrays[f"advance_{size}"] = np.array([d[3] for d in drawn], np.uint8)
        arrays[f"reach_{size}"] = np.array(reach, np.uint8)
    np.savez_compressed(OUT, **arrays)
    print(OUT, OUT.stat().st_size)


if __name__ == "__main__":
    main()
