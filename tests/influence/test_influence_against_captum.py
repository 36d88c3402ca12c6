"""An independent implementation of the same definitions gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import optional
from influence_networks import torch

from hotcold.influence import (
    ClassQoI,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    OutputCut,
    PointDoi,
)


@pytest.fixture(scope="module")
def captum():
    return optional("captum.attr")


def test_integrated_gradients_of_a_class(captum, digits_cnn, digits):
    x = digits[0][:8]
    baseline = digits[0][100]
    got = InternalInfluence(
        digits_cnn, OutputCut(), ClassQoI(3), LinearDoi(baseline, resolution=12)
    ).attributions(x)
    expected = captum.IntegratedGradients(digits_cnn).attribute(
        torch.from_numpy(x).requires_grad_(),
        baselines=torch.from_numpy(baseline)[None],
        target=3,
        n_steps=12,
        method="riemann_middle",
    )
    np.testing.assert_allclose(got, expected.detach(), rtol=1e-3, atol=1e-5)


def test_gradient_of_a_channel_of_a_published_network(captum, efficientnet, photo):
    got = InternalInfluence(
        efficientnet, "_blocks.5", InternalChannelQoI(7, agg_fn="mean"), PointDoi(), False
    ).attributions(photo)
    expected = captum.NeuronGradient(efficientnet, efficientnet._blocks[5]).attribute(
        torch.from_numpy(photo).requires_grad_(), lambda y: y[:, 7].mean((1, 2))
    )
    largest = np.abs(got).max()
    assert largest > 0
    np.testing.assert_allclose(got, expected.detach(), rtol=1e-3, atol=1e-5 * largest)
