"""Which axis holds the channels: counted from the end, told from the network, or asked for."""

from __future__ import annotations

import numpy as np
import pytest
from influence_networks import Recurrent, TokenNet, seeded, torch

from hotcold.influence import Cut, InternalChannelQoI, InternalInfluence, PointDoi, layers

nn = torch.nn


def gradient(model, cut, x, channel, axis=None):
    qoi = InternalChannelQoI(channel, axis)
    return InternalInfluence(model, cut, qoi, PointDoi(), False).attributions(x)


def by_hand(model, module, x, take):
    """Gradient of the sum of what `take` makes of a layer's output, with autograd written out."""
    seen = []
    handle = module.register_forward_hook(lambda m, a, y: seen.append(y))
    leaf = torch.from_numpy(x).requires_grad_()
    model(leaf)
    handle.remove()
    return torch.autograd.grad(take(seen[-1]).sum(), leaf)[0].numpy()


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)


@pytest.fixture
def model():
    return seeded(TokenNet)


@pytest.mark.parametrize("layer", ["norm", "mlp.0", "mlp.1", "mlp.2", "drop"])
@pytest.mark.parametrize("axis", [None, -1, 2])
def test_channel_of_tokens_is_a_feature_not_a_token(model, x, layer, axis):
    expected = by_hand(model, model.get_submodule(layer), x, lambda y: y[:, :, 2])
    np.testing.assert_allclose(gradient(model, layer, x, 2, axis), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axis", [1, -2])
def test_token_can_be_asked_for(model, x, axis):
    expected = by_hand(model, model.norm, x, lambda y: y[:, 2])
    np.testing.assert_allclose(gradient(model, "norm", x, 2, axis), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axis", [None, 1, -3])
def test_channel_of_a_convolution_is_on_axis_1(model, x, axis):
    expected = by_hand(model, model.patch, x, lambda y: y[:, 2])
    np.testing.assert_allclose(gradient(model, "patch", x, 2, axis), expected, rtol=1e-5, atol=1e-7)


def test_layers_count_features_of_tokens(model, x):
    counts = {layer.name: (layer.output_shape, layer.channels) for layer in layers(model, x)}
    assert counts["patch"] == ((2, 6, 4, 4), 6)
    assert counts["norm"] == ((2, 17, 6), 6)
    assert counts["mlp.0"] == counts["mlp.1"] == ((2, 17, 12), 12)
    assert counts["back"] == ((2, 6, 4, 4), 6)
    assert counts["last"] == ((2, 4, 4, 6), 6)
    assert layers(seeded(Recurrent), np.ones((2, 7, 3)))[0].channels == 5


def test_axis_follows_permutations_to_images_and_to_channels_last(model, x):
    expected = by_hand(model, model.back, x, lambda y: y[:, 3])
    np.testing.assert_allclose(gradient(model, "back", x, 3), expected, rtol=1e-5, atol=1e-7)
    expected = by_hand(model, model.last, x, lambda y: y[..., 3])
    np.testing.assert_allclose(gradient(model, "last", x, 3), expected, rtol=1e-5, atol=1e-7)


def test_axis_that_cannot_be_told_is_asked_for():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.mixed = nn.Identity()

        def forward(self, x):
            return self.mixed(x @ x.transpose(1, 2))

    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    with pytest.raises(ValueError, match=r"\(2, 5, 5\) may hold its channels on axis 1 or on the"):
        gradient(Mixed(), "mixed", x, 0)
    assert gradient(Mixed(), "mixed", x, 0, -1).any()
    assert layers(Mixed(), x)[0].channels is None


@pytest.mark.parametrize("axis", [-4, -5, 4])
def test_axis_that_is_the_batch_or_none_is_refused(x, model, axis):
    with pytest.raises(ValueError, match=rf"no channel axis {axis}; set `channel_axis`"):
        gradient(model, "patch", x, 0, axis)


def test_channel_axis_of_a_cut_in_front_of_a_layer(model, x):
    expected = by_hand(model, model.norm, x, lambda y: y[:, :, 1])
    got = gradient(model, Cut("mlp.0", "in"), x, 1)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
