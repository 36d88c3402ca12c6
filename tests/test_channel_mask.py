"""ChannelMaskVisualizer: the pixels that drive a channel, from a model or from another object."""

from __future__ import annotations

import inspect
import pickle
import threading

import numpy as np
import pytest
from channel_masks import BLOCK, CHANNEL, LAYER, Stored, by_hand, values
from helpers import message, optional, parameters, read_picture, run_python, to_order

import hotcold
from hotcold import ChannelMaskVisualizer, MaskVisualizer
from hotcold.influence import (
    Cut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    PointDoi,
)

EMPTY = inspect.Parameter.empty
SHARED = {"dim_order": "channels_first", "tiler": None, "nonfinite": "raise", "n_threads": None}
CONSTRUCTOR = {
    "channel_axis": None,
    "agg_fn": None,
    "doi": None,
    "blur": None,
    "threshold": 0.5,
    "masked_opacity": 0.2,
    "combine_channels": True,
    "use_attr_as_opacity": None,
    "positive_only": None,
}
# Keyword-only options of the map.
MAP = {
    **dict.fromkeys(("combine", "sign", "clip_quantile", "clip_mass", "scale")),
    "threshold_by": "quantile",
    **{"contours": None, "contour_color": "white", "contour_width": 1},
    **{"boxes": None, "box_color": "white", "box_width": 2},
}
# Keyword-only options of the image.
IMAGE = {"channel_order": "rgb", "image_norm": None}
# Keyword-only options of masks, which calls take too.
MASKING = {
    "invert": False,
    "background": "black",
    "background_blur": 10.0,
}
CALL = dict.fromkeys(("blur", "threshold", "masked_opacity", "combine_channels"))


@pytest.fixture
def x(digits):
    return digits[0][:6]


@pytest.fixture
def shown(x):
    """What people see of the digits: bytes, not what the network takes."""
    return (255 - 200 * x).astype(np.uint8)


# --- signatures -----------------------------------------------------------------------------------


def test_constructor_signature_is_the_promised_one():
    positional = parameters(ChannelMaskVisualizer, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    expected = {"model": EMPTY, "layer": EMPTY, "channel": EMPTY, **CONSTRUCTOR}
    assert list(positional.items()) == list(expected.items())
    keywords = parameters(ChannelMaskVisualizer, inspect.Parameter.KEYWORD_ONLY)
    own = {"image_range": None, "batch_size": None, "compression": "default", "quality": None}
    assert keywords == {**SHARED, **MAP, **own, **IMAGE, **MASKING}


def test_from_influence_takes_the_same_settings():
    make = ChannelMaskVisualizer.from_influence
    positional = parameters(make, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    settings = list(CONSTRUCTOR.items())[3:]
    assert list(positional.items()) == [("influence", EMPTY), *settings]
    assert parameters(make, inspect.Parameter.KEYWORD_ONLY) == parameters(
        ChannelMaskVisualizer, inspect.Parameter.KEYWORD_ONLY
    )


def test_call_and_render_signatures_are_the_promised_ones():
    call, render = ChannelMaskVisualizer.__call__, ChannelMaskVisualizer.render
    positional = parameters(call, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    expected = {"x": EMPTY, "x_preprocessed": None, "output_file": None, **CALL}
    assert list(positional.items()) == list(expected.items())
    keywords = parameters(call, inspect.Parameter.KEYWORD_ONLY)
    overrides = dict.fromkeys({*MAP, *IMAGE, *MASKING})
    assert keywords == {"imshow": True, "fig": None, "return_tiled": False, **overrides}
    positional = parameters(render, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert list(positional.items()) == [("x", EMPTY), ("x_preprocessed", None)]
    keywords = parameters(render, inspect.Parameter.KEYWORD_ONLY)
    assert keywords == {"out": None, "n_threads": None, **overrides, **CALL}


def test_package_brings_no_framework():
    code = """
import sys, hotcold
hotcold.ChannelMaskVisualizer
assert "hotcold.influence" not in sys.modules and "torch" not in sys.modules
assert hotcold.influence.PointDoi() and "torch" not in sys.modules
"""
    run_python(code)


# --- the same as doing it by hand -----------------------------------------------------------------


def test_none_in_the_constructor_is_off(digits_cnn, x):
    a = by_hand(x, digits_cnn)
    assert (a < 0).any()
    mask = MaskVisualizer(0, 0.5, 0.2, True, False, False)
    np.testing.assert_array_equal(
        ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL).render(x), mask.render(a, x)
    )


@pytest.mark.parametrize(
    "options",
    [
        {"channel": [1, 5]},
        {"layer": 3},
        {"layer": Cut(LAYER, "in")},
        {"channel_axis": 2, "channel": 3},
        {"agg_fn": "max"},
        {"agg_fn": lambda y: (y * y).mean((1, 2))},
        {"doi": LinearDoi(0.5, 4)},
    ],
    ids="-".join,  # the names alone: a function's text has its address
)
def test_what_is_attributed_reaches_the_influence(digits_cnn, x, options):
    told = {"layer": LAYER, "channel": CHANNEL, **options}
    cut = told["layer"] if isinstance(told["layer"], Cut) else Cut(told["layer"])
    qoi = InternalChannelQoI(told["channel"], told.get("channel_axis"), told.get("agg_fn"))
    a = InternalInfluence(digits_cnn, cut, qoi, told.get("doi", PointDoi())).attributions(x)
    expected = MaskVisualizer(0, positive_only=False, use_attr_as_opacity=True).render(a, x)
    got = ChannelMaskVisualizer(digits_cnn, use_attr_as_opacity=True, **told).render(x)
    np.testing.assert_array_equal(got, expected)
    if options != {"layer": 3}:  # the same layer by its index
        plain = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, use_attr_as_opacity=True)
        assert (got != plain.render(x)).any()


@pytest.mark.parametrize(
    "options",
    [
        {"blur": 0.8},
        {"threshold": 0.9},
        {"masked_opacity": 0.6},
        {"use_attr_as_opacity": True},
        {"invert": True},
        {"background": "gray"},
        {"background": "transparent"},
        {"background": "blur", "background_blur": 3},
        {"threshold": "otsu"},
        {"threshold_by": "mass"},
        {"positive_only": True, "threshold": 0.1},
        {"image_range": (-1, 2)},
        {"batch_size": 4},
    ],
    ids=str,
)
def test_each_option_reaches_its_place(digits_cnn, x, options):
    a = by_hand(x, digits_cnn)
    off = {"blur": 0, "positive_only": False, **options}
    off.pop("batch_size", None)
    expected = values(MaskVisualizer(**off), a, x, return_tiled=False)
    shows = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, **options)
    if "batch_size" in options:  # the sums of other batches differ in the last bits
        assert (np.isclose(values(shows, x), expected, atol=1e-6)).mean() > 0.99
        return
    np.testing.assert_array_equal(values(shows, x), expected)
    np.testing.assert_array_equal(shows.render(x), MaskVisualizer(**off).render(a, x))
    assert (expected != values(ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL), x)).any()


@pytest.mark.parametrize(
    "override", [{"blur": 0.8}, {"threshold": 0.9}, {"masked_opacity": 0.6}], ids=str
)
def test_overrides_of_a_call_are_those_of_the_constructor(digits_cnn, x, override):
    plain = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL)
    set_so = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, **override)
    np.testing.assert_array_equal(plain.render(x, **override), set_so.render(x))
    np.testing.assert_array_equal(values(plain, x, **override), values(set_so, x))


def test_published_network_with_three_channels_not_combined(efficientnet, photo):
    visualizer = ChannelMaskVisualizer(
        efficientnet, BLOCK, 7, blur=4, threshold=0.9, combine_channels=False, positive_only=True
    )
    a = by_hand(photo, efficientnet, BLOCK, 7)
    expected = MaskVisualizer(4, 0.9, combine_channels=False).render(a, photo)
    np.testing.assert_array_equal(visualizer.render(photo), expected)
    combined = MaskVisualizer(4, 0.9).render(a, photo)
    np.testing.assert_array_equal(visualizer.render(photo, combine_channels=True), combined)
    assert (combined != expected).any()


# --- x, x_preprocessed, layouts -------------------------------------------------------------------


def test_model_sees_the_preprocessed_and_people_see_x(digits_cnn, x, shown):
    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL)
    expected = values(
        MaskVisualizer(0, positive_only=False), by_hand(x, digits_cnn), shown, return_tiled=False
    )
    got = values(visualizer, shown, x)
    np.testing.assert_array_equal(got, expected)
    assert got.dtype == np.float32
    assert (got != values(visualizer, shown)).any()


def test_layouts_give_the_same_pictures(efficientnet, photo, dim_order):
    settings = {"blur": 3, "threshold": 0.8}
    expected = ChannelMaskVisualizer(efficientnet, BLOCK, 7, **settings).render(photo)
    visualizer = ChannelMaskVisualizer(efficientnet, BLOCK, 7, **settings, dim_order=dim_order)
    given = to_order(photo, dim_order)
    grey = to_order((photo * 20 + 100).astype(np.uint8), dim_order)
    np.testing.assert_array_equal(visualizer.render(given), expected)
    assert values(visualizer, grey, given).shape == given.shape
    assert visualizer.render(grey, given).shape == (1, 224, 224, 3)


def test_tensors_and_other_inputs_of_the_model_are_taken(digits_cnn, x, shown):
    torch = optional("torch")
    expected = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL).render(shown, x)
    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL)
    tensor = torch.from_numpy(x).requires_grad_()
    np.testing.assert_array_equal(visualizer.render(torch.from_numpy(shown), tensor), expected)

    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = digits_cnn

        def forward(self, x, scale):
            return self.inner(x * scale)

    visualizer = ChannelMaskVisualizer(Scaled(), "inner." + LAYER, CHANNEL)
    inputs = (x, torch.ones(()))
    np.testing.assert_array_equal(visualizer.render(shown, inputs), expected)


def test_nothing_that_is_given_changes(digits_cnn, x, shown):
    before = x.copy(), shown.copy()
    ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, blur=1).render(shown, x)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(shown, before[1])


def test_nonfinite_is_refused_by_name_or_zero(digits_cnn, x, shown):
    bad = x.copy()
    bad[2, 0, 3, :2] = np.nan, np.inf
    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL)
    with pytest.raises(ValueError, match=message("x_preprocessed[2] holds 2 non-finite values")):
        visualizer.render(shown, bad)
    with pytest.raises(ValueError, match=message("x[2] holds 2 non-finite values")):
        visualizer.render(bad)
    clean = np.nan_to_num(bad, posinf=0)
    zero = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, nonfinite="zero")
    np.testing.assert_array_equal(zero.render(bad), visualizer.render(clean))
    np.testing.assert_array_equal(zero.render(shown, bad), visualizer.render(shown, clean))


# --- pictures, files, objects ---------------------------------------------------------------------


def test_call_render_and_file_show_the_same_pixels(digits_cnn, x, shown, tmp_path):
    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, threshold=0.7)
    visualizer(shown, x, tmp_path / "digits.png", imshow=False)
    sheet = read_picture(tmp_path / "digits.png")
    pictures = visualizer.render(shown, x)
    np.testing.assert_array_equal(sheet, hotcold.tile(pictures, dim_order="channels_last"))
    tiled = values(visualizer, shown, x, return_tiled=True)
    assert tiled.shape == (2 * 8, 3 * 8)
    np.testing.assert_array_equal(np.floor(255 * tiled.astype(float) + 0.5), sheet[..., 0])


def test_file_tells_the_channel(digits_cnn, x, tmp_path):
    from PIL import Image

    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, agg_fn="max")
    values(visualizer, x, output_file=tmp_path / "digits.png", threshold=0.9)
    with Image.open(tmp_path / "digits.png") as picture:
        described = picture.text["Description"]
    assert described.startswith(
        "ChannelMaskVisualizer(<SmallCnn>, 'features.3', 5, agg_fn='max', blur=0.0, threshold=0.9"
    )


def test_wrong_suffix_is_refused_before_the_model_runs(tmp_path, rng):
    stand_in = Stored(None)
    visualizer = ChannelMaskVisualizer.from_influence(stand_in)
    with pytest.raises(ValueError, match="suffix"):
        visualizer(rng.random((1, 1, 4, 4)), output_file=tmp_path / "a.xyz", imshow=False)
    assert stand_in.given == []


def test_repr_tells_what_is_not_a_default(digits_cnn):
    def strongest(y):
        return y.amax((1, 2))

    visualizer = ChannelMaskVisualizer(
        digits_cnn,
        Cut(LAYER, "in"),
        [1, 2],
        1,
        strongest,
        LinearDoi(resolution=3),
        dim_order="channels_last",
        batch_size=8,
    )
    told = repr(visualizer)
    assert "<SmallCnn>, Cut(layer='features.3', anchor='in'), (1, 2), channel_axis=1" in told
    assert "<locals>.strongest, doi=LinearDoi(baseline=None, resolution=3), blur=0.0" in told
    assert told.endswith("dim_order='channels_last', batch_size=8)")
    assert " at 0x" not in told
    other = repr(ChannelMaskVisualizer.from_influence(Stored(None)))
    assert other.startswith("ChannelMaskVisualizer.from_influence(<Stored>, blur=0.0")


def test_pickled_visualizer_draws_the_same(digits_cnn, x):
    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, blur=1, batch_size=3)
    twin = pickle.loads(pickle.dumps(visualizer))
    np.testing.assert_array_equal(twin.render(x), visualizer.render(x))
    assert repr(twin) == repr(visualizer)


def test_threads_may_share_one_visualizer(digits_cnn, x):
    visualizer = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, blur=1)
    expected = visualizer.render(x)
    pictures = [None] * 4

    def work(i):
        pictures[i] = [visualizer.render(x) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((picture == expected).all() for some in pictures for picture in some)
    assert not digits_cnn.training
    assert not any(module._forward_hooks for module in digits_cnn.modules())
