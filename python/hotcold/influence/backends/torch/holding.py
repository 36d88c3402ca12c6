"""Holds a model for one call: inference behaviour while it lasts, its own state after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import nn

from hotcold.influence.backends.torch.modules import is_compiled

_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_locks_guard = threading.Lock()
# torch.compiler's stance is one for the process, so calls on compiled models take turns.
_stance_lock = threading.RLock()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Hold the model: evaluation mode, gradients on, no compiled code; all restored on exit.

    The flags are set one by one, not by `eval()`, which a model may override and which
    `train()` would not undo exactly where some modules were in evaluation mode before.
    """
    with ExitStack() as stack:
        stack.enter_context(_lock_of(model))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if any(is_compiled(module) for module in model.modules()):
            stack.enter_context(_stance_lock)
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        if any(isinstance(module, nn.RNNBase) for module in model.modules()):
            # cuDNN has no backward pass of recurrent layers in evaluation mode.
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        training = [module for module in model.modules() if module.training]
        try:
            for module in training:
                module.training = False
            yield
        finally:
            for module in training:
                module.training = True


def _lock_of(model: nn.Module) -> threading.RLock:
    with _locks_guard:
        return _locks.setdefault(model, threading.RLock())
