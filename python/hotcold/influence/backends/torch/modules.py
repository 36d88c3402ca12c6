"""A model's modules, under the names that they have before compiling."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

# Modules that only hold others and have no forward pass.
HOLDERS = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
# What torch.compile puts between the name of a module and those of its children.
_COMPILED = "_orig_mod"


def uncompiled(model: nn.Module) -> nn.Module:
    """Return the model that `torch.compile` was given."""
    while isinstance(inner := getattr(model, _COMPILED, None), nn.Module):
        model = inner
    return model


def is_compiled(module: nn.Module) -> bool:
    """Return whether a call of the module runs compiled code."""
    return hasattr(module, _COMPILED) or getattr(module, "_compiled_call_impl", None) is not None


def named_modules(model: nn.Module, *, once: bool) -> Iterator[tuple[str, nn.Module]]:
    """Yield dotted names and modules, without the model itself."""
    for name, module in model.named_modules(remove_duplicate=once):
        if name and not hasattr(module, _COMPILED):
            yield name.replace(f"{_COMPILED}.", "").removesuffix(f".{_COMPILED}"), module


def leaves(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the leaf layers in definition order, each once."""
    return [
        (name, module)
        for name, module in named_modules(model, once=True)
        if not any(True for _ in module.children()) and not isinstance(module, HOLDERS)
    ]
