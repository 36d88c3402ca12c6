"""The built-in example: real photographs with real attribution maps of a trained network.

``README.md`` in this folder tells where the photographs and maps come from, and their licences.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _validate

__all__ = ["Example", "load_example"]


@dataclass(frozen=True, eq=False, repr=False)
class Example:
    """A batch of attribution maps, with the image under each.

    Attributes
    ----------
    images : ndarray, uint8, shape (N, 3, H, W)
        RGB photographs, 0 to 255; channels last if it was loaded so. Items of one photograph
        repeat it.
    attributions : ndarray, float32, shape (N, 3, H, W)
        Signed maps in the layout of `images`, each scaled to a largest magnitude of 1.
    labels : tuple of str
        A short caption of each item.
    methods : tuple of str
        The network, layer and attribution method of each item.
    face_boxes : tuple of (int, int, int, int)
        Top, bottom, left, right of the face of each item in pixels, half open, as the network
        sees it: ``image[:, top:bottom, left:right]``.
    description : str
        One sentence about the whole.
    """

    images: NDArray[np.uint8]
    attributions: NDArray[np.float32]
    labels: tuple[str, ...]
    methods: tuple[str, ...]
    face_boxes: tuple[tuple[int, int, int, int], ...]
    description: str

    def __repr__(self) -> str:
        """Return the description, both arrays and a line for each item."""
        lines = [
            f"Example: {self.description}",
            f"  images        {self.images.dtype} {self.images.shape}",
            f"  attributions  {self.attributions.dtype} {self.attributions.shape}",
        ]
        lines += [f"  [{i}] {label}" for i, label in enumerate(self.labels)]
        return "\n".join(lines)


def load_example(*, dim_order: str = "channels_first") -> Example:
    """Load two public-domain photographs and four attribution maps for each.

    Parameters
    ----------
    dim_order : {"channels_first", "channels_last"}, default "channels_first"
        Layout of the arrays: (8, 3, 224, 224) or (8, 224, 224, 3).

    Returns
    -------
    Example
        Images, attributions and what they are. The arrays are C-contiguous, writeable and new in
        every call: changing them changes nothing else.

    Raises
    ------
    ValueError
        If `dim_order` is neither of the two.

    Notes
    -----
    The network is MTCNN, a face detector: what in the picture made it see a face, place the mouth,
    or excite one of its channels? Items 0 to 3 belong to the first photograph, 4 to 7 to the
    second, with the same four methods in the same order.

    Examples
    --------
    >>> from hotcold.data import load_example
    >>> example = load_example()
    >>> example.images.shape, example.attributions.shape
    ((8, 3, 224, 224), (8, 3, 224, 224))
    >>> example.labels[1]
    'Hopper: mouth position, occlusion'
    >>> example.methods[1]
    "O-Net: shift of the mouth's corners, occlusion by colour (>= 0)"
    """
    _validate.dim_order(dim_order)
    folder = files(__name__)
    about: dict[str, Any] = json.loads((folder / "example.json").read_text(encoding="utf-8"))
    with (folder / "example.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        attributions = arrays["attributions"].astype(np.float32)
    photos = [_read_photo(photo["file"]) for photo in about["photos"]]
    items = about["items"]
    images = np.stack([photos[item["photo"]] for item in items])
    if dim_order == "channels_first":
        images = np.ascontiguousarray(np.moveaxis(images, 3, 1))
    else:
        attributions = np.ascontiguousarray(np.moveaxis(attributions, 1, 3))
    boxes = [about["photos"][item["photo"]]["face_box"] for item in items]
    return Example(
        images=images,
        attributions=attributions,
        labels=tuple(item["label"] for item in items),
        methods=tuple(item["method"] for item in items),
        face_boxes=tuple((top, bottom, left, right) for top, bottom, left, right in boxes),
        description=about["description"],
    )


def _read_photo(name: str) -> NDArray[np.uint8]:
    """Decode a photograph of this package: (H, W, 3)."""
    from PIL import Image  # here, so that `import hotcold` does not pay for it

    with (files(__name__) / name).open("rb") as file, Image.open(file) as image:
        return np.asarray(image)
