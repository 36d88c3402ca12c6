"""Differentiates Keras models on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from hotcold.influence.engine import NoGradient, Wish
from hotcold.influence.holds import Nothing
from hotcold.influence.protocols import FloatArray
from hotcold.influence.values import Kind, Tensor


def is_floating(value: Tensor) -> bool:
    """Return whether a tensor holds floating numbers."""
    return bool(value.dtype.is_floating)


class TensorflowEngine:
    """See `engine.Engine`."""

    kind = Kind(tf.Tensor, is_floating)
    operations = "keras.ops or TensorFlow's differentiable operations"
    no_gradient = "it is constant, or computed from integer values or behind stop_gradient"

    def switched(self) -> Nothing:
        """See `engine.Engine`."""
        return Nothing()

    def begin(self) -> None:
        """See `engine.Engine`."""

    def keep(self, tensor: Tensor, place: str) -> Tensor:
        """Return the tensor, unless it is of a graph that TensorFlow builds."""
        if tf.is_symbolic_tensor(tensor):
            raise ValueError(
                f"{place} cannot be read under TensorFlow: the layer runs within a compiled "
                "function (tf.function, vectorized_map); cut at the layer around it"
            )
        return tensor

    def alike(self, leaf: Tensor, tensor: Tensor) -> Tensor:
        """See `engine.Engine`."""
        return tf.cast(leaf, tensor.dtype)

    def gradients(
        self, run: Callable[[Tensor], list[Tensor]], leaf: Tensor, wishes: Sequence[Wish]
    ) -> list[FloatArray]:
        """See `engine.Engine`."""
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(leaf)
            values = run(leaf)
            wanted = [quantity(values[number]) for number, quantity in wishes]
        found = []
        for i, one in enumerate(wanted):
            gradient = tape.gradient(one, leaf)
            if gradient is None:
                value = values[wishes[i].value]
                depends = tape.gradient(value, leaf) is not None
                raise NoGradient(i, of_quantity=depends)
            found.append(as_float(gradient))
        return found


def as_float(value: Any) -> FloatArray:
    """Return a new host array of float32, or float64 where the tensor is that."""
    array = tf.convert_to_tensor(value).numpy()  # gathering has sparse gradients
    return np.array(array, np.float64 if array.dtype == np.float64 else np.float32)
