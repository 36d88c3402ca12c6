"""What each visualizer computes and draws, against slow twins in numpy, SciPy and matplotlib."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import reference
from helpers import from_order, to_order

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Tiler, Visualizer

# Blurred values are within 2e-6 (1e-12) of the twin for input in [-1, 1]; normalizing divides by
# the largest blurred value, at least 0.1 here.
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-11}
ONE_CHANNEL_MODES = hotcold.NORMALIZATION_TYPES


def random_maps(rng, channels=3, dtype=np.float32):
    return rng.uniform(-1, 1, (5, channels, 13, 17)).astype(dtype)


def assert_colors(picture, values, mode, cmap, limits=None):
    """Pictures are matplotlib's colouring of the values, but for rounding at a table's edge."""
    table = mpl.colormaps[cmap] if isinstance(cmap, str) else cmap
    limits = limits or reference.color_limits(values, mode)
    expected = reference.colors(values, mode, table, limits, bytes=True)
    differs = (picture != expected).any(axis=-1)
    assert not (differs & ~reference.near_table_edge(values, limits, table.N)).any()
    # A few in a thousand at most, and mostly none.
    assert differs.mean() <= 0.002


# --- Visualizer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize("blur", [0.0, 1.7, (0.5, 3.0)])
def test_visualizer_values_are_the_twins(rng, mode, dtype, dim_order, combine, blur):
    a = random_maps(rng, dtype=dtype)
    visualizer = Visualizer(combine, mode, blur, dim_order=dim_order)
    values = visualizer(to_order(a, dim_order), imshow=False)
    expected = reference.map_values(a, mode, combine=combine, blur=blur)
    assert values.dtype == dtype
    assert values.flags.c_contiguous
    np.testing.assert_allclose(
        from_order(values, dim_order), expected, rtol=0, atol=TOLERANCE[dtype]
    )


def test_visualizer_picture_is_matplotlibs_colouring(rng, mode, dtype, dim_order):
    a = to_order(random_maps(rng, dtype=dtype), dim_order)
    visualizer = Visualizer(True, mode, 1.0, "viridis", dim_order=dim_order)
    values = from_order(visualizer(a, imshow=False), dim_order)
    assert_colors(visualizer.render(a), values, mode, "viridis")


@pytest.mark.parametrize("name", ["hotcold", "jet", "tab10", "twilight", "gray"])
def test_visualizer_draws_through_any_colormap(rng, name, dtype):
    a = random_maps(rng, 1, dtype)
    for cmap in (name, mpl.colormaps[name], mpl.colormaps[name].resampled(7)):
        visualizer = Visualizer(cmap=cmap)
        assert_colors(visualizer.render(a), visualizer(a, imshow=False), "unsigned_max", cmap)


@pytest.mark.parametrize("entries", [1, 2, 255, 256, 257, 1000, 4096])
def test_visualizer_draws_through_tables_of_any_length(rng, entries):
    cmap = mpl.colors.ListedColormap(rng.random((entries, 3)))
    visualizer = Visualizer(cmap=cmap)
    a = random_maps(rng, 1)
    values = visualizer(a, imshow=False)
    limits = reference.color_limits(values, "unsigned_max")
    expected = reference.colors(values, "unsigned_max", cmap, limits, bytes=True)
    # In units of table entries, float32 rounds more coarsely in longer tables.
    edge = reference.near_table_edge(values, limits, entries, within=1e-6 * max(entries, 100))
    differs = (visualizer.render(a) != expected).any(axis=-1)
    assert not (differs & ~edge).any()


@pytest.mark.parametrize("channels", [3, 4])
def test_visualizer_draws_several_channels_as_they_are(rng, mode, channels):
    a = random_maps(rng, channels)
    visualizer = Visualizer(normalization_type=mode)
    shown = 255 * np.clip(reference.channels_last(visualizer(a, imshow=False)), 0, 1).astype("f8")
    picture = visualizer.render(a)
    assert picture.shape == (5, 13, 17, channels)
    differs = picture != reference.to_bytes(shown)
    assert not (differs & ~reference.near_tie(shown)).any()


def test_default_normalization_follows_the_channels(rng):
    for channels, combine, mode in (
        (1, False, "unsigned_max"),
        (3, True, "unsigned_max"),
        (3, False, "unsigned_max_positive_centered"),
        (4, False, "unsigned_max_positive_centered"),
    ):
        a = random_maps(rng, channels)
        np.testing.assert_array_equal(
            Visualizer(combine).render(a), Visualizer(combine, mode).render(a)
        )
        np.testing.assert_array_equal(
            Visualizer(combine)(a, imshow=False), Visualizer(combine, mode)(a, imshow=False)
        )


def test_default_cmap_follows_the_mode(rng, mode):
    a, x = random_maps(rng, 1), rng.random((5, 3, 13, 17))
    name = "hot" if mode.startswith("magnitude") or mode == "01" else "hotcold"
    plain = Visualizer(normalization_type=mode)
    np.testing.assert_array_equal(plain.render(a), plain.render(a, cmap=name))
    over = HeatmapVisualizer(normalization_type=mode, cmap=None)
    np.testing.assert_array_equal(over.render(a, x), over.render(a, x, cmap=name))


@pytest.mark.parametrize("combine", [False, True])
def test_combining_keeps_the_axis(rng, dim_order, combine):
    a = to_order(random_maps(rng), dim_order)
    values = Visualizer(combine, dim_order=dim_order)(a, imshow=False)
    assert from_order(values, dim_order).shape == (5, 1 if combine else 3, 13, 17)


@pytest.mark.parametrize("channels", [2, 5, 64])
def test_any_channel_count_can_be_combined(rng, channels, dtype):
    a = random_maps(rng, channels, dtype)
    values = Visualizer(True, "unnormalized")(a, imshow=False)
    np.testing.assert_allclose(values, reference.combined(a), rtol=0, atol=TOLERANCE[dtype])


# --- colour limits --------------------------------------------------------------------------------


def test_colours_do_not_depend_on_batch_mates(rng, mode):
    a = random_maps(rng, 1) * np.array([1, 1e-3, 1e3, 1e-30, 7], "f4").reshape(5, 1, 1, 1)
    visualizer = Visualizer(normalization_type=mode)
    together = visualizer.render(a)
    alone = np.concatenate([visualizer.render(item[None]) for item in a])
    if mode == "unnormalized":
        assert (together != alone).any()
        np.testing.assert_array_equal(together[2], alone[2])  # the one that holds the scale
    else:
        np.testing.assert_array_equal(together, alone)


def test_zero_is_drawn_at_the_seam_and_signs_apart(mode):
    a = np.array([-1, -1e-6, 0, 1e-6, 2], np.float32).reshape(1, 1, 1, 5)
    picture = Visualizer(normalization_type=mode).render(a)[0, 0].astype(int)
    if mode in ("magnitude_max", "magnitude_sum"):
        np.testing.assert_array_equal(picture[2], picture.min(axis=0))  # the darkest of hot
    elif mode != "01":
        np.testing.assert_array_equal(picture[2], [10, 0, 0])  # the first entry of hot
        assert picture[0, 2] > picture[0, 0]  # cold: more blue than red
        assert picture[4, 0] > 0


def test_unnormalized_shares_the_scale_of_the_batch():
    a = np.array([[-2.0, 0.0, 2.0], [-8.0, 4.0, 8.0]], np.float32).reshape(2, 1, 1, 3)
    visualizer = Visualizer(normalization_type="unnormalized", cmap="gray")
    grey = visualizer.render(a)[:, 0, :, 0]
    np.testing.assert_array_equal(grey, [[96, 128, 160], [0, 192, 255]])
    np.testing.assert_array_equal(visualizer(a, imshow=False), a)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "?"])
def test_unnormalized_shows_images(rng, channels, kind, dim_order):
    top = 255 if kind == "u1" else 1
    image = rng.integers(0, top + 1, (2, channels, 9, 8)).astype(kind)
    picture = Visualizer(normalization_type="unnormalized", dim_order=dim_order).render(
        to_order(image, dim_order)
    )
    if kind == "?" and channels == 1:
        assert picture.shape == (2, 9, 8, 3)  # a map of 0 and 1: colours, as any other numbers
        return
    shown = reference.channels_last(image.astype(np.uint8)) * (255 // top)
    np.testing.assert_array_equal(picture, np.broadcast_to(shown, picture.shape))


# --- maps that are hard to scale ------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_constant_maps_are_drawn_without_a_warning(mode, dtype, value):
    a = np.full((2, 1, 5, 6), value, dtype)
    visualizer = Visualizer(normalization_type=mode)
    values = visualizer(a, imshow=False)
    np.testing.assert_array_equal(values, reference.normalize(a, mode).astype(dtype))
    picture = visualizer.render(a)
    cmap = "hot" if mode.startswith("magnitude") or mode == "01" else "hotcold"
    assert_colors(picture, values, mode, cmap)
    assert (picture == picture[0, 0, 0]).all()


def test_all_zero_maps_are_drawn_as_zero(mode):
    picture = Visualizer(normalization_type=mode).render(np.zeros((1, 1, 2, 2)))
    # The darkest entry of hot and the seam of hotcold are the same colour.
    np.testing.assert_array_equal(picture, np.broadcast_to([10, 0, 0], picture.shape))


@pytest.mark.parametrize("power", [-140, -126, -100, -1, 1, 100, 121])
def test_scale_of_a_map_does_not_change_its_colours(rng, mode, power):
    a = rng.integers(-64, 65, (1, 1, 9, 9)).astype(np.float32)  # scaled exactly, denormals too
    visualizer = Visualizer(normalization_type=mode)
    np.testing.assert_array_equal(visualizer.render(np.ldexp(a, power)), visualizer.render(a))


def test_tiny_map_is_drawn_like_a_map_of_one(rng, mode):
    a = random_maps(rng, 1)[:1]
    visualizer = Visualizer(normalization_type=mode)
    differs = (visualizer.render(a * np.float32(1e-30)) != visualizer.render(a)).any(axis=-1)
    assert differs.mean() <= 0.005  # rounding at the edge of a table entry


def test_largest_numbers_are_drawn(mode, dtype):
    top = np.finfo(dtype).max
    b = np.array([-1, -0.3, 0, 0.3, 1], dtype).reshape(1, 1, 1, 5)
    visualizer = Visualizer(normalization_type=mode)
    np.testing.assert_array_equal(visualizer.render(b * top), visualizer.render(b))


# --- tiling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiler", [None, Tiler(cols=2, padding=3, fill=-2), Tiler(rows=4)])
def test_return_tiled_lays_out_the_values(rng, dim_order, tiler):
    a = to_order(random_maps(rng), dim_order)
    x = to_order(rng.random((5, 3, 13, 17), np.float32), dim_order)
    options = {"dim_order": dim_order, "tiler": tiler}
    layout = {} if tiler is None else vars(tiler)
    for visualizer, arrays in (
        (Visualizer(**options), (a,)),
        (Visualizer(True, **options), (a,)),
        (HeatmapVisualizer(**options), (a, x)),
        (MaskVisualizer(**options), (a, x)),
    ):
        flat = visualizer(*arrays, imshow=False, return_tiled=False)
        tiled = visualizer(*arrays, imshow=False, return_tiled=True)
        np.testing.assert_array_equal(tiled, reference.tile(from_order(flat, dim_order), **layout))
        assert tiled.dtype == flat.dtype


def test_only_mask_visualizer_tiles_by_default(rng):
    a, x = random_maps(rng), rng.random((5, 3, 13, 17), np.float32)
    assert Visualizer()(a, imshow=False).shape == (5, 3, 13, 17)
    assert HeatmapVisualizer()(a, x, imshow=False).shape == (5, 1, 13, 17)
    assert MaskVisualizer()(a, x, imshow=False).shape == (2 * 13, 3 * 17, 3)


def test_combined_channels_of_a_picture_with_alpha_are_grey(rng):
    """One plane is left: three bytes a pixel, none of them of the pixel beside it."""
    pictures = rng.integers(0, 256, (2, 4, 5, 6)).astype(np.uint8)
    show = hotcold.Visualizer(combine_channels=True, normalization_type="unnormalized")
    out = show.render(pictures)
    assert out.shape == (2, 5, 6, 3)
    mean = np.floor(pictures.astype(np.float32).mean(axis=1) + 0.5)
    np.testing.assert_array_equal(out, np.repeat(mean[..., None], 3, axis=-1))
