"""Finds the framework behind a model without importing any that is not already there."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from hotcold.influence.protocols import Backend, SupportsAttributions


def backend_for(model: Any) -> Backend:
    """Return the backend that drives `model`.

    A model of a framework cannot exist before the framework is imported, so looking into
    `sys.modules` is enough, and a program that never builds a model never pays for PyTorch.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from hotcold.influence._torch import TorchBackend

        return TorchBackend(model)
    raise TypeError(_refusal(model))


def _refusal(model: Any) -> str:
    message = f"`model` must be a torch.nn.Module, got {type(model).__name__}"
    if isinstance(model, SupportsAttributions):
        return message + (
            ", which has `attributions` itself: use it in place of an InternalInfluence "
            "(ChannelMaskVisualizer.from_influence draws it)"
        )
    message += "; an object with a method `attributions(x)` can stand in for an InternalInfluence"
    if find_spec("torch") is None:
        message += "; PyTorch is not installed: pip install 'hotcold[torch]'"
    return message
