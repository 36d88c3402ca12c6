"""Look at what `hotcold demo` wrote: every picture is there, opens, and shows something."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

folder = Path(sys.argv[1])
pictures = sorted(folder.glob("*.png"))
assert len(pictures) >= 6, f"expected at least six pictures in {folder}, found {pictures}"
for path in pictures:
    pixels = np.asarray(Image.open(path))
    assert pixels.std() > 10, f"{path} is nearly blank"
    print(f"{path.name}: {pixels.shape[1]} x {pixels.shape[0]}")
