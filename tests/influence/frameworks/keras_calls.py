"""What calls on Keras refuse, and what they leave behind: nothing.

Run by test_influence_frameworks.py, in a process of its own for each backend.
"""

from __future__ import annotations

import gc
import os
import pickle
import random
import signal
import sys
import threading
import time

import keras
import keras_networks as nets
import numpy as np
import pytest
from helpers import message
from interrupts import Interrupted, interrupted_everywhere
from keras import layers as kl
from keras import ops
from keras_networks import BACKEND

import hotcold
from hotcold.influence import (
    ClassQoI,
    Cut,
    InternalChannelQoI,
    InternalInfluence,
    OutputCut,
    PointDoi,
    layers,
)
from hotcold.influence.backends.keras import patches

# Of Keras itself, with numpy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")


def influence(model, cut="act", qoi=None, **more):
    return InternalInfluence(model, cut, qoi or InternalChannelQoI(2), PointDoi(), **more)


@pytest.fixture(scope="module")
def model():
    return nets.functional()


@pytest.fixture
def x():
    return nets.images()


def check_untouched(model):
    assert not patches._passes
    assert not patches._guard._is_owned()
    for layer in (model, *model._flatten_layers()):
        assert "call" not in vars(layer)
    assert keras.src.backend.common.stateless_scope.get_stateless_scope() is None
    if BACKEND == "torch":
        import torch

        assert torch.is_grad_enabled()


def test_layers_are_listed_with_shapes_and_channels(model, x):
    assert repr(layers(model, x, blocks=True)) == (
        "index  name        type                    output shape  channels\n"
        "    0  first       Conv2D                  (2, 6, 6, 4)         4\n"
        "    1  norm        BatchNormalization      (2, 6, 6, 4)         4\n"
        "    2  act         Activation              (2, 6, 6, 4)         4\n"
        "    -  block       Sequential              (2, 4, 4, 5)         5\n"
        "    3  block/conv  Conv2D                  (2, 4, 4, 5)         5\n"
        "    4  block/act   Activation              (2, 4, 4, 5)         5\n"
        "    5  drop        Dropout                 (2, 4, 4, 5)         5\n"
        "    6  pool        GlobalAveragePooling2D  (2, 5)               5\n"
        "    7  step        Dense                   (2, 5)               5\n"
        "    8  head        Dense                   (2, 3)               3"
    )
    assert [layer.name for layer in layers(model)][:3] == ["first", "norm", "act"]
    check_untouched(model)


def test_layers_of_the_same_name_are_told_apart():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.pair = [kl.Dense(3, name="same"), kl.Dense(2, name="same")]

        def call(self, x):
            return self.pair[1](self.pair[0](x))

    model = Twins()
    x = np.ones((1, 4), np.float32)
    assert [layer.name for layer in layers(model, x)] == ["same", "pair.1"]
    got = influence(model, "pair.1", InternalChannelQoI(1), multiply_activation=False)
    kernels = [ops.convert_to_numpy(layer.kernel.value) for layer in model.pair]
    np.testing.assert_allclose(got.attributions(x)[0], (kernels[0] @ kernels[1])[:, 1], rtol=1e-5)


REFUSED = {
    "unknown layer": ("block/cov", ValueError, "no layer 'block/cov'; closest: 'block/c"),
    "other block": ("head/conv", ValueError, "closest: 'block/conv'"),
    "index": (9, IndexError, "out of range: Functional has 9 leaf layers"),
    "channel": (
        "act",
        IndexError,
        "channel 4 is out of range: the output of layer 'act'",
    ),
    "call": (Cut("act", call=1), ValueError, "was called once in the forward pass"),
    "accessor": (
        Cut("act", accessor="a"),
        ValueError,
        "output of layer 'act' has no 'a'",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_cuts_are_refused(model, x, what):
    cut, error, text = REFUSED[what]
    with pytest.raises(error, match=message(text)):
        influence(model, cut, InternalChannelQoI(4)).attributions(x)
    check_untouched(model)


def test_wrong_inputs_are_refused(model, x):
    with pytest.raises(ValueError, match=message("failed on `x` of shape (2, 7, 8, 3) (float32)")):
        influence(model).attributions(x[:, 1:])
    with pytest.raises(ValueError, match="must not be empty"):
        influence(model).attributions(x[:0])
    with pytest.raises(ValueError, match="NaN"):
        influence(model).attributions(np.full_like(x, np.nan))
    with pytest.raises(TypeError, match="real"):
        influence(model).attributions(x.astype(complex))
    check_untouched(model)


def test_quantities_without_a_gradient_are_refused(model, x):
    with pytest.raises(ValueError, match=r"no gradient back to the output of layer 'act'.*ops"):
        influence(model, qoi=lambda y: ops.stop_gradient(y)[:, 0, 0, 0]).attributions(x)
    with pytest.raises(ValueError, match="one number per item"):
        influence(model, qoi=lambda y: y[:, 0, 0]).attributions(x)
    with pytest.raises(TypeError, match="must return a tensor"):
        influence(model, qoi=lambda y: "much").attributions(x)
    check_untouched(model)


class SideTracks(keras.Model):
    def __init__(self):
        super().__init__()
        self.main, self.constant, self.unused = kl.Dense(3), kl.Dense(3), kl.Dense(3)
        self.stopped = kl.Identity()

    def build(self, shape):
        for layer in (self.main, self.constant, self.unused):
            layer.build(shape)

    def call(self, x):
        side = self.stopped(ops.stop_gradient(x))[:, :3]
        return self.main(x) + self.constant(ops.ones((1, 4))) + side


def test_layers_off_the_way_are_refused():
    model = SideTracks()
    x = np.ones((2, 4), np.float32)
    with pytest.raises(ValueError, match="was never called in the forward pass of SideTracks"):
        influence(model, "unused").attributions(x)
    for name in ("constant", "stopped"):
        batch = x[:1]
        with pytest.raises(ValueError, match=f"'{name}' does not depend on the input"):
            influence(model, name).attributions(batch)
    check_untouched(model)


def test_whole_numbers_have_no_gradient():
    inputs = keras.Input((4, 4, 3), dtype="uint8")
    h = kl.Rescaling(1 / 255, name="scale")(inputs)
    model = keras.Model(inputs, kl.Conv2D(2, 3, name="conv")(h))
    x = np.random.default_rng(0).integers(0, 255, (1, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="does not depend on the input"):
        influence(model, "conv", InternalChannelQoI(1)).attributions(x)
    inside = influence(model, (Cut("scale"), Cut("conv")), InternalChannelQoI(1))
    assert np.abs(inside.attributions(x)).max() > 0


def test_cell_of_a_recurrent_layer():
    def rnn(unroll):
        cell = kl.GRUCell(3, name="cell", reset_after=False)
        stack = [keras.Input((4, 2)), kl.RNN(cell, unroll=unroll, name="rnn")]
        return nets.weighted(keras.Sequential(stack))

    x = np.random.default_rng(0).normal(size=(2, 4, 2)).astype(np.float32)
    model, unrolled = rnn(False), rnn(True)
    last = influence(unrolled, "rnn/cell", InternalChannelQoI(1)).attributions(x)
    np.testing.assert_allclose(
        last, influence(model, "rnn", InternalChannelQoI(1)).attributions(x), rtol=1e-4, atol=1e-7
    )
    infl = influence(model, "rnn/cell", InternalChannelQoI(1))
    if BACKEND == "jax":
        with pytest.raises(ValueError, match=r"cannot be read under JAX: .*scan"):
            infl.attributions(x)
    else:
        np.testing.assert_allclose(infl.attributions(x), last, rtol=1e-4, atol=1e-7)
    assert [layer.name for layer in layers(model)] == ["rnn"]
    check_untouched(model)


def test_variables_keep_their_values():
    model = nets.Counting()
    x = np.ones((2, 4), np.float32)
    infl = influence(model, OutputCut(), ClassQoI(1))
    infl.attributions(x)  # the first call makes the weights
    count = float(ops.convert_to_numpy(model.count.value))
    seed = ops.convert_to_numpy(model.noise.state.value)
    for _ in range(3):
        infl.attributions(x)
        layers(model, x)
    assert float(ops.convert_to_numpy(model.count.value)) == count
    np.testing.assert_array_equal(ops.convert_to_numpy(model.noise.state.value), seed)


def test_dropout_is_off_and_gradients_are_on(model, x):
    expected = influence(model, "drop").attributions(x)
    np.testing.assert_array_equal(influence(model, "drop").attributions(x), expected)
    assert not model.losses
    if BACKEND == "torch":
        import torch

        for off in (torch.no_grad, torch.inference_mode):
            with off():
                np.testing.assert_array_equal(influence(model, "drop").attributions(x), expected)
        assert all(parameter.grad is None for parameter in model.parameters())


def test_errors_within_a_pass_undo_it(model, x):
    class Broken(Exception):
        pass

    def qoi(y):
        raise Broken

    with pytest.raises(Broken):
        influence(model, qoi=qoi).attributions(x)
    check_untouched(model)

    class Failing(keras.Model):
        def __init__(self):
            super().__init__()
            self.lin = kl.Dense(3)

        def build(self, shape):
            self.lin.build(shape)

        def call(self, x):
            self.lin(x)
            raise Broken

    failing = Failing()
    failing.build((2, 4))
    with pytest.raises(Broken):
        influence(failing, "lin").attributions(np.ones((2, 4)))
    check_untouched(failing)


def test_a_call_of_the_users_own_stays(x):
    model = nets.sequential()
    pool = model.get_layer("pool")
    own = pool.call
    pool.call = lambda x: own(x) * 2
    mine = vars(pool)["call"]
    infl = influence(model, "pool", multiply_activation=False)
    doubled = infl.attributions(x)
    assert vars(pool)["call"] is mine
    del pool.call
    np.testing.assert_allclose(doubled, 2 * infl.attributions(x), rtol=1e-5)


def test_call_within_a_call(model, x):
    expected = influence(model, "block").attributions(x)

    def qoi(y):
        np.testing.assert_array_equal(influence(model, "block").attributions(x), expected)
        return y[:, 0, 0, 0]

    assert np.abs(influence(model, qoi=qoi).attributions(x)).max() > 0
    check_untouched(model)


def test_threads_share_a_model(model, x):
    cuts = ["first", "act", "block", Cut("step", call=0)]
    expected = [influence(model, cut).attributions(x) for cut in cuts]
    errors = []

    def work(i):
        try:
            for _ in range(5):
                got = influence(model, cuts[i]).attributions(x)
                np.testing.assert_array_equal(got, expected[i])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not errors, errors
    check_untouched(model)


def test_interrupt_at_every_line_leaves_nothing_behind():
    model = nets.weighted(
        keras.Sequential([keras.Input((4,)), kl.Dense(3, name="act"), kl.Dense(2, name="head")])
    )
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    infl = influence(model, (Cut("act"), OutputCut()), ClassQoI(1))
    expected = infl.attributions(x)
    last = interrupted_everywhere(
        lambda: infl.attributions(x), lambda: check_untouched(model), step=3
    )
    assert last > 200
    np.testing.assert_array_equal(infl.attributions(x), expected)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(BACKEND != "torch", reason="an exception anywhere breaks JAX and TensorFlow")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer")
def test_interrupts_leave_nothing_behind():
    model = nets.weighted(
        keras.Sequential([keras.Input((4,)), kl.Dense(3, name="act"), kl.Dense(2, name="head")])
    )
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    infl = influence(model, (Cut("act"), OutputCut()), ClassQoI(1))
    expected = infl.attributions(x)
    lengths = []
    for _ in range(20):
        started = time.perf_counter()
        infl.attributions(x)
        lengths.append(time.perf_counter() - started)
    length = min(lengths)
    armed = False

    def interrupt(*_):
        nonlocal armed
        if armed:
            armed = False
            raise Interrupted

    gc.disable()  # Python swallows what is raised within the callbacks of a collection
    before = signal.signal(signal.SIGALRM, interrupt)
    rng, count = random.Random(0), 0
    wanted = int(os.environ.get("HOTCOLD_INTERRUPTS", "1000"))
    try:
        while count < wanted:
            try:
                armed = True
                signal.setitimer(signal.ITIMER_REAL, max(1e-6, rng.random() * length * 1.2))
                infl.attributions(x)
            except (Interrupted, Exception):
                # Keras turns what is raised within it into errors and warnings of its own.
                assert not armed
            count += not armed
            armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            check_untouched(model)
    finally:
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    np.testing.assert_array_equal(infl.attributions(x), expected)


def test_nothing_leaks():
    model = nets.weighted(
        keras.Sequential([keras.Input((4,)), kl.Dense(3, name="act"), kl.Dense(2, name="head")])
    )
    x = np.ones((2, 4), np.float32)
    infl = influence(model, "act", InternalChannelQoI(1))

    def held():
        gc.collect()
        return sys.getallocatedblocks()

    for _ in range(100):  # the library's own caches fill
        infl.attributions(x)
    grown = []
    for _ in range(2):  # the libraries' caches may still grow in one of them
        before = held()
        for _ in range(150):
            infl.attributions(x)
        grown.append(held() - before)
    assert min(grown) < 150, grown


def test_model_without_weights_yet_makes_them(x):
    model = nets.Subclassed()
    infl = influence(model, OutputCut("logits"), InternalChannelQoI(1))
    with pytest.warns(UserWarning, match="unbuilt"):  # Keras itself, of the head that is not used
        got = infl.attributions(x)
    assert got.shape == x.shape
    assert model.conv.built
    assert influence(model, "blocks.1.outer").attributions(x).shape == x.shape


def test_channel_mask_of_a_keras_model(model, x):
    images = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), np.uint8)
    draw = hotcold.ChannelMaskVisualizer(model, "block", 1, dim_order="channels_last", blur=0)
    pictures = draw.render(images, x)
    maps = influence(model, "block", InternalChannelQoI(1))
    assert pictures.shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(
        pictures,
        hotcold.ChannelMaskVisualizer.from_influence(
            maps, dim_order="channels_last", blur=0
        ).render(images, x),
    )
    first = hotcold.ChannelMaskVisualizer(model, "block", 1, blur=0)
    np.testing.assert_array_equal(
        first.render(np.moveaxis(images, -1, 1), np.moveaxis(x, -1, 1)), pictures
    )


def test_influences_pickle_as_their_models_do(x):
    if BACKEND != "jax":
        pytest.skip("one backend is enough")
    model = nets.sequential()
    infl = influence(model, "pool", InternalChannelQoI(1))
    again = pickle.loads(pickle.dumps(infl))
    np.testing.assert_allclose(again.attributions(x), infl.attributions(x), rtol=1e-5)
