"""Differentiates functions of JAX arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from hotcold.influence.engine import NoGradient, Wish
from hotcold.influence.holds import Nothing
from hotcold.influence.protocols import FloatArray
from hotcold.influence.values import Kind, Tensor


def is_floating(value: Tensor) -> bool:
    """Return whether an array holds floating numbers."""
    return bool(jnp.issubdtype(value.dtype, jnp.floating))


# Items times quantities in one backward pass: it needs memory for each.
_MOST_TOGETHER = 16


class JaxEngine:
    """See `engine.Engine`."""

    kind = Kind(jax.Array, is_floating)
    no_gradient = "it is constant, or computed from integer values or behind stop_gradient"

    def __init__(self, library: str = "jax.numpy") -> None:
        self.operations = f"{library}'s differentiable operations"
        self._trace: Any = None

    def switched(self) -> Nothing:
        """See `engine.Engine`."""
        return Nothing()

    def begin(self) -> None:
        """Note under which transformation the pass runs, which `keep` compares with."""
        self._trace = _current_trace()

    def keep(self, tensor: Tensor, place: str) -> Tensor:
        """Return the array, unless it is of a function that JAX traces on its own."""
        if _current_trace() != self._trace:
            raise ValueError(
                f"{place} cannot be read under JAX: the layer runs within a loop or function that "
                "JAX traces on its own (the scan of a recurrent layer, jit, vmap or a "
                "checkpoint); cut at the layer around it"
            )
        return tensor

    def alike(self, leaf: Tensor, tensor: Tensor) -> Tensor:
        """See `engine.Engine`."""
        return leaf.astype(tensor.dtype)

    def gradients(
        self, run: Callable[[Tensor], list[Tensor]], leaf: Tensor, wishes: Sequence[Wish]
    ) -> list[FloatArray]:
        """See `engine.Engine`.

        What does not depend on the leaf comes out of the pass without a trace of it.
        """
        depends: list[bool] = []

        def pass_of(leaf: Tensor) -> list[Tensor]:
            values = run(leaf)
            depends[:] = [isinstance(value, jax.core.Tracer) for value in values]
            return values

        # In two steps, so that a quantity's way back is not walked for all the others, too.
        values, back = jax.vjp(pass_of, leaf)
        of_values = []
        for i, (number, quantity) in enumerate(wishes):
            of_value = self._of_quantity(quantity, values[number])
            if not depends[number]:
                raise NoGradient(i, of_quantity=False)
            if of_value is None:
                raise NoGradient(i, of_quantity=True)
            of_values.append(of_value)

        def gradient(number: int, of_value: Tensor) -> Tensor:
            of_all = [
                of_value if n == number else _zeros_like(value) for n, value in enumerate(values)
            ]
            return back(of_all)[0]

        found: dict[int, FloatArray] = {}
        for number in range(len(values)):
            mine = [i for i, wish in enumerate(wishes) if wish.value == number]
            for some in _parts(mine, max(1, _MOST_TOGETHER // max(1, leaf.shape[0]))):
                if len(some) == 1:
                    found[some[0]] = as_float(gradient(number, of_values[some[0]]))
                    continue
                # Without compiling, walking back costs a call of Python for each operation.
                stacked = jnp.stack([of_values[i] for i in some])
                each = jax.vmap(partial(gradient, number))(stacked)
                found.update(zip(some, (as_float(one) for one in each), strict=True))
        return [found[i] for i in range(len(wishes))]

    def _of_quantity(self, quantity: Callable[[Tensor], Tensor], value: Tensor) -> Tensor | None:
        """Return the gradient of the quantity by the value, None if it does not depend on it."""
        depends = False

        def function(value: Tensor) -> Tensor:
            nonlocal depends
            result = quantity(value)
            depends = isinstance(result, jax.core.Tracer)
            return result

        result, back = jax.vjp(function, value)
        if not depends:
            return None
        (gradient,) = back(jnp.ones_like(result))
        return gradient


def as_float(value: Tensor) -> FloatArray:
    """Return a new host array of float32, or float64 where the array is that."""
    dtype = np.float64 if value.dtype == np.float64 else np.float32
    return np.array(value, dtype)


def _parts(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    """Return the numbers in parts of at most `size`."""
    return [numbers[i : i + size] for i in range(0, len(numbers), size)]


def _zeros_like(value: Tensor) -> Tensor:
    """Return the gradient of what does not matter."""
    if is_floating(value):
        return jnp.zeros_like(value)
    return np.zeros(value.shape, jax.dtypes.float0)


def _current_trace() -> Any:
    """Return what tells one transformation of JAX from another."""
    return core.get_opaque_trace_state(convention="flax")
