"""What is read at a cut, and what may not be asked for."""

from __future__ import annotations

import numpy as np
import pytest
from influence_networks import SmoothNet, seeded, torch

from hotcold.influence import (
    ClassQoI,
    Cut,
    InternalChannelQoI,
    InternalInfluence,
    LinearDoi,
    MaxClassQoI,
    OutputCut,
    PointDoi,
)


@pytest.fixture(scope="module")
def model():
    return seeded(SmoothNet)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 3, 6, 6)).astype(np.float32)


def attributions(model, x, qoi, cut="conv", doi=None):
    return InternalInfluence(model, cut, qoi, doi or PointDoi()).attributions(x)


@pytest.mark.parametrize("channel", [4, -5, [0, 4]])
def test_channel_out_of_range_names_the_count(model, x, channel):
    with pytest.raises(IndexError, match="out of range: the output of layer 'conv' has 4 channels"):
        attributions(model, x, InternalChannelQoI(channel))


@pytest.mark.parametrize("index", [5, -6])
def test_class_out_of_range_names_the_count(model, x, index):
    with pytest.raises(IndexError, match=f"class {index} .* output of the model has 5 classes"):
        attributions(model, x, ClassQoI(index), OutputCut())


def test_agg_fn_sees_one_channel_without_its_axis(model, x):
    seen = []

    def agg_fn(y):
        seen.append(tuple(y.shape))
        return y.sum((1, 2))

    got = attributions(model, x, InternalChannelQoI([1, 3], agg_fn=agg_fn))
    assert seen == [(2, 4, 4), (2, 4, 4)]
    np.testing.assert_array_equal(got, attributions(model, x, InternalChannelQoI([1, 3])))


def test_neuron_of_a_flat_layer_is_taken_as_it_is(model, x):
    plain = attributions(model, x, InternalChannelQoI(2), "head")
    for agg_fn in ("max", "mean", lambda y: y.sum((1, 2))):
        same = attributions(model, x, InternalChannelQoI(2, agg_fn=agg_fn), "head")
        np.testing.assert_array_equal(same, plain)


def test_maximum_reached_twice_is_shared():
    got = attributions(
        torch.nn.Identity(), np.ones((1, 1, 2, 2)), InternalChannelQoI(0, None, "max"), OutputCut()
    )
    np.testing.assert_array_equal(got, np.full((1, 1, 2, 2), 0.25))


@pytest.mark.parametrize(
    ("agg_fn", "error", "message"),
    [
        (lambda y: y.sum(), ValueError, r"`agg_fn` must return one number per item, .* shape \(\)"),
        (lambda y: y.sum(2), ValueError, r"shape \(2,\), got shape \(2, 4\)"),
        (lambda y: y.sum((1, 2))[:, None], ValueError, r"got shape \(2, 1\)"),
        (lambda y: 1.0, TypeError, r"`agg_fn` must return a tensor of shape \(2,\), got float"),
        (lambda y: None, TypeError, "got NoneType"),
        (lambda y: y.detach().sum((1, 2)), ValueError, "no gradient back to the output of layer"),
    ],
)
def test_bad_result_of_agg_fn_is_refused(model, x, agg_fn, error, message):
    with pytest.raises(error, match=message):
        attributions(model, x, InternalChannelQoI(0, agg_fn=agg_fn))


def test_error_of_agg_fn_is_its_own(model, x):
    def agg_fn(y):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        attributions(model, x, InternalChannelQoI(0, agg_fn=agg_fn))


def test_function_as_quantity_is_held_to_one_number_per_item(model, x):
    with pytest.raises(ValueError, match=r"`qoi` must return one number per item, shape \(2,\)"):
        attributions(model, x, lambda y: y.sum((2, 3)))


@pytest.mark.parametrize("qoi", [ClassQoI(0), MaxClassQoI()], ids=repr)
def test_class_quantities_need_a_flat_output(model, x, qoi):
    with pytest.raises(
        ValueError, match=r"layer 'conv' must have shape \(N, classes\), got \(2, 4"
    ):
        attributions(model, x, qoi)


def test_channel_axis_beyond_the_tensor_is_refused(model, x):
    with pytest.raises(
        ValueError, match=r"shape \(2, 5\) has no channel axis 2; set `channel_axis"
    ):
        attributions(model, x, InternalChannelQoI(0, channel_axis=2), "head")


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((1.0,), TypeError, "`channel` must be an integer, got float 1.0"),
        ((True,), TypeError, "`channel` must be an integer, got bool"),
        (("3",), TypeError, "`channel` must be an integer, got str"),
        (([1, "a"],), TypeError, "`channel` must be an integer, got str 'a'"),
        (([],), ValueError, "`channel` must name at least one channel"),
        ((0, 0), ValueError, "`channel_axis` must not be 0, the batch axis"),
        ((0, 1.5), TypeError, "`channel_axis` must be an integer, got float"),
        ((0, None, "median"), ValueError, "one of 'max', 'mean', 'sum', got 'median'"),
        ((0, None, 3), TypeError, "`agg_fn` must be a function or a name, got int 3"),
    ],
)
def test_bad_channel_quantity_is_refused(args, error, message):
    with pytest.raises(error, match=message):
        InternalChannelQoI(*args)


@pytest.mark.parametrize("channel", [3, np.int64(3), np.array(3), torch.tensor(3)], ids=type)
def test_any_integer_is_a_channel(channel):
    assert InternalChannelQoI(channel) == InternalChannelQoI(3)
    assert InternalChannelQoI([channel, 1]) == InternalChannelQoI((3, 1))


def test_class_index_must_be_an_integer():
    with pytest.raises(TypeError, match="`index` must be an integer, got float"):
        ClassQoI(1.0)


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((None, 0), ValueError, "`resolution` must be >= 1, got 0"),
        ((None, 2.0), TypeError, "`resolution` must be a whole number >= 1, got 2.0"),
        ((None, True), TypeError, "`resolution` must be a whole number >= 1, got True"),
    ],
)
def test_bad_line_is_refused(args, error, message):
    with pytest.raises(error, match=message):
        LinearDoi(*args)


@pytest.mark.parametrize(
    ("baseline", "error", "message"),
    [
        (np.zeros((5, 6, 6)), ValueError, r"`baseline` of shape \(5, 6, 6\) must broadcast"),
        (np.zeros((1, 2, 3, 6, 6)), ValueError, "must broadcast to the shape of x, "),
        (np.nan, ValueError, "`baseline` must be finite, got 1 non-finite value "),
        (1j, TypeError, "`baseline` must hold real numbers, got dtype complex128"),
        ("black", TypeError, "`baseline` must hold real numbers"),
    ],
)
def test_bad_baseline_is_refused(model, x, baseline, error, message):
    with pytest.raises(error, match=message):
        attributions(model, x, InternalChannelQoI(0), doi=LinearDoi(baseline))


def test_baseline_may_be_a_tensor_that_requires_grad(model, x):
    array = np.full((3, 1, 1), 0.5, np.float32)
    tensor = torch.from_numpy(array).requires_grad_()
    qoi = InternalChannelQoI(0)
    np.testing.assert_array_equal(
        attributions(model, x, qoi, doi=LinearDoi(tensor)),
        attributions(model, x, qoi, doi=LinearDoi(array)),
    )


@pytest.mark.parametrize(
    ("qoi", "doi", "message"),
    [
        (3, PointDoi(), "`qoi` must be a quantity .* got int 3"),
        (MaxClassQoI, PointDoi(), r"got the class MaxClassQoI \(make an instance"),
        (MaxClassQoI(), "linear", "`doi` must be PointDoi.* got str 'linear'"),
        (MaxClassQoI(), LinearDoi, "got the class LinearDoi"),
    ],
)
def test_quantity_and_distribution_of_the_wrong_kind_are_refused(model, qoi, doi, message):
    with pytest.raises(TypeError, match=message):
        InternalInfluence(model, Cut("head"), qoi, doi)
