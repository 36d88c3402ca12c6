"""Influences within a zennit composite are the relevance that zennit itself finds."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import optional
from influence_networks import torch
from stand_ins import without_torchvision

from hotcold.influence import ClassQoI, InternalInfluence, OutputCut, PointDoi


@pytest.mark.parametrize("name", ["EpsilonPlusFlat", "EpsilonGammaBox", "GuidedBackprop"])
def test_relevance_of_a_class(monkeypatch, digits_cnn, digits, name):
    without_torchvision(monkeypatch)
    optional("zennit")
    from zennit import attribution, composites

    box = {"low": 0.0, "high": 1.0} if name == "EpsilonGammaBox" else {}
    composite = getattr(composites, name)(**box)
    x = digits[0][:4]
    # The same starting relevance as zennit's attributor: one for the class.
    influence = InternalInfluence(digits_cnn, OutputCut(), ClassQoI(3), PointDoi(), False)
    plain = influence.attributions(x)
    with attribution.Gradient(digits_cnn, composite) as attributor:
        _, expected = attributor(torch.from_numpy(x), torch.eye(10)[[3] * 4])
    with composite.context(digits_cnn):
        got = influence.attributions(x)
    assert np.abs(got - plain).max() > 1e-3 * np.abs(got).max()
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()))
    np.testing.assert_array_equal(influence.attributions(x), plain)
