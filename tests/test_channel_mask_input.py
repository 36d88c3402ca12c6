"""ChannelMaskVisualizer on other objects than a model, and on bad input."""

from __future__ import annotations

import numpy as np
import pytest
from channel_masks import BLOCK, CHANNEL, LAYER, Stored, by_hand
from helpers import message, optional, to_order

from hotcold import ChannelMaskVisualizer, MaskVisualizer
from hotcold.influence import (
    InternalChannelQoI,
    InternalInfluence,
    OutputCut,
    PointDoi,
)


@pytest.fixture
def x(digits):
    return digits[0][:6]


@pytest.fixture
def shown(x):
    """What people see of the digits: bytes, not what the network takes."""
    return (255 - 200 * x).astype(np.uint8)


# --- other objects --------------------------------------------------------------------------------


def test_any_object_with_attributions_stands_in(digits_cnn, x, shown):
    a = by_hand(x, digits_cnn)
    stand_in = Stored(a)
    visualizer = ChannelMaskVisualizer.from_influence(stand_in, blur=0.7, threshold=0.8)
    expected = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL, blur=0.7, threshold=0.8)
    np.testing.assert_array_equal(visualizer.render(shown, x), expected.render(shown, x))
    visualizer.render(shown)
    (first, options), (second, _) = stand_in.given
    assert first is x
    assert second is shown
    assert options == {}


def test_object_gets_the_array_in_its_own_layout_and_answers_in_it(rng):
    x = rng.random((2, 5, 6, 3), np.float32)
    a = rng.standard_normal(x.shape)
    stand_in = Stored(a)
    visualizer = ChannelMaskVisualizer.from_influence(
        stand_in, dim_order="channels_last", batch_size=2
    )
    expected = MaskVisualizer(0, positive_only=False, dim_order="channels_last").render(a, x)
    np.testing.assert_array_equal(visualizer.render(x), expected)
    assert stand_in.given[0][0] is x
    assert stand_in.given[0][1] == {"batch_size": 2}


def test_influence_of_ours_stands_in_too(digits_cnn, x):
    influence = InternalInfluence(digits_cnn, LAYER, InternalChannelQoI(CHANNEL), PointDoi())
    visualizer = ChannelMaskVisualizer.from_influence(influence, batch_size=100)
    expected = ChannelMaskVisualizer(digits_cnn, LAYER, CHANNEL).render(x)
    np.testing.assert_array_equal(visualizer.render(x), expected)


def test_captum_stands_in(efficientnet, photo):
    captum, torch = optional("captum.attr"), optional("torch")

    class Neuron:
        def attributions(self, x):
            method = captum.NeuronGradient(efficientnet, efficientnet._blocks[4])
            return method.attribute(x, lambda y: y[:, 7].sum((1, 2))) * x

    x = torch.from_numpy(photo).requires_grad_()
    got = ChannelMaskVisualizer.from_influence(Neuron(), use_attr_as_opacity=True).render(x)
    ours = ChannelMaskVisualizer(efficientnet, BLOCK, 7, use_attr_as_opacity=True).render(photo)
    assert np.abs(got.astype(int) - ours).max() <= 1


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "parts"),
    [
        (("features.33", 0), ValueError, ("no layer 'features.33'", "features.3")),
        ((99, 0), IndexError, ("layer index 99", "8 leaf layers")),
        ((None, 0), TypeError, ("`layer` must be a layer's name or index", "NoneType")),
        ((LAYER, "5"), TypeError, ("`channel` must be an integer", "str")),
        ((LAYER, 0, 0), ValueError, ("`channel_axis` must not be 0",)),
        ((LAYER, 0, None, "median"), ValueError, ("`agg_fn` must be", "'max'", "'median'")),
        ((LAYER, 0, None, None, "line"), TypeError, ("`doi` must be PointDoi()",)),
        ((LAYER, 0, None, None, None, -1), ValueError, ("`blur` must be", "-1")),
        ((LAYER, 0, None, None, None, 0, 1.5), ValueError, ("`threshold`", "1.5")),
        ((LAYER, 0, None, None, None, 0, 0.5, 2), ValueError, ("`masked_opacity`", "2")),
    ],
    ids=str,
)
def test_constructor_refuses(digits_cnn, arguments, error, parts):
    with pytest.raises(error, match=message(*parts)):
        ChannelMaskVisualizer(digits_cnn, *arguments)


def test_channel_out_of_range_names_the_count(digits_cnn, x):
    with pytest.raises(IndexError, match=message("channel 16", "16 channels")):
        ChannelMaskVisualizer(digits_cnn, LAYER, 16).render(x)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5])
def test_batch_size_out_of_range_is_refused(digits_cnn, batch_size):
    for make in (
        lambda **kw: ChannelMaskVisualizer(digits_cnn, LAYER, 0, **kw),
        lambda **kw: ChannelMaskVisualizer.from_influence(Stored(None), **kw),
    ):
        with pytest.raises((ValueError, TypeError), match="`batch_size` must be"):
            make(batch_size=batch_size)


@pytest.mark.parametrize("shape", [(5, 1, 8, 8), (6, 1, 9, 8), (6, 1, 8, 9)])
def test_preprocessed_of_other_items_or_larger_is_refused(digits_cnn, shown, dim_order, shape):
    n, _, h, w = shape
    parts = ("`x_preprocessed` must have the items of `x`", "(6, 8, 8)", f"got ({n}, {h}, {w})")
    for visualizer in (
        ChannelMaskVisualizer(digits_cnn, LAYER, 0, dim_order=dim_order),
        ChannelMaskVisualizer.from_influence(Stored(None), dim_order=dim_order),
    ):
        with pytest.raises(ValueError, match=message(*parts)):
            visualizer.render(to_order(shown, dim_order), to_order(np.zeros(shape), dim_order))


@pytest.mark.parametrize("size", [(8, 8), (8, 5), (4, 4)])
def test_preprocessed_may_be_smaller_and_of_other_channels(rng, dim_order, size):
    """The maps are enlarged to the picture, as `MaskVisualizer(upsample="bilinear")` does."""
    from influence_networks import torch

    model = torch.nn.Sequential(torch.nn.Conv2d(5, 3, 3), torch.nn.Tanh())
    pictures, small = rng.random((2, 3, 8, 8)), rng.normal(size=(2, 5, *size))
    maps = by_hand(small, model, "1", 2)
    options = {"blur": 1.5, "threshold": 0.7, "positive_only": False, "dim_order": dim_order}
    expected = MaskVisualizer(upsample="bilinear", **options).render(
        to_order(maps, dim_order), to_order(pictures, dim_order)
    )
    own = ChannelMaskVisualizer(model, "1", 2, **options)
    stored = ChannelMaskVisualizer.from_influence(Stored(to_order(maps, dim_order)), **options)
    for visualizer in (own, stored):
        for given in (to_order(small, dim_order), (to_order(small, dim_order),)):
            got = visualizer.render(to_order(pictures, dim_order), given)
            np.testing.assert_array_equal(got, expected)


def test_preprocessed_of_other_channels_that_stay_apart_is_refused(rng):
    visualizer = ChannelMaskVisualizer.from_influence(
        Stored(np.zeros((2, 5, 4, 4))), combine_channels=False
    )
    with pytest.raises(ValueError, match=message("must have the 3 channels of `x`", "got 5")):
        visualizer.render(rng.random((2, 3, 8, 8)), np.zeros((2, 5, 4, 4)))


def test_preprocessed_may_name_the_models_inputs(rng):
    from influence_networks import torch

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, *, pixel_values, scale):
            return self.conv(pixel_values) * scale

    model, x = Named(), rng.random((2, 3, 8, 8)).astype(np.float32)
    plain = ChannelMaskVisualizer(model.conv, OutputCut(), 1).render(x)
    visualizer = ChannelMaskVisualizer(model, OutputCut(), 1)
    np.testing.assert_array_equal(visualizer.render(x, {"pixel_values": x, "scale": 2.0}), plain)


@pytest.mark.parametrize("shape", [(2, 3, 7, 7), (2, 1, 14, 14), (3, 14, 14), ()])
def test_attributions_of_another_shape_are_refused(rng, shape):
    visualizer = ChannelMaskVisualizer.from_influence(Stored(np.zeros(shape)))
    parts = ("Stored.attributions(x)", "shape of `x`, (2, 3, 14, 14)", f"got {shape}")
    with pytest.raises(ValueError, match=message(*parts)):
        visualizer.render(rng.random((2, 3, 14, 14)))


def test_attributions_that_are_not_finite_are_refused(rng):
    a = np.zeros((2, 1, 5, 5))
    a[1, 0, 2] = np.nan
    visualizer = ChannelMaskVisualizer.from_influence(Stored(a))
    with pytest.raises(ValueError, match=message("attributions[1] holds 5 non-finite")):
        visualizer.render(rng.random((2, 1, 5, 5)))


def test_images_that_cannot_be_shown_are_refused_before_the_model_runs(rng):
    stand_in = Stored(None)
    visualizer = ChannelMaskVisualizer.from_influence(stand_in)
    with pytest.raises(ValueError, match=message("`x` must have 1, 3 or 4 channels")):
        visualizer.render(rng.random((1, 5, 4, 3)))
    with pytest.raises(TypeError, match=message("`x` must hold real numbers")):
        visualizer.render(np.zeros((1, 1, 4, 4), complex))
    assert stand_in.given == []


def test_what_is_no_influence_is_refused(digits_cnn):
    for thing, told in ((digits_cnn, "SmallCnn"), (Stored, "the class Stored"), (None, "NoneType")):
        with pytest.raises(TypeError, match=message("method `attributions(x)`", told)):
            ChannelMaskVisualizer.from_influence(thing)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=message("got Stored", "from_influence")):
        ChannelMaskVisualizer(Stored(None), "layer", 0)
    with pytest.raises(
        TypeError,
        match=message(
            "must be a keras.Model, a torch.nn.Module, a flax module or a JAX function, got dict"
        ),
    ):
        ChannelMaskVisualizer({}, "layer", 0)
