"""One PyTorch model, as `hotcold.influence` sees it.

A layer is read by a forward hook that clones what it sees, so that a layer which overwrites it in
place afterwards changes neither the value nor its gradient; the clone costs one copy of that
layer's output. Gradients come from `torch.autograd.grad`, which leaves every `.grad` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hotcold._arrays import DimOrder
from hotcold.influence.backends.torch import arrays, modules
from hotcold.influence.backends.torch.channel_axis import channel_axis_of
from hotcold.influence.backends.torch.holding import TorchHold
from hotcold.influence.backends.torch.hooks import KIND, Hook, Reader, Replacer
from hotcold.influence.cuts import Cut, InputCut, OutputCut, describe, find_layer
from hotcold.influence.inputs import FIRST, attributed_of, path_of
from hotcold.influence.messages import (
    PLAIN_ERRORS,
    failed,
    no_floating_values,
    no_gradient,
    quantity_without_gradient,
)
from hotcold.influence.protocols import FloatArray, Layer, Reduction, Target
from hotcold.influence.values import (
    Arguments,
    Path,
    mapped,
    replaced,
    taken,
    tensors_in,
)

_NO_GRADIENT = (
    "it is constant, or computed from detached or integer values, or under no_grad, or within a "
    "checkpoint with use_reentrant=True"
)


def backend_of(model: Any) -> TorchBackend | None:
    """Return the backend of a PyTorch model, None for anything else."""
    return TorchBackend(model) if isinstance(model, nn.Module) else None


class TorchBackend:
    """One `torch.nn.Module`, as `protocols.Backend` describes it."""

    dim_order: DimOrder = "channels_first"

    def __init__(self, model: nn.Module) -> None:
        self.model = modules.uncompiled(model)
        self._overwrites = False
        self._start_call = 0

    def to_numpy(self, value: Any) -> npt.NDArray[Any]:
        """See `protocols.Backend`."""
        return arrays.to_numpy(value)

    def evaluating(self) -> TorchHold:
        """See `protocols.Backend`."""
        return TorchHold(self.model)

    def check_cut(self, cut: InputCut | Cut | OutputCut) -> None:
        """Raise if the model has no such layer."""
        if isinstance(cut, Cut):
            self._find(cut.layer)

    def read(self, given: Arguments, cut: Cut) -> FloatArray:
        """See `protocols.Backend`."""
        reader = Reader(cut, self._find(cut.layer))
        # With gradients, although none is taken: without, fused layers call none of their parts.
        self._run([reader], self._tensors(given, None, None))
        value = reader.value(None, type(self.model).__name__)
        n_calls = reader.calls()
        self._start_call = cut.call if cut.call >= 0 else n_calls + cut.call
        if not value.is_floating_point():
            raise no_floating_values(cut, value.dtype)
        return arrays.gradient_to_numpy(value.detach())

    def gradients(
        self,
        given: Arguments,
        start: InputCut | Cut,
        point: FloatArray,
        targets: Sequence[Target],
    ) -> list[FloatArray]:
        """See `protocols.Backend`.

        Code written for inference may overwrite a value that autograd has kept for the way back.
        Then, and for the rest of the call, torch copies such values before they change.
        """
        if not self._overwrites:
            try:
                return self._gradients(given, start, point, targets)
            except RuntimeError as error:
                if "inplace operation" not in str(error):
                    raise
                self._overwrites = True
        with torch.autograd.graph.allow_mutation_on_saved_tensors():
            return self._gradients(given, start, point, targets)

    def _gradients(
        self,
        given: Arguments,
        start: InputCut | Cut,
        point: FloatArray,
        targets: Sequence[Target],
    ) -> list[FloatArray]:
        readers = {
            target.cut: Reader(target.cut, self._find(target.cut.layer))
            for target in targets
            if isinstance(target.cut, Cut)
        }
        hooks: list[Hook] = list(readers.values())
        if isinstance(start, InputCut):
            path = path_of(start)
            leaf = arrays.to_tensor(point, attributed_of(given, path), self.model)
            inputs = self._tensors(given, path, leaf.requires_grad_(True))
        else:
            leaf = torch.from_numpy(point).requires_grad_(True)
            module = self._find(start.layer)
            # First, so that a cut at the same place reads what was put there.
            hooks.insert(0, Replacer(start, module, leaf, self._start_call))
            inputs = self._tensors(given, None, None)
        output = self._run(hooks, inputs)
        wanted = []
        for cut, quantity in targets:
            if isinstance(cut, OutputCut):
                value = taken(output, cut.accessor, KIND, describe(cut))
            else:
                value = readers[cut].value(leaf, type(self.model).__name__)
            image = leaf if isinstance(start, InputCut) else None
            one = quantity(value, channel_axis_of(value, image))
            if value.requires_grad and not one.requires_grad:
                raise quantity_without_gradient(cut, "torch's own differentiable operations")
            wanted.append(one)
        found = []
        for i, one in enumerate(wanted):
            # One after another: on CPUs batched gradients (`is_grads_batched`) are no faster.
            grad = self._grad(one, leaf, keep=i + 1 < len(wanted))
            if grad is None:
                cut = targets[i].cut
                n_calls = readers[cut].calls() if isinstance(cut, Cut) else 1
                raise no_gradient(cut, start, n_calls, _NO_GRADIENT)
            found.append(arrays.gradient_to_numpy(grad))
        return found

    def _grad(self, wanted: Tensor, leaf: Tensor, *, keep: bool) -> Tensor | None:
        if not wanted.requires_grad:
            return None
        (grad,) = torch.autograd.grad(
            wanted,
            leaf,
            grad_outputs=torch.ones_like(wanted),
            allow_unused=True,
            retain_graph=keep,
        )
        return grad

    def reduce(self, value: Tensor, how: Reduction) -> Tensor:
        """Reduce every axis but the first; a maximum that is reached twice is shared."""
        if value.ndim == 1:
            return value
        flat = value.flatten(1)
        if how == "max":
            return flat.amax(1)
        return flat.sum(1) if how == "sum" else flat.mean(1)

    def pick(self, value: Tensor, indices: Sequence[int]) -> Tensor:
        """See `protocols.Backend`."""
        return value[list(range(len(indices))), list(indices)]

    def layers(self, given: Arguments | None, blocks: bool) -> list[Layer]:
        """List the leaf layers, or all modules, with the output shapes of one forward pass."""
        index_of = {module: i for i, (_, module) in enumerate(modules.leaves(self.model))}
        listed = [
            (name, module)
            for name, module in modules.named_modules(self.model, once=True)
            if module in index_of or (blocks and not isinstance(module, modules.HOLDERS))
        ]
        shapes: dict[nn.Module, tuple[tuple[int, ...], int | None]] = {}
        if given is not None:
            shapes = self._shapes([m for _, m in listed], given)
        return [
            Layer(index_of.get(m), name, modules.type_of(m), *shapes.get(m, (None, None)))
            for name, m in listed
        ]

    def _shapes(
        self, listed: list[nn.Module], given: Arguments
    ) -> dict[nn.Module, tuple[tuple[int, ...], int | None]]:
        first = attributed_of(given, FIRST)
        hold = self.evaluating()
        try:
            with hold:
                try:
                    leaf = arrays.to_tensor(
                        np.array(arrays.to_numpy(first)), first, self.model
                    ).requires_grad_(True)
                    return self._recorded(listed, self._tensors(given, FIRST, leaf), leaf)
                except PLAIN_ERRORS:
                    if arrays.is_floating(first):
                        raise
                    # Token numbers, not an image of integers.
                    return self._recorded(listed, self._tensors(given, None, None), None)
        finally:
            hold.release()

    def _recorded(
        self, listed: list[nn.Module], inputs: Arguments, leaf: Tensor | None
    ) -> dict[nn.Module, tuple[tuple[int, ...], int | None]]:
        hooks = [Shapes(Cut("-"), module, leaf) for module in listed]
        self._run(hooks, inputs)
        return {hook.module: hook.seen for hook in hooks if hook.seen is not None}

    def _tensors(self, given: Arguments, path: Path | None, leaf: Tensor | None) -> Arguments:
        """Return the inputs of a pass, with a copy of the leaf where it goes."""
        like = attributed_of(given, FIRST if path is None else path)
        rest = given if path is None else replaced(given, path, None)

        def change(value: Any) -> Any:
            return arrays.to_input(value, like, self.model)

        inputs = Arguments(mapped(rest.args, change), mapped(dict(rest.kwargs), change))
        # A clone, because the model may overwrite its input.
        return inputs if path is None or leaf is None else replaced(inputs, path, leaf.clone())

    def _run(self, hooks: Sequence[Hook], inputs: Arguments) -> Any:
        """Return what the model returns; the hooks are there for the length of the pass."""
        try:
            try:
                for hook in hooks:
                    hook.attach()
                return self._forward(inputs)
            finally:
                for hook in hooks:
                    hook.detach()
        finally:  # once more: an interrupt may have come between the first one's steps
            for hook in hooks:
                hook.detach()

    def _forward(self, inputs: Arguments) -> Any:
        try:
            return self.model(*inputs.args, **inputs.kwargs)
        except PLAIN_ERRORS as error:
            told = failed(error, type(self.model).__name__, inputs)
            if told is error:
                raise
            raise told from error

    def _find(self, layer: str | int) -> nn.Module:
        named = dict(modules.named_modules(self.model, once=False))
        leaves = [module for _, module in modules.leaves(self.model)]
        module: nn.Module = find_layer(layer, named, leaves, type(self.model).__name__)
        return module


class Shapes(Hook):
    """Keeps the shape of what a layer returns, and the length of its channel axis."""

    def __init__(self, cut: Cut, module: nn.Module, leaf: Tensor | None) -> None:
        super().__init__(cut, module)
        self._leaf = leaf
        self.seen: tuple[tuple[int, ...], int | None] | None = None

    def see(self, value: Any, thread: int, number: int) -> None:
        """Keep the shape of the last call."""
        tensors = list(tensors_in(value, KIND).values())
        if tensors:
            shape = tuple(tensors[0].shape)
            axis = channel_axis_of(tensors[0], self._leaf)
            channels = shape[axis] if axis is not None and axis < len(shape) else None
            self.seen = (shape, channels)
