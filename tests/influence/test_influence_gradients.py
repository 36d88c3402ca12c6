"""Are the numbers right: against finite differences, autograd by hand, and completeness."""

from __future__ import annotations

import numpy as np
import pytest
from influence_networks import SmoothNet, seeded, torch

from hotcold.influence import (
    ClassQoI,
    Cut,
    InputCut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    MaxClassQoI,
    OutputCut,
    PointDoi,
)


def by_hand(model, module, q, x):
    """Gradient of sum q(output of module) with autograd written out."""
    seen = []
    handle = module.register_forward_hook(lambda m, a, y: seen.append(y.clone()))
    leaf = torch.as_tensor(x, dtype=next(model.parameters()).dtype).clone().requires_grad_()
    model(leaf.clone())
    handle.remove()
    (grad,) = torch.autograd.grad(q(seen[-1]).sum(), leaf)
    return grad.double().numpy()


@pytest.fixture
def smooth():
    return seeded(SmoothNet).double()


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(3, 3, 6, 6))


@pytest.mark.parametrize("agg_fn", ["sum", "mean", "max", lambda y: (y**2).sum((1, 2))])
def test_gradient_of_a_channel_equals_finite_differences(smooth, x, agg_fn):
    infl = InternalInfluence(
        smooth,
        (InputCut(), Cut("act")),
        InternalChannelQoI(2, agg_fn=agg_fn),
        PointDoi(),
        multiply_activation=False,
    )
    named = {"sum": lambda y: y.sum((1, 2)), "mean": lambda y: y.mean((1, 2))}
    named["max"] = lambda y: y.amax((1, 2))
    q = agg_fn if callable(agg_fn) else named[agg_fn]

    def value(points):
        with torch.no_grad():
            return q(smooth.act(smooth.conv(torch.from_numpy(points)))[:, 2]).numpy()

    step = 1e-5
    expected = np.empty_like(x)
    for i in np.ndindex(x.shape[1:]):
        moved = np.zeros(x.shape[1:])
        moved[i] = step
        expected[(slice(None), *i)] = (value(x + moved) - value(x - moved)) / (2 * step)
    # Central differences: step^2 / 6 times the third derivative, plus rounding 1e-16 / step.
    np.testing.assert_allclose(infl.attributions(x), expected, rtol=1e-6, atol=1e-8)


def test_point_attributions_are_gradient_times_input(smooth, x):
    qoi = InternalChannelQoI(1)
    multiplied = InternalInfluence(smooth, Cut("conv"), qoi, PointDoi()).attributions(x)
    gradient = InternalInfluence(
        smooth, Cut("conv"), qoi, PointDoi(), multiply_activation=False
    ).attributions(x)
    expected = by_hand(smooth, smooth.conv, lambda y: y[:, 1].sum((1, 2)), x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    np.testing.assert_allclose(multiplied, expected * x, rtol=1e-6)
    assert multiplied.dtype == gradient.dtype == np.float32


def test_several_channels_are_summed(smooth, x):
    def attributions(channel, agg_fn=None):
        qoi = InternalChannelQoI(channel, agg_fn=agg_fn)
        return InternalInfluence(smooth, Cut("act"), qoi, PointDoi()).attributions(x)

    for agg_fn in (None, "max"):
        expected = attributions(0, agg_fn) + attributions(3, agg_fn)
        np.testing.assert_allclose(attributions([0, -1], agg_fn), expected, rtol=1e-5, atol=1e-8)


def test_class_and_neuron_and_function_agree_at_the_output(smooth, x):
    def attributions(cut, qoi):
        return InternalInfluence(smooth, (InputCut(), cut), qoi, PointDoi()).attributions(x)

    expected = x * by_hand(smooth, smooth.head, lambda y: y[:, 4], x)
    for cut in (OutputCut(), Cut("head"), Cut(-1)):
        for qoi in (ClassQoI(4), ClassQoI(-1), InternalChannelQoI(4), lambda y: y[:, 4]):
            np.testing.assert_allclose(attributions(cut, qoi), expected, rtol=1e-5)


def test_max_class_is_the_leading_class_of_each_item(smooth, x):
    got = InternalInfluence(smooth, OutputCut(), MaxClassQoI(), PointDoi()).attributions(x)
    leading = smooth(torch.from_numpy(x)).argmax(1)
    expected = x * by_hand(smooth, smooth.head, lambda y: y[torch.arange(3), leading], x)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize("baseline", [None, 0.5, "image", "batch"])
def test_linear_attributions_average_the_midpoint_gradients(smooth, x, baseline):
    rng = np.random.default_rng(1)
    start = {"image": rng.normal(size=(3, 6, 6)), "batch": rng.normal(size=x.shape)}.get(
        baseline, baseline
    )
    got = InternalInfluence(
        smooth, Cut("act"), InternalChannelQoI(0), LinearDoi(start, resolution=4)
    ).attributions(x)
    b = np.broadcast_to(0.0 if start is None else start, x.shape)
    grads = [
        by_hand(smooth, smooth.act, lambda y: y[:, 0].sum((1, 2)), b + f * (x - b))
        for f in (0.125, 0.375, 0.625, 0.875)
    ]
    np.testing.assert_allclose(got, (x - b) * np.mean(grads, 0), rtol=1e-5, atol=1e-8)


def test_linear_attributions_are_complete_and_converge_with_the_square(smooth, x):
    baseline = 0.3
    with torch.no_grad():
        q = [
            smooth.act(smooth.conv(torch.from_numpy(points)))[:, 0].sum((1, 2)).numpy()
            for points in (x, np.full_like(x, baseline))
        ]

    def error(resolution):
        infl = InternalInfluence(
            smooth, Cut("act"), InternalChannelQoI(0), LinearDoi(baseline, resolution)
        )
        return np.abs(infl.attributions(x).sum((1, 2, 3)) - (q[0] - q[1])).max()

    assert error(10) < 0.02 * np.abs(q[0] - q[1]).max()
    assert error(80) < error(10) / 30


def test_one_point_of_a_line_is_its_middle(smooth, x):
    one = InternalInfluence(
        smooth, Cut("act"), InternalChannelQoI(0), LinearDoi(resolution=1), False
    )
    middle = InternalInfluence(smooth, Cut("act"), InternalChannelQoI(0), PointDoi(), False)
    np.testing.assert_allclose(one.attributions(x), middle.attributions(x / 2), rtol=1e-6)


def test_trained_cnn_integrated_gradients_are_complete(digits_cnn, digits):
    x, labels = digits[0][:64], digits[1][:64]
    with torch.no_grad():
        scores = digits_cnn(torch.from_numpy(x)).numpy()
        blank = digits_cnn(torch.zeros(1, 1, 8, 8)).numpy()[0]
    for digit in (0, 7):
        items = labels == digit
        infl = InternalInfluence(digits_cnn, OutputCut(), ClassQoI(digit), LinearDoi(resolution=64))
        total = infl.attributions(x[items]).sum((1, 2, 3))
        # A ReLU network has kinks on the line, so the integral is not exact.
        np.testing.assert_allclose(total, scores[items, digit] - blank[digit], rtol=0.01)


def test_trained_cnn_channel_equals_autograd_by_hand(digits_cnn, digits):
    x = digits[0][:16]
    got = InternalInfluence(
        digits_cnn, "features.3", InternalChannelQoI(5, agg_fn="max"), PointDoi()
    ).attributions(x)
    expected = x * by_hand(digits_cnn, digits_cnn.features[3], lambda y: y[:, 5].amax((1, 2)), x)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 16, 100])
@pytest.mark.parametrize("doi", [PointDoi, LinearDoi, "own baselines"], ids=str)
def test_result_does_not_depend_on_batch_size(digits_cnn, digits, batch_size, doi):
    x = digits[0][:16]
    doi = LinearDoi(digits[0][16:32], 3) if doi == "own baselines" else doi()
    infl = InternalInfluence(digits_cnn, Cut("features.4"), InternalChannelQoI([1, 2]), doi)
    # Only the order of sums within the framework's own kernels may differ.
    np.testing.assert_allclose(
        infl.attributions(x, batch_size=batch_size), infl.attributions(x), rtol=1e-4, atol=1e-6
    )


def test_published_network_equals_autograd_by_hand(efficientnet, photo):
    module = efficientnet._blocks[5]
    infl = InternalInfluence(efficientnet, Cut("_blocks.5"), InternalChannelQoI(7), PointDoi())
    expected = photo * by_hand(efficientnet, module, lambda y: y[:, 7].sum((1, 2)), photo)
    np.testing.assert_allclose(
        infl.attributions(photo), expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max()
    )


def test_published_network_integrated_gradients_are_complete(efficientnet, photo):
    # From the photograph's mean colour: a path without the grey image's jumps in batch norm.
    baseline = np.broadcast_to(photo.mean((2, 3), keepdims=True), photo.shape)
    doi = LinearDoi(baseline, resolution=24)
    infl = InternalInfluence(efficientnet, Cut("_blocks.1"), InternalChannelQoI(3), doi)

    def q(image):
        seen = []
        with (
            torch.no_grad(),
            efficientnet._blocks[1].register_forward_hook(
                lambda m, a, y: seen.append(float(y[:, 3].sum()))
            ),
        ):
            efficientnet(torch.from_numpy(np.array(image)))
        return seen[0]

    rise = q(photo) - q(baseline)
    assert infl.attributions(photo).sum(dtype=float) == pytest.approx(rise, rel=0.02)
