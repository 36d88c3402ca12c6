"""HeatmapVisualizer: the map, the image on screen, and how the two are blended."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from helpers import from_order, to_order

from hotcold import HeatmapVisualizer, MaskVisualizer

N, H, W = 4, 13, 17


def maps(rng, channels=3, dtype=np.float32):
    return rng.uniform(-1, 1, (N, channels, H, W)).astype(dtype)


def image(rng, channels=3, kind="f4"):
    if kind == "u1":
        return rng.integers(0, 256, (N, channels, H, W)).astype(np.uint8)
    if kind == "?":
        return rng.random((N, channels, H, W)) > 0.5
    return (rng.standard_normal((N, channels, H, W)) * 30 + 7).astype(kind)


def assert_overlay(visualizer, a, x, *, mode, cmap="jet", opacity=0.5, image_range=None):
    """The picture is the blending formula in float64, ties and table edges excepted."""
    values = visualizer(a, x, imshow=False)
    picture = visualizer.render(a, x)
    limits = reference.color_limits(values, mode)
    rgb01 = reference.colors(values, mode, cmap, limits)
    exact = reference.blend(reference.image01(x, image_range), rgb01, opacity)
    off = np.abs(picture.astype(int) - reference.to_bytes(exact))
    edges = reference.near_table_edge(values, limits)[..., None] & (opacity > 0)
    assert not ((off > 0) & ~reference.near_tie(exact) & ~edges).any()
    assert not ((off > 1) & ~edges).any()
    assert edges.mean() < 0.1


@pytest.mark.parametrize("x_channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8", "?"])
def test_overlay_follows_the_blending_formula(rng, mode, x_channels, kind):
    a, x = maps(rng), image(rng, x_channels, kind)
    assert_overlay(HeatmapVisualizer(0.3, mode, 1.0), a, x, mode=mode, opacity=0.3)


@pytest.mark.parametrize("opacity", [0.0, 0.1, 0.5, 0.77, 1.0])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_overlay_of_any_opacity(rng, dtype, opacity, kind):
    a, x = maps(rng, dtype=dtype), image(rng, 3, kind)
    visualizer = HeatmapVisualizer(opacity, blur=0)
    assert_overlay(visualizer, a, x, mode="unsigned_max", opacity=opacity)


def test_opacity_0_is_the_image_and_1_the_heat_map(rng):
    a, x = maps(rng), image(rng, 3, "u1")
    np.testing.assert_array_equal(HeatmapVisualizer(0).render(a, x), reference.channels_last(x))
    full = HeatmapVisualizer(1)
    np.testing.assert_array_equal(full.render(a, x), full.render(a, x[:, ::-1]))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 20])
def test_attributions_may_have_any_channel_count(rng, dtype, dim_order, channels):
    a, x = maps(rng, channels, dtype), image(rng)
    visualizer = HeatmapVisualizer(blur=1.5, dim_order=dim_order)
    values = visualizer(to_order(a, dim_order), to_order(x, dim_order), imshow=False)
    expected = reference.map_values(a, "unsigned_max", combine=True, blur=1.5)
    assert from_order(values, dim_order).shape == (N, 1, H, W)
    np.testing.assert_allclose(
        from_order(values, dim_order), expected, atol=2e-5 if dtype == np.float32 else 1e-11
    )


@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_both_dim_orders_give_the_same_picture(rng, kind):
    a, x = maps(rng), image(rng, 4, kind)
    for cls in (HeatmapVisualizer, MaskVisualizer):
        first = cls().render(a, x)
        last = cls(dim_order="channels_last").render(
            to_order(a, "channels_last"), to_order(x, "channels_last")
        )
        np.testing.assert_array_equal(first, last)


# --- x on screen ----------------------------------------------------------------------------------


def test_uint8_images_are_shown_as_they_are(rng):
    x = rng.integers(100, 110, (N, 3, H, W)).astype(np.uint8)  # low contrast is not stretched
    picture = HeatmapVisualizer(0).render(maps(rng), x)
    np.testing.assert_array_equal(picture, reference.channels_last(x))


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i2", "i8", "u2"])
def test_other_images_are_scaled_per_item(rng, kind):
    x = (rng.random((N, 3, H, W)) * 100).astype(kind)
    x *= np.array([1, 2, 3, 4], kind).reshape(N, 1, 1, 1)
    picture = HeatmapVisualizer(0).render(maps(rng), x)
    exact = 255 * reference.channels_last(reference.normalize(x, "01"))
    assert not ((picture != reference.to_bytes(exact)) & ~reference.near_tie(exact)).any()
    assert (picture.reshape(N, -1).min(axis=1) == 0).all()
    assert (picture.reshape(N, -1).max(axis=1) == 255).all()
    np.testing.assert_array_equal(
        picture,
        np.concatenate(
            [HeatmapVisualizer(0).render(maps(rng)[:1], x[i : i + 1]) for i in range(N)]
        ),
    )


def test_hues_survive_scaling():
    x = np.empty((1, 3, 1, 3), np.float32)
    x[0, 0], x[0, 1], x[0, 2] = [[0, 1, 2]], [[0, 2, 4]], [[0, 4, 8]]  # one hue, three lightnesses
    picture = HeatmapVisualizer(0).render(np.ones((1, 1, 1, 3)), x)[0, 0]
    np.testing.assert_array_equal(picture, [[0, 0, 0], [32, 64, 128], [64, 128, 255]])


def test_image_range_fixes_the_scale():
    x = np.array([-2, -1, 0, 1, 2], np.float32).reshape(1, 1, 1, 5)
    for cls, options in (
        (HeatmapVisualizer, {"overlay_opacity": 0}),
        (MaskVisualizer, {"masked_opacity": 1}),
    ):
        picture = cls(image_range=(-1, 1), **options).render(np.ones_like(x), x)
        np.testing.assert_array_equal(picture[0, 0, :, 0], [0, 0, 128, 255, 255])


def test_image_range_holds_for_uint8_too():
    x = np.array([0, 100, 150, 200, 255], np.uint8).reshape(1, 1, 1, 5)
    picture = HeatmapVisualizer(0, image_range=(100, 200)).render(np.ones((1, 1, 1, 5)), x)
    np.testing.assert_array_equal(picture[0, 0, :, 0], [0, 0, 128, 255, 255])


def test_image_range_makes_items_comparable(rng):
    x = rng.random((N, 3, H, W), np.float32) * 0.25
    fixed = HeatmapVisualizer(0, image_range=(0, 1)).render(maps(rng), x)
    assert fixed.max() <= 64


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, 0), (0.5, 128), (1.0, 255), (5.0, 255), (-3.0, 0)]
)
def test_images_of_one_colour_have_no_range_and_keep_it(rng, dtype, value, shown):
    x = np.full((N, 3, H, W), value, dtype)
    assert (HeatmapVisualizer(0).render(maps(rng), x) == shown).all()


@pytest.mark.parametrize(("kind", "full"), [("u2", 65535), ("i8", 255), ("i2", 255)])
def test_integer_images_of_one_colour_have_the_scale_of_their_type(rng, kind, full):
    for value, shown in ((0, 0), (full // 5, 51), (np.iinfo(kind).max, 255)):
        x = np.full((N, 3, H, W), value, kind)
        assert (HeatmapVisualizer(0).render(maps(rng), x) == shown).all()


@pytest.mark.parametrize("opacity", [0.0, 0.5])
@pytest.mark.parametrize("image_range", [None, (-2.0, 9.0), (50, 100)])
@pytest.mark.parametrize(
    ("kind", "full"), [("f4", 1), ("f8", 1), ("f2", 1), ("u1", 255), ("i8", 255), ("u2", 65535)]
)
def test_alpha_is_no_colour(rng, dim_order, kind, full, image_range, opacity):
    """It passes unchanged: outside the colours' own scale, and not put through `image_range`."""
    a, x = maps(rng), (rng.uniform(3, 90, (N, 4, H, W))).astype(kind)
    alpha = rng.integers(0, 256, (N, H, W))
    x[:, 3] = alpha / 255 if full == 1 else alpha * (full // 255)
    visualizer = HeatmapVisualizer(opacity, dim_order=dim_order, image_range=image_range)
    a, x = to_order(a, dim_order), to_order(x, dim_order)
    picture = visualizer.render(a, x)
    np.testing.assert_array_equal(picture[..., 3], alpha)
    colors = x[:, :3] if dim_order == "channels_first" else x[..., :3]
    without = visualizer.render(a, colors)
    # Over bytes, blends are rounded without the last bit's error of float32.
    assert np.abs(picture[..., :3].astype(int) - without).max() <= (kind == "u1")


def test_alpha_beyond_its_scale_is_opaque(rng):
    x = rng.random((N, 4, H, W))
    x[0, 3], x[1, 3] = 255, -1
    alpha = HeatmapVisualizer().render(maps(rng), x)[..., 3]
    assert (alpha[0] == 255).all()
    assert (alpha[1] == 0).all()


def test_bool_images_are_black_and_white(rng):
    x = image(rng, 3, "?")
    x[0] = True  # constant, yet white: no stretching
    picture = HeatmapVisualizer(0).render(maps(rng), x)
    np.testing.assert_array_equal(picture, 255 * reference.channels_last(x).astype(np.uint8))


def test_largest_image_values_are_shown(rng, dtype):
    top = np.finfo(dtype).max
    x = np.array([-top, 0, top], dtype).reshape(1, 1, 1, 3)
    picture = HeatmapVisualizer(0).render(np.ones((1, 1, 1, 3), dtype), x)
    np.testing.assert_array_equal(picture[0, 0, :, 0], [0, 128, 255])


def test_grey_images_become_grey_pictures(rng):
    x = image(rng, 1, "u1")
    picture = HeatmapVisualizer(0).render(maps(rng), x)
    assert picture.shape == (N, H, W, 3)
    np.testing.assert_array_equal(picture, np.broadcast_to(x.transpose(0, 2, 3, 1), picture.shape))


@pytest.mark.parametrize("opacity", [0.0, 0.5, 1.0])
def test_alpha_passes_through_an_overlay(rng, opacity):
    x = image(rng, 4, "u1")
    picture = HeatmapVisualizer(opacity).render(maps(rng), x)
    assert picture.shape == (N, H, W, 4)
    np.testing.assert_array_equal(picture[..., 3], x[:, 3])
    without = HeatmapVisualizer(opacity).render(maps(np.random.default_rng(1)), x[:, :3])
    with_alpha = HeatmapVisualizer(opacity).render(maps(np.random.default_rng(1)), x)
    np.testing.assert_array_equal(with_alpha[..., :3], without)


def test_float64_image_under_float32_attributions_keeps_its_range(rng):
    x = np.array([-1e300, 0, 1e300]).reshape(1, 1, 1, 3)  # beyond float32
    picture = HeatmapVisualizer(0).render(np.ones((1, 1, 1, 3), np.float32), x)
    np.testing.assert_array_equal(picture[0, 0, :, 0], [0, 128, 255])


def test_float64_image_under_float32_attributions_keeps_its_digits(rng):
    x = 1e9 + rng.integers(0, 256, (1, 3, H, W)).astype(np.float64)
    x[0, 0, 0, :2] = 1e9, 1e9 + 255
    picture = HeatmapVisualizer(0).render(np.ones((1, 1, H, W), np.float32), x)
    np.testing.assert_array_equal(picture, reference.channels_last(x - 1e9))
