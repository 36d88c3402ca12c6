"""PyTorch behind `hotcold.influence`: the only module that imports torch.

A layer is read by a forward hook that clones what it sees, so that a layer which overwrites it in
place afterwards changes neither the value nor its gradient; the clone costs one copy of that
layer's output. Gradients come from `torch.autograd.grad`, which leaves every `.grad` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hotcold.influence._values import copy_tensors, one_tensor, shape_of, tensors_in
from hotcold.influence.cuts import Cut, OutputCut, describe, find_layer
from hotcold.influence.layer_list import Layer
from hotcold.influence.protocols import FloatArray, Reduction

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
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
# Modules that only hold others and have no forward pass.
_HOLDERS = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
# What torch.compile puts between the name of a module and those of its children.
_COMPILED = "_orig_mod"

_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_locks_guard = threading.Lock()
# torch.compiler's stance is one for the process, so calls on compiled models take turns.
_stance_lock = threading.RLock()


class TorchBackend:
    """One `torch.nn.Module`, as `protocols.Backend` describes it."""

    channel_axis = 1

    def __init__(self, model: nn.Module) -> None:
        while isinstance(inner := getattr(model, _COMPILED, None), nn.Module):
            model = inner
        self.model = model
        self._overwrites = False

    def to_numpy(self, value: Any) -> npt.NDArray[Any]:
        """Return a tensor, an array or nested lists of numbers as a host array."""
        if isinstance(value, list) and value and all(isinstance(v, Tensor) for v in value):
            value = _stack(value)
        elif hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray | Tensor):
            value = torch.utils.dlpack.from_dlpack(value)
        if isinstance(value, Tensor):
            # numpy has no bfloat16; float32 holds every value of it.
            value = value.detach().to(torch.float32) if value.dtype == torch.bfloat16 else value
            array: npt.NDArray[Any] = value.numpy(force=True)
            return array
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ValueError(
                f"`x` must be one array of numbers: {error}; several inputs of a model go in a "
                "tuple"
            ) from error
        # numpy knows the bfloat16 of other libraries only as raw bytes with a name.
        return array.astype(np.float32) if array.dtype.name == "bfloat16" else array

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Hold the model: evaluation mode, gradients on, no compiled code; all restored on exit.

        The flags are set one by one, not by `eval()`, which a model may override and which
        `train()` would not undo exactly where some modules were in evaluation mode before.
        """
        with ExitStack() as stack:
            stack.enter_context(_lock_of(self.model))
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            if any(_is_compiled(module) for module in self.model.modules()):
                stack.enter_context(_stance_lock)
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            if any(isinstance(module, nn.RNNBase) for module in self.model.modules()):
                # cuDNN has no backward pass of recurrent layers in evaluation mode.
                stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            training = [module for module in self.model.modules() if module.training]
            try:
                for module in training:
                    module.training = False
                yield
            finally:
                for module in training:
                    module.training = True

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
        leaf = self._tensor(x).requires_grad_(True)
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
        dtype = torch.float64 if grad.dtype == torch.float64 else torch.float32
        array: FloatArray = grad.to("cpu", dtype).numpy()
        return array

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
        index_of = {module: i for i, (_, module) in enumerate(self._leaves())}
        modules = [
            (name, module)
            for name, module in _named_modules(self.model, once=True)
            if module in index_of or (blocks and not isinstance(module, _HOLDERS))
        ]
        shapes = {} if inputs is None else self._shapes([m for _, m in modules], inputs)
        return [
            Layer(index_of.get(m), name, type(m).__name__, shape, self._channel_count(shape))
            for name, m in modules
            for shape in (shapes.get(m),)
        ]

    def _channel_count(self, shape: tuple[int, ...] | None) -> int | None:
        return shape[self.channel_axis] if shape and len(shape) > self.channel_axis else None

    def _shapes(
        self, modules: list[nn.Module], inputs: tuple[Any, ...]
    ) -> dict[nn.Module, tuple[int, ...]]:
        shapes: dict[nn.Module, tuple[int, ...]] = {}

        def record(module: nn.Module, _: Any, output: Any) -> None:
            tensors = tensors_in(output, Tensor)
            if tensors:
                shapes[module] = tuple(tensors[0].shape)

        with self.evaluating(), torch.no_grad(), ExitStack() as hooks:
            for module in modules:
                hooks.callback(module.register_forward_hook(record).remove)
            self._forward(self._tensor(np.array(inputs[0])), inputs[1:])
        return shapes

    def _tensor(self, x: npt.NDArray[Any]) -> Tensor:
        """Return x as a tensor of the model's device and dtype."""
        device, dtype = torch.device("cpu"), torch.get_default_dtype()
        for tensor in chain(self.model.parameters(), self.model.buffers()):
            if tensor.dtype in _DTYPES:
                device, dtype = tensor.device, tensor.dtype
                break
        return torch.from_numpy(x).to(dtype).to(device)

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

    def _leaves(self) -> list[tuple[str, nn.Module]]:
        """Return the leaf layers in definition order, each once."""
        return [
            (name, module)
            for name, module in _named_modules(self.model, once=True)
            if not any(True for _ in module.children()) and not isinstance(module, _HOLDERS)
        ]

    def _find(self, layer: str | int) -> nn.Module:
        named = dict(_named_modules(self.model, once=False))
        leaves = [module for _, module in self._leaves()]
        module: nn.Module = find_layer(layer, named, leaves, type(self.model).__name__)
        return module


def _lock_of(model: nn.Module) -> threading.RLock:
    with _locks_guard:
        return _locks.setdefault(model, threading.RLock())


def _is_compiled(module: nn.Module) -> bool:
    return hasattr(module, _COMPILED) or getattr(module, "_compiled_call_impl", None) is not None


def _named_modules(model: nn.Module, *, once: bool) -> Iterator[tuple[str, nn.Module]]:
    """Yield dotted names and modules as before compiling, without the model itself."""
    for name, module in model.named_modules(remove_duplicate=once):
        if name and not hasattr(module, _COMPILED):
            yield name.replace(f"{_COMPILED}.", "").removesuffix(f".{_COMPILED}"), module


def _stack(tensors: list[Tensor]) -> Tensor:
    try:
        return torch.stack(tensors)
    except RuntimeError as error:
        raise ValueError(
            f"`x` must be one array of numbers: {error}; several inputs of a model go in a tuple"
        ) from error
