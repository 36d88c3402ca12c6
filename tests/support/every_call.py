"""Every way into the core, as functions of a thread count; small enough to be made in a loop.

For processes of their own, which tests end, fork and interrupt. Files go to the current folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

import hotcold
from hotcold import _core

rng = np.random.default_rng(3)
MAPS = rng.standard_normal((8, 3, 64, 64)).astype(np.float32)
SMALL_MAPS = rng.standard_normal((8, 1, 16, 16)).astype(np.float32)
IMAGES = rng.integers(0, 256, (8, 3, 64, 64)).astype(np.uint8)
# Several bands of a file.
PICTURE = rng.integers(0, 4, (300, 400, 3)).astype(np.uint8)
HEATMAP = hotcold.HeatmapVisualizer()


def save(n_threads):
    name = str(rng.integers(1 << 62)).encode()
    _core.write_png(
        PICTURE[None],
        None,
        [],
        "default",
        n_threads,
        os.fsencode(Path.cwd()),
        [(b"." + name + b".part", name + b".png")],
    )


def offline_job(n_threads):
    folder = Path.cwd() / str(rng.integers(1 << 62))
    hotcold.render_files(
        HEATMAP, MAPS, IMAGES, output_dir=folder, n_threads=n_threads, progress=False
    )


CALLS = {
    "gaussian_blur": lambda n: hotcold.gaussian_blur(MAPS, 2.0, n_threads=n),
    "gaussian_blur fast": lambda n: hotcold.gaussian_blur(MAPS, 9.0, accuracy="fast", n_threads=n),
    "normalize": lambda n: hotcold.normalize(MAPS, "signed_max", n_threads=n),
    "percentile_mask": lambda n: hotcold.percentile_mask(MAPS, 0.7, n_threads=n),
    "tile": lambda n: hotcold.tile(MAPS, padding=1),
    "heatmap": lambda n: HEATMAP.render(MAPS, IMAGES, n_threads=n),
    "upsampled": lambda n: hotcold.HeatmapVisualizer(upsample="bilinear").render(
        SMALL_MAPS, IMAGES, n_threads=n
    ),
    "mask": lambda n: hotcold.MaskVisualizer().render(MAPS, IMAGES, n_threads=n),
    "encode_png": lambda n: _core.encode_png(PICTURE, None, [], "default", n),
    "encode_png small": lambda n: _core.encode_png(PICTURE, None, [], "small", n),
    "encode_strip": lambda n: _core.encode_strip(PICTURE, "default", n),
    "write_png": save,
}
