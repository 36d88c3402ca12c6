"""HeatmapVisualizer(upsample=...): maps smaller than the image, enlarged in the core."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from core_calls import f4, plan, render
from helpers import message, optional, read_picture, to_order

from hotcold import HeatmapVisualizer, MaskVisualizer

pytestmark = pytest.mark.kernels

SIZES = [
    ((7, 7), (224, 224)),
    ((1, 1), (5, 6)),
    ((1, 4), (9, 4)),
    ((5, 3), (6, 4)),
    ((13, 17), (64, 33)),
    ((14, 9), (600, 9)),
    ((6, 8), (6, 8)),
]


KINDS = ("nearest", "bilinear", "bicubic")


def enlarged(a, size, n_threads=1, upsample="bilinear", **options):
    """Return what is computed for one channel per item when nothing but the size changes."""
    x = np.zeros((len(a), 1, *size), np.uint8)
    show = HeatmapVisualizer(
        normalization_type="unnormalized", blur=0, upsample=upsample, n_threads=n_threads
    )
    return show(a, x, imshow=False, **options)


def image(rng, size, n=2):
    return rng.integers(0, 256, (n, 3, *size)).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("small", "large"), SIZES)
def test_values_are_the_twins(rng, dtype, small, large, kind):
    a = rng.uniform(-1, 1, (2, 1, *small)).astype(dtype)
    got = enlarged(a, large, upsample=kind)
    assert got.dtype == dtype
    # A few roundings of values up to 1: 4 * 2^-24, and 4 * 2^-53.
    expected = reference.upsample(a, large, kind)
    # The cubic's weights are sums of terms up to 6.
    few = 32 if kind == "bicubic" else 4
    np.testing.assert_allclose(got, expected, rtol=0, atol=few * np.finfo(dtype).epsneg)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("small", "large"), SIZES)
def test_values_are_those_of_torch(rng, dtype, small, large, kind):
    torch = optional("torch")
    a = rng.uniform(-1, 1, (2, 1, *small)).astype(dtype)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(a),
        size=large,
        mode=kind,
        align_corners=None if kind == "nearest" else False,
    )
    # PyTorch computes positions in the map's own type: up to 600 pixels times its rounding.
    atol = 600 * np.finfo(dtype).eps
    np.testing.assert_allclose(enlarged(a, large, upsample=kind), expected, rtol=0, atol=atol)


def test_channels_are_combined_before_and_blurred_after(rng):
    a = rng.uniform(-1, 1, (2, 5, 7, 7))
    x = image(rng, (60, 50))
    show = HeatmapVisualizer(
        overlay_opacity=0.6, normalization_type="signed_max", blur=4, upsample="bilinear"
    )
    large = reference.upsample(reference.combined(a), (60, 50))
    expected = reference.map_values(large, "signed_max", combine=False, blur=4)
    np.testing.assert_allclose(show(a, x, imshow=False), expected, rtol=0, atol=1e-10)
    plain = HeatmapVisualizer(overlay_opacity=0.6, normalization_type="signed_max", blur=4)
    np.testing.assert_array_equal(show.render(a, x), plain.render(large, x))


@pytest.mark.parametrize("mode", ["unsigned_max", "unnormalized", "magnitude_sum"])
def test_pictures_are_those_of_maps_enlarged_before(rng, mode):
    a = rng.uniform(-1, 1, (3, 1, 7, 5)).astype(np.float32)
    x = rng.random((3, 4, 40, 31))
    show = HeatmapVisualizer(0.5, mode, 2, upsample="bilinear")
    large = reference.upsample(a, (40, 31))
    difference = show.render(a, x).astype(int) - HeatmapVisualizer(0.5, mode, 2).render(large, x)
    # Here in float64 for the images' sake; the table's edges may still fall either way.
    assert (np.abs(difference) > 1).mean() < 1e-3


def test_constant_maps_stay_constant_to_the_last_bit():
    for value in (0.1, -7.3, 1e-30, 3e38):
        a = np.full((1, 1, 5, 3), value, np.float32)
        assert (enlarged(a, (41, 30)) == a[0, 0, 0, 0]).all()


def test_largest_numbers_stay_finite_and_within_their_neighbours():
    a = np.array([[[[-3.4e38, 3.4e38], [3.4e38, -3.4e38]]]], np.float32)
    got = enlarged(a, (9, 9))
    assert np.isfinite(got).all()
    assert np.abs(got).max() <= np.float32(3.4e38)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_threads_change_no_bit(rng, count):
    a = rng.standard_normal((1, 3, 13, 11)).astype(np.float32)  # rows are shared out
    many = rng.standard_normal((5, 3, 13, 11)).astype(np.float32)  # items are
    for batch in (a, many):
        expected = enlarged(batch, (300, 280))
        np.testing.assert_array_equal(enlarged(batch, (300, 280), count), expected)
        np.testing.assert_array_equal(enlarged(batch[:1], (300, 280), count), expected[:1])


def test_layouts_and_files_agree(rng, dim_order, tmp_path):
    a, x = rng.standard_normal((2, 2, 7, 7)), image(rng, (28, 30))
    show = HeatmapVisualizer(blur=1, upsample="bilinear", dim_order=dim_order)
    expected = HeatmapVisualizer(blur=1, upsample="bilinear")
    args = to_order(a, dim_order), to_order(x, dim_order)
    np.testing.assert_array_equal(show.render(*args), expected.render(a, x))
    values = show(*args, output_file=tmp_path / "a.png", imshow=False)
    assert values.shape == ((2, 1, 28, 30) if dim_order == "channels_first" else (2, 28, 30, 1))
    sheet = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(sheet[:, :30], expected.render(a, x)[0])


def test_maps_of_the_images_size_are_drawn_as_without(rng):
    a, x = rng.standard_normal((2, 3, 28, 30)), image(rng, (28, 30))
    np.testing.assert_array_equal(
        HeatmapVisualizer(upsample="bilinear").render(a, x), HeatmapVisualizer().render(a, x)
    )


def test_nonfinite_values_are_found_in_small_maps(rng):
    a, x = rng.standard_normal((2, 1, 7, 7)), image(rng, (28, 28))
    a[1, 0, 2, 3] = np.nan
    with pytest.raises(ValueError, match=message("attributions[1] holds 1 non-finite value")):
        HeatmapVisualizer(upsample="bilinear").render(a, x)
    a = np.abs(a)
    for mode in ("unsigned_max", "magnitude_max"):
        zero, plain = (
            HeatmapVisualizer(1, mode, 0, upsample="bilinear", nonfinite=nonfinite)
            for nonfinite in ("zero", "raise")
        )
        hole = np.zeros((28, 28), bool)
        hole[8:12, 12:16] = True  # 4 x 4 pixels for each of the map
        picture, filled = zero.render(a, x), plain.render(np.nan_to_num(a), x)
        np.testing.assert_array_equal(picture[1, ~hole], filled[1, ~hole])
        assert (picture[1, hole] == plain.render(np.zeros_like(a), x)[0, 0, 0]).all()


# --- refused --------------------------------------------------------------------------------------


def test_off_by_default_and_told_of(rng):
    a, x = rng.standard_normal((2, 1, 7, 7)), image(rng, (28, 28))
    for visualizer in (HeatmapVisualizer(), MaskVisualizer()):
        with pytest.raises(
            ValueError, match=message("(2, 7, 7), got (2, 28, 28)", 'upsample="bilinear"')
        ):
            visualizer.render(a, x)
    assert "upsample" not in repr(HeatmapVisualizer())
    assert "upsample='bilinear'" in repr(HeatmapVisualizer(upsample="bilinear"))


@pytest.mark.parametrize("name", ["cubic", "Bilinear", True, 2])
def test_unknown_names_are_refused_and_known_ones_listed(name):
    with pytest.raises(
        ValueError, match=message("`upsample` must be one of 'nearest', 'bilinear', 'bicubic', got")
    ):
        HeatmapVisualizer(upsample=name)


@pytest.mark.parametrize("shape", [(2, 1, 29, 28), (2, 1, 7, 60), (1, 1, 7, 7)])
def test_larger_maps_and_other_counts_are_refused(rng, shape):
    with pytest.raises(ValueError, match=message("`x` must have the items", "no fewer rows")):
        HeatmapVisualizer(upsample="bilinear").render(np.ones(shape), image(rng, (28, 28)))


def test_extension_checks_for_itself():
    table = np.ones((2, 4))
    overlay = {"paint": "overlay", "reduction": "mean", "table": table}
    with pytest.raises(ValueError, match=message("`upsample` must be one of 'none', 'nearest'")):
        plan(upsample="cubic")
    for small in ((2, 3, 6, 6), (2, 3, 5, 7), (1, 3, 5, 6)):
        with pytest.raises(ValueError, match="no fewer rows and columns"):
            render(plan(**overlay, upsample="bilinear"), f4(small), f4())
    for shape in ((2, 1, 3, 4), (2, 1, 5, 6)):  # too small for the values at the image's size
        out = np.empty(shape, np.float32)
        call = plan(**overlay, upsample="bilinear"), f4((2, 3, 3, 4)), f4(), out
        if shape == (2, 1, 5, 6):
            assert render(*call) is None
        else:
            with pytest.raises(ValueError, match="`values`"):
                render(*call)


def test_masks_in_the_core_are_enlarged_too(rng):
    """No visualizer asks for it yet; the recipe allows it, so it must be right."""
    a = rng.standard_normal((2, 1, 4, 5)).astype(np.float32)
    x = image(rng, (20, 21))
    small = np.empty((2, 20, 21, 3), np.uint8)
    render(plan(paint="mask", image_range=(0, 255), upsample="bilinear"), a, x, picture=small)
    large = reference.upsample(a, (20, 21)).astype(np.float32)
    expected = MaskVisualizer(0, positive_only=False).render(large, x)
    assert (small != expected).mean() < 0.01


def test_bicubic_overshoot_of_the_largest_numbers_stays_finite(dtype):
    top = np.finfo(dtype).max
    a = np.array([-top, top, top, -top], dtype).reshape(1, 1, 1, 4)
    assert np.isfinite(enlarged(a, (3, 40), upsample="bicubic")).all()
