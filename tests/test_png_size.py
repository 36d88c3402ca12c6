"""How large the encoder's files are, against Pillow's and against what they hold."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image
from png_files import by_pillow, contents, encode

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer


def test_noise_grows_by_the_container_alone(rng):
    picture = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    blocks = 4
    assert len(encode(picture)) <= picture.size + 224 + 6 * blocks + 6 + 57


@pytest.mark.parametrize(
    ("visualizer", "fast", "searched"),
    [
        (HeatmapVisualizer(), 1.02, 1.0),
        (MaskVisualizer(), 1.05, 1.0),
        (MaskVisualizer(use_attr_as_opacity=True), 1.0, 1.0),
        (Visualizer(combine_channels=True, blur=10, cmap="jet"), 0.6, 0.5),
    ],
    ids=["overlay", "mask", "soft mask", "heat map"],
)
def test_real_pictures_are_no_larger_than_pillows(visualizer, fast, searched):
    """The limits of the fast way are those of these photographs, a little above what it reaches."""
    example = hotcold.data.load_example()
    heat_map = type(visualizer) is Visualizer
    arrays = (example.attributions,) if heat_map else (example.attributions, example.images)
    colors = matplotlib.colormaps["jet"](np.arange(256), bytes=True)[:, :3].copy()
    sizes = np.zeros(3)
    for picture in visualizer.render(*arrays):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "png")
        palette = colors if heat_map else None
        files = [encode(picture, palette, thorough=way) for way in (False, True)]
        for data in files:
            np.testing.assert_array_equal(by_pillow(data, "RGB"), picture)
        sizes += [len(buffer.getvalue()), *map(len, files)]
    assert sizes[1] <= fast * sizes[0]
    assert sizes[2] <= searched * sizes[0]


def test_thorough_is_never_larger(rng):
    for channels in (1, 3, 4):
        for name, picture in contents(97, 131, channels, rng):
            assert len(encode(picture, thorough=True)) <= len(encode(picture)), name


def test_flat_areas_stay_small():
    assert len(encode(np.full((224, 224, 3), 200, np.uint8))) < 800
    assert len(encode(np.zeros((1, 1), np.uint8))) < 70
