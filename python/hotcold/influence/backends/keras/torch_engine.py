"""Differentiates Keras models on PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import torch

from hotcold.influence.engine import NoGradient, Wish
from hotcold.influence.protocols import FloatArray
from hotcold.influence.values import Kind, Tensor


class GradientsOn:
    """Gradients are kept in this thread, whatever the caller has switched off."""

    def __init__(self) -> None:
        self._grad = torch.is_grad_enabled()
        self._inference: Any = None

    def __enter__(self) -> None:
        """Switch on."""
        if torch.is_inference_mode_enabled():
            self._inference = torch.inference_mode(False)
            self._inference.__enter__()
        torch.set_grad_enabled(True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Switch back."""
        self.release()

    def release(self) -> None:
        """See `protocols.Hold`."""
        if self._inference is not None:
            self._inference.__exit__(None, None, None)
            self._inference = None
        torch.set_grad_enabled(self._grad)


class TorchEngine:
    """See `engine.Engine`."""

    kind = Kind(torch.Tensor, torch.is_floating_point)
    operations = "keras.ops or torch's differentiable operations"
    no_gradient = "it is constant, or computed from integer or detached values or under no_grad"

    def switched(self) -> GradientsOn:
        """See `engine.Engine`."""
        return GradientsOn()

    def begin(self) -> None:
        """See `engine.Engine`."""

    def keep(self, tensor: Tensor, place: str) -> Tensor:
        """Return a clone, since code may overwrite what it has computed."""
        if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
            raise ValueError(
                f"{place} cannot be read: the layer runs within a function that torch.func maps or "
                "differentiates; cut at the layer around it"
            )
        return tensor.clone()

    def alike(self, leaf: Tensor, tensor: Tensor) -> Tensor:
        """See `engine.Engine`."""
        return leaf.to(tensor.device, tensor.dtype).clone()

    def gradients(
        self, run: Callable[[Tensor], list[Tensor]], leaf: Tensor, wishes: Sequence[Wish]
    ) -> list[FloatArray]:
        """See `engine.Engine`."""
        leaf = leaf.detach().requires_grad_(True)
        values = run(leaf)
        wanted = [quantity(values[number]) for number, quantity in wishes]
        found = []
        for i, one in enumerate(wanted):
            gradient = None
            if one.requires_grad:
                (gradient,) = torch.autograd.grad(
                    one,
                    leaf,
                    grad_outputs=torch.ones_like(one),
                    allow_unused=True,
                    retain_graph=i + 1 < len(wanted),
                )
            if gradient is None:
                depends = values[wishes[i].value].requires_grad
                raise NoGradient(i, of_quantity=depends and not one.requires_grad)
            found.append(as_float(gradient))
        return found


def as_float(value: Tensor) -> FloatArray:
    """Return a new host array of float32, or float64 where the tensor is that."""
    dtype = torch.float64 if value.dtype == torch.float64 else torch.float32
    array: FloatArray = value.detach().to("cpu", dtype, copy=True).numpy()
    return array
