"""Holds a model for one call: inference behaviour while it lasts, its own state after it.

No lock is held while a model runs. A call waits until no other call holds one of its modules
(models may share them), and then holds all of them at once; a call within a call never waits. So
no two calls can wait for each other, and a child that is forked during one finds nothing locked.
Flags are counted: the first hold of a module sets them, the last one puts them back.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

# Locks of C: what is written in Python can be interrupted between taking and giving back.
_guard = threading.RLock()
_waiting: list[threading.Lock] = []
_holds: list[TorchHold] = []
# The process's own switches, which are set as long as one hold needs them.
_switches: dict[str, ExitStack] = {}


class TorchHold:
    """One call's hold of one model; see `protocols.Hold`."""

    def __init__(self, model: nn.Module) -> None:
        self._modules = list(model.modules())
        self._ids = {id(module) for module in self._modules}
        self._thread = threading.get_ident()
        self._training: list[nn.Module] = []
        self._buffers: list[tuple[nn.Module, str, Tensor, int, Tensor]] = []
        self._grad = torch.is_grad_enabled()
        self._inference: Any = None
        self.switches = _switches_for(self._modules)

    def __enter__(self) -> None:
        try:
            self._enter()
        except BaseException:
            self.release()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _enter(self) -> None:
        while not self._take():
            gate = threading.Lock()
            gate.acquire()
            with _guard:
                _waiting.append(gate)
                busy = self._busy()
            if busy:
                gate.acquire()  # until a call ends
        self._keep_buffers()
        if torch.is_inference_mode_enabled():
            self._inference = torch.inference_mode(False)
            self._inference.__enter__()
        torch.set_grad_enabled(True)

    def _busy(self) -> bool:
        """Return whether another call holds one of the modules, and this is no call within one."""
        if any(hold._thread == self._thread for hold in _holds):
            return False
        return any(self._ids & hold._ids for hold in _holds)

    def _take(self) -> bool:
        """Hold the modules if they are free."""
        with _guard:
            if self._busy():
                return False
            # Frozen TorchScript has no such flag.
            held = [module for hold in _holds for module in hold._training]
            self._training = [m for m in self._modules if getattr(m, "training", False)]
            self._training += [m for m in held if id(m) in self._ids]
            _holds.append(self)
            _settle_switches()
            for module in self._training:
                # One by one, not by `eval()`, which a model may override and which `train()` would
                # not undo exactly where some modules were in evaluation mode before.
                module.training = False
        return True

    def release(self) -> None:
        """See `protocols.Hold`."""
        try:
            self._release()
        finally:
            self._release()  # an interrupt may have come between the first one's steps

    def _release(self) -> None:
        if self._inference is not None:
            self._inference.__exit__(None, None, None)
            self._inference = None
        torch.set_grad_enabled(self._grad)
        self._restore_buffers()
        with _guard:
            others = {id(m) for hold in _holds if hold is not self for m in hold._training}
            for module in self._training:
                if id(module) not in others:
                    module.training = True
            if self in _holds:
                _holds.remove(self)
            self._training = []
            _settle_switches()
            while _waiting:
                _waiting.pop().release()

    def _keep_buffers(self) -> None:
        """Copy what a forward pass may change, such as observers of quantization do."""
        copies: dict[int, Tensor] = {}
        for module in self._modules:
            if isinstance(module, torch.jit.ScriptModule):
                continue
            for name, buffer in module.named_buffers(recurse=False):
                if buffer.is_inference() or buffer.is_meta:
                    continue  # which no forward pass can change
                if id(buffer) not in copies:
                    copies[id(buffer)] = buffer.detach().clone()
                version = buffer._version
                self._buffers.append((module, name, buffer, version, copies[id(buffer)]))

    def _restore_buffers(self) -> None:
        while self._buffers:
            module, name, buffer, version, copy = self._buffers[-1]
            if buffer._version != version:
                if buffer.shape != copy.shape:
                    buffer.resize_(copy.shape)
                buffer.detach().copy_(copy)
            if module._buffers.get(name) is not buffer:
                module._buffers[name] = buffer
            self._buffers.pop()


def _switches_for(modules: list[nn.Module]) -> set[str]:
    switches = set()
    # Compiled code calls no hooks. It may hide in any function that a model calls, but nothing is
    # compiled before this module is imported.
    if "torch._dynamo" in sys.modules:
        switches.add("uncompiled")
    if any(isinstance(module, nn.RNNBase) for module in modules):
        switches.add("cudnn")  # which has no backward pass of recurrent layers in evaluation mode
    return switches


def _settle_switches() -> None:
    """Set the switches that the holds need, and put back those that none does."""
    needed = {switch for hold in _holds for switch in hold.switches}
    for switch in sorted(needed - _switches.keys()):
        stack = _switches[switch] = ExitStack()
        if switch == "uncompiled":
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        else:
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
    for switch in sorted(_switches.keys() - needed):
        _switches[switch].close()
        del _switches[switch]


def _after_fork() -> None:
    """Give back in a child what threads held that it does not have."""
    global _guard
    _guard = threading.RLock()
    _waiting.clear()
    mine = threading.get_ident()
    for hold in [hold for hold in _holds if hold._thread != mine]:
        hold._grad = torch.is_grad_enabled()
        hold._inference = None
        hold._release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
