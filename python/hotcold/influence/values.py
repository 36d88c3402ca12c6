"""Finds the one tensor in what a layer was given or returned, whatever the framework."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Tensor: TypeAlias = Any
Path: TypeAlias = tuple[str | int, ...]
Accessor: TypeAlias = str | int | Path | Callable[..., Any]


@dataclass(frozen=True)
class Arguments:
    """What a layer, or a model, is called with."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def values(self) -> tuple[Any, ...]:
        """Return all of them, those by keyword last."""
        return (*self.args, *self.kwargs.values())

    def step(self, key: str | int) -> str | int:
        """Return the key of an argument: a name, or the number of one by keyword turned to it."""
        if isinstance(key, str) and key not in self.kwargs:
            raise KeyError(key)
        if isinstance(key, int):
            if not -len(self.values()) <= key < len(self.values()):
                raise IndexError(key)
            key %= len(self.values())
            return key if key < len(self.args) else list(self.kwargs)[key - len(self.args)]
        return key


@dataclass(frozen=True)
class Kind:
    """How a framework's tensors are told apart."""

    tensor: type
    is_floating: Callable[[Tensor], bool]


def find(
    value: Any, accessor: str | int | Path | None, kind: Kind, place: str
) -> tuple[Path, Tensor]:
    """Return the tensor at a cut, and the way to it.

    Without an accessor that is `value` itself, or of what it holds the first floating tensor (the
    first of any type where none is floating); of a mapping the only one.
    """
    path: Path = ()
    if accessor is not None:
        path = accessor if isinstance(accessor, tuple) else (accessor,)
        value = follow(value, path, place)
    last, tensor = _only(value, kind, place)
    return (*path, *last), tensor


def taken(value: Any, accessor: Accessor | None, kind: Kind, place: str) -> Tensor:
    """Return the tensor at a cut; an accessor that is a function is called with the value."""
    if not callable(accessor):
        return find(value, accessor, kind, place)[1]
    if isinstance(value, Arguments):
        value = accessor(*value.args, **value.kwargs)
    else:
        value = accessor(value)
    return _only(value, kind, f"what `accessor` returned for {place}")[1]


def follow(value: Any, path: Path, place: str) -> Any:
    """Return what lies at the end of a path of keys, indices and attributes."""
    for key in path:
        value = _checked(value, key, place)
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return `value` with another leaf at the end of the path; `value` stays as it is."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    inner = replaced(_get(value, key), rest, new)
    if isinstance(value, Arguments):
        key = value.step(key)
        if isinstance(key, int):
            return Arguments((*value.args[:key], inner, *value.args[key + 1 :]), value.kwargs)
        return Arguments(value.args, {**value.kwargs, key: inner})
    if isinstance(value, tuple):
        index = key if isinstance(key, int) else value._fields.index(key)  # type: ignore[attr-defined]
        items = [inner if i == index % len(value) else item for i, item in enumerate(value)]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    other = copy.copy(value)
    if isinstance(value, Mapping | list):
        other[key] = inner
    else:
        setattr(other, str(key), inner)
    return other


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return plain containers of `value` anew, with every leaf changed."""
    if type(value) in (tuple, list):
        return type(value)(mapped(item, change) for item in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(item, change) for item in value))
    if type(value) is dict:
        return {key: mapped(item, change) for key, item in value.items()}
    return change(value)


def leaves(value: Any) -> Iterable[Any]:
    """Yield the leaves that `mapped` changes."""
    if isinstance(value, Mapping) and type(value) is dict:
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def tensors_in(value: Any, kind: Kind) -> dict[str | int | None, Tensor]:
    """Return the tensors directly within `value` by their keys; None is `value` itself."""
    if isinstance(value, kind.tensor):
        return {None: value}
    if isinstance(value, Arguments):
        value = value.values()
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if isinstance(item, kind.tensor)}
    if isinstance(value, tuple | list):
        return {i: item for i, item in enumerate(value) if isinstance(item, kind.tensor)}
    return {}


def _only(value: Any, kind: Kind, place: str) -> tuple[Path, Tensor]:
    tensors = tensors_in(value, kind)
    if not tensors:
        raise ValueError(
            f"{place} must hold a tensor, got {_contents(value)}; `accessor` says where one is"
        )
    floating = {key: item for key, item in tensors.items() if kind.is_floating(item)} or tensors
    if isinstance(value, Mapping) and len(floating) > 1:
        keys = ", ".join(map(repr, floating))
        raise ValueError(
            f"{place} is a mapping of {len(floating)} tensors ({keys}); name one by `accessor`, "
            f"as in accessor={next(iter(floating))!r}"
        )
    key, tensor = next(iter(floating.items()))
    return (() if key is None else (key,)), tensor


def _get(value: Any, key: str | int) -> Any:
    if isinstance(value, Arguments):
        step = value.step(key)
        return value.args[step] if isinstance(step, int) else value.kwargs[step]
    if isinstance(key, int) or isinstance(value, Mapping):
        return value[key]
    return getattr(value, key)


def _checked(value: Any, key: str | int, place: str) -> Any:
    try:
        return _get(value, key)
    except (KeyError, IndexError, AttributeError, TypeError):
        raise ValueError(f"{place} has no {key!r}: it is {_contents(value)}") from None


def _contents(value: Any) -> str:
    """Return what a container holds, in words."""
    if isinstance(value, Arguments):
        return f"{len(value.args)} by position and {sorted(value.kwargs)} by name"
    if isinstance(value, Mapping):
        return f"a {type(value).__name__} of {sorted(map(str, value))}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__


def shape_of(value: Any) -> str:
    """Return the shape of an input in words, or its class where it has none."""
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else str(tuple(shape))
