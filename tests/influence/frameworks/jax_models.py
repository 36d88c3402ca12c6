"""Models of flax, linen and nnx, and plain JAX functions: right numbers, clear refusals.

Run by test_influence_frameworks.py, in a process of its own.
"""

from __future__ import annotations

import gc
import sys
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax import nnx
from flax.errors import FlaxError
from helpers import message
from interrupts import interrupted_everywhere

import hotcold
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
    layers,
)

KEY = jax.random.key(0)


def influence(model, cut, qoi=None, doi=None, multiply=False):
    return InternalInfluence(model, cut, qoi or InternalChannelQoI(1), doi or PointDoi(), multiply)


def assert_same(got, expected, rtol=1e-5):
    largest = np.abs(expected).max()
    assert largest > 0
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol * largest)


def by_hand(function, x):
    return np.asarray(jax.grad(lambda x: function(x).sum())(x))


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype(np.float32)


class LinenBlock(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.tanh(nn.Conv(4, (3, 3))(x))


class LinenNet(nn.Module):
    """A layer, a block that is called twice, batch norm, dropout and a head."""

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Conv(4, (3, 3), name="first")(x)
        block = LinenBlock(name="block")
        x = block(block(x))
        x = nn.BatchNorm(use_running_average=not train, name="norm")(x)
        x = nn.Dropout(0.5, deterministic=not train)(x).mean((1, 2))
        return {"logits": nn.Dense(3, name="head")(x), "state": x}


class NnxBlock(nnx.Module):
    def __init__(self, rngs):
        self.conv = nnx.Conv(4, 4, (3, 3), rngs=rngs)

    def __call__(self, x):
        return jnp.tanh(self.conv(x))


class NnxNet(nnx.Module):
    """The same as nnx, its block in a list."""

    def __init__(self, rngs):
        self.first = nnx.Conv(3, 4, (3, 3), rngs=rngs)
        self.blocks = nnx.List([NnxBlock(rngs)])
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.head = nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x):
        x = self.first(x)
        for _ in range(2):
            x = self.blocks[0](x)
        x = self.drop(self.norm(x)).mean((1, 2))
        return {"logits": self.head(x), "state": x}


class Linen:
    """A bound linen network, and the parts of it as functions."""

    block, conv = "block", "block/Conv_0"

    def __init__(self):
        module = LinenNet()
        self.variables = module.init(KEY, np.zeros((1, 6, 6, 3), np.float32), train=False)
        self.model = module.bind(self.variables)

    def first(self, x):
        return nn.Conv(4, (3, 3)).apply({"params": self.variables["params"]["first"]}, x)

    def inner(self, x):
        weights = self.variables["params"]["block"]["Conv_0"]
        return nn.Conv(4, (3, 3)).apply({"params": weights}, x)

    def whole(self, x):
        return LinenNet().apply(self.variables, x, train=False)


class Nnx:
    """The nnx network, and the parts of it as functions."""

    block, conv = "blocks.0", "blocks.0.conv"

    def __init__(self):
        self.model = NnxNet(nnx.Rngs(0))  # in training mode, as it was made
        self.inference = nnx.clone(self.model)
        self.inference.eval()

    def first(self, x):
        return self.model.first(x)

    def inner(self, x):
        return self.model.blocks[0].conv(x)

    def whole(self, x):
        return nnx.clone(self.inference)(x)


@pytest.fixture(scope="module", params=[Linen, Nnx], ids=["linen", "nnx"])
def net(request):
    return request.param()


def test_channels_of_layers(net, x):
    def first(x):
        return net.first(x)[..., 1].max((1, 2))

    got = influence(net.model, "first", InternalChannelQoI(1, agg_fn="max")).attributions(x)
    assert_same(got, by_hand(first, x))
    multiplied = influence(net.model, 0, InternalChannelQoI(1, agg_fn="max"), multiply=True)
    assert_same(multiplied.attributions(x), x * by_hand(first, x))


@pytest.mark.parametrize("call", [0, 1])
def test_calls_and_anchors_of_a_block(net, x, call):
    def given(x):
        h = net.first(x)
        return jnp.tanh(net.inner(h)) if call else h

    def returned(x):
        return jnp.tanh(net.inner(given(x)))

    for cut, function in (
        (Cut(net.block, "in", call=call), given),
        (Cut(net.conv, "in", call=call), given),
        (Cut(net.block, call=call), returned),
        (Cut(net.conv, call=call - 2), lambda x: net.inner(given(x))),
    ):
        got = influence(net.model, cut, InternalChannelQoI(2)).attributions(x)
        assert_same(got, by_hand(lambda x: function(x)[..., 2], x))  # noqa: B023


def test_outputs_in_inference(net, x):
    cut = OutputCut("logits")
    for classes in (2, [0, -1]):
        picked = np.broadcast_to(classes, 2)
        got = influence(net.model, cut, ClassQoI(classes)).attributions(x)
        assert_same(got, by_hand(lambda x: net.whole(x)["logits"][np.arange(2), picked], x))  # noqa: B023
    leading = np.asarray(net.whole(x)["logits"]).argmax(1)
    expected = influence(net.model, cut, ClassQoI(leading)).attributions(x)
    assert_same(influence(net.model, cut, MaxClassQoI()).attributions(x), expected)


def test_slice_that_starts_inside(net, x):
    def between(h):
        return jnp.tanh(net.inner(jnp.tanh(net.inner(h))))[..., 3]

    value = np.asarray(net.first(x))
    got = influence(net.model, (Cut("first"), Cut(net.block)), InternalChannelQoI(3))
    assert_same(got.attributions(x), by_hand(between, value))
    calls = (Cut(net.block, "in", call=0), Cut(net.block, call=1))
    again = influence(net.model, calls, InternalChannelQoI(3)).attributions(x)
    assert_same(again, by_hand(between, value))


def test_distributions_batches_and_many(net, x):
    doi = LinearDoi(0.25, resolution=2)
    points = [np.float32(0.25) + np.float32(f) * (x - np.float32(0.25)) for f in (0.25, 0.75)]
    expected = (x - 0.25) * np.mean([by_hand(lambda x: net.first(x)[..., 0], p) for p in points], 0)
    infl = influence(net.model, "first", InternalChannelQoI(0), doi, True)
    assert_same(infl.attributions(x), expected)
    assert_same(infl.attributions(jnp.asarray(x), batch_size=1), expected)
    other = influence(net.model, net.block, InternalChannelQoI(1), doi)
    for together, one in zip(attributions([infl, other], x), (infl, other), strict=True):
        np.testing.assert_allclose(together, one.attributions(x), rtol=1e-5, atol=1e-7)


def test_layers_are_listed(net, x):
    listed = layers(net.model, x, blocks=True)
    table = {layer.name: layer for layer in listed}
    assert (table["first"].index, table["first"].output_shape) == (0, (2, 6, 6, 4))
    assert (table[net.block].index, table[net.block].channels) == (None, 4)
    assert table["head"].type in ("Dense", "Linear")
    assert table[net.conv].index == 1
    assert {"first", net.conv, "norm", "head"} <= {layer.name for layer in layers(net.model)}


REFUSED = {
    "unknown layer": (lambda net: "blok", ValueError, "has no layer 'blok'; closest: 'block"),
    "index": (lambda net: 9, IndexError, "layer index 9 is out of range"),
    "channel": (lambda net: "first", IndexError, "channel 4 is out of range"),
    "call": (lambda net: Cut(net.block, call=2), ValueError, "was called 2 times"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_cuts_are_refused(net, x, what):
    cut, error, text = REFUSED[what]
    with pytest.raises(error, match=message(text)):
        influence(net.model, cut(net), InternalChannelQoI(4)).attributions(x)


def test_other_mistakes_are_refused(net, x):
    with pytest.raises((TypeError, ValueError, FlaxError), match=r"2.*3"):  # in flax's own words
        influence(net.model, "first").attributions(x[..., :2])
    with pytest.raises(ValueError, match="must not be empty"):
        influence(net.model, "first").attributions(x[:0])
    with pytest.raises(ValueError, match=r"no gradient back to .*'first'.*jax\.numpy's"):
        influence(net.model, "first", lambda y: jax.lax.stop_gradient(y)[:, 0, 0, 0]).attributions(
            x
        )
    with pytest.raises(ValueError, match="one number per item"):
        influence(net.model, "first", lambda y: y.sum()).attributions(x)


def test_unbound_module_is_refused():
    with pytest.raises(TypeError, match=message("LinenNet", "model.bind(variables)")):
        influence(LinenNet(), "first")


def test_model_keeps_its_state(x):
    net = Nnx()
    before = jax.tree.map(np.asarray, nnx.to_pure_dict(nnx.state(net.model, nnx.BatchStat)))
    influence(net.model, "head").attributions(x)
    after = nnx.to_pure_dict(nnx.state(net.model, nnx.BatchStat))
    jax.tree.map(np.testing.assert_array_equal, before, after)
    assert not net.model.drop.deterministic
    assert type(net.model.head) is nnx.Linear


class SideTracks(nn.Module):
    @nn.compact
    def __call__(self, x, weight=None):
        main = nn.Dense(3, name="main")(x if weight is None else x * weight)
        stopped = nn.Dense(3, name="stopped")(jax.lax.stop_gradient(x))
        return main + stopped + nn.Dense(3, name="constant")(jnp.ones((1, 4)))


def test_layers_off_the_way_and_other_inputs():
    x, weight = np.random.default_rng(0).normal(size=(2, 1, 4)).astype(np.float32)
    module = SideTracks()
    variables = module.init(KEY, x)
    model = module.bind(variables)
    for name in ("stopped", "constant"):
        with pytest.raises(ValueError, match=f"'{name}' does not depend on the input"):
            influence(model, name).attributions(x)
    kernel = np.asarray(variables["params"]["main"]["kernel"])
    for given, number in (((x, weight), 1), ({"x": x, "weight": weight}, "weight")):
        got = influence(model, (InputCut(number), OutputCut())).attributions(given)
        assert_same(got, x * kernel[:, 1])


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.RNN(nn.GRUCell(3, name="cell"), name="rnn")(x)[:, -1]


class NnxRecurrent(nnx.Module):
    def __init__(self, rngs):
        self.rnn = nnx.RNN(nnx.GRUCell(2, 3, rngs=rngs))

    def __call__(self, x):
        return self.rnn(x)[:, -1]


def test_cell_within_a_scan_is_refused():
    x = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)
    module = Recurrent()
    linen = module.bind(module.init(KEY, x))
    cell = next(layer.name for layer in layers(linen, x, blocks=True) if "cell" in layer.name)
    nnx_model = NnxRecurrent(nnx.Rngs(0))
    for model, name in ((linen, cell), (nnx_model, "rnn.cell")):
        with pytest.raises(ValueError, match="cut at the layer around it"):
            influence(model, name).attributions(x)
        whole = influence(model, "rnn", InternalChannelQoI(1, channel_axis=-1)).attributions(x)
        assert np.abs(whole).max() > 0


def test_functions_have_an_output_alone(x):
    weights = np.random.default_rng(0).normal(0, 0.05, (6 * 6 * 3, 3)).astype(np.float32)

    def scores(x, scale=1.0):
        flat = x.reshape(len(x), -1)
        return {"scores": jnp.tanh(flat @ weights) * scale, "maps": x}

    expected = by_hand(lambda x: scores(x)["scores"][:, 1], x)
    for model in (scores, jax.jit(scores)):
        got = influence(model, OutputCut("scores"), ClassQoI(1)).attributions(x)
        assert_same(got, expected)
        given = {"x": x, "scale": 2.0}
        assert_same(influence(model, OutputCut("scores")).attributions(given), 2 * expected)
    with pytest.raises(ValueError, match=message("scores is a function", "OutputCut()")):
        influence(scores, "dense")
    with pytest.raises(ValueError, match="set `channel_axis`"):
        influence(scores, OutputCut("maps")).attributions(x)
    assert layers(scores) == []


def test_narrow_and_wide_types(x):
    function = jax.jit(lambda x: jnp.tanh(x).sum((1, 2)))
    narrow = influence(function, OutputCut()).attributions(jnp.asarray(x, jnp.bfloat16))
    assert narrow.dtype == np.float32
    assert_same(narrow, by_hand(lambda x: jnp.tanh(x).sum((1, 2))[:, 1], x), rtol=0.02)
    integers = influence(function, OutputCut()).attributions((x * 2).astype(np.int8))
    assert np.abs(integers).max() > 0


def test_channel_mask(net, x):
    images = np.random.default_rng(0).integers(0, 255, (2, 6, 6, 3), np.uint8)
    show = hotcold.ChannelMaskVisualizer(net.model, net.block, 1, dim_order="channels_last", blur=0)
    given = influence(net.model, net.block, multiply=True)
    expected = hotcold.ChannelMaskVisualizer.from_influence(
        given, dim_order="channels_last", blur=0
    )
    np.testing.assert_array_equal(show.render(images, x), expected.render(images, x))


def test_threads(net, x):
    cuts = ["first", Cut(net.block, call=0), Cut(net.block)]
    expected = [influence(net.model, cut).attributions(x) for cut in cuts]
    errors = []

    def work(i):
        try:
            for _ in range(3):
                got = influence(net.model, cuts[i]).attributions(x)
                np.testing.assert_array_equal(got, expected[i])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not errors, errors


class Small(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2, name="head")(jnp.tanh(nn.Dense(3, name="act")(x)))


@pytest.fixture(scope="module", params=["linen", "nnx"])
def small(request):
    if request.param == "linen":
        return Small().bind(Small().init(KEY, np.ones((1, 4), np.float32)))
    rngs = nnx.Rngs(0)
    model = nnx.Sequential(nnx.Linear(4, 3, rngs=rngs), jnp.tanh, nnx.Linear(3, 2, rngs=rngs))
    return model


def test_nothing_leaks(small):
    x = np.ones((2, 4), np.float32)
    infl = influence(small, 0)

    def held():
        gc.collect()
        return sys.getallocatedblocks()

    for _ in range(50):
        infl.attributions(x)
    grown = []
    for _ in range(2):  # the libraries' caches may still grow in one of them
        before = held()
        for _ in range(150):
            infl.attributions(x)
        grown.append(held() - before)
    assert min(grown) < 150, grown


def test_interrupts_leave_nothing_behind(small):
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    infl = influence(small, (Cut(0), OutputCut()), ClassQoI(1))
    expected = infl.attributions(x)
    bare = np.asarray(small(x))

    def check():
        np.testing.assert_array_equal(small(x), bare)

    assert interrupted_everywhere(lambda: infl.attributions(x), check, step=3) > 200
    np.testing.assert_array_equal(infl.attributions(x), expected)
