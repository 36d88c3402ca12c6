"""What becomes of masked pixels, and which they are, beyond the defaults of MaskVisualizer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import reference
from core_calls import plan, render
from helpers import from_order, message, read_picture, to_order

import hotcold
from hotcold import MaskVisualizer, render_files

N, H, W = 3, 13, 17


def maps(rng, channels=3, dtype=np.float64):
    return rng.uniform(-1, 1, (N, channels, H, W)).astype(dtype)


def image(rng, channels=3, kind="f4"):
    if kind == "u1":
        return rng.integers(0, 256, (N, channels, H, W)).astype(np.uint8)
    return (rng.standard_normal((N, channels, H, W)) * 30 + 7).astype(kind)


def flat(visualizer, *arrays, **overrides):
    return visualizer(*arrays, imshow=False, return_tiled=False, **overrides)


def assert_picture(picture, values):
    """Values (N, C, H, W) in [0, 1] as bytes, grey as three channels, wrong nowhere but at ties."""
    shown = 255 * reference.channels_last(values)
    if shown.shape[-1] == 1:
        shown = np.repeat(shown, 3, axis=-1)
    assert picture.shape == shown.shape
    assert not ((picture != reference.to_bytes(shown)) & ~reference.near_tie(shown)).any()


# --- invert ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("combine", "use_map", "positive", "channels"),
    [*itertools.product([False, True], [False, True], [False, True], [1, 3, 4])],
)
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_inverted_mask_is_the_twins(rng, kind, combine, use_map, positive, channels, dim_order):
    a, x = maps(rng, channels), image(rng, channels, kind)
    options = {
        "blur": 1.3,
        "threshold": 0.6,
        "masked_opacity": 0.15,
        "use_attr_as_opacity": use_map,
        "positive_only": positive,
        "invert": True,
    }
    opacity = reference.mask_opacity(a, combine=combine, **options)
    expected = reference.masked(opacity, reference.image01(x))
    visualizer = MaskVisualizer(combine_channels=combine, dim_order=dim_order, **options)
    arrays = to_order(a, dim_order), to_order(x, dim_order)
    values = from_order(flat(visualizer, *arrays), dim_order)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)
    assert_picture(visualizer.render(*arrays), expected)


@pytest.mark.parametrize("use_map", [False, True])
def test_invert_of_a_call_is_that_of_the_constructor(rng, use_map):
    a, x = maps(rng), image(rng)
    plain, inverted = (
        MaskVisualizer(use_attr_as_opacity=use_map, invert=invert) for invert in (False, True)
    )
    expected = inverted.render(a, x)
    np.testing.assert_array_equal(plain.render(a, x, invert=True), expected)
    np.testing.assert_array_equal(inverted.render(a, x, invert=False), plain.render(a, x))
    np.testing.assert_array_equal(inverted.render(a, x, invert=None), expected)
    assert "invert=True" in repr(inverted)
    assert "invert" not in repr(plain)


def test_a_mask_and_its_inverse_share_no_pixel_and_leave_none_out(rng):
    a = maps(rng, 1)
    x = np.full((N, 3, H, W), 200, np.uint8)
    shown, hidden = (
        MaskVisualizer(0, 0.7, 0, invert=invert).render(a, x) == 200 for invert in (False, True)
    )
    np.testing.assert_array_equal(shown, ~hidden)
    assert shown.any()
    assert hidden.any()


@pytest.mark.parametrize("use_map", [False, True])
def test_the_inverse_of_a_mask_that_masks_all_is_the_image(rng, use_map):
    x = image(rng, 3, "u1")
    visualizer = MaskVisualizer(use_attr_as_opacity=use_map, invert=True)
    np.testing.assert_array_equal(
        visualizer.render(np.ones(x.shape), x), reference.channels_last(x)
    )


@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("content", ["numbers", "one number", "nothing"])
def test_transparent_missing_values_are_masked_by_the_inverse_too(
    rng, kind, use_map, positive, content
):
    a = rng.uniform(1, 3, (2, 1, 12, 15))
    if content == "one number":
        a[:] = 2.5
    hole = np.zeros(a.shape, bool)
    hole[1, 0, 3:6, 4:9] = True
    if content == "nothing":
        hole[1] = True
    a[hole] = np.nan
    x = np.broadcast_to(rng.uniform(1, 255, (2, 1, 12, 15)).astype(kind), (2, 3, 12, 15))
    options = {"positive_only": positive, "nonfinite": "transparent", "image_range": (0, 255)}
    visualizer = MaskVisualizer(0, 0.6, 0.25, use_attr_as_opacity=use_map, invert=True, **options)
    values = flat(visualizer, a, x)
    opacity = (values / (x / 255.0))[:, :1]
    np.testing.assert_allclose(opacity[hole], 0 if use_map else 0.25, atol=1e-6)
    for item in range(1 if content == "nothing" else 2):
        present = a[item][~hole[item]]
        if use_map:
            expected = 1 - reference.divide(present - present.min(), np.ptp(present))
        else:
            expected = np.where(present > np.percentile(present, 60), 0.25, 1)
        np.testing.assert_allclose(opacity[item][~hole[item]], expected, atol=1e-5)
    assert np.abs(visualizer.render(a, x) - 255 * reference.channels_last(values)).max() <= 0.51


@pytest.mark.kernels
@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("opacity", ["threshold", "map"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("shape", [(1, 1), (3, 21), (16, 65), (33, 1027)])
def test_inverted_pictures_are_their_values_in_bytes(rng, kind, opacity, channels, shape):
    a = rng.standard_normal((2, channels, *shape)).astype(np.float32)
    x = (rng.random((2, channels, *shape)) * 255).astype(kind)
    mask = plan(reduction="mean", paint="mask", opacity=opacity, invert=True, image_range=(0, 255))
    values = np.empty(x.shape, np.float32)
    picture, alone = (np.empty((2, *shape, 4 if channels == 4 else 3), np.uint8) for _ in range(2))
    assert render(mask, a, x, values, picture) is None
    assert render(mask, a, x, None, alone) is None
    np.testing.assert_array_equal(picture, alone)
    assert_picture(picture, values.astype(np.float64))


# --- background -----------------------------------------------------------------------------------

COLORS = {"black": (0, 0, 0), "white": (1, 1, 1), "gray": (0.5, 0.5, 0.5)}
RED = (0.9, 0.1, 0.25)


def planes_of(color, channels):
    """A colour as it broadcasts with (N, C, H, W)."""
    return np.array(color)[: min(channels, 3), None, None]


@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize(
    ("background", "channels"),
    [
        *itertools.product(["black", "white", "gray", (0.3, 0.3, 0.3)], [1, 3]),
        *itertools.product([RED, (1, 0, 0)], [3]),
    ],
)
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_background_is_the_twins(rng, kind, channels, background, use_map, combine, dim_order):
    color = COLORS.get(background, background) if isinstance(background, str) else background
    a, x = maps(rng, channels), image(rng, channels, kind)
    options = {
        "blur": 0.8,
        "threshold": 0.4,
        "masked_opacity": 0.3,
        "use_attr_as_opacity": use_map,
        "positive_only": False,
    }
    opacity = reference.mask_opacity(a, combine=combine, **options)
    expected = reference.masked(opacity, reference.image01(x), planes_of(color, channels))
    visualizer = MaskVisualizer(
        combine_channels=combine, dim_order=dim_order, background=background, **options
    )
    arrays = to_order(a, dim_order), to_order(x, dim_order)
    values = from_order(flat(visualizer, *arrays), dim_order)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)
    assert_picture(visualizer.render(*arrays), expected)


def test_background_of_a_call_is_that_of_the_constructor(rng):
    a, x = maps(rng), image(rng, kind="u1")
    white = MaskVisualizer(background="white")
    expected = white.render(a, x)
    assert (expected != MaskVisualizer().render(a, x)).any()
    np.testing.assert_array_equal(MaskVisualizer().render(a, x, background="white"), expected)
    np.testing.assert_array_equal(MaskVisualizer(background=(1, 1, 1)).render(a, x), expected)
    np.testing.assert_array_equal(white.render(a, x, background=None), expected)
    np.testing.assert_array_equal(
        white.render(a, x, background="black"), MaskVisualizer(background=None).render(a, x)
    )
    assert "background='white'" in repr(white)


def test_a_colour_may_be_any_three_numbers(rng):
    a, x = maps(rng), image(rng)
    visualizers = [MaskVisualizer(background=kind(RED)) for kind in (tuple, list, np.array)]
    assert visualizers[0] == visualizers[1] == visualizers[2]
    assert visualizers[2].settings.background == RED
    assert eval(repr(visualizers[2]), {"MaskVisualizer": MaskVisualizer}) == visualizers[0]
    assert (visualizers[0].render(a, x) != MaskVisualizer().render(a, x)).any()


def test_inverted_masks_have_a_background_too(rng):
    x = image(rng, kind="u1")
    visualizer = MaskVisualizer(0, 0.7, 0, background="white", invert=True)
    a = np.abs(maps(rng, 1))
    picture = visualizer.render(a, x)
    white = a > np.quantile(a, 0.7, axis=(1, 2, 3), keepdims=True)
    np.testing.assert_array_equal(picture, reference.channels_last(np.where(white, 255, x)))


@pytest.mark.kernels
@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("background", [(0.5,) * 3, (1.0,) * 3, (0.123,) * 3, (1.0, 0.0, 0.4)])
@pytest.mark.parametrize("masked_opacity", [0.0, 0.2, 0.5, 0.77, 1.0])
@pytest.mark.parametrize("image_range", [(0, 255), (-100, 300), (30, 200)])
def test_background_under_every_byte_follows_the_formula(background, masked_opacity, image_range):
    """Exhaustive: 256 bytes, shown and masked, wrong nowhere but where rounding decides."""
    x = np.broadcast_to(np.arange(256, dtype=np.uint8), (1, 3, 2, 256))
    opacity = np.array([1.0, masked_opacity])[None, None, :, None]
    a = np.broadcast_to(np.array([1, 0], np.float64)[:, None], (1, 1, 2, 256))
    mask = plan(
        paint="mask",
        masked_opacity=masked_opacity,
        image_range=image_range,
        background=background,
    )
    picture = np.empty((1, 2, 256, 3), np.uint8)
    assert render(mask, a, x, None, picture) is None
    x01 = reference.image01(x, image_range)
    v255 = 255 * reference.channels_last(reference.masked(opacity, x01, planes_of(background, 3)))
    wrong = (picture != reference.to_bytes(v255)) & ~reference.near_tie(v255, 1e-6)
    assert not wrong.any()


@pytest.mark.kernels
@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("background", [(0.5,) * 3, (1.0, 0.0, 0.4)])
@pytest.mark.parametrize("opacity", ["threshold", "map"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 21), (16, 65), (33, 1027)])
def test_pictures_with_a_background_are_their_values(rng, kind, opacity, background, shape):
    a = rng.standard_normal((2, 3, *shape)).astype(np.float32)
    x = (rng.random((2, 3, *shape)) * 255).astype(kind)
    fields = {"paint": "mask", "opacity": opacity, "masked_opacity": 0.3, "image_range": (0, 255)}
    mask = plan(background=background, **fields)
    values = np.empty(x.shape, np.float32)
    picture, alone = (np.empty((2, *shape, 3), np.uint8) for _ in range(2))
    assert render(mask, a, x, values, picture) is None
    assert render(mask, a, x, None, alone) is None
    np.testing.assert_array_equal(picture, alone)
    assert values.max() <= 1
    assert_picture(picture, values.astype(np.float64))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("wite", ("'wite'", "did you mean 'white'")),
        ("red", ("'checker', 'transparent', or (red, green, blue)", "'red'")),
        ((1, 2), ("(red, green, blue)", "(1, 2)")),
        ((0, 0, 1.5), ("numbers in [0, 1]", "(0, 0, 1.5)")),
        ((255, 0, 0), ("numbers in [0, 1]", "divide bytes by 255")),
        ((0, 0, np.nan), ("numbers in [0, 1]", "nan")),
        (0.5, ("(red, green, blue)", "0.5")),
    ],
)
def test_other_backgrounds_are_refused(rng, value, told):
    a, x = maps(rng), image(rng)
    told = message("`background` must be one of", *told)
    with pytest.raises(ValueError, match=told):
        MaskVisualizer(background=value)
    with pytest.raises(ValueError, match=told):
        MaskVisualizer().render(a, x, background=value)
    with pytest.raises(TypeError, match=message("`background` must be one of", "'a'")):
        MaskVisualizer(background=("a", "b", "c"))


@pytest.mark.parametrize("background", ["white", RED, "checker", "blur"])
def test_images_with_alpha_have_no_background(rng, background):
    a, x = maps(rng), image(rng, 4)
    with pytest.raises(
        ValueError,
        match=message(
            "`background` must be 'black' or 'transparent' over images with alpha", "without"
        ),
    ):
        MaskVisualizer(background=background).render(a, x)
    np.testing.assert_array_equal(
        MaskVisualizer(background=(0, 0, 0)).render(a, x), MaskVisualizer().render(a, x)
    )


def test_a_colour_behind_a_grey_image_is_refused(rng):
    a, x = maps(rng), image(rng, 1)
    told = message("`background` must be grey over images of one channel", "(0.9, 0.1", "three")
    with pytest.raises(ValueError, match=told):
        MaskVisualizer(background=RED).render(a, x)
    repeated = MaskVisualizer(background=RED).render(a, np.repeat(x, 3, axis=1))
    assert (repeated[..., 0] != repeated[..., 1]).any()


@pytest.mark.parametrize("background", ["white", RED, "checker", "blur", "transparent"])
def test_jobs_draw_the_background(rng, tmp_path, background):
    a, x = maps(rng), image(rng, kind="u1")
    visualizer = MaskVisualizer(blur=1, background=background, invert=True)
    job = {"output_dir": tmp_path, "batch_size": 2, "progress": False}
    render_files(visualizer, a, x, **job)
    for path, expected in zip(sorted(tmp_path.glob("*.png")), visualizer.render(a, x), strict=True):
        np.testing.assert_array_equal(read_picture(path), expected)
    assert render_files(visualizer, a, x, resume=True, **job).n_files == 0


# --- threshold ------------------------------------------------------------------------------------

RULES = [
    *itertools.product(["mass", "max"], [0.0, 0.3, 0.8, 1.0]),
    ("quantile", "otsu"),
    ("quantile", 0.3),
]


def threshold_options(by, threshold):
    return {"threshold": threshold, "threshold_by": by}


@pytest.mark.parametrize(("by", "threshold"), RULES)
@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_every_rule_is_the_twins(rng, by, threshold, combine, positive, kind, dim_order):
    a, x = maps(rng, 3), image(rng, 3, kind)
    a[1] = -np.abs(a[1])  # nothing positive at all
    a[2] = np.where(rng.random(a[2].shape) < 0.9, 0, a[2])  # mostly ties
    options = {
        **threshold_options(by, threshold),
        "blur": 0.0 if combine else 1.1,
        "masked_opacity": 0.3,
        "use_attr_as_opacity": False,
        "positive_only": positive,
    }
    opacity = reference.mask_opacity(a, combine=combine, **options)
    expected = reference.masked(opacity, reference.image01(x))
    visualizer = MaskVisualizer(combine_channels=combine, dim_order=dim_order, **options)
    arrays = to_order(a, dim_order), to_order(x, dim_order)
    values = from_order(flat(visualizer, *arrays), dim_order)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)
    assert_picture(visualizer.render(*arrays), expected)


@pytest.mark.parametrize(("by", "threshold"), RULES)
@pytest.mark.parametrize("sign", ["all", "positive", "negative", "absolute"])
def test_rules_keep_what_boxes_keeps(rng, dtype, by, threshold, sign):
    """One rule for both: the values above the limit, of the map after its sign."""
    a = rng.standard_normal((N, 1, H, W)).astype(dtype)
    taken = {"all": a, "positive": np.maximum(a, 0), "negative": np.maximum(-a, 0)}
    v = taken.get(sign, np.abs(a))
    options = {"sign": sign, "masked_opacity": 0, "image_range": (0, 1)}
    visualizer = MaskVisualizer(0, **threshold_options(by, threshold), **options)
    values = flat(visualizer, a, np.ones((N, 1, H, W), np.float32))
    rule, number = ("otsu", 0) if threshold == "otsu" else (by, threshold)
    expected = np.array([reference.kept(item, number, rule) for item in v])
    np.testing.assert_array_equal(values, expected)


def test_quantile_is_the_default_and_may_be_said(rng):
    a, x = maps(rng), image(rng, kind="u1")
    expected = MaskVisualizer(threshold=0.7).render(a, x)
    for visualizer in (
        MaskVisualizer(threshold=0.7, threshold_by="quantile"),
        MaskVisualizer(threshold=0.7, threshold_by=None),
    ):
        np.testing.assert_array_equal(visualizer.render(a, x), expected)


@pytest.mark.parametrize(("by", "threshold"), RULES)
def test_a_rule_of_a_call_is_that_of_the_constructor(rng, by, threshold):
    a, x = maps(rng), image(rng, kind="u1")
    options = threshold_options(by, threshold)
    if threshold == "otsu":
        del options["threshold_by"]
    expected = MaskVisualizer(**options).render(a, x)
    np.testing.assert_array_equal(MaskVisualizer(blur=5).render(a, x, **options), expected)
    # A number or a rule of its own takes the place of the constructor's.
    if threshold != "otsu":
        np.testing.assert_array_equal(
            MaskVisualizer(threshold="otsu").render(a, x, **options), expected
        )
    else:
        np.testing.assert_array_equal(
            MaskVisualizer(threshold_by="max").render(a, x, **options), expected
        )


@pytest.mark.parametrize(("by", "threshold"), RULES)
@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_missing_values_set_no_limit(rng, by, threshold, nonfinite, invert, kind):
    a = rng.uniform(0.5, 3, (N, 1, H, W))
    hole = np.zeros(a.shape, bool)
    hole[1, 0, 3:6, 4:9] = hole[2] = True
    a[hole] = np.nan
    x = np.full((N, 3, H, W), 200, kind)
    options = {"nonfinite": nonfinite, "masked_opacity": 0, "image_range": (0, 255)}
    visualizer = MaskVisualizer(0, invert=invert, **threshold_options(by, threshold), **options)
    shown = visualizer.render(a, x)[..., 0] == 200
    rule, number = ("otsu", 0) if threshold == "otsu" else (by, threshold)
    for item in range(2):
        there = ~hole[item, 0]
        kept = reference.kept(a[item, 0][there], number, rule)
        np.testing.assert_array_equal(shown[item][there], kept != invert)
    missing = shown[hole[:, 0]]
    if nonfinite == "transparent":
        assert not missing.any()
    else:  # zero is the lowest there is
        assert (missing == invert).all()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"threshold": "osu"}, ("`threshold` must be a number in [0, 1] or 'otsu'", "did you")),
        ({"threshold": "0.5"}, ("`threshold` must be a number in [0, 1] or 'otsu'", "'0.5'")),
        ({"threshold": 1.5}, ("`threshold` must be in [0, 1], got 1.5",)),
        ({"threshold_by": "mas"}, ("`threshold_by` must be one of", "did you mean 'mass'")),
        ({"threshold_by": "otsu"}, ("`threshold_by` must be one of 'quantile', 'mass', 'max'",)),
    ],
)
def test_other_rules_are_refused(rng, options, told):
    a, x = maps(rng), image(rng)
    with pytest.raises(ValueError, match=message(*told)):
        MaskVisualizer(**options)
    with pytest.raises(ValueError, match=message(*told)):
        MaskVisualizer().render(a, x, **options)


def test_a_rule_without_a_number_is_refused(rng):
    a, x = maps(rng), image(rng)
    told = message("`threshold_by` must be left out, got 'mass'", "'otsu' finds its limit alone")
    with pytest.raises(ValueError, match=told):
        MaskVisualizer(threshold="otsu", threshold_by="mass")
    with pytest.raises(ValueError, match=told):
        MaskVisualizer(threshold="otsu").render(a, x, threshold_by="mass")
    told = message("`threshold_by` must be left out, got 'max'", "no threshold")
    with pytest.raises(ValueError, match=told):
        MaskVisualizer(use_attr_as_opacity=True, threshold_by="max")


@pytest.mark.parametrize(("by", "threshold"), [("mass", 0.6), ("quantile", "otsu")])
def test_jobs_take_the_rules(rng, tmp_path, by, threshold):
    a, x = maps(rng), image(rng, kind="u1")
    visualizer = MaskVisualizer(blur=1, **threshold_options(by, threshold))
    job = {"output_dir": tmp_path, "batch_size": 2, "progress": False}
    render_files(visualizer, a, x, **job)
    for path, expected in zip(sorted(tmp_path.glob("*.png")), visualizer.render(a, x), strict=True):
        np.testing.assert_array_equal(read_picture(path), expected)
    assert render_files(visualizer, a, x, resume=True, **job).n_files == 0


# --- backgrounds that are no colour ---------------------------------------------------------------


def checker(rows, columns):
    y, x = np.mgrid[:rows, :columns] // 8
    return np.where((y + x) % 2 == 0, 0.6, 0.8)


def behind(background, x01, sigma=10.0):
    """What is seen where the image is not, as it broadcasts with the image."""
    if background == "checker":
        return checker(*x01.shape[2:])
    return reference.gaussian_blur(x01, sigma)


@pytest.mark.parametrize("background", ["checker", "blur"])
@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_what_is_behind_is_the_twins(
    rng, kind, combine, channels, invert, use_map, background, dim_order
):
    a, x = maps(rng, channels), image(rng, channels, kind)
    options = {
        "blur": 0.8,
        "threshold": 0.4,
        "masked_opacity": 0.3,
        "use_attr_as_opacity": use_map,
        "positive_only": False,
        "invert": invert,
    }
    opacity = reference.mask_opacity(a, combine=combine, **options)
    x01 = reference.image01(x)
    expected = reference.masked(opacity, x01, behind(background, x01))
    visualizer = MaskVisualizer(
        combine_channels=combine, dim_order=dim_order, background=background, **options
    )
    arrays = to_order(a, dim_order), to_order(x, dim_order)
    values = from_order(flat(visualizer, *arrays), dim_order)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)
    assert_picture(visualizer.render(*arrays), expected)


@pytest.mark.parametrize("sigma", [0, 1.5, (2, 7), 40])
def test_the_blur_behind_is_gaussian_blur_of_the_image(rng, sigma):
    x = rng.random((2, 3, 40, 50), np.float32)
    options = {"background": "blur", "image_range": (0, 1)}
    visualizer = MaskVisualizer(masked_opacity=0, background_blur=sigma, **options)
    values = flat(visualizer, np.zeros((2, 1, 40, 50)), x.astype(np.float64))
    blurred = hotcold.gaussian_blur(x.astype(np.float64), sigma)
    np.testing.assert_array_equal(values, np.minimum(blurred, 1))
    called = MaskVisualizer(masked_opacity=0, **options)
    again = flat(called, np.zeros((2, 1, 40, 50)), x.astype(np.float64), background_blur=sigma)
    np.testing.assert_array_equal(again, values)


@pytest.mark.parametrize("background", ["checker", "blur"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 1100), (9, 8), (150, 170)])
@pytest.mark.parametrize("window", [False, True])
def test_what_is_behind_depends_on_no_layout_and_no_thread(rng, background, shape, window):
    a = rng.standard_normal((2, 1, *shape)).astype(np.float32)
    x = rng.integers(0, 256, (2, 3, *shape)).astype(np.uint8)
    visualizer = MaskVisualizer(1, masked_opacity=0, background=background)
    expected = visualizer.render(a, x, n_threads=1)
    if window:  # rows that do not adjoin
        wide = np.zeros((2, 3, shape[0], shape[1] + 5), np.uint8)
        wide[..., 2:-3] = x
        x = wide[..., 2:-3]
    for n_threads in (1, 2, 3):
        np.testing.assert_array_equal(visualizer.render(a, x, n_threads=n_threads), expected)
    alone = np.concatenate([visualizer.render(a[i : i + 1], x[i : i + 1]) for i in range(2)])
    np.testing.assert_array_equal(alone, expected)
    out = np.zeros((2, shape[0], shape[1] + 3, 3), np.uint8)[:, :, 1:-2]
    np.testing.assert_array_equal(visualizer.render(a, x, out=out), expected)


@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_transparent_pictures_have_the_opacity_as_alpha(
    rng, kind, channels, invert, use_map, dim_order
):
    a, x = maps(rng, 3), image(rng, channels, kind)
    options = {
        "blur": 0.8,
        "threshold": 0.4,
        "masked_opacity": 0.3,
        "use_attr_as_opacity": use_map,
        "positive_only": True,
        "invert": invert,
    }
    opacity = reference.mask_opacity(a, combine=True, **options)
    colors = np.broadcast_to(reference.image01(x), (N, 3, H, W))
    expected = np.concatenate([colors, opacity], axis=1)
    visualizer = MaskVisualizer(background="transparent", dim_order=dim_order, **options)
    arrays = to_order(a, dim_order), to_order(x, dim_order)
    values = from_order(flat(visualizer, *arrays), dim_order)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)
    assert_picture(visualizer.render(*arrays), expected)


@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("use_map", [False, True])
def test_an_image_with_alpha_is_transparent_as_it_is(rng, kind, use_map):
    a, x = maps(rng), image(rng, 4, kind)
    options = {"use_attr_as_opacity": use_map, "image_range": (0, 255)}
    visualizer = MaskVisualizer(background="transparent", **options)
    plain = MaskVisualizer(**options)
    np.testing.assert_array_equal(visualizer.render(a, x), plain.render(a, x))
    np.testing.assert_array_equal(flat(visualizer, a, x), flat(plain, a, x))


def test_transparent_over_an_opaque_image_is_that_of_an_image_with_alpha(rng):
    a, x = maps(rng), image(rng, 3, "u1")
    with_alpha = np.concatenate([x, np.full((N, 1, H, W), 255, np.uint8)], axis=1)
    np.testing.assert_array_equal(
        MaskVisualizer(background="transparent").render(a, x),
        MaskVisualizer().render(a, with_alpha),
    )


@pytest.mark.parametrize("channels", [3, 4])
def test_transparent_needs_one_opacity(rng, channels):
    a, x = maps(rng, channels), image(rng, channels)
    visualizer = MaskVisualizer(background="transparent", combine_channels=False)
    told = message("`background` must not be 'transparent'", "combine_channels=True")
    with pytest.raises(ValueError, match=told):
        visualizer.render(a, x)
    one = maps(rng, 1)
    assert visualizer.render(one, image(rng, 1)).shape == (N, H, W, 4)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_transparent_sheets_are_drawn_and_saved(rng, tmp_path, suffix):
    a, x = maps(rng), image(rng, 3, "u1")
    visualizer = MaskVisualizer(background="transparent", tiler=hotcold.Tiler(cols=2, padding=1))
    tiled = visualizer(a, x, tmp_path / f"sheet{suffix}", imshow=False)
    assert tiled.shape == (2 * H + 1, 2 * W + 1, 4)
    opaque = suffix == ".jpg"
    assert read_picture(tmp_path / f"sheet{suffix}").shape[-1] == (3 if opaque else 4)


@pytest.mark.parametrize("background", ["checker", "blur", "transparent", "white"])
@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_missing_values_show_what_is_behind(rng, background, use_map, invert, kind):
    a = rng.uniform(0.5, 3, (N, 1, H, W))
    hole = np.zeros(a.shape, bool)
    hole[1, 0, 3:6, 4:9] = hole[2] = True
    a[hole] = np.nan
    x = image(rng, 3, kind)
    options = {"nonfinite": "transparent", "masked_opacity": 0, "background": background}
    visualizer = MaskVisualizer(0, use_attr_as_opacity=use_map, invert=invert, **options)
    values = flat(visualizer, a, x)
    where = np.broadcast_to(hole, (N, 3, H, W))
    if background == "transparent":
        assert not values[:, 3:][hole].any()
        return
    x01 = reference.image01(x)
    expected = np.ones(x01.shape) if background == "white" else behind(background, x01)
    expected = np.broadcast_to(expected, x01.shape)
    np.testing.assert_allclose(values[where], expected[where], rtol=0, atol=1e-11)


def test_missing_numbers_of_the_image_behind_are_black(rng):
    a, x = maps(rng, 1), image(rng, 3, "f8")
    x[1, :, 2, 3] = np.nan
    with pytest.raises(ValueError, match=message("`x` must be finite: x[1] holds 3 non-finite")):
        MaskVisualizer(background="blur").render(a, x)
    options = {"background": "blur", "nonfinite": "zero", "image_range": (0, 255)}
    visualizer = MaskVisualizer(masked_opacity=0, **options)
    np.testing.assert_array_equal(
        visualizer.render(a, x), visualizer.render(a, np.nan_to_num(x, nan=0.0))
    )


def test_a_blur_behind_something_else_is_refused(rng):
    a, x = maps(rng), image(rng)
    told = message("`background_blur` must be left out beside background='checker'", "got 3.0")
    with pytest.raises(ValueError, match=told):
        MaskVisualizer(background="checker", background_blur=3)
    with pytest.raises(ValueError, match=message("beside background='black'")):
        MaskVisualizer().render(a, x, background_blur=3)
    blurred = MaskVisualizer(background="blur", background_blur=3)
    np.testing.assert_array_equal(
        blurred.render(a, x, background="white"), MaskVisualizer(background="white").render(a, x)
    )
    with pytest.raises(ValueError, match=message("`background_blur` must be finite and >= 0")):
        MaskVisualizer(background="blur", background_blur=-1)
    assert MaskVisualizer(background="blur", background_blur=None).settings.background_blur == 10


@pytest.mark.kernels
@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("background", ["checker", "blur", "transparent"])
@pytest.mark.parametrize("opacity", ["threshold", "map"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 21), (33, 1027)])
def test_pictures_are_their_values_whatever_is_behind(rng, kind, background, opacity, shape):
    a = rng.standard_normal((2, 1, *shape)).astype(np.float32)
    x = (rng.random((2, 3, *shape)) * 255).astype(kind)
    fields = {"paint": "mask", "opacity": opacity, "image_range": (0, 255)}
    mask = plan(background=background, background_sigma=(2.0, 3.0), **fields)
    channels = 4 if background == "transparent" else 3
    values = np.empty((2, channels, *shape), np.float32)
    picture, alone = (np.empty((2, *shape, channels), np.uint8) for _ in range(2))
    assert render(mask, a, x, values, picture) is None
    assert render(mask, a, x, None, alone) is None
    np.testing.assert_array_equal(picture, alone)
    assert_picture(picture, values.astype(np.float64))
