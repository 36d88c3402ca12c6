"""Finds the framework behind a model without importing any that is not already there."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from hotcold.influence.protocols import Backend, SupportsAttributions


class Framework(NamedTuple):
    """A framework that models come from."""

    module: str
    """What `import` calls it; a package `hotcold.influence.backends` holds one of that name."""
    name: str
    models: str
    """What a model of it is."""
    extra: str
    """The extra of this package that installs it."""


# A new framework is one row, and one module with a function `backend_of(model)` that returns a
# `Backend`, or None for what is no model of it.
FRAMEWORKS = (
    # Before PyTorch: on it, a Keras model is a torch.nn.Module as well.
    Framework("keras", "Keras", "a keras.Model", "keras"),
    Framework("torch", "PyTorch", "a torch.nn.Module", "torch"),
    # Last: any function may be one of JAX.
    Framework("jax", "JAX", "a flax module or a JAX function", "jax"),
)


def backend_for(model: Any) -> Backend:
    """Return the backend that drives `model`.

    A model of a framework cannot exist before the framework is imported, so looking into
    `sys.modules` is enough, and a program that never builds a model never pays for a framework.
    """
    for framework in FRAMEWORKS:
        if sys.modules.get(framework.module) is not None:
            module = import_module(f"hotcold.influence.backends.{framework.module}")
            backend: Backend | None = module.backend_of(model)
            if backend is not None:
                return backend
    raise TypeError(_refusal(model))


def _refusal(model: Any) -> str:
    wanted = ", ".join(framework.models for framework in FRAMEWORKS)
    message = f"`model` must be {wanted}, got {type(model).__name__}"
    if isinstance(model, SupportsAttributions):
        return message + (
            ", which has `attributions` itself: use it in place of an InternalInfluence "
            "(ChannelMaskVisualizer.from_influence draws it)"
        )
    message += "; an object with a method `attributions(x)` can stand in for an InternalInfluence"
    for framework in FRAMEWORKS:
        if find_spec(framework.module) is None:
            install = f"pip install 'hotcold[{framework.extra}]'"
            message += f"; {framework.name} is not installed: {install}"
    return message
