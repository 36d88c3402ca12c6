"""What a visualizer keeps from one call to the next: recipes, by what they depend on."""

import copy
import itertools
import pickle
import sys

import numpy as np
import pytest

import hotcold
from hotcold.plan import RenderSpec

# Visualizers that are used again, and the channels of their attributions.
USED = {
    "plain": (hotcold.Visualizer(normalization_type="unnormalized"), (1, 3, 4)),
    "combined": (hotcold.Visualizer(combine="norm"), (1, 2, 5)),
    "heat": (hotcold.HeatmapVisualizer(blur=1), (1, 2, 5)),
    "faded": (hotcold.HeatmapVisualizer(blur=1, opacity="map", cmap=None), (1, 3)),
    "mask": (hotcold.MaskVisualizer(blur=1), (1, 2, 5)),
    "on white": (hotcold.MaskVisualizer(blur=1, background="white"), (1, 2)),
}


@pytest.mark.parametrize("which", USED)
def test_one_visualizer_draws_whatever_comes_as_a_new_one_does(which, rng):
    used, planes_of = USED[which]
    channels_of = (1, 3) if which == "on white" else (1, 3, 4)
    dtypes = (np.uint8, np.float32, bool, np.float64)
    looks = list(itertools.product(dtypes, channels_of, planes_of))
    for dtype, channels, planes in looks * 2:
        maps = (200 * rng.random((2, planes, 5, 6))).astype(np.float32)
        images = (200 * rng.random((2, channels, 5, 6))).astype(dtype)
        given = (maps, images) if used.takes_images else (maps.astype(dtype),)
        new = copy.copy(used)
        new._options = used._kind(**used.settings.__getstate__())
        np.testing.assert_array_equal(used.render(*given), new.render(*given))


def test_masked_bytes_after_bytes_and_numbers(rng):
    show = hotcold.Visualizer(normalization_type="unnormalized", nonfinite="zero")
    data = rng.integers(0, 99, (1, 1, 4, 4)).astype(np.uint8)
    masked = np.ma.MaskedArray(data, data > 50)
    as_first = hotcold.Visualizer(normalization_type="unnormalized", nonfinite="zero")
    expected = as_first.render(masked)
    show.render(data)
    show.render(data.astype(np.float32))
    np.testing.assert_array_equal(show.render(masked), expected)


def test_refused_again_after_a_call_that_was_right():
    maps, image = np.zeros((1, 3, 4, 4)), np.zeros((1, 3, 4, 4), np.uint8)
    mask = hotcold.MaskVisualizer(combine_channels=False)
    lines = hotcold.Visualizer(contours=0.5)
    for _ in range(2):
        mask.render(maps, image)
        with pytest.raises(ValueError, match="must have the 1 channels of `x`"):
            mask.render(maps, image[:, :1])
        lines.render(maps[:, :1])
        with pytest.raises(ValueError, match="unless maps have one channel, got 3"):
            lines.render(maps)


def test_a_call_with_other_options_leaves_no_trace(rng):
    maps, image = rng.normal(size=(1, 1, 8, 8)), np.zeros((1, 3, 8, 8), np.uint8)
    show = hotcold.HeatmapVisualizer(blur=2)
    before = show.render(maps, image)
    other = show.render(maps, image, blur=0)
    assert (before != other).any()
    np.testing.assert_array_equal(show.render(maps, image), before)
    np.testing.assert_array_equal(hotcold.HeatmapVisualizer(blur=0).render(maps, image), other)


def test_colormaps_without_end_are_not_all_kept(rng):
    mpl = pytest.importorskip("matplotlib")
    maps = rng.normal(size=(1, 1, 3, 3))
    name = "test_recipes"
    show = None
    try:
        for i in range(40):
            made = mpl.colors.ListedColormap(rng.random((5, 3)), name=name)
            mpl.colormaps.unregister(name)
            mpl.colormaps.register(made)
            show = show or hotcold.Visualizer(cmap=name)
            expected = hotcold.Visualizer(cmap=made).render(maps)
            np.testing.assert_array_equal(show.render(maps), expected, err_msg=str(i))
    finally:
        mpl.colormaps.unregister(name)
    assert 0 < len(show.settings.recipes) <= 8


def test_a_recipe_is_pickled_without_its_plan():
    spec = RenderSpec(sigma=(1.0, 2.0), paint="channels")
    assert spec.plan is spec.plan is RenderSpec(sigma=(1.0, 2.0), paint="channels").plan
    twin = pickle.loads(pickle.dumps(spec))
    assert twin == spec
    assert "plan" not in vars(twin)


def calls_of(work):
    """Count the functions, Python's and C's, that are called."""
    counted = 0

    def count(frame, event, arg):
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.skipif(sys.gettrace() is not None, reason="something else counts: coverage")
@pytest.mark.parametrize(
    ("show", "most"),
    [
        (hotcold.HeatmapVisualizer(), 55),
        (hotcold.MaskVisualizer(), 55),
        (hotcold.Visualizer(combine_channels=True), 42),
    ],
    ids=["heat", "mask", "plain"],
)
def test_a_second_call_is_short(show, most):
    # A small map is drawn in a few microseconds: what Python does before it is seen. Three times
    # as much went into a recipe for each call.
    maps, image = np.ones((1, 3, 32, 32), np.float32), np.zeros((1, 3, 32, 32), np.uint8)
    given = (maps, image) if show.takes_images else (maps,)
    show.render(*given)
    assert 10 < calls_of(lambda: show.render(*given)) <= most
