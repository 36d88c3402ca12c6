"""A folder of picture files, in the order of their names."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotcold._arrays import Array
from hotcold.offline.input.base import BadItem, IndexedSource

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")


class PictureFolder(IndexedSource):
    """Pictures decoded when they are read, as uint8 RGB.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    folder : Path
        Its picture files are the items, sorted by name; other files are passed over.
    dim_order : {"channels_first", "channels_last"}
        Of the batches that are read.
    """

    def __init__(self, name: str, folder: Path, dim_order: str) -> None:
        self.name = name
        self.origin = folder.name
        self.dtype = np.dtype(np.uint8)
        self.files = sorted(
            entry
            for entry in folder.iterdir()
            if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".")
        )
        if not self.files:
            msg = f"`{name}` must hold at least one picture file ({', '.join(SUFFIXES)}), got none "
            msg += f"in {folder}"
            raise ValueError(msg)
        self.paths = tuple(self.files)
        self._dim_order = dim_order
        self._resize = False
        self.set_size(*_size_of_first(name, self.files))

    @property
    def resizes(self) -> bool:
        """Whether pictures of another size are resized rather than refused."""
        return self._resize

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) that pictures must have or are brought to; at first the first picture's."""
        return self._size

    def set_size(self, height: int, width: int, *, resize: bool = False) -> None:
        """Say what size the pictures must have, or with `resize` are brought to."""
        self._size = height, width
        self._resize = resize
        first = self._dim_order == "channels_first"
        self.shape = (len(self.files), *((3, height, width) if first else (height, width, 3)))

    def read(self, start: int, stop: int) -> Array:
        """Return pictures [start, stop), uint8 RGB in `dim_order`."""
        batch = np.empty((stop - start, *self._size, 3), np.uint8)
        for place, path in zip(batch, self.files[start:stop], strict=True):
            place[...] = self._decode(path)
        return batch if self._dim_order == "channels_last" else batch.transpose(0, 3, 1, 2)

    def _decode(self, path: Path) -> NDArray[np.uint8]:
        from PIL import Image, ImageOps

        height, width = self._size
        try:
            # Pillow warns of pictures that would fill the memory before it refuses larger ones.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(path) as file:
                    picture = ImageOps.exif_transpose(file).convert("RGB")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            msg = f"`{self.name}` must hold pictures that can be read, got {path}: {error}"
            raise BadItem(msg) from error
        if picture.size != (width, height):
            if not self._resize:
                got = f"{picture.width} x {picture.height} in {path}"
                msg = (
                    f"`{self.name}` must hold pictures of {width} x {height} pixels, the size of "
                    f"the maps (of the first picture, where maps are enlarged), got {got}; pass "
                    "resize=True (--resize)"
                )
                raise BadItem(msg)
            picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(picture)


def _size_of_first(name: str, files: list[Path]) -> tuple[int, int]:
    """(H, W) of the first picture whose header can be read, as it will be shown."""
    from PIL import Image, ImageOps

    for path in files:
        try:
            with Image.open(path) as file:
                picture = ImageOps.exif_transpose(file) if file.getexif() else file
                return picture.height, picture.width
        except (OSError, SyntaxError, ValueError):  # noqa: PERF203
            continue
    msg = f"`{name}` must hold pictures that can be read, got none in {files[0].parent}"
    raise ValueError(msg)
