"""NaN, infinity and masked values as missing ones: drawn as such, and never part of a scale."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import reference
from helpers import message, to_order
from PIL import Image

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer, render_files

pytestmark = pytest.mark.kernels

SHAPE = N, C, H, W = 3, 3, 12, 17
HOLE = np.s_[1, 4:6, 5:9]  # of the map: (item, rows, columns)
MODES = (
    "unsigned_max",
    "unsigned_max_positive_centered",
    "magnitude_max",
    "magnitude_sum",
    "signed_max",
    "signed_max_positive_centered",
    "signed_sum",
    "01",
    "unnormalized",
)


def holes(shape=(N, H, W)):
    where = np.zeros(shape, bool)
    where[HOLE] = True
    return where


def with_holes(rng, channels=1, low=-1.0, high=1.0, dtype=np.float32):
    a = rng.uniform(low, high, (N, channels, H, W)).astype(dtype)
    a[1, :, 4:6, 5:9] = np.nan
    a[1, 0, 5, 6] = -np.inf
    return a


def scaled_by_the_rest(a, mode):
    """The values of an item whose missing pixels are not there, normalized; NaN where missing."""
    result = np.full(a.shape, np.nan)
    for item, values in enumerate(a.astype(np.float64)):
        present = np.isfinite(values).all(axis=0)
        kept = reference.normalize(values[None, :, None, present], mode)[0, :, 0]
        result[item][:, present] = kept
    return result


@pytest.mark.parametrize("low", [-1.0, 230.0])
@pytest.mark.parametrize("mode", MODES)
def test_missing_values_set_no_scale(rng, dtype, mode, low):
    a = with_holes(rng, low=low, high=low + 24, dtype=dtype)
    expected = scaled_by_the_rest(a, mode)
    for nonfinite in ("zero", "transparent"):
        values = Visualizer(normalization_type=mode, nonfinite=nonfinite)(a, imshow=False)
        np.testing.assert_allclose(values[:, 0][~holes()], expected[:, 0][~holes()], rtol=1e-5)
    assert np.isnan(values[:, 0][holes()]).all()


def test_a_map_far_from_zero_is_drawn_over_its_own_range(rng):
    # 232 to 255 with one NaN was drawn from 0 on.
    a = np.linspace(232, 255, 24, dtype=np.float32).reshape(1, 1, 4, 6)
    complete = Visualizer(normalization_type="01").render(a)
    a[0, 0, 1, 2] = np.nan
    picture = Visualizer(normalization_type="01", nonfinite="zero").render(a)
    differs = (picture != complete).any(axis=-1)
    assert list(zip(*np.nonzero(differs), strict=True)) == [(0, 1, 2)]
    assert (picture[0, 1, 2] == complete[0, 0, 0]).all()  # zero lies below: the lowest colour


@pytest.mark.parametrize("blur", [0, 1.5])
@pytest.mark.parametrize("mode", MODES)
def test_zero_is_the_colour_of_zero(rng, mode, blur):
    a = with_holes(rng)
    options = {"normalization_type": mode, "blur": blur, "cmap": "jet"}
    picture = Visualizer(**options, nonfinite="zero").render(a)
    values = Visualizer(**options, nonfinite="zero")(a, imshow=False)
    assert picture.shape == (N, H, W, 3)
    limits = reference.color_limits(values, mode)
    zero = 0.5 if mode.endswith("centered") else 0.0
    if mode == "01":
        zero = values[1, 0, 4, 5]
        assert 0 < zero < 1
    assert (values[:, 0][holes()] == zero).all()
    index = int(min((zero - limits[1][0]) / (limits[1][1] - limits[1][0]) * 256, 255))
    color = (mpl.colormaps["jet"](np.arange(256))[index, :3] * 255).astype(np.uint8)
    assert (picture[holes()] == color).all()


@pytest.mark.parametrize("mode", MODES)
def test_transparent_shows_nothing_of_a_plain_map(rng, mode, dim_order):
    a = with_holes(rng)
    picture = Visualizer(
        normalization_type=mode, nonfinite="transparent", dim_order=dim_order
    ).render(to_order(a, dim_order))
    zero = Visualizer(normalization_type=mode, nonfinite="zero").render(a)
    assert picture.shape == (N, H, W, 4)
    assert (picture[holes()] == 0).all()
    assert (picture[~holes()][:, 3] == 255).all()
    np.testing.assert_array_equal(picture[~holes()][:, :3], zero[~holes()])


@pytest.mark.parametrize("channels", [3, 4])
def test_transparent_shows_nothing_of_a_map_in_colours(rng, channels):
    a = with_holes(rng, channels)
    a[2, 1, 0, 0] = np.nan
    picture = Visualizer(nonfinite="transparent").render(a)
    where = holes()
    where[2, 0, 0] = True
    assert picture.shape == (N, H, W, 4)
    assert (picture[where] == 0).all()
    plain = Visualizer(nonfinite="zero").render(a)
    np.testing.assert_array_equal(picture[~where][:, : plain.shape[-1]], plain[~where])
    if channels == 3:
        assert (picture[~where][:, 3] == 255).all()


def test_transparent_pictures_have_alpha_whether_or_not_something_is_missing(rng):
    a = rng.random((2, 1, 5, 6))
    picture = Visualizer(nonfinite="transparent").render(a)
    np.testing.assert_array_equal(picture[..., :3], Visualizer().render(a))
    assert (picture[..., 3] == 255).all()


def test_transparent_unnormalized_grey_bytes_are_rgba(rng):
    x = rng.integers(0, 256, (2, 1, 5, 6)).astype(np.uint8)
    options = {"normalization_type": "unnormalized", "nonfinite": "transparent"}
    picture = Visualizer(**options).render(x)
    np.testing.assert_array_equal(picture[..., :3], np.repeat(x.transpose(0, 2, 3, 1), 3, -1))
    assert (picture[..., 3] == 255).all()


@pytest.mark.parametrize("blur", [0, 2.0])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_transparent_leaves_the_image(rng, kind, channels, blur):
    a = with_holes(rng, 3)
    x = rng.uniform(0, 255, (N, channels, H, W)).astype(kind)
    picture = HeatmapVisualizer(0.7, blur=blur, nonfinite="transparent").render(a, x)
    bare = HeatmapVisualizer(0).render(a[:1].repeat(N, 0), x)
    zero = HeatmapVisualizer(0.7, blur=blur, nonfinite="zero").render(a, x)
    np.testing.assert_array_equal(picture[holes()], bare[holes()])
    np.testing.assert_array_equal(picture[~holes()], zero[~holes()])
    assert (zero[holes()] != bare[holes()]).any()


@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_transparent_is_masked(rng, use_map, positive, kind):
    a = with_holes(rng, low=-3, high=-1)  # zero would be the largest
    if positive:
        a = -a
    x = rng.uniform(1, 255, (N, 3, H, W)).astype(kind)
    visualizer = MaskVisualizer(
        0, 0.6, 0.25, True, use_map, positive, nonfinite="transparent", image_range=(0, 255)
    )
    values = visualizer(a, x, imshow=False, return_tiled=False)
    opacity = np.moveaxis(values / (x / 255.0), 1, -1)[..., 0]
    np.testing.assert_allclose(opacity[holes()], 0 if use_map else 0.25, atol=1e-6)
    for item in range(N):
        present = a[item, 0][~holes()[item]].astype(np.float64)
        if use_map:
            kept = (present - present.min()) / np.ptp(present)
            if positive:
                kept = (present - present.min()) / (present.max() - present.min())
        else:
            kept = np.where(present > np.percentile(present, 60), 1, 0.25)
        np.testing.assert_allclose(opacity[item][~holes()[item]], kept, atol=1e-5)
    picture = visualizer.render(a, x)
    expected = reference.to_bytes(255 * reference.channels_last(values.astype(np.float64)))
    assert np.abs(picture.astype(int) - expected).max() <= 1


def test_zero_takes_part_in_a_mask_as_zero_but_not_in_its_percentile(rng):
    a = np.arange(1, 41, dtype=np.float32).reshape(1, 1, 5, 8)
    a[0, 0, 0] = np.nan
    x = np.full((1, 3, 5, 8), 255, np.uint8)
    picture = MaskVisualizer(0, 0.5, 0, nonfinite="zero").render(a, x)[0, ..., 0]
    present = a[np.isfinite(a)]
    shown = np.nan_to_num(a[0, 0]) > np.percentile(present, 50)
    np.testing.assert_array_equal(picture, np.where(shown, 255, 0))


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("kind", ["u1", "f4"])
def test_zero_is_above_no_limit_where_negative_values_are_zero(kind, invert):
    """Also where the percentile lies between a negative value and a positive one."""
    a = np.array([-2, -1, 3, np.nan, np.nan, np.nan]).reshape(1, 1, 1, 6)
    x = np.full((1, 3, 1, 6), 255, kind)
    options = {"nonfinite": "zero", "image_range": (0, 255), "invert": invert}
    picture = MaskVisualizer(0, 0.9, 0, **options).render(a, x)[0, 0, :, 0]
    np.testing.assert_array_equal(picture == 255, (np.arange(6) == 2) != invert)


@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
@pytest.mark.parametrize("mode", MODES)
def test_a_map_with_nothing_there_is_all_zero_or_nothing(mode, nonfinite, rng):
    a = np.full((2, 1, 5, 6), np.nan)
    x = rng.integers(0, 256, (2, 3, 5, 6)).astype(np.uint8)
    picture = Visualizer(normalization_type=mode, nonfinite=nonfinite).render(a)
    overlay = HeatmapVisualizer(0.5, mode, 3, nonfinite=nonfinite).render(a, x)
    masked = MaskVisualizer(nonfinite=nonfinite, masked_opacity=0).render(a, x)
    assert not masked.any()
    if nonfinite == "transparent":
        assert not picture.any()
        np.testing.assert_array_equal(overlay, x.transpose(0, 2, 3, 1))
    else:
        zeros = np.zeros_like(a)
        np.testing.assert_array_equal(picture, Visualizer(normalization_type=mode).render(zeros))
        np.testing.assert_array_equal(overlay, HeatmapVisualizer(0.5, mode, 3).render(zeros, x))


def test_missing_pixels_count_as_zero_in_a_blur(rng, dtype):
    a = with_holes(rng, 2, dtype=dtype)
    a[2, 1, 0, 0] = np.nan  # of one channel: the mean of what is missing is missing
    where = holes()
    where[2, 0, 0] = True
    filled = np.where(where[:, None], 0, np.nan_to_num(a))
    mean = np.where(where[:, None], 0, np.nan_to_num(a).mean(axis=1, keepdims=True))
    blurred = reference.gaussian_blur(mean, 1.5)
    options = {"normalization_type": "unnormalized", "blur": 1.5}
    values = Visualizer(True, **options, nonfinite="transparent")(a, imshow=False)
    np.testing.assert_allclose(values[:, 0][~where], blurred[:, 0][~where], atol=3e-6)
    assert np.isnan(values[:, 0][where]).all()
    assert np.isfinite(filled).all()


def test_missing_numbers_of_an_image_are_zero_and_set_no_scale(rng, dim_order):
    x = rng.uniform(100, 200, (N, 3, H, W))
    x[1, 0, 2, 3], x[1, :, 4] = np.nan, np.inf
    a = rng.standard_normal((N, 1, H, W))
    where = ~np.isfinite(x)
    expected = np.empty(x.shape)
    for item in range(N):
        present = x[item][~where[item]]
        expected[item] = (np.where(where[item], 0, x[item]) - present.min()) / np.ptp(present)
    expected = reference.to_bytes(255 * reference.channels_last(np.clip(expected, 0, 1)))
    for nonfinite in ("zero", "transparent"):
        visualizer = HeatmapVisualizer(0, nonfinite=nonfinite, dim_order=dim_order)
        picture = visualizer.render(to_order(a, dim_order), to_order(x, dim_order))
        assert np.abs(picture.astype(int) - expected).max() <= 1
        assert not picture[reference.channels_last(where)].any()


def test_the_error_names_all_ways_out(rng):
    with pytest.raises(
        ValueError,
        match=message("attributions[1] holds 8 non-finite values", '"zero"', '"transparent"'),
    ):
        Visualizer().render(with_holes(rng))


def test_threads_change_no_bit(rng):
    a = rng.standard_normal((3, 3, 150, 170)).astype(np.float32)
    a[rng.random(a.shape) < 0.1] = np.nan
    x = rng.random(a.shape, np.float32)
    for cls in (HeatmapVisualizer, MaskVisualizer):
        visualizer = cls(nonfinite="transparent")
        one = visualizer.render(a, x, n_threads=1)
        for n_threads in (2, 3):
            np.testing.assert_array_equal(visualizer.render(a, x, n_threads=n_threads), one)


# --- masked arrays --------------------------------------------------------------------------------


def masked_twins(rng, dtype=np.float64):
    """A masked array and the same with NaN; what lies under the mask would set every scale."""
    a = rng.uniform(-9, 9, (N, 1, H, W)).astype(dtype)
    mask = holes()[:, None]
    a[mask] = 100
    nan = a.astype(np.float64 if dtype == np.float64 else np.float32)
    nan[mask] = np.nan
    return np.ma.masked_array(a, mask), nan


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int16, np.int64])
@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
def test_masked_values_are_missing(rng, dtype, nonfinite, dim_order):
    masked, nan = masked_twins(rng, dtype)
    if dim_order == "channels_last":
        masked, nan = (a.transpose(0, 2, 3, 1) for a in (masked, nan))
    assert isinstance(masked, np.ma.MaskedArray)
    x = to_order(rng.integers(0, 256, (N, 3, H, W)).astype(np.uint8), dim_order)
    options = {"nonfinite": nonfinite, "dim_order": dim_order}
    for visualizer, images in (
        (Visualizer(**options), ()),
        (HeatmapVisualizer(blur=1, **options), (x,)),
        (MaskVisualizer(blur=1, **options), (x,)),
    ):
        np.testing.assert_array_equal(
            visualizer.render(masked, *images), visualizer.render(nan, *images)
        )
    assert (masked.data[masked.mask] == 100).all()  # never modified


def test_masked_values_are_counted_by_the_error(rng):
    masked, _ = masked_twins(rng)
    told = message("[1] holds 8 non-finite values", "masked")
    for call in (
        Visualizer().render,
        Visualizer(),
        lambda a: HeatmapVisualizer().render(np.ones(a.shape), a),
        lambda a: hotcold.normalize(a, "01"),
        lambda a: hotcold.gaussian_blur(a, 1),
        lambda a: hotcold.percentile_mask(a, 0.5),
        lambda a: Visualizer().render(list(a)),
    ):
        with pytest.raises(ValueError, match=told):
            call(masked)


def test_lists_of_masked_arrays_keep_their_masks(rng):
    masked, nan = masked_twins(rng)
    visualizer = Visualizer(nonfinite="transparent")
    expected = visualizer.render(nan)
    np.testing.assert_array_equal(visualizer.render(list(masked)), expected)
    np.testing.assert_array_equal(visualizer.render([nan[0], *masked[1:]]), expected)


def test_a_tile_of_masked_values_holds_nan(rng):
    masked, nan = masked_twins(rng, np.int16)
    np.testing.assert_array_equal(hotcold.tile(masked), hotcold.tile(nan))


@pytest.mark.parametrize("kind", ["u1", "f4", "i8"])
@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
def test_masked_pixels_of_an_image_are_black_and_set_no_scale(rng, kind, nonfinite):
    x = rng.uniform(100, 200, (N, 3, H, W)).astype(kind)
    x[:, :, 0, :2] = 100, 200
    mask = np.zeros(x.shape, bool)
    mask[1, :, 3, 2:5] = True
    complete = HeatmapVisualizer(0).render(np.ones((N, 1, H, W)), x)
    x[mask] = 250
    masked = np.ma.masked_array(x, mask)
    picture = HeatmapVisualizer(0, nonfinite=nonfinite).render(np.ones((N, 1, H, W)), masked)
    where = mask[:, 0]
    assert not picture[where].any()
    assert np.abs(picture[~where].astype(int) - complete[~where]).max() <= (kind != "u1")


def test_a_masked_image_of_bytes_is_shown_as_it_is(rng):
    x = rng.integers(0, 256, (2, 3, 5, 6)).astype(np.uint8)
    masked = np.ma.masked_array(x, np.zeros(x.shape, bool))
    masked.mask[1, :, 2, 3] = True
    for channels in (1, 3):
        visualizer = Visualizer(normalization_type="unnormalized", nonfinite="transparent")
        picture = visualizer.render(masked[:, :channels])
        shown = np.repeat(x[:, :channels].transpose(0, 2, 3, 1), 3 // channels, -1)
        assert (picture[1, 2, 3] == 0).all()
        shown[1, 2, 3] = 0
        np.testing.assert_array_equal(picture[..., :3], shown)


def test_masked_values_that_are_no_real_numbers_are_refused():
    masked = np.ma.masked_array(np.ones((1, 1, 2, 2), complex), [[[[1, 0], [0, 0]]]])
    with pytest.raises(TypeError, match=message("must hold real numbers")):
        Visualizer().render(masked)


@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_jobs_take_masked_images(rng, tmp_path, batch_size):
    x = rng.integers(50, 200, (N, 3, H, W)).astype(np.uint8)
    masked = np.ma.masked_array(x, np.broadcast_to(holes()[:, None], x.shape))
    a = rng.standard_normal((N, 1, H, W))
    visualizer = HeatmapVisualizer(nonfinite="zero")
    job = {"output_dir": tmp_path, "batch_size": batch_size, "progress": False}
    render_files(visualizer, a, masked, **job)
    filled = visualizer.render(a, masked.filled(0))
    for path, expected in zip(sorted(tmp_path.glob("*.png")), filled, strict=True):
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), expected)


@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_jobs_take_masked_arrays(rng, tmp_path, batch_size):
    masked, nan = masked_twins(rng)
    visualizer = Visualizer(nonfinite="transparent")
    render_files(visualizer, masked, output_dir=tmp_path, batch_size=batch_size, progress=False)
    for path, expected in zip(sorted(tmp_path.glob("*.png")), visualizer.render(nan), strict=True):
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.asarray(image), expected)
