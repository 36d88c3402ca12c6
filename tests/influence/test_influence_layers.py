"""The list of a model's layers."""

from __future__ import annotations

import numpy as np
import pytest
from influence_networks import Failing, Returning, SideTracks, SmallCnn, SmoothNet, seeded, torch

from hotcold.influence import (
    InternalChannelQoI,
    InternalInfluence,
    Layer,
    PointDoi,
    layers,
)


def test_layers_are_the_leaves_in_definition_order_with_shapes_and_channels():
    got = layers(SmallCnn(), np.ones((2, 1, 8, 8)))
    assert list(got) == [
        Layer(0, "features.0", "Conv2d", (2, 8, 8, 8), 8),
        Layer(1, "features.1", "BatchNorm2d", (2, 8, 8, 8), 8),
        Layer(2, "features.2", "ReLU", (2, 8, 8, 8), 8),
        Layer(3, "features.3", "Conv2d", (2, 16, 8, 8), 16),
        Layer(4, "features.4", "ReLU", (2, 16, 8, 8), 16),
        Layer(5, "features.5", "MaxPool2d", (2, 16, 4, 4), 16),
        Layer(6, "dropout", "Dropout", (2, 256), 256),
        Layer(7, "classifier", "Linear", (2, 10), 10),
    ]


def test_layers_print_as_a_table():
    assert repr(layers(SmoothNet(), torch.ones(1, 3, 6, 6))) == (
        "index  name  type    output shape  channels\n"
        "    0  conv  Conv2d  (1, 4, 4, 4)         4\n"
        "    1  act   Tanh    (1, 4, 4, 4)         4\n"
        "    2  head  Linear  (1, 5)               5"
    )


def test_without_a_sample_shapes_are_unknown():
    assert layers(SmoothNet())[0] == Layer(0, "conv", "Conv2d", None, None)


def test_blocks_are_listed_by_name_only():
    names = {layer.name: layer.index for layer in layers(SmallCnn(), blocks=True)}
    assert names["features"] is None
    assert names["features.3"] == 3


def test_layer_that_is_not_reached_or_returns_no_tensor_has_no_shape():
    shapes = {layer.name: layer.output_shape for layer in layers(SideTracks(), np.ones((2, 4)))}
    assert shapes["main"] == (2, 3)
    assert shapes["unused"] is None
    assert layers(Returning("text"), np.ones((2, 4)))[0].output_shape is None
    assert layers(Returning("tuple"), np.ones((2, 4)))[0].output_shape == (2, 4)


def test_model_is_left_as_it_was():
    model = SmallCnn().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layers(model, np.ones((2, 1, 8, 8)))
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_hooks_are_gone_after_an_error():
    model = Failing(RuntimeError("boom"))
    with pytest.raises(RuntimeError, match=r"Failing failed on `x` of shape \(2, 4\).* boom"):
        layers(model, np.ones((2, 4)))
    assert not model.lin._forward_hooks


def test_every_reached_layer_of_a_published_network_is_a_cut(efficientnet, photo):
    listed = layers(efficientnet, photo)
    assert len(listed) > 100
    assert listed[-1].name == "_swish"  # defined last, although the classifier is called after it
    image = photo[:, :, :64, :64]
    for layer in layers(efficientnet, image)[:: len(listed) // 12]:
        by_name, by_index = (
            InternalInfluence(efficientnet, cut, InternalChannelQoI(-1), PointDoi())
            for cut in (layer.name, layer.index)
        )
        np.testing.assert_array_equal(by_name.attributions(image), by_index.attributions(image))
        with pytest.raises(IndexError, match=f"has {layer.channels} channels"):
            InternalInfluence(
                efficientnet, layer.name, InternalChannelQoI(layer.channels), PointDoi()
            ).attributions(image)


@pytest.mark.parametrize("model", [None, 3, np.ones(3)], ids=repr)
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match=r"`model` must be .*a torch.nn.Module.*, got "):
        layers(model)


def test_compiled_block_is_listed_under_its_plain_names():
    model = seeded(SmallCnn)
    plain = list(layers(model, blocks=True))
    model.features = torch.compile(model.features, backend="eager")
    model.classifier = torch.compile(model.classifier, backend="eager")
    assert list(layers(model, blocks=True)) == plain
