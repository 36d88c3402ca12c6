"""A model's modules, under the names that they have before compiling."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.utils import parametrize

# Modules that only hold others and have no forward pass.
HOLDERS = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
# What torch.compile puts between the name of a module and those of its children.
_COMPILED = "_orig_mod"
# Where torch keeps what computes the weights of a layer, and PEFT the layer that it adapts.
_PARAMETRIZATIONS = "parametrizations"
_ADAPTED = "base_layer"


def uncompiled(model: nn.Module) -> nn.Module:
    """Return the model that `torch.compile` was given."""
    while isinstance(inner := getattr(model, _COMPILED, None), nn.Module):
        model = inner
    return model


def named_modules(model: nn.Module, *, once: bool) -> Iterator[tuple[str, nn.Module]]:
    """Yield dotted names and modules, without the model itself."""
    for name, module in model.named_modules(remove_duplicate=once):
        if name and not hasattr(module, _COMPILED):
            yield name.replace(f"{_COMPILED}.", "").removesuffix(f".{_COMPILED}"), module


def leaves(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the leaf layers in definition order, each once.

    A layer whose weights are computed (weight norm, adapters) stays one layer with one index.
    """
    found: list[tuple[str, nn.Module]] = []
    inside: set[nn.Module] = set()
    for name, module in named_modules(model, once=True):
        if module in inside or isinstance(module, HOLDERS):
            continue
        parts = dict(module.named_children())
        parts.pop(_PARAMETRIZATIONS, None)
        if not parts or _ADAPTED in parts:
            found.append((name, module))
            inside.update(module.modules())
    return found


def type_of(module: nn.Module) -> str:
    """Return the name of a layer's class, as before its weights were parametrized."""
    kind: type = parametrize.type_before_parametrizations(module)
    return kind.__name__
