"""Colormaps with alpha: it multiplies the overlay's opacity, and is the alpha of a plain map."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from matplotlib.colors import ListedColormap

import hotcold
from hotcold import HeatmapVisualizer, Visualizer


def translucent(rng, entries=256):
    return ListedColormap(rng.random((entries, 4)))


@pytest.mark.parametrize("entries", [2, 256, 300])
def test_a_plain_map_has_the_alpha_of_its_colours(rng, entries):
    cmap = translucent(rng, entries)
    a = rng.uniform(-1, 1, (2, 1, 9, 11))
    picture = Visualizer(cmap=cmap).render(a)
    values = Visualizer(cmap=cmap)(a, imshow=False)
    np.testing.assert_array_equal(picture, cmap((values[:, 0] + 1) / 2, bytes=True))


@pytest.mark.parametrize("entries", [7, 256, 300])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_alpha_multiplies_the_opacity_of_an_overlay(rng, entries, kind, channels, opacity):
    cmap = translucent(rng, entries)
    a = rng.uniform(-1, 1, (2, 1, 9, 11)).astype("f4" if kind == "u1" else kind)
    x = (rng.random((2, channels, 9, 11)) * (255 if kind == "u1" else 1)).astype(kind)
    visualizer = HeatmapVisualizer(opacity, blur=0, cmap=cmap)
    values = visualizer(a, x, imshow=False)
    colors = cmap((values[:, 0].astype(np.float64) + 1) / 2)
    x01 = reference.channels_last(reference.image01(x))
    cover = opacity * colors[..., 3:]
    exact = (1 - cover) * x01[..., :3] + cover * colors[..., :3]
    if channels == 4:
        exact = np.concatenate([exact, x01[..., 3:]], axis=-1)
    off = np.abs(visualizer.render(a, x).astype(int) - reference.to_bytes(255 * exact))
    edges = reference.near_table_edge(values, [(-1, 1)] * 2, entries)[..., None]
    # Over bytes, codes of 16 bits are added, each rounded up by less than 1 / 256 of a level.
    close = reference.near_tie(255 * exact, 2 / 256 if kind == "u1" else 1e-3)
    assert not ((off > 0) & ~close & ~edges).any()
    assert off[~np.broadcast_to(edges, off.shape)].max() <= 1


@pytest.mark.kernels
@pytest.mark.parametrize("entries", [2, 256, 300])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("last", [False, True])
def test_an_overlay_by_alpha_is_a_sum_of_codes(rng, entries, channels, last):
    colors = rng.random((entries, 4))
    colors[:2, 3] = 0, 1
    a = rng.uniform(-1, 1, (1, 1, 3, 467))
    x = rng.integers(0, 256, (1, channels, 3, 467), np.uint8)
    at = np.clip(((a[:, 0] + 1) / 2 * entries).astype(int), 0, entries - 1)
    cover = 0.7 * colors[:, 3:]
    code = np.ceil(256 * (255 * (cover * colors[:, :3]) + 0.5) - 1e-6).astype(int)
    gain = np.minimum(np.ceil(65536 * (1 - cover) - 1e-6), 65535).astype(int)
    image = np.moveaxis(x, 1, -1).astype(int)
    expected = (((image[..., :3] * gain[at]) >> 8) + code[at]) >> 8
    if channels == 4:
        expected = np.concatenate([expected, image[..., 3:]], axis=-1)
    visualizer = HeatmapVisualizer(0.7, blur=0, cmap=ListedColormap(colors), limits=(-1, 1))
    if last:
        x, a = np.ascontiguousarray(np.moveaxis(x, 1, -1)), np.moveaxis(a, 1, -1)
        visualizer = HeatmapVisualizer(
            0.7, blur=0, cmap=ListedColormap(colors), limits=(-1, 1), dim_order="channels_last"
        )
    np.testing.assert_array_equal(visualizer.render(a, x), expected)


def test_a_colormap_that_fades_out_shows_the_image_where_it_is_clear(rng):
    fading = ListedColormap([(1, 0, 0, 0), (1, 0, 0, 1)])
    a = np.array([-1.0, 1.0]).reshape(1, 1, 1, 2)
    x = np.full((1, 3, 1, 2), 100, np.uint8)
    picture = HeatmapVisualizer(1, blur=0, cmap=fading).render(a, x)
    assert picture.tolist() == [[[[100, 100, 100], [255, 0, 0]]]]


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "jpg"])
def test_files_hold_the_alpha(rng, tmp_path, suffix):
    from PIL import Image

    cmap = ListedColormap([(1, 0, 0, 0), (0, 0, 1, 1)])
    a = np.repeat([-1.0, 1.0], 64).reshape(1, 1, 8, 16)
    path = tmp_path / f"a.{suffix}"
    Visualizer(cmap=cmap)(a, path, imshow=False)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGBA")).astype(int)
    white = suffix == "jpg"  # has no alpha
    expected = np.array([[255, 255, 255, 255] if white else [255, 0, 0, 0], [0, 0, 255, 255]])
    assert np.abs(pixels[[1, 6], 1] - expected).max() <= 4


def test_offline_jobs_write_the_pixels_of_render(rng, tmp_path):
    from PIL import Image

    a = rng.standard_normal((3, 1, 8, 16)).astype(np.float32)
    a[1, 0, 2, 3] = np.nan
    for nonfinite, cmap in (("zero", translucent(rng)), ("transparent", None)):
        visualizer = Visualizer(cmap=cmap, nonfinite=nonfinite)
        folder = tmp_path / nonfinite
        hotcold.render_files(visualizer, a, output_dir=folder, progress=False)
        expected = visualizer.render(a)
        for item, path in enumerate(sorted(folder.glob("*.png"))):
            with Image.open(path) as image:
                np.testing.assert_array_equal(np.asarray(image), expected[item])
