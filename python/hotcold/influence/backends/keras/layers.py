"""A Keras model's layers under their names.

Names are Keras's own, those of layers within layers joined by `/`. A layer of a subclassed model
goes by the attribute that holds it, too (`encoder.conv`), since Keras numbers names without end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import keras

# Attributes that Keras keeps itself, beside the user's.
_INTERNAL = {"_functional", "_layers", "_metrics", "_modules", "_operations", "_tracker"}


class Named(NamedTuple):
    """A layer, and its names."""

    name: str
    attribute: str
    layer: Any
    is_leaf: bool


def is_composed(model: Any) -> bool:
    """Return whether a model is a graph of layers, functional or sequential."""
    return isinstance(model, keras.Sequential) or hasattr(model, "operations")


def named_layers(model: Any) -> list[Named]:
    """Return the layers within a model in definition order, each at every place that holds it."""
    return list(_within(model, "", "", (model,)))


def listed(model: Any) -> list[Named]:
    """Return every layer once, under a name that no other has."""
    found: dict[int, Named] = {}
    taken: dict[str, int] = {}
    for one in named_layers(model):
        if id(one.layer) in found:
            continue
        holder = taken.setdefault(one.name, id(one.layer))
        unique = one if holder == id(one.layer) else one._replace(name=one.attribute)
        found[id(one.layer)] = unique
    return list(found.values())


def by_name(model: Any) -> dict[str, Any]:
    """Return the layers by their full names."""
    named = {one.name: one.layer for one in listed(model)}
    for one in named_layers(model):
        named.setdefault(one.name, one.layer)
    return named


def by_other_names(model: Any) -> dict[str, Any]:
    """Return the layers by their attributes, and by their own names where those are unique."""
    everywhere = named_layers(model)
    named: dict[str, Any] = {}
    for one in everywhere:
        named.setdefault(one.attribute, one.layer)
    alone: dict[str, dict[int, Any]] = {}
    for one in everywhere:
        alone.setdefault(one.layer.name, {})[id(one.layer)] = one.layer
    for name, layers in alone.items():
        if len(layers) == 1:
            named.setdefault(name, next(iter(layers.values())))
    return named


def children(layer: Any) -> list[Any]:
    """Return the layers that a layer directly holds, inputs excepted."""
    inner = (
        layer.layers
        if isinstance(layer, keras.Model)
        else layer._flatten_layers(include_self=False, recursive=False)
    )
    return [one for one in inner if not isinstance(one, keras.layers.InputLayer)]


def _within(
    parent: Any, prefix: str, attributes: str, above: tuple[Any, ...], inside: bool = False
) -> Iterator[Named]:
    held = children(parent)
    names = {} if is_composed(parent) else _attributes(parent)
    for layer in held:
        if any(layer is one for one in above):
            continue
        name = prefix + layer.name
        attribute = attributes + names.get(id(layer), layer.name)
        # The cell of a recurrent layer is no layer of its own to most people.
        is_recurrent = isinstance(layer, keras.layers.RNN)
        is_leaf = not inside and (is_recurrent or not children(layer))
        yield Named(name, attribute, layer, is_leaf)
        yield from _within(
            layer, f"{name}/", f"{attribute}.", (*above, layer), inside or is_recurrent
        )


def _attributes(parent: Any) -> dict[int, str]:
    """Return under which attribute a layer holds others, by their ids."""
    found: dict[int, str] = {}
    # On PyTorch a module's own modules are kept apart.
    held = {**vars(parent), **vars(parent).get("_modules", {})}
    # The user's names first: frameworks keep lists of their own, TensorFlow one of attributes.
    for key in sorted(held, key=lambda name: name.startswith("_")):
        value = held[key]
        if key in _INTERNAL or key.startswith("_self_"):
            continue
        if isinstance(value, keras.layers.Layer):
            found.setdefault(id(value), key)
        elif isinstance(value, list | tuple):
            for i, item in enumerate(value):
                found.setdefault(id(item), f"{key}.{i}")
        elif isinstance(value, Mapping):
            for name, item in value.items():
                found.setdefault(id(item), f"{key}.{name}")
    return found
