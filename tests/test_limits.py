"""`limits=`: the attributions at both ends of the colours, the same for all items."""

from __future__ import annotations

import copy
import sys

import numpy as np
import pytest
import reference
from helpers import message

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer

LIMITS = (-0.5, 2.0)


@pytest.fixture
def maps(rng):
    return (3 * rng.standard_normal((4, 1, 12, 14))).astype(np.float32)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("limits", [LIMITS, (1.0, 1.5), (-40.0, 40.0)])
def test_colours_lie_between_the_limits(maps, limits, dtype):
    maps = maps.astype(dtype)
    picture = Visualizer(limits=limits, cmap="viridis").render(maps)
    each = [limits] * len(maps)
    expected = reference.colors(maps, "unnormalized", "viridis", each, bytes=True)
    differs = (picture != expected).any(axis=-1)
    assert not (differs & ~reference.near_table_edge(maps, each, 256)).any()


def test_an_item_looks_the_same_whatever_is_beside_it(maps):
    show = Visualizer(limits=LIMITS)
    batch = show.render(maps)
    for i in range(len(maps)):
        np.testing.assert_array_equal(show.render(maps[i : i + 1])[0], batch[i])


def test_values_are_the_map_as_it_is(maps):
    np.testing.assert_array_equal(Visualizer(limits=LIMITS)(maps, imshow=False), maps)


@pytest.mark.kernels
def test_values_beyond_have_the_colours_of_the_ends():
    show = Visualizer(limits=(0, 1), cmap="viridis")
    ends = show.render(np.array([[[[0.0, 1.0]]]]))
    np.testing.assert_array_equal(show.render(np.array([[[[-9.0, 1e30]]]])), ends)


@pytest.mark.kernels
def test_over_images(maps, rng):
    x = rng.random((4, 3, 12, 14), np.float32)
    given = HeatmapVisualizer(limits=LIMITS, blur=0, overlay_opacity=1).render(maps, x)
    expected = Visualizer(limits=LIMITS, cmap="jet").render(maps)
    assert np.abs(given.astype(int) - expected).max() <= 1  # half levels are rounded up


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_of_images_they_are_black_and_white(rng, dtype):
    image = rng.integers(0, 256, (2, 3, 6, 7)).astype(dtype)
    picture = Visualizer(limits=(50, 100)).render(image)
    expected = 255 * np.clip((image.astype(np.float64) - 50) / 50, 0, 1)
    assert np.abs(np.moveaxis(picture, -1, 1) - expected).max() <= 0.5 + 1e-3


def test_calls_take_other_limits(maps, rng):
    x = rng.random((4, 1, 12, 14), np.float32)
    for show, arrays in ((Visualizer(), (maps,)), (HeatmapVisualizer(), (maps, x))):
        made = type(show)(limits=LIMITS)
        np.testing.assert_array_equal(made.render(*arrays), show.render(*arrays, limits=LIMITS))
        np.testing.assert_array_equal(
            made(*arrays, imshow=False), show(*arrays, imshow=False, limits=LIMITS)
        )
        np.testing.assert_array_equal(
            type(show)(limits=(0, 1)).render(*arrays, limits=LIMITS), made.render(*arrays)
        )


def test_unnormalized_may_be_said_too(maps):
    named = Visualizer(normalization_type="unnormalized", limits=LIMITS)
    np.testing.assert_array_equal(named.render(maps), Visualizer(limits=LIMITS).render(maps))


@pytest.mark.parametrize("cls", [Visualizer, HeatmapVisualizer])
def test_another_mode_beside_limits_is_refused(cls, maps):
    rule = message(
        "`normalization_type` must be None or 'unnormalized' beside limits=(-0.5, 2.0), got '01'"
    )
    arrays = (maps,) if cls is Visualizer else (maps, maps)
    with pytest.raises(ValueError, match=rule):
        cls(normalization_type="01", limits=LIMITS)
    with pytest.raises(ValueError, match=rule):
        cls(normalization_type="01").render(*arrays, limits=LIMITS)
    with pytest.raises(ValueError, match=rule):
        cls(limits=LIMITS).render(*arrays, normalization_type="01")


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ((1.0, 1.0), ValueError),
        ((2.0, 1.0), ValueError),
        ((0.0, np.inf), ValueError),
        ((np.nan, 1.0), ValueError),
        (3.0, ValueError),
        ((1.0, 2.0, 3.0), ValueError),
        (("0", "1"), TypeError),
    ],
)
def test_what_are_no_limits(limits, error):
    rule = message("`limits` must be a pair (low, high) of finite numbers with low < high")
    with pytest.raises(error, match=rule):
        Visualizer(limits=limits)


def test_masks_have_none():
    with pytest.raises(TypeError, match=message("'limits'", "HeatmapVisualizer and Visualizer")):
        MaskVisualizer(limits=LIMITS)


def test_they_are_told(maps):
    show = HeatmapVisualizer(limits=LIMITS)
    assert "limits=(-0.5, 2.0)" in repr(show)
    assert show.describe()["limits"] == LIMITS
    assert show.settings.limits == LIMITS


def test_a_colour_bar_has_them(maps):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()
    Visualizer(limits=LIMITS)(maps, fig=axes)
    assert axes.images[0].get_clim() == LIMITS


def test_a_visualizer_with_other_options(maps):
    show = Visualizer(blur=2, limits=LIMITS)
    other = show.__replace__(limits=None)
    assert other == Visualizer(blur=2)
    assert show == Visualizer(blur=2, limits=LIMITS)
    with pytest.raises(TypeError, match="'colour'"):
        show.__replace__(colour="red")
    if sys.version_info >= (3, 13):
        assert copy.replace(show, blur=3) == Visualizer(blur=3, limits=LIMITS)


def test_jobs_draw_what_render_draws(maps, tmp_path):
    show = Visualizer(limits=LIMITS)
    for name, visualizer, limits in (("a", show, None), ("b", Visualizer(), LIMITS)):
        folder = tmp_path / name
        hotcold.render_files(
            visualizer, maps, output_dir=folder, container="npy", limits=limits, progress=False
        )
        np.testing.assert_array_equal(np.load(folder / "pictures.npy"), show.render(maps))


def test_a_generator_has_no_need_of_a_first_pass(maps, tmp_path):
    show = Visualizer(limits=LIMITS)
    hotcold.render_files(
        show, iter([maps[:3], maps[3:]]), output_dir=tmp_path, container="npy", progress=False
    )
    np.testing.assert_array_equal(np.load(tmp_path / "pictures.npy"), show.render(maps))


def test_jobs_of_masks_refuse_limits(maps, tmp_path):
    with pytest.raises(ValueError, match="`limits` must be None"):
        hotcold.render_files(
            MaskVisualizer(), maps, maps, output_dir=tmp_path, limits=LIMITS, progress=False
        )


@pytest.mark.parametrize("words", ["--limits -0.5,2", "--limits=-0.5,2", "--limits -0.5 2"])
def test_on_the_command_line(maps, tmp_path, words):
    from click.testing import CliRunner

    from hotcold.cli import main

    np.save(tmp_path / "maps.npy", maps)
    out = tmp_path / "out"
    args = [
        "render",
        str(tmp_path / "maps.npy"),
        "-o",
        str(out),
        "--container",
        "npy",
        *words.split(),
    ]
    done = CliRunner().invoke(main, [*args, *words.split()])
    assert done.exit_code == 0, done.output
    np.testing.assert_array_equal(
        np.load(out / "pictures.npy"), Visualizer(limits=LIMITS).render(maps)
    )


def test_the_command_line_refuses_what_is_no_pair(tmp_path):
    from click.testing import CliRunner

    from hotcold.cli import main

    np.save(tmp_path / "maps.npy", np.zeros((1, 1, 4, 4)))
    args = ["render", str(tmp_path / "maps.npy"), "-o", str(tmp_path / "out"), "--limits"]
    for words in (["2,1"], ["1,2,3"], ["a,b"], ["1"]):
        done = CliRunner().invoke(main, [*args, *words])
        assert done.exit_code != 0
        assert "limits" in done.output or "Got unexpected extra argument" in done.output


@pytest.mark.kernels
@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
def test_limits_of_channels_are_those_of_their_levels(rng, mode):
    maps = rng.standard_normal((2, 3, 14, 14))
    show = Visualizer(False, mode)
    if mode.endswith("_sum"):
        with pytest.raises(ValueError, match="one channel to have limits"):
            show.limits(maps)
        return
    low, high = (ends[:, None, None, None] for ends in show.limits(maps).T)
    shown = np.abs(maps) if mode == "magnitude_max" else maps
    if mode == "signed_max_positive_centered":
        share = 0.5 + 0.5 * np.where(maps < 0, -maps / low, maps / high)
    else:
        share = (shown - low) / (high - low)
    levels = 255 * np.clip(share, 0, 1)
    assert np.abs(np.moveaxis(show.render(maps), -1, 1) - levels).max() <= 0.5 + 1e-6
