"""What all models of JAX share: arrays in and out, channels last."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from hotcold._arrays import DimOrder, as_numpy
from hotcold.influence.backends.jax.engine import JaxEngine, as_float
from hotcold.influence.cuts import Cut, OutputCut
from hotcold.influence.engine import WatchedModel
from hotcold.influence.protocols import FloatArray, Reduction
from hotcold.influence.values import Arguments, Path, Tensor, mapped, replaced

# What modules that behave otherwise in training call the argument that says which.
_INFERENCE = {
    "train": False,
    "training": False,
    "is_training": False,
    "deterministic": True,
    "use_running_average": True,
}
# Errors of models that look at values to see what to do.
_NEED_VALUES = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)


class JaxModel(WatchedModel):
    """A model that is a function of JAX arrays."""

    dim_order: DimOrder = "channels_last"
    uncounted = (
        "Calls of other methods than `__call__` and uses of its weights alone do not count, nor do "
        "calls within nnx.jit, nnx.scan and their like"
    )

    def __init__(self, model: Any, name: str) -> None:
        self.model = model
        self.model_name = name
        self.engine: JaxEngine = JaxEngine()

    def to_numpy(self, value: Any) -> npt.NDArray[Any]:
        """See `protocols.Backend`."""
        array = as_numpy(value, "x")
        # numpy knows bfloat16 only as raw bytes with a name.
        return array.astype(np.float32) if array.dtype.name == "bfloat16" else array

    def leaf(self, point: FloatArray, like: Any) -> Tensor:
        """Return a point in the floating type that the user gave, as far as JAX has it."""
        if isinstance(like, jax.Array) and jnp.issubdtype(like.dtype, jnp.floating):
            return jnp.asarray(point, like.dtype)
        return jnp.asarray(point)

    def inputs(self, given: Arguments, path: Path | None, leaf: Tensor | None) -> Arguments:
        """See `engine.WatchedModel`."""
        rest = given if path is None else replaced(given, path, None)

        def change(value: Any) -> Any:
            is_array = isinstance(value, np.ndarray) and value.dtype.kind in "biufc"
            return jnp.asarray(value) if is_array else value

        arrays = Arguments(mapped(rest.args, change), mapped(dict(rest.kwargs), change))
        return arrays if path is None else replaced(arrays, path, leaf)

    def gradient_dtype(self, value: Tensor) -> FloatArray:
        """See `engine.WatchedModel`."""
        return as_float(value)

    def channel_axis(self, cut: Cut | OutputCut, shape: tuple[int, ...]) -> int | None:
        """Return the last axis, which flax's layers have their channels on."""
        return max(len(shape) - 1, 1)

    def reduce(self, value: Tensor, how: Reduction) -> Tensor:
        """See `protocols.Backend`."""
        if value.ndim == 1:
            return value
        return getattr(jnp, how)(value.reshape(value.shape[0], -1), axis=1)

    def pick(self, value: Tensor, indices: Sequence[int]) -> Tensor:
        """See `protocols.Backend`."""
        return value[np.arange(len(indices)), np.array(indices)]


def run_for_shapes(run: Callable[[], Any]) -> None:
    """Run a pass for the shapes that watches see in it, without computing values if that can be."""

    def passing() -> None:  # since models may return what is no array
        run()

    try:
        jax.eval_shape(passing)
    except _NEED_VALUES:
        run()


def in_inference(call: Callable[..., Any], inputs: Arguments) -> Arguments:
    """Return the inputs with what tells a module that this is no training, where it takes that."""
    parameters = inspect.signature(call).parameters
    told = {key: value for key, value in _INFERENCE.items() if key in parameters}
    return Arguments(inputs.args, {**told, **inputs.kwargs})
