"""What becomes of masked pixels, and which they are, beyond the defaults of MaskVisualizer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import reference
from core_calls import plan, render
from helpers import from_order, to_order

from hotcold import MaskVisualizer

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
@pytest.mark.parametrize("opacity", ["percentile", "map"])
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
