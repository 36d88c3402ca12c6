"""Where the quantity is read: names, indices, anchors, and layers that are awkward to read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from influence_networks import (
    Overwriting,
    Recurrent,
    Returning,
    SharedLayer,
    SideTracks,
    SmallCnn,
    SmoothNet,
    seeded,
    torch,
)

from hotcold.influence import (
    Cut,
    InputCut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    OutputCut,
    PointDoi,
)

nn = torch.nn


def gradient(model, cut, x, qoi=None):
    qoi = qoi or InternalChannelQoI(0)
    return InternalInfluence(model, cut, qoi, PointDoi(), False).attributions(x)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 3, 6, 6)).astype(np.float32)


def test_name_index_and_pair_mean_the_same_layer(digits_cnn, digits):
    x = digits[0][:2]
    expected = gradient(digits_cnn, (InputCut(), Cut("features.3")), x)
    assert expected.any()
    same = ["features.3", 3, np.int64(3), -5, Cut("features.3"), [InputCut(), 3]]
    for cuts in same:
        np.testing.assert_array_equal(gradient(digits_cnn, cuts, x), expected)


def test_index_counts_leaf_layers_in_definition_order():
    model = SmallCnn()
    model.blocks = nn.ModuleList([nn.Sequential()])  # a holder is no layer, an empty block is one
    names = ["features.0", "features.1", "features.2", "features.3", "features.4", "features.5"]
    names += ["dropout", "classifier", "blocks.0"]
    for i, name in enumerate(names):
        by_index = InternalInfluence(model, i, InternalChannelQoI(0), PointDoi())
        assert by_index.cuts[1].layer == i
        if name != "blocks.0":
            x = np.ones((1, 1, 8, 8))
            np.testing.assert_array_equal(gradient(model, i, x), gradient(model, name, x))
    with pytest.raises(ValueError, match=r"layer 8 \(Sequential\) was never called"):
        gradient(model, 8, np.ones((1, 1, 8, 8)))


@pytest.mark.parametrize("index", [8, -9])
def test_index_out_of_range_names_the_count(index):
    with pytest.raises(IndexError, match=rf"layer index {index} .* SmallCnn has 8 leaf layers"):
        InternalInfluence(SmallCnn(), Cut(index), InternalChannelQoI(0), PointDoi())


@pytest.mark.parametrize(
    ("name", "closest"),
    [("feature.3", "features.3"), ("clasifier", "classifier"), ("5", "features.5")],
)
def test_unknown_name_lists_the_closest(name, closest):
    with pytest.raises(ValueError, match=re.escape(f"has no layer {name!r}")) as caught:
        InternalInfluence(SmallCnn(), Cut(name), InternalChannelQoI(0), PointDoi())
    assert repr(closest) in str(caught.value)
    assert "hotcold.influence.layers(model)" in str(caught.value)


def test_shared_module_is_found_under_each_of_its_names(x):
    model = seeded(SmoothNet)
    model.alias = model.act
    np.testing.assert_array_equal(gradient(model, "alias", x), gradient(model, "act", x))


def test_layer_removed_after_construction_is_reported_in_the_call(x):
    model = seeded(SmoothNet)
    infl = InternalInfluence(model, "act", InternalChannelQoI(0), PointDoi())
    del model.act
    with pytest.raises(ValueError, match="has no layer 'act'"):
        infl.attributions(x)


def test_anchor_in_of_a_layer_is_the_output_of_the_one_before(x):
    model = seeded(SmoothNet)
    np.testing.assert_array_equal(
        gradient(model, Cut("act", "in"), x), gradient(model, Cut("conv"), x)
    )
    assert (gradient(model, Cut("act"), x) != gradient(model, Cut("conv"), x)).any()


def test_anchor_in_reads_keyword_arguments(x):
    class ByKeyword(nn.Module):
        def __init__(self):
            super().__init__()
            self.bilinear = nn.Bilinear(6, 6, 3)

        def forward(self, x):
            return self.bilinear(input1=x * 5, input2=x)

    np.testing.assert_array_equal(
        gradient(ByKeyword(), Cut("bilinear", "in"), x[:, 0, 0]),
        np.eye(6, dtype=np.float32)[[0, 0]] * 5,
    )


def test_layer_called_several_times_is_read_at_its_last_call():
    model = seeded(SharedLayer)
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    leaf = torch.from_numpy(x).requires_grad_()
    (expected,) = torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)
    np.testing.assert_allclose(gradient(model, "act", x), expected, rtol=1e-6)
    # The input of the last call has gone through the layer twice.
    once = torch.tanh(model.step(leaf))
    twice = torch.tanh(model.step(once))
    (expected,) = torch.autograd.grad(twice[:, 0].sum(), leaf)
    np.testing.assert_allclose(gradient(model, Cut("step", "in"), x), expected, rtol=1e-6)


@pytest.mark.parametrize("cut", [Cut("conv"), Cut("act", "in"), Cut("act")], ids=repr)
@pytest.mark.parametrize("doi", [PointDoi(), LinearDoi(resolution=3)], ids=repr)
def test_layer_overwritten_in_place_is_read_before_that(x, cut, doi):
    overwriting = seeded(Overwriting)
    plain = nn.Sequential(overwriting.conv, nn.ReLU())
    name = {"conv": "0", "act": "1"}[cut.layer]
    # A quantity whose gradient needs the value itself, not only the way to it.
    qoi = InternalChannelQoI(1, agg_fn=lambda y: (y**2).sum((1, 2)))
    got = InternalInfluence(overwriting, cut, qoi, doi).attributions(x)
    expected = InternalInfluence(plain, Cut(name, cut.anchor), qoi, doi).attributions(2 * x) * 2
    assert expected.any()
    np.testing.assert_allclose(got, expected / 2, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("how", "factor"), [("tuple", 2), ("none first", 3), ("list", 2), ("dict", 2)]
)
def test_first_tensor_of_a_sequence_and_only_tensor_of_a_mapping(x, how, factor):
    for cut in (OutputCut(), Cut("layer")):
        got = gradient(Returning(how), cut, x)
        assert (got[:, 0] == factor).all()
        assert not got[:, 1:].any()


def test_mapping_of_several_tensors_is_refused(x):
    for cut, place in ((OutputCut(), "the output of the model"), (Cut("layer"), "'layer'")):
        with pytest.raises(ValueError, match=rf"{place} is a mapping of 2 tensors \('a', 'b'\)"):
            gradient(Returning("two in a dict"), cut, x)


def test_output_without_a_tensor_is_refused(x):
    with pytest.raises(ValueError, match="output of layer 'layer' must hold a tensor, got str"):
        gradient(Returning("text"), "layer", x)


def test_recurrent_layer_has_its_channels_where_told():
    model = seeded(Recurrent)
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    leaf = torch.from_numpy(x).requires_grad_()
    y = model.lstm(leaf)[0]
    last, second = y[:, :, 4].sum(), y[:, 4].sum()
    for axis, q in ((2, last), (-1, last), (None, last), (1, second), (-2, second)):
        (expected,) = torch.autograd.grad(q, leaf, retain_graph=True)
        got = gradient(model, "lstm", x, InternalChannelQoI(4, channel_axis=axis))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)


def test_channels_last_image_tensor():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.move = nn.Identity()

        def forward(self, x):
            return self.move(x.permute(0, 2, 3, 1) * 4)

    got = gradient(Last(), "move", np.ones((2, 3, 5, 6)), InternalChannelQoI(2, channel_axis=3))
    assert (got[:, 2] == 4).all()
    assert not got[:, :2].any()


def test_layer_that_is_never_called_is_reported():
    with pytest.raises(ValueError, match=r"layer 'unused' \(Linear\) was never called .* SideTr"):
        gradient(SideTracks(), "unused", np.ones((2, 4)))


@pytest.mark.parametrize("name", ["constant", "detached"])
def test_cut_independent_of_the_input_is_reported(name):
    with pytest.raises(ValueError, match=f"output of layer '{name}' does not depend on the input"):
        gradient(SideTracks(), name, np.ones((2, 4)))


def test_layer_without_a_batch_axis_in_front_is_reported():
    model = nn.Sequential(nn.Flatten(0))
    with pytest.raises(ValueError, match=r"shape \(8,\), but the batch holds 2 items"):
        gradient(model, 0, np.ones((2, 4)))


def test_published_network_reads_a_shared_activation_at_its_last_call(efficientnet, photo):
    # Each block calls one ReLU6 twice; the last call follows the depthwise convolution.
    got = gradient(efficientnet, "_blocks.1._swish", photo)
    y = gradient(efficientnet, Cut("_blocks.1._project_conv", "in"), photo)
    np.testing.assert_array_equal(got, y)
    assert got.any()


@pytest.mark.parametrize(
    ("cuts", "error", "message"),
    [
        ((InputCut(),), ValueError, "must be a pair .* got 1 elements"),
        (
            (OutputCut(), Cut("conv")),
            ValueError,
            r"must start at InputCut\(\) or at a Cut, got Out",
        ),
        ((InputCut(), InputCut()), ValueError, "must end at a layer or at OutputCut"),
        (InputCut(), ValueError, "must end at a layer or at OutputCut"),
        ((InputCut(), 1.5), TypeError, "must end at a Cut, .* got float"),
        (True, TypeError, "must end at a Cut, .* got bool"),
        (None, TypeError, "must end at a Cut, .* got NoneType"),
    ],
)
def test_bad_cuts_are_refused(cuts, error, message):
    with pytest.raises(error, match=message):
        InternalInfluence(SmoothNet(), cuts, InternalChannelQoI(0), PointDoi())


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (("conv", "middle"), ValueError, "`anchor` must be 'in' or 'out', got 'middle'"),
        (("",), ValueError, "`layer` must not be empty"),
        ((1.0,), TypeError, "`layer` must be a layer's name or index, got float"),
        ((True,), TypeError, "got bool"),
        ((nn.ReLU(),), TypeError, r"got ReLU; hotcold.influence.layers\(model\)"),
    ],
)
def test_bad_cut_is_refused(args, error, message):
    with pytest.raises(error, match=message):
        Cut(*args)
