"""MaskVisualizer: which pixels are left, and what becomes of the others."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import reference
from helpers import from_order, to_order

from hotcold import MaskVisualizer

N, H, W = 4, 13, 17
DEFAULTS = {
    "combine": True,
    "blur": 5.0,
    "threshold": 0.5,
    "masked_opacity": 0.2,
    "use_attr_as_opacity": False,
    "positive_only": True,
}


def maps(rng, channels=3, dtype=np.float32):
    return rng.uniform(-1, 1, (N, channels, H, W)).astype(dtype)


def image(rng, channels=3, kind="f4"):
    if kind == "u1":
        return rng.integers(0, 256, (N, channels, H, W)).astype(np.uint8)
    return (rng.standard_normal((N, channels, H, W)) * 30 + 7).astype(kind)


def flat(visualizer, *arrays, **overrides):
    return visualizer(*arrays, imshow=False, return_tiled=False, **overrides)


@pytest.mark.parametrize(
    ("combine", "use_map", "positive", "channels"),
    [*itertools.product([False, True], [False, True], [False, True], [1, 3, 4])],
)
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_masked_image_is_the_twins(rng, kind, combine, use_map, positive, channels, dim_order):
    a, x = maps(rng, channels, np.float64), image(rng, channels, kind)
    visualizer = MaskVisualizer(
        1.3, 0.6, 0.15, combine, use_map, positive, dim_order=dim_order, image_range=None
    )
    opacity = reference.mask_opacity(
        a,
        combine=combine,
        blur=1.3,
        threshold=0.6,
        masked_opacity=0.15,
        use_attr_as_opacity=use_map,
        positive_only=positive,
    )
    expected = reference.masked(opacity, reference.image01(x))
    values = flat(visualizer, to_order(a, dim_order), to_order(x, dim_order))
    assert values.dtype == np.float64
    np.testing.assert_allclose(from_order(values, dim_order), expected, rtol=0, atol=1e-11)
    picture = visualizer.render(to_order(a, dim_order), to_order(x, dim_order))
    shown = 255 * reference.channels_last(expected)
    if channels == 1:
        shown = np.repeat(shown, 3, axis=-1)
    assert not ((picture != reference.to_bytes(shown)) & ~reference.near_tie(shown)).any()


def test_defaults_are_those_of_the_signature(rng):
    a, x = maps(rng, dtype=np.float64), image(rng, kind="u1")
    expected = reference.masked(reference.mask_opacity(a, **DEFAULTS), reference.image01(x))
    np.testing.assert_allclose(flat(MaskVisualizer(), a, x), expected, rtol=0, atol=1e-11)


def test_float32_masks_differ_from_float64_by_rounding_alone(rng):
    a, x = maps(rng), image(rng)
    single = flat(MaskVisualizer(use_attr_as_opacity=True), a, x)
    double = flat(MaskVisualizer(use_attr_as_opacity=True), a.astype("f8"), x.astype("f8"))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=0, atol=2e-4)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("combine", [False, True])
@pytest.mark.parametrize("use_map", [False, True])
def test_positive_only_unmasks_no_pixel_of_non_positive_attribution(
    rng, dtype, threshold, combine, use_map
):
    a = maps(rng, dtype=dtype)
    a[1] = -np.abs(a[1])  # nothing positive at all
    a[2] = np.where(rng.random(a[2].shape) < 0.9, 0, a[2])  # mostly zero
    x = np.ones_like(a)
    visualizer = MaskVisualizer(0, threshold, 0.0, combine, use_map, image_range=(0, 1))
    values = flat(visualizer, a, x)
    seen = a.mean(axis=1, keepdims=True) if combine else a
    assert not values[np.broadcast_to(seen <= 0, values.shape)].any()
    assert not values[1].any()


def test_without_positive_only_the_order_of_all_values_counts(rng):
    a = -np.abs(maps(rng)) - 1
    x = np.ones((N, 3, H, W), np.float32)
    values = flat(MaskVisualizer(0, 0.5, 0.0, positive_only=False, image_range=(0, 1)), a, x)
    assert values.mean() == pytest.approx(0.5, abs=0.01)
    assert not flat(MaskVisualizer(0, 0.5, 0.0, image_range=(0, 1)), a, x).any()


def test_attributions_as_opacity_ignore_threshold_and_floor(rng):
    a, x = maps(rng), image(rng)
    visualizer = MaskVisualizer(use_attr_as_opacity=True)
    np.testing.assert_array_equal(
        visualizer.render(a, x), visualizer.render(a, x, threshold=0.9, masked_opacity=0.7)
    )
    values = flat(visualizer, a, np.ones_like(a), combine_channels=True)
    assert values.max() == 1  # white stays white, also alone
    unblurred = MaskVisualizer(0, use_attr_as_opacity=True, image_range=(0, 1))
    values = flat(unblurred, a, np.ones_like(a))
    assert values.min() == 0
    assert (values.reshape(N, -1).max(axis=1) == 1).all()
    assert len(np.unique(values)) > 100


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_threshold_is_the_masked_fraction(rng, threshold):
    a = maps(rng, 1)
    visualizer = MaskVisualizer(0, threshold, 0.25, positive_only=False, image_range=(0, 1))
    values = flat(visualizer, a, np.ones((N, 3, H, W)))
    np.testing.assert_array_equal(np.unique(values), [0.25, 1])
    share = (values[:, 0].reshape(N, -1) < 1).mean(axis=1)
    np.testing.assert_allclose(share, threshold, atol=1.5 / (H * W))


def test_each_item_has_its_own_threshold(rng):
    a = maps(rng, 1) * np.array([1, 10, 100, 1000], np.float32).reshape(N, 1, 1, 1)
    x = image(rng)
    together = MaskVisualizer().render(a, x)
    alone = [MaskVisualizer().render(a[i : i + 1], x[i : i + 1]) for i in range(N)]
    np.testing.assert_array_equal(together, np.concatenate(alone))


@pytest.mark.parametrize("kind", ["u1", "f4"])
@pytest.mark.parametrize("use_map", [False, True])
def test_opacity_multiplies_alpha_alone(rng, kind, use_map):
    x = image(rng, 4, kind)
    a = maps(rng)
    visualizer = MaskVisualizer(use_attr_as_opacity=use_map)
    values, shown = flat(visualizer, a, x), reference.image01(x)
    np.testing.assert_allclose(values[:, :3], shown[:, :3], rtol=0, atol=1e-6)
    assert (values[:, 3] < shown[:, 3]).any()
    picture = visualizer.render(a, x)
    assert picture.shape == (N, H, W, 4)
    np.testing.assert_array_equal(
        picture[..., :3], reference.to_bytes(255 * reference.channels_last(values)[..., :3])
    )


@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_constant_maps_mask_everything(use_map, value):
    # Nothing lies above the percentile of a constant, and 01 of a constant is 0.
    x = np.full((2, 3, 5, 6), 100, np.uint8)
    picture = MaskVisualizer(use_attr_as_opacity=use_map).render(np.full(x.shape, value), x)
    assert (picture == (0 if use_map else 20)).all()


def test_masked_opacity_1_shows_the_image_and_0_hides_it(rng):
    a, x = maps(rng), image(rng, 3, "u1")
    shown = MaskVisualizer(masked_opacity=1).render(a, x)
    np.testing.assert_array_equal(shown, reference.channels_last(x))
    hidden = MaskVisualizer(threshold=1, masked_opacity=0).render(a, x)
    assert not hidden.any()


def test_grey_image_under_three_channel_attributions(rng):
    a, x = maps(rng), image(rng, 1, "u1")
    assert flat(MaskVisualizer(), a, x).shape == (N, 1, H, W)
    picture = MaskVisualizer().render(a, x)
    assert picture.shape == (N, H, W, 3)
    assert (picture == picture[..., :1]).all()
