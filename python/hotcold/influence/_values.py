"""Finds the one tensor in what a layer was given or returned, whatever the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hotcold.influence.protocols import Tensor


def tensors_in(value: Any, kind: type) -> list[Tensor]:
    """Return the tensors of class `kind`: `value` itself, or those directly within it."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    items = value if isinstance(value, tuple | list) else (value,)
    return [item for item in items if isinstance(item, kind)]


def copy_tensors(value: Any, kind: type, copy: Callable[[Tensor], Tensor]) -> Any:
    """Return `value` with copies of the tensors that `one_tensor` may choose."""
    if isinstance(value, Mapping):
        return {k: copy(v) if isinstance(v, kind) else v for k, v in value.items()}
    tensors = tensors_in(value, kind)
    return copy(tensors[0]) if tensors else value


def one_tensor(value: Any, kind: type, place: str) -> Tensor:
    """Return the tensor at a cut: of a tuple or list the first, of a mapping the only one."""
    tensors = tensors_in(value, kind)
    if not tensors:
        raise ValueError(f"{place} must hold a tensor, got {type(value).__name__} without one")
    if isinstance(value, Mapping) and len(tensors) > 1:
        keys = ", ".join(repr(key) for key, item in value.items() if isinstance(item, kind))
        raise ValueError(
            f"{place} is a mapping of {len(tensors)} tensors ({keys}); cut at a layer that "
            "returns one tensor"
        )
    return tensors[0]


def shape_of(value: Any) -> str:
    """Return the shape of an input in words, or its class where it has none."""
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else str(tuple(shape))
