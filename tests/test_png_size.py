"""How large the encoder's files are, against Pillow's and against what they hold."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image
from png_files import COMPRESSIONS, by_pillow, contents, encode, from_residuals, stream

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer

pytestmark = pytest.mark.kernels


def test_noise_grows_by_the_container_alone(compression, rng):
    picture = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    blocks = 4
    assert len(encode(picture, compression=compression)) <= picture.size + 224 + 6 * blocks + 6 + 57


@pytest.mark.parametrize(
    ("visualizer", "fast", "default", "small"),
    [
        (HeatmapVisualizer(), 1.04, 1.02, 1.0),
        (MaskVisualizer(), 1.07, 1.05, 1.0),
        (MaskVisualizer(use_attr_as_opacity=True), 1.02, 1.0, 1.0),
        (Visualizer(combine_channels=True, blur=10, cmap="jet"), 0.6, 0.6, 0.5),
    ],
    ids=["overlay", "mask", "soft mask", "heat map"],
)
def test_real_pictures_are_no_larger_than_pillows(visualizer, fast, default, small):
    """The limits of all but the smallest lie a little above what these photographs take."""
    example = hotcold.data.load_example()
    heat_map = type(visualizer) is Visualizer
    arrays = (example.attributions,) if heat_map else (example.attributions, example.images)
    colors = matplotlib.colormaps["jet"](np.arange(256), bytes=True)[:, :3].copy()
    sizes = np.zeros(4)
    for picture in visualizer.render(*arrays):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "png")
        palette = colors if heat_map else None
        files = [encode(picture, palette, compression=way) for way in COMPRESSIONS]
        for data in files:
            np.testing.assert_array_equal(by_pillow(data, "RGB"), picture)
        sizes += [len(buffer.getvalue()), *map(len, files)]
    assert sizes[1] <= fast * sizes[0]
    assert sizes[2] <= default * sizes[0]
    assert sizes[3] <= small * sizes[0]


def test_small_is_never_larger(rng):
    for channels in (1, 3, 4):
        for name, picture in contents(97, 131, channels, rng):
            assert len(encode(picture, compression="small")) <= len(encode(picture)), name


def residuals_unlike_their_sample(rng, count=200_000):
    """Return bytes of which each 64 that the fast way counts are few, and all others noise."""
    stream = rng.integers(0, 256, count)
    place = np.arange(count) % 256
    stream[place < 64] = rng.integers(0, 100, count)[place < 64]
    return stream[1:]  # the filter's type comes first


def test_a_sample_that_misleads_costs_nothing_beyond_storing(isa, rng):
    residuals = residuals_unlike_their_sample(rng)
    picture = from_residuals(residuals)
    data = encode(picture, compression="fast")
    assert stream(data) == b"\x01" + residuals.astype(np.uint8).tobytes()
    assert len(data) <= picture.size + 1 + 6 * 5 + 6 + 57
    np.testing.assert_array_equal(by_pillow(data), picture)


def test_flat_areas_stay_small():
    assert len(encode(np.full((224, 224, 3), 200, np.uint8))) < 800
    assert len(encode(np.zeros((1, 1), np.uint8))) < 70
