"""One Keras 3 model, as `hotcold.influence` sees it."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from hotcold._arrays import DimOrder, as_numpy
from hotcold.influence.backends.keras import channel_axis
from hotcold.influence.backends.keras.layers import (
    Named,
    by_name,
    by_other_names,
    is_composed,
    listed,
)
from hotcold.influence.backends.keras.patches import Patches
from hotcold.influence.cuts import Cut, InputCut, OutputCut, find_layer
from hotcold.influence.engine import Engine, WatchedModel
from hotcold.influence.inputs import FIRST, as_float, attributed_of
from hotcold.influence.messages import PLAIN_ERRORS
from hotcold.influence.protocols import FloatArray, Layer, Reduction
from hotcold.influence.values import Arguments, Path, Tensor, mapped, replaced
from hotcold.influence.watching import Shapes, Watch

# Models with layers that no pass reaches, which therefore are never built.
_called: weakref.WeakSet[Any] = weakref.WeakSet()


def backend_of(model: Any) -> KerasBackend | None:
    """Return the backend of a Keras model or layer, None for anything else."""
    return KerasBackend(model) if isinstance(model, keras.layers.Layer) else None


def _engine() -> Engine:
    """Return what differentiates on the backend that Keras runs on."""
    backend = keras.config.backend()
    if backend == "jax":
        from hotcold.influence.backends.jax.engine import JaxEngine

        return JaxEngine("keras.ops or jax.numpy")
    if backend == "torch":
        from hotcold.influence.backends.keras.torch_engine import TorchEngine

        return TorchEngine()
    if backend == "tensorflow":
        from hotcold.influence.backends.keras.tensorflow_engine import TensorflowEngine

        return TensorflowEngine()
    raise TypeError(
        f"Keras runs on {backend}, which has no gradients; set KERAS_BACKEND to 'jax', 'torch' or "
        "'tensorflow' before Keras is imported"
    )


class KerasBackend(WatchedModel):
    """One `keras.Model`, as `protocols.Backend` describes it."""

    uncounted = (
        "Uses of its weights alone do not count, nor calls in compiled functions or of fused "
        "kernels that compute its layer at once"
    )

    def __init__(self, model: Any) -> None:
        self.model = model
        self.model_name = type(model).__name__
        self.engine = _engine()
        self._names: list[Named] | None = None
        self._found: dict[str | int, Any] = {}

    @property
    def dim_order(self) -> DimOrder:
        """How the model takes images."""
        order: DimOrder = channel_axis.images_order(self.model, self._all())  # type: ignore[assignment]
        return order

    def to_numpy(self, value: Any) -> npt.NDArray[Any]:
        """See `protocols.Backend`."""
        array = as_numpy(value, "x")
        # numpy knows the bfloat16 of other libraries only as raw bytes with a name.
        return array.astype(np.float32) if array.dtype.name == "bfloat16" else array

    def check_cut(self, cut: InputCut | Cut | OutputCut) -> None:
        """Raise if the model has no such layer."""
        if isinstance(cut, Cut):
            self._find(cut.layer)

    def prepare(self, given: Arguments) -> None:
        """Let the model make its weights, as its first call does."""
        if self._is_unbuilt():
            self._build(self.inputs(given, None, None))

    def _is_unbuilt(self) -> bool:
        if self.model in _called:
            return False
        return not (self.model.built and all(layer.built for layer in self._all()))

    def _build(self, inputs: Arguments) -> None:
        if self._is_unbuilt():
            self.told(lambda: self._call(inputs), inputs)
            _called.add(self.model)
            self._names = None
            self._found.clear()

    def run(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """See `engine.WatchedModel`; variables that the pass assigns keep their values."""
        patches = Patches((self._find(watch.cut.layer), watch) for watch in watches)
        return self._run(patches, inputs)

    def _run(self, patches: Patches, inputs: Arguments) -> Any:
        scope = keras.StatelessScope()

        def leave() -> None:
            patches.detach()
            if hasattr(scope, "original_scope"):  # which it has once it was entered
                scope.__exit__(None, None, None)

        try:
            try:
                scope.__enter__()
                patches.attach()
                return self._call(inputs)
            finally:
                leave()
        finally:  # once more: an interrupt may have come between the first one's steps
            leave()

    def _call(self, inputs: Arguments) -> Any:
        kwargs = dict(inputs.kwargs)
        training = kwargs.pop("training", False)
        args = inputs.args
        if is_composed(self.model):
            args, kwargs = (self._structured(args, kwargs),), {}
        elif not self._takes_arguments(args, kwargs):
            # The way of most Keras models: several inputs are one argument.
            args, kwargs = ((list(args) if args else kwargs),), {}
        return self.model(*args, **kwargs, training=training)

    def _structured(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the inputs of a graph in the structure that it was made with."""
        wanted = getattr(self.model, "input", None) if hasattr(self.model, "inputs") else None
        if isinstance(wanted, Mapping):
            if _holds_others(args) or (args and len(args) != len(wanted)):
                return args[0]
            return dict(zip(wanted, args, strict=True)) if args else kwargs
        if isinstance(wanted, list | tuple):
            if kwargs and all(getattr(one, "name", None) in kwargs for one in wanted):
                return [kwargs[one.name] for one in wanted]
            return args[0] if _holds_others(args) else list(args)
        if args:
            return args[0] if len(args) == 1 else list(args)
        return next(iter(kwargs.values())) if len(kwargs) == 1 else kwargs

    def _takes_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Return whether the inputs are arguments of `call`, not parts of the only one."""
        if len(args) + len(kwargs) == 1 and args:
            return True
        parameters = inspect.signature(self.model.call).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return True
        if any(p.kind is p.VAR_POSITIONAL for p in parameters.values()) and not kwargs:
            return True
        data = [name for name in parameters if name not in ("training", "mask")]
        return len(args) <= len(data) and set(kwargs) <= set(data)

    def leaf(self, point: FloatArray, like: Any) -> Tensor:
        """See `engine.WatchedModel`: float64 for a float64 model, float32 otherwise."""
        return self._tensor(point)

    def _tensor(self, array: npt.NDArray[Any]) -> Tensor:
        if array.dtype.kind != "f":
            return keras.ops.convert_to_tensor(array)
        dtype = "float64" if self.model.compute_dtype == "float64" else "float32"
        return keras.ops.convert_to_tensor(array.astype(dtype))

    def inputs(self, given: Arguments, path: Path | None, leaf: Tensor | None) -> Arguments:
        """See `engine.WatchedModel`."""
        rest = given if path is None else replaced(given, path, None)

        def change(value: Any) -> Any:
            if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
                return self._tensor(np.array(value, order="C"))
            # Code on PyTorch may overwrite its inputs.
            return value.detach().clone() if hasattr(value, "detach") else value

        copies = Arguments(mapped(rest.args, change), mapped(dict(rest.kwargs), change))
        return copies if path is None else replaced(copies, path, leaf)

    def gradient_dtype(self, value: Tensor) -> FloatArray:
        """See `engine.WatchedModel`."""
        array = self.to_numpy(value)
        return np.array(array, np.float64 if array.dtype == np.float64 else np.float32)

    def layer_type(self, cut: Cut) -> str:
        """See `engine.WatchedModel`."""
        return type(self._find(cut.layer)).__name__

    def channel_axis(self, cut: Cut | OutputCut, shape: tuple[int, ...]) -> int | None:
        """See `engine.WatchedModel`."""
        if isinstance(cut, OutputCut):
            return channel_axis.axis_of_output(self.model, shape, self._all())
        layer = self._find(cut.layer)
        return channel_axis.axis_of_layer(layer, cut.anchor, shape, self._all())

    def reduce(self, value: Tensor, how: Reduction) -> Tensor:
        """See `protocols.Backend`."""
        if len(value.shape) == 1:
            return value
        flat = keras.ops.reshape(value, (value.shape[0], -1))
        return getattr(keras.ops, how)(flat, axis=1)

    def pick(self, value: Tensor, indices: Sequence[int]) -> Tensor:
        """See `protocols.Backend`."""
        wanted = np.array(indices, np.int32)[:, None] % value.shape[1]
        return keras.ops.take_along_axis(value, keras.ops.convert_to_tensor(wanted), axis=1)[:, 0]

    def layers(self, given: Arguments | None, blocks: bool) -> list[Layer]:
        """List the leaf layers, or all, with the output shapes of one forward pass."""
        shapes = {} if given is None else self._shapes(given)
        leaves = [id(layer) for layer in self._leaves()]
        return [
            Layer(
                leaves.index(id(one.layer)) if one.is_leaf else None,
                one.name,
                type(one.layer).__name__,
                *shapes.get(id(one.layer), (None, None)),
            )
            for one in self._listed()
            if one.is_leaf or blocks
        ]

    def _shapes(self, given: Arguments) -> dict[int, tuple[tuple[int, ...] | None, int | None]]:
        first = self.to_numpy(attributed_of(given, FIRST))
        hold = self.evaluating()
        try:
            with hold:
                try:
                    floating = replaced(given, FIRST, as_float(first))
                    return self._recorded(self.inputs(floating, None, None))
                except PLAIN_ERRORS:
                    if first.dtype.kind == "f":
                        raise
                    # Token numbers, not an image of integers.
                    return self._recorded(self.inputs(given, None, None))
        finally:
            hold.release()

    def _recorded(self, inputs: Arguments) -> dict[int, tuple[tuple[int, ...] | None, int | None]]:
        self._build(inputs)
        everything = self._all()
        watches = [
            (
                layer,
                Shapes(
                    self.engine.kind,
                    partial(channel_axis.axis_of_layer, layer, "out", layers=everything),
                ),
            )
            for layer in everything
        ]
        self.told(lambda: self._run(Patches(watches), inputs), inputs)
        return {id(layer): one.seen for layer, one in watches}

    def _listed(self) -> list[Named]:
        """Return the layers of the model, which making its weights may add to."""
        if self._names is None:
            self._names = listed(self.model)
        return self._names

    def _all(self) -> list[Any]:
        return [one.layer for one in self._listed()]

    def _leaves(self) -> list[Any]:
        return [one.layer for one in self._listed() if one.is_leaf]

    def _find(self, layer: str | int) -> Any:
        if layer not in self._found:
            named = by_name(self.model)
            if isinstance(layer, str) and layer not in named:
                other = by_other_names(self.model)
                named = {layer: other[layer]} if layer in other else named
            self._found[layer] = find_layer(layer, named, self._leaves(), self.model_name)
        return self._found[layer]


def _holds_others(args: tuple[Any, ...]) -> bool:
    """Return whether the only input holds several, `((a, b),)`."""
    return len(args) == 1 and isinstance(args[0], Mapping | list | tuple)
