"""Which kind of JAX model something is."""

from __future__ import annotations

import sys
from typing import Any

from hotcold.influence.backends.jax.model import JaxModel
from hotcold.influence.protocols import SupportsAttributions


def backend_of(model: Any) -> JaxModel | None:
    """Return the backend of a flax module or of a function, None for anything else."""
    if "flax.linen" in sys.modules:
        from hotcold.influence.backends.jax.linen import LinenModel, is_module

        if is_module(model):
            return LinenModel(model)
    if "flax.nnx" in sys.modules:
        from hotcold.influence.backends.jax.nnx import NnxModel, is_module

        if is_module(model):
            return NnxModel(model)
    if callable(model) and not isinstance(model, type | SupportsAttributions):
        from hotcold.influence.backends.jax.function import FunctionModel

        return FunctionModel(model)
    return None
