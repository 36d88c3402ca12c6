"""One PyTorch model, as `hotcold.influence` sees it.

A layer is read by a forward hook that clones what it sees, so that a layer which overwrites it in
place afterwards changes neither the value nor its gradient; the clone costs one copy of that
layer's output. Gradients come from `torch.autograd.grad`, which leaves every `.grad` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hotcold._arrays import DimOrder
from hotcold.influence._values import copy_tensors, one_tensor, shape_of, tensors_in
from hotcold.influence.backends.torch import arrays, holding, modules
from hotcold.influence.cuts import Cut, OutputCut, describe, find_layer
from hotcold.influence.protocols import FloatArray, Layer, Reduction

# Errors that a forward pass raises for input it cannot take. Others (out of memory, a library's
# own classes) pass as they are: they cannot be rebuilt from a message.
_PLAIN_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    AssertionError,
    NotImplementedError,
)


def backend_of(model: Any) -> TorchBackend | None:
    """Return the backend of a PyTorch model, None for anything else."""
    return TorchBackend(model) if isinstance(model, nn.Module) else None


class TorchBackend:
    """One `torch.nn.Module`, as `protocols.Backend` describes it."""

    channel_axis = 1
    dim_order: DimOrder = "channels_first"

    def __init__(self, model: nn.Module) -> None:
        self.model = modules.uncompiled(model)
        self._overwrites = False

    def to_numpy(self, value: Any) -> npt.NDArray[Any]:
        """See `protocols.Backend`."""
        return arrays.to_numpy(value)

    def evaluating(self) -> AbstractContextManager[None]:
        """See `protocols.Backend`."""
        return holding.evaluating(self.model)

    def check_cut(self, cut: Cut | OutputCut) -> None:
        """Raise if the model has no such layer."""
        if isinstance(cut, Cut):
            self._find(cut.layer)

    def gradient(
        self,
        x: FloatArray,
        others: tuple[Any, ...],
        cut: Cut | OutputCut,
        quantity: Callable[[Tensor], Tensor],
    ) -> FloatArray:
        """Return d/dx of the sum over items of the quantity, shape and items of x.

        Code written for inference may overwrite a value that autograd has kept for the way back.
        Then, and for the rest of the call, torch copies such values before they change.
        """
        if not self._overwrites:
            try:
                return self._gradient(x, others, cut, quantity)
            except RuntimeError as error:
                if "inplace operation" not in str(error):
                    raise
                self._overwrites = True
        with torch.autograd.graph.allow_mutation_on_saved_tensors():
            return self._gradient(x, others, cut, quantity)

    def _gradient(
        self,
        x: FloatArray,
        others: tuple[Any, ...],
        cut: Cut | OutputCut,
        quantity: Callable[[Tensor], Tensor],
    ) -> FloatArray:
        leaf = arrays.to_tensor(x, self.model).requires_grad_(True)
        if isinstance(cut, OutputCut):
            value = one_tensor(self._forward(leaf, others), Tensor, describe(cut))
        else:
            value = self._read(cut, leaf, others)
        wanted = quantity(value)
        if value.requires_grad and not wanted.requires_grad:
            raise ValueError(
                f"the quantity has no gradient back to {describe(cut)}: compute it from the "
                "tensor with torch's own differentiable operations"
            )
        grad = None
        if wanted.requires_grad:
            ones = torch.ones_like(wanted)
            (grad,) = torch.autograd.grad(wanted, leaf, grad_outputs=ones, allow_unused=True)
        if grad is None:
            raise ValueError(
                f"{describe(cut)} does not depend on the input: no gradient leads from it to `x` "
                "(it is constant, or computed from detached or integer values, or under no_grad)"
            )
        return arrays.gradient_to_numpy(grad)

    def reduce(self, value: Tensor, how: Reduction) -> Tensor:
        """Reduce every axis but the first; a maximum that is reached twice is shared."""
        if value.ndim == 1:
            return value
        flat = value.flatten(1)
        if how == "max":
            return flat.amax(1)
        return flat.sum(1) if how == "sum" else flat.mean(1)

    def layers(self, inputs: tuple[Any, ...] | None, blocks: bool) -> list[Layer]:
        """List the leaf layers, or all modules, with the output shapes of one forward pass."""
        index_of = {module: i for i, (_, module) in enumerate(modules.leaves(self.model))}
        listed = [
            (name, module)
            for name, module in modules.named_modules(self.model, once=True)
            if module in index_of or (blocks and not isinstance(module, modules.HOLDERS))
        ]
        shapes = {} if inputs is None else self._shapes([m for _, m in listed], inputs)
        return [
            Layer(index_of.get(m), name, type(m).__name__, shape, self._channel_count(shape))
            for name, m in listed
            for shape in (shapes.get(m),)
        ]

    def _channel_count(self, shape: tuple[int, ...] | None) -> int | None:
        return shape[self.channel_axis] if shape and len(shape) > self.channel_axis else None

    def _shapes(
        self, listed: list[nn.Module], inputs: tuple[Any, ...]
    ) -> dict[nn.Module, tuple[int, ...]]:
        shapes: dict[nn.Module, tuple[int, ...]] = {}

        def record(module: nn.Module, _: Any, output: Any) -> None:
            tensors = tensors_in(output, Tensor)
            if tensors:
                shapes[module] = tuple(tensors[0].shape)

        with self.evaluating(), torch.no_grad(), ExitStack() as hooks:
            for module in listed:
                hooks.callback(module.register_forward_hook(record).remove)
            self._forward(arrays.to_tensor(np.array(inputs[0]), self.model), inputs[1:])
        return shapes

    def _read(self, cut: Cut, leaf: Tensor, others: tuple[Any, ...]) -> Tensor:
        """Run the model and return what stood at the cut at its last call."""
        seen: list[Any] = []
        thread = threading.get_ident()

        def keep(value: Any) -> None:
            # The model may run in another thread at the same time: that is not our pass.
            if threading.get_ident() == thread:
                seen[:] = [copy_tensors(value, Tensor, torch.clone)]

        module = self._find(cut.layer)
        if cut.anchor == "out":
            handle = module.register_forward_hook(lambda _, args, output: keep(output))
        else:
            handle = module.register_forward_pre_hook(
                lambda _, args, kwargs: keep((*args, *kwargs.values())), with_kwargs=True
            )
        try:
            self._forward(leaf, others)
        finally:
            handle.remove()
        if not seen:
            raise ValueError(
                f"layer {cut.layer!r} ({type(module).__name__}) was never called in the forward "
                f"pass of {type(self.model).__name__}, so it has no value to read (calls in "
                "scripted code, and uses of its weights alone, do not count)"
            )
        value: Tensor = one_tensor(seen[0], Tensor, describe(cut))
        return value

    def _forward(self, leaf: Tensor, others: tuple[Any, ...]) -> Any:
        # Clones, because the model may overwrite its input, and because tensors made in inference
        # mode cannot be saved for the backward pass.
        safe = tuple(o.clone() if isinstance(o, Tensor) and o.is_inference() else o for o in others)
        try:
            return self.model(leaf.clone(), *safe)
        except _PLAIN_ERRORS as error:
            if type(error) not in _PLAIN_ERRORS:
                raise
            given = ", ".join([str(tuple(leaf.shape)), *(shape_of(o) for o in others)])
            raise type(error)(
                f"{type(self.model).__name__} failed on `x` of shape {given} "
                f"({str(leaf.dtype).removeprefix('torch.')}): {error}"
            ) from error

    def _find(self, layer: str | int) -> nn.Module:
        named = dict(modules.named_modules(self.model, once=False))
        leaves = [module for _, module in modules.leaves(self.model)]
        module: nn.Module = find_layer(layer, named, leaves, type(self.model).__name__)
        return module
