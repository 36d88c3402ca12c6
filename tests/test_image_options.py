"""What becomes of the image before a map is laid over it: order of colours, norm, grey."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from core_calls import plan
from helpers import message, to_order
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer

pytestmark = pytest.mark.kernels

N, H, W = 2, 13, 21
OVER_IMAGES = (HeatmapVisualizer, MaskVisualizer)
NORMS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "inception": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


def maps(rng, channels=1):
    return rng.standard_normal((N, channels, H, W)).astype(np.float32)


def image(rng, channels, kind="f4"):
    if kind == "u1":
        return rng.integers(0, 256, (N, channels, H, W)).astype(np.uint8)
    return rng.standard_normal((N, channels, H, W)).astype(kind)


def as_bgr(x):
    """Return a picture with red and blue exchanged, alpha in its place."""
    return x[:, [2, 1, 0, 3][: x.shape[1]]] if x.shape[1] > 1 else x


def image_alone(a, x, **options):
    """Return what is seen of the image under a heat map of no opacity."""
    return HeatmapVisualizer(0, **options).render(a, x)


def assert_rounded(picture, exact):
    """The bytes are those of the formula but at ties, where they are next to them."""
    off = np.abs(picture.astype(int) - reference.to_bytes(exact))
    assert not ((off > 0) & ~reference.near_tie(exact)).any()
    assert off.max() <= 1


# --- channel_order --------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", OVER_IMAGES)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_bgr_images_give_the_pictures_of_rgb_ones(rng, isa, dim_order, cls, channels, kind):
    a, x = maps(rng), image(rng, channels, kind)
    expected = cls(dim_order=dim_order).render(to_order(a, dim_order), to_order(x, dim_order))
    swapped = np.ascontiguousarray(to_order(as_bgr(x), dim_order))
    visualizer = cls(dim_order=dim_order, channel_order="bgr")
    np.testing.assert_array_equal(visualizer.render(to_order(a, dim_order), swapped), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [3, 4])
def test_bgr_bytes_of_any_layout(rng, isa, layout, channels):
    a, x = maps(rng), image(rng, channels, "u1")
    given = LAYOUTS[layout](as_bgr(x))
    for cls in OVER_IMAGES:
        got = cls(channel_order="bgr").render(a, given)
        np.testing.assert_array_equal(got, cls().render(a, x))


def test_the_order_is_a_choice_of_calls_too(rng):
    a, x = maps(rng), image(rng, 3, "u1")
    for cls in OVER_IMAGES:
        bgr = cls(channel_order="bgr")
        np.testing.assert_array_equal(
            cls().render(a, x, channel_order="bgr"), cls().render(a, x[:, ::-1])
        )
        np.testing.assert_array_equal(bgr.render(a, x, channel_order="rgb"), cls().render(a, x))
        np.testing.assert_array_equal(bgr.render(a, x, channel_order=None), bgr.render(a, x))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_values_of_masks_are_in_rgb_order(rng, channels, kind):
    a, x = maps(rng), image(rng, channels, kind)
    call = {"imshow": False, "return_tiled": False}
    got = MaskVisualizer(channel_order="bgr")(a, as_bgr(x), **call)
    np.testing.assert_array_equal(got, MaskVisualizer()(a, x, **call))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("use_map", [False, True])
def test_channels_of_the_map_stay_with_those_of_the_image(rng, isa, channels, kind, use_map):
    """Attributions that are not combined have the order of `x`, as models give them."""
    a, x = maps(rng, channels), image(rng, channels, kind)
    options = {"combine_channels": False, "blur": 1, "use_attr_as_opacity": use_map}
    got = MaskVisualizer(channel_order="bgr", **options).render(as_bgr(a), as_bgr(x))
    np.testing.assert_array_equal(got, MaskVisualizer(**options).render(a, x))


def test_missing_values_leave_the_image_in_its_order(rng):
    a, x = maps(rng), image(rng, 3, "u1")
    a[:, :, 3:6, 2:9] = np.nan
    shows = HeatmapVisualizer(blur=0, nonfinite="transparent")
    got = shows.render(a, as_bgr(x), channel_order="bgr")
    np.testing.assert_array_equal(got, shows.render(a, x))
    hole = np.isnan(a[:, 0])
    np.testing.assert_array_equal(got[hole], reference.channels_last(x)[hole])


# --- image_norm -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("kind", ["f4", "f8", "f2", "u1"])
@pytest.mark.parametrize("channels", [3, 4])
def test_normalised_images_are_shown_as_they_were(rng, isa, name, kind, channels):
    a, x = maps(rng), image(rng, channels, kind)
    picture = image_alone(a, x, image_norm=name)
    exact = 255 * reference.channels_last(reference.unnormed(x, *NORMS[name]))
    assert_rounded(picture, exact)
    assert 0 < picture[..., :3].mean() < 255


@pytest.mark.parametrize("name", NORMS)
def test_a_photograph_comes_back_to_the_byte(rng, name):
    photo = rng.integers(0, 256, (N, 3, H, W)).astype(np.uint8)
    mean, std = (np.float32(part).reshape(1, 3, 1, 1) for part in NORMS[name])
    x = (photo.astype(np.float32) / 255 - mean) / std
    np.testing.assert_array_equal(
        image_alone(maps(rng), x, image_norm=name), reference.channels_last(photo)
    )


def test_values_of_masks_are_those_before_the_norm(rng, dtype):
    a, x = maps(rng), image(rng, 3).astype(dtype)
    masks = MaskVisualizer(0, 0, 1, image_norm="clip")
    got = masks(a, x, imshow=False, return_tiled=False)
    np.testing.assert_allclose(got, reference.unnormed(x, *NORMS["clip"]), atol=2e-7)


@pytest.mark.parametrize(
    "norm",
    [
        (0.5, 0.25),
        ((0.5,), 0.25),
        ([0.5], [0.25]),
        (np.float32(0.5), np.array(0.25)),
        (np.full((3, 1, 1), 0.5), np.full(3, 0.25)),
        np.array([[0.5, 0.5, 0.5], [0.25, 0.25, 0.25]]),
        (0.5, (0.25, 0.25, 0.25)),
    ],
    ids=repr,
)
def test_norms_of_one_number_and_of_three(rng, norm):
    a, x = maps(rng), image(rng, 3)
    expected = image_alone(a, x, image_norm=((0.5,) * 3, (0.25,) * 3))
    np.testing.assert_array_equal(image_alone(a, x, image_norm=norm), expected)


def test_norms_of_tensors(rng):
    torch = pytest.importorskip("torch")
    a, x = maps(rng), image(rng, 3)
    norm = tuple(torch.tensor(part).view(3, 1, 1) for part in NORMS["imagenet"])
    expected = image_alone(a, x, image_norm="imagenet")
    np.testing.assert_array_equal(image_alone(a, x, image_norm=norm), expected)


def test_norms_of_grey_images(rng):
    a, x = maps(rng), image(rng, 1)
    exact = 255 * reference.channels_last(reference.unnormed(x, 0.1307, 0.3081))
    assert_rounded(image_alone(a, x, image_norm=(0.1307, 0.3081)), exact.repeat(3, -1))
    assert image_alone(a, x, image_norm="inception").any()
    with pytest.raises(ValueError, match=message("one mean and one std for images of 1 channel")):
        image_alone(a, x, image_norm="imagenet")


def test_the_norm_is_of_colours_in_rgb_order(rng):
    a, x = maps(rng), image(rng, 4)
    got = image_alone(a, as_bgr(x), image_norm="imagenet", channel_order="bgr")
    np.testing.assert_array_equal(got, image_alone(a, x, image_norm="imagenet"))


def test_the_norm_is_a_choice_of_calls_too(rng):
    a, x = maps(rng), image(rng, 3)
    for cls in OVER_IMAGES:
        expected = cls(image_norm="clip").render(a, x)
        np.testing.assert_array_equal(cls().render(a, x, image_norm="clip"), expected)
        other = cls(image_norm="imagenet")
        np.testing.assert_array_equal(other.render(a, x, image_norm="clip"), expected)
        assert (other.render(a, x) != expected).any()


@pytest.mark.parametrize("cls", OVER_IMAGES)
@pytest.mark.parametrize(
    ("norm", "error", "parts"),
    [
        ("imagnet", ValueError, ["'imagenet', 'clip', 'inception'", "did you mean 'imagenet'?"]),
        (0.5, ValueError, ["a pair (mean, std) or one of 'imagenet'", "got 0.5"]),
        ((0.4, 0.4, 0.4), ValueError, ["a pair (mean, std) or one of 'imagenet'"]),
        (((0.4, 0.4), 0.2), ValueError, ["for each of R, G and B; mean has 2 numbers"]),
        ((0.4, (0.2,) * 4), ValueError, ["for each of R, G and B; std has 4 numbers"]),
        ((0.4, ()), ValueError, ["std has 0 numbers"]),
        ((0.4, 0), ValueError, ["every std > 0, got std 0"]),
        ((0.4, (0.2, -0.1, 0.2)), ValueError, ["every std > 0", "-0.1"]),
        ((np.nan, 0.2), ValueError, ["finite numbers, got (nan, 0.2)"]),
        ((0.4, np.inf), ValueError, ["finite numbers, got (0.4, inf)"]),
        ((0.4, "0.2"), TypeError, ["a number or one for each", "'0.2'"]),
        ((0.4, (0.2, None, 0.2)), TypeError, ["a number or one for each", "None"]),
        ((0.4, True), TypeError, ["a number or one for each", "True"]),
    ],
    ids=repr,
)
def test_wrong_norms_are_refused(rng, cls, norm, error, parts):
    with pytest.raises(error, match=message("`image_norm` must be", *parts)):
        cls(image_norm=norm)
    with pytest.raises(error, match=message("`image_norm` must be", *parts)):
        cls().render(maps(rng), image(rng, 3), image_norm=norm)


def test_a_norm_beside_a_range_is_refused(rng):
    sentence = message("`image_norm` must be None beside image_range=(0.0, 1.0)", "'clip'")
    for cls in OVER_IMAGES:
        with pytest.raises(ValueError, match=sentence):
            cls(image_norm="clip", image_range=(0, 1))
        with pytest.raises(ValueError, match=sentence):
            cls(image_range=(0, 1)).render(maps(rng), image(rng, 3), image_norm="clip")


@given(
    mean=st.floats(-1e300, 1e300),
    std=st.floats(5e-324, 1e300),
    values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=9),
)
@settings(deadline=None)
def test_any_norm_of_any_number_is_a_byte_of_the_formula(mean, std, values):
    x = np.array(values[:9], np.float32).reshape(1, 1, 3, 3)
    for kind in (np.float32, np.float64):
        picture = image_alone(np.ones_like(x), x.astype(kind), image_norm=(mean, std))
        limit = np.finfo(kind).max
        mean_, std_ = np.clip(mean, -limit, limit), np.clip(std, 0, limit)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            exact = np.clip(x.astype(kind) * kind(std_) + kind(mean_), 0, 1)
        off = picture[..., 0].astype(int) - reference.to_bytes(255 * exact[:, 0].astype(float))
        assert np.abs(off).max() <= 1


@pytest.mark.parametrize(
    ("norm", "error"),
    [
        (((0.0, np.nan, 0.0), (1.0,) * 3), ValueError),
        (((0.0,) * 3, (1.0, 0.0, 1.0)), ValueError),
        (((0.0,) * 3, (1.0, np.inf, 1.0)), ValueError),
        (((0.0,) * 2, (1.0,) * 3), TypeError),
        ("imagenet", TypeError),
        (0.5, TypeError),
    ],
    ids=repr,
)
def test_the_core_trusts_no_norm(norm, error):
    with pytest.raises(error, match="`image_norm`"):
        plan(image_norm=norm)


# --- grayscale ------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
@pytest.mark.parametrize("opacity", [0.0, 0.3, 0.5])
def test_the_photograph_is_grey_and_the_map_is_not(rng, isa, dim_order, channels, kind, opacity):
    a, x = maps(rng), image(rng, channels, kind)
    visualizer = HeatmapVisualizer(opacity, "unsigned_max", 0, dim_order=dim_order)
    given = to_order(a, dim_order), np.ascontiguousarray(to_order(x, dim_order))
    picture = visualizer.render(*given, grayscale=True)
    rgb01 = reference.colors(reference.normalize(a, "unsigned_max"), "unsigned_max", "jet")
    exact = reference.blend(reference.grey(reference.image01(x)), rgb01, opacity)
    off = np.abs(picture.astype(int) - reference.to_bytes(exact))
    edges = reference.near_table_edge(reference.normalize(a, "unsigned_max"), [(-1, 1)] * N)
    assert off[~edges | (opacity == 0)].max() <= 1
    assert (off == 0).mean() > (0.7 if kind == "u1" else 0.99)  # bytes are rounded twice
    if opacity:
        assert len(np.unique(picture[..., :3] - picture[..., :1])) > 1  # colours
    else:
        np.testing.assert_array_equal(picture[..., 0], picture[..., 1])
        np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
    if channels == 4:
        alpha = visualizer.render(*given)[..., 3]
        np.testing.assert_array_equal(picture[..., 3], alpha)


def test_grey_is_that_of_scikit_image(rng):
    color = pytest.importorskip("skimage.color")
    x = rng.random((N, 3, H, W))
    np.testing.assert_allclose(
        reference.grey(x)[:, 0], color.rgb2gray(x, channel_axis=1), atol=1e-15
    )


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
@pytest.mark.parametrize("image_range", [None, (-1, 2.5), (3, 200)])
def test_grey_pictures_stay_as_they_are(rng, isa, channels, kind, image_range):
    a, x = maps(rng), image(rng, 1, kind)
    if channels > 1:
        x = x.repeat(channels, 1)
    if channels == 4:
        x[:, 3] = image(rng, 1, kind)[:, 0]
    visualizer = HeatmapVisualizer(0.4, blur=1, image_range=image_range)
    np.testing.assert_array_equal(visualizer.render(a, x, grayscale=True), visualizer.render(a, x))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [3, 4])
def test_grey_of_bytes_in_any_layout_and_order(rng, isa, layout, channels):
    a, x = maps(rng), LAYOUTS[layout](image(rng, channels, "u1"))
    for order in ("rgb", "bgr"):
        given = as_bgr(x) if order == "bgr" else x
        picture = image_alone(a, x, grayscale=True, channel_order=order)
        exact = 255 * reference.channels_last(reference.grey(reference.image01(given)))
        assert np.abs(picture - exact).max() <= 0.5 + 255 * 3 * 2**-17  # one rounding


def test_every_other_byte_range_is_made_grey_after_it(rng, isa):
    a, x = maps(rng), image(rng, 3, "u1")
    picture = image_alone(a, x, grayscale=True, image_range=(100, 120))
    exact = reference.channels_last(reference.grey(reference.image01(x, (100, 120))))
    assert_rounded(picture, 255 * exact)


def test_grey_comes_after_order_and_norm(rng):
    a, x = maps(rng), image(rng, 3)
    options = {"grayscale": True, "image_norm": "imagenet"}
    picture = image_alone(a, as_bgr(x), channel_order="bgr", **options)
    exact = reference.grey(reference.unnormed(x, *NORMS["imagenet"]))
    assert_rounded(picture, 255 * reference.channels_last(exact))


def test_what_is_left_out_shows_the_grey_image(rng):
    a, x = maps(rng), image(rng, 3, "u1")
    a[:, :, 3:6, 2:9] = np.nan
    shows = HeatmapVisualizer(0.5, blur=0, nonfinite="transparent", grayscale=True)
    hole = np.isnan(a[:, 0])
    exact = 255 * reference.channels_last(reference.grey(reference.image01(x)))
    assert np.abs(shows.render(a, x)[hole] - exact[hole]).max() <= 1


def test_translucent_colours_over_a_grey_image(rng):
    colormap = pytest.importorskip("matplotlib.colors").ListedColormap([(1, 0, 0, 0.3)] * 4)
    a, x = maps(rng), image(rng, 3, "u1")
    picture = HeatmapVisualizer(0.5, cmap=colormap, grayscale=True).render(a, x)
    rgb01 = np.broadcast_to([1.0, 0, 0], (N, H, W, 3))
    exact = reference.blend(reference.grey(reference.image01(x)), rgb01, 0.15)
    assert np.abs(picture - exact).max() <= 1


def test_masks_have_no_grayscale():
    with pytest.raises(TypeError, match=message("'grayscale'", "option of HeatmapVisualizer")):
        MaskVisualizer(grayscale=True)
    with pytest.raises(TypeError, match=message("'channel_order'", "HeatmapVisualizer")):
        hotcold.Visualizer(channel_order="bgr")
    with pytest.raises(ValueError, match=message("`channel_order` must be one of 'rgb', 'bgr'")):
        HeatmapVisualizer(channel_order="gbr")
