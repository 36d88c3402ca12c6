"""Small Keras networks with the same weights on every backend, and gradients written out."""

from __future__ import annotations

import os
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers as kl

BACKEND = keras.config.backend()


def weighted(model, seed=0):
    """Give a built model weights that every backend computes alike."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if "seed" not in variable.path:
            low = 0.5 if variable.path.endswith(("variance", "gamma")) else -0.5
            variable.assign(rng.uniform(low, 1 if low > 0 else 0.5, variable.shape))
    return model


def functional():
    """A graph: convolution, batch norm, a nested sequential block, a shared layer, two heads."""
    inputs = keras.Input((8, 8, 3))
    h = kl.Conv2D(4, 3, name="first")(inputs)
    h = kl.BatchNormalization(name="norm")(h)
    h = kl.Activation("tanh", name="act")(h)
    block = keras.Sequential([kl.Conv2D(5, 3, name="conv"), kl.Activation("tanh", name="act")])
    block.name = "block"
    h = block(h)
    h = kl.Dropout(0.5, name="drop")(h)
    h = kl.GlobalAveragePooling2D(name="pool")(h)
    step = kl.Dense(5, activation="tanh", name="step")
    h = step(step(step(h)))
    return weighted(keras.Model(inputs, kl.Dense(3, name="head")(h)))


def sequential():
    """A stack."""
    stack = [
        keras.Input((8, 8, 3)),
        kl.Conv2D(4, 3, strides=2, name="first", activation="relu"),
        kl.MaxPooling2D(name="pool"),
        kl.Flatten(name="flat"),
        kl.Dense(3, name="head"),
    ]
    return weighted(keras.Sequential(stack))


class Block(kl.Layer):
    """A layer of layers."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.inner = kl.Dense(width, activation="tanh")
        self.outer = kl.Dense(width)

    def call(self, x):
        return x + self.outer(self.inner(x))


class Subclassed(keras.Model):
    """Holds layers in an attribute, a list and a dict, and never calls one of them."""

    def __init__(self):
        super().__init__()
        self.conv = kl.Conv2D(4, 3)
        self.blocks = [Block(4), Block(4)]
        self.heads = {"main": kl.Dense(3), "unused": kl.Dense(2)}
        self.drop = kl.Dropout(0.5)

    def call(self, x, training=None):
        h = keras.ops.tanh(self.conv(x))
        for block in self.blocks:
            h = block(h)
        h = keras.ops.mean(self.drop(h, training=training), axis=(1, 2))
        return {"logits": self.heads["main"](h), "state": h}


def subclassed():
    """A model without a graph, built by its first call."""
    model = Subclassed()
    with warnings.catch_warnings():  # that one of its layers is never built
        warnings.simplefilter("ignore", UserWarning)
        model(np.zeros((1, 8, 8, 3), np.float32))
    return weighted(model)


class Counting(keras.Model):
    """Counts its calls in a variable, and draws from a generator of random numbers."""

    def __init__(self):
        super().__init__()
        self.dense = kl.Dense(3)
        self.noise = keras.random.SeedGenerator(0)

    def build(self, shape):
        self.count = self.add_weight(name="count", initializer="zeros", trainable=False)
        self.dense.build(shape)

    def call(self, x):
        self.count.assign(self.count + 1.0)
        return self.dense(x) + 0 * keras.random.normal((3,), seed=self.noise)


def images(n=2, seed=0):
    """Return a batch of channels-last images."""
    return np.random.default_rng(seed).normal(size=(n, 8, 8, 3)).astype(np.float32)


def gradient(function, x):
    """Return the gradient of the sum of a function of one tensor, by the backend's own means."""
    if BACKEND == "jax":
        import jax

        return np.asarray(jax.grad(lambda x: function(x).sum())(x))
    if BACKEND == "torch":
        import torch

        leaf = torch.from_numpy(np.array(x)).requires_grad_(True)
        return torch.autograd.grad(function(leaf).sum(), leaf)[0].numpy()
    import tensorflow as tf

    leaf = tf.convert_to_tensor(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(leaf)
        value = tf.reduce_sum(function(leaf))
    return tape.gradient(value, leaf).numpy()
