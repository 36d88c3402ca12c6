"""What the module that these classes follow got wrong: one test for each known defect."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import read_picture

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Tiler, Visualizer


@pytest.mark.parametrize("mode", ["magnitude_sum", "signed_sum"])
def test_sum_modes_normalize_each_channel_on_its_own(rng, mode):
    a = rng.standard_normal((2, 3, 5, 6))
    a[:, 1] *= 1000
    total = np.abs(hotcold.normalize(a, mode)).sum(axis=(2, 3))
    np.testing.assert_allclose(total, 1.0 if mode == "magnitude_sum" else 2.0)


@pytest.mark.parametrize("mode", ["unsigned_max", "magnitude_max", "signed_max", "01"])
def test_max_modes_take_one_maximum_over_the_channels(rng, mode):
    a = rng.uniform(-1, 1, (2, 3, 5, 6))
    a[:, 1] *= 1000
    top = np.abs(hotcold.normalize(a, mode)).max(axis=(0, 2, 3))
    assert top[1] == 1
    if mode != "01":
        assert top[0] < 0.01


def test_blur_does_not_cross_channels_or_items():
    a = np.zeros((3, 3, 9, 9))
    a[1, 1] = 1
    np.testing.assert_allclose(hotcold.gaussian_blur(a, 4), a, atol=1e-12)


def test_integer_input_is_not_truncated():
    a = np.zeros((1, 1, 9, 9), np.int32)
    a[0, 0, 4, 4] = 1
    assert Visualizer(blur=1, normalization_type="unnormalized")(a, imshow=False).max() < 0.5


def test_callers_arrays_are_not_overwritten(rng):
    a, x = rng.standard_normal((2, 2, 3, 9, 9))
    before = a.copy(), x.copy()
    Visualizer(blur=2)(a, imshow=False)
    HeatmapVisualizer()(a, x, imshow=False)
    MaskVisualizer()(a, x, imshow=False)
    np.testing.assert_array_equal((a, x), before)


def test_division_is_exact_so_tiny_maps_do_not_fade():
    a = np.array([-4e-30, 2e-30, 0, 8e-30]).reshape(1, 1, 2, 2)
    np.testing.assert_allclose(
        hotcold.normalize(a, "unsigned_max").ravel(), [-0.5, 0.25, 0, 1], rtol=1e-15
    )


def test_float16_zeros_are_zeros_not_nan(mode):
    values = hotcold.normalize(np.zeros((1, 2, 3, 3), np.float16), mode)
    assert (values == (0.5 if mode.endswith("centered") else 0)).all()


def test_image_channels_are_not_stretched_one_by_one():
    x = np.zeros((1, 3, 1, 2), np.float32)
    x[0, 0, 0, 1], x[0, 2, 0, 1] = 1.0, 0.2  # mostly red
    picture = HeatmapVisualizer(0).render(np.ones((1, 1, 1, 2)), x)
    np.testing.assert_array_equal(picture[0, 0, 1], [255, 0, 51])


def test_colour_limits_do_not_stretch_and_zero_is_centred():
    a = np.array([0.0, 0.5, 1.0]).reshape(1, 1, 1, 3)  # nothing negative on screen
    visualizer = Visualizer()
    np.testing.assert_array_equal(visualizer.render(a)[0, 0, 0], [10, 0, 0])
    b = np.array([-4.0, 0.5, 1.0]).reshape(1, 1, 1, 3)
    both = np.concatenate([a, b])
    np.testing.assert_array_equal(visualizer.render(both)[0], visualizer.render(a)[0])


def test_cmap_none_follows_the_mode():
    a = np.array([0.0, 1.0]).reshape(1, 1, 1, 2)
    assert (Visualizer(normalization_type="01").render(a)[0, 0, 0] == [10, 0, 0]).all()
    assert (Visualizer(normalization_type="signed_max").render(-a)[0, 0, 1] == [0, 255, 255]).all()


@pytest.mark.parametrize("option", ["positive_only", "use_attr_as_opacity"])
def test_constructor_flags_work(rng, option):
    a, x = rng.standard_normal((2, 1, 3, 20, 20))
    value = option == "use_attr_as_opacity"
    changed = MaskVisualizer(blur=0, threshold=0.2, **{option: value}).render(a, x)
    assert (changed != MaskVisualizer(blur=0, threshold=0.2).render(a, x)).any()


def test_fig_is_used_and_not_the_current_figure(rng):
    plt.switch_backend("agg")  # whatever backend another test's figures were of
    current, mine = plt.figure(), plt.figure()
    plt.figure(current.number)
    Visualizer()(rng.standard_normal((1, 1, 5, 5)), fig=mine)
    assert [len(figure.axes) for figure in (current, mine)] == [0, 1]
    plt.close("all")


def test_no_figure_leaks_with_imshow(rng):
    for _ in range(3):
        Visualizer()(rng.standard_normal((1, 1, 5, 5)), imshow=True)
    assert plt.get_fignums() == []


def test_masks_are_saved_without_being_shown(rng, tmp_path):
    a, x = rng.standard_normal((2, 1, 3, 20, 20))
    MaskVisualizer()(a, x, output_file=tmp_path / "mask.png", imshow=False)
    assert read_picture(tmp_path / "mask.png").shape == (20, 20, 3)


def test_files_have_no_margins_and_are_not_resampled(rng, tmp_path):
    a = rng.standard_normal((6, 1, 11, 7))
    Visualizer()(a, output_file=tmp_path / "maps.png", imshow=False)
    picture = read_picture(tmp_path / "maps.png")
    assert picture.shape == (2 * 11, 3 * 7, 3)
    np.testing.assert_array_equal(picture[:11, :7], Visualizer().render(a)[0])


@pytest.mark.parametrize("shape", [(4, 3, 1, 5), (4, 3, 5, 1), (4, 1, 1, 1)])
def test_tiling_keeps_heights_and_widths_of_one(shape):
    tiled = Tiler().tile(np.ones(shape))
    expected = (2 * shape[2], 2 * shape[3]) + ((shape[1],) if shape[1] > 1 else ())
    assert tiled.shape == expected


@pytest.mark.parametrize("kind", ["u1", "f2", "f4", "i8"])
def test_tiles_keep_their_dtype(kind):
    assert Tiler(padding=1).tile(np.ones((3, 1, 2, 2), kind)).dtype == kind


def test_unknown_mode_raises_value_error():
    with pytest.raises(ValueError, match="`normalization_type` must be one of"):
        Visualizer(normalization_type="maximum")


def test_empty_batch_raises_value_error():
    for call in (Visualizer().render, Visualizer(), Tiler().tile):
        with pytest.raises(ValueError, match="must have no empty axis"):
            call(np.empty((0, 1, 5, 5)))
