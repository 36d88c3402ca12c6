"""Named, seeded inputs that benchmarks share. Arrays are read-only: a case cannot spoil another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

SIZE = 224  # pixels a side, the field's most common input


@dataclass(frozen=True)
class Workload:
    """A batch of maps and the images under them, channels last and first."""

    attributions: np.ndarray  # float32 (N, 3, H, W)
    images: np.ndarray  # uint8 (N, H, W, 3)

    @property
    def images_first(self) -> np.ndarray:
        return self.images.transpose(0, 3, 1, 2)

    @property
    def n_items(self) -> int:
        return len(self.images)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def maps(n: int, size: int = SIZE, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Signed maps like those of gradients: noise with a smooth bump of importance in it."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n, channels, size, size), dtype=np.float32)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    centres = rng.uniform(-0.5, 0.5, (n, 2)).astype(np.float32)
    squared = (axis[None, :, None] - centres[:, :1, None]) ** 2 + (
        axis[None, None, :] - centres[:, 1:, None]
    ) ** 2
    bump = np.exp(-squared / 0.1)[:, None]
    result = noise * (0.2 + bump) + 0.5 * bump
    return _frozen((result / np.abs(result).max()).astype(np.float32))


def photographs(n: int, size: int = SIZE, seed: int = 1) -> np.ndarray:
    """Crops of matplotlib's sample photograph: real texture, real noise."""
    from matplotlib.cbook import get_sample_data
    from PIL import Image

    with get_sample_data("grace_hopper.jpg") as file:
        photo = Image.open(file).convert("RGB").resize((size * 2, size * 2))
    pixels = np.asarray(photo)
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, size, (n, 2))
    return _frozen(np.stack([pixels[y : y + size, x : x + size] for y, x in corners]))


def typical(n: int = 16, size: int = SIZE) -> Workload:
    """The everyday batch: 3-channel float32 maps over uint8 photographs."""
    return Workload(maps(n, size), photographs(n, size))


def percentile_maps() -> dict[str, np.ndarray]:
    """Maps of every distribution that selection meets, float32 (8, 1, 224, 224)."""
    noise = maps(8, channels=1, seed=2)
    smooth = scipy.ndimage.gaussian_filter(noise, (0, 0, 5, 5))
    sparse = np.where(noise > np.quantile(noise, 0.95), noise, np.float32(0))
    tied = np.round(noise * 8) / 8
    constant = np.full_like(noise, 0.25)
    ordered = np.sort(noise.reshape(8, -1), axis=1).reshape(noise.shape)
    named = {
        "noise": noise,
        "smooth": smooth,
        "sparse": sparse,
        "tied": tied,
        "constant": constant,
        "sorted": ordered,
    }
    return {name: _frozen(np.ascontiguousarray(a, np.float32)) for name, a in named.items()}
