"""Hooks that read or replace the value at a cut, and are gone afterwards whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from hotcold.influence.cuts import Cut, describe
from hotcold.influence.messages import no_call
from hotcold.influence.values import Arguments, Kind, find, replaced, taken

KIND = Kind(Tensor, torch.is_floating_point)


class Hook:
    """A hook at a cut.

    It is called in every thread that runs the layer, since a model may run its layers in threads of
    its own. Whose pass that was is found out afterwards.
    """

    def __init__(self, cut: Cut, module: nn.Module) -> None:
        self.cut = cut
        self.module = module
        self.n_calls: dict[int, int] = {}
        self._hook: Callable[..., Any] = self._given if cut.anchor == "in" else self._returned

    def attach(self) -> None:
        """Register the hook; `detach` undoes it even if this was interrupted."""
        if isinstance(self.module, torch.jit.ScriptModule):
            return  # which takes none: it counts as never called
        if self.cut.anchor == "in":
            self.module.register_forward_pre_hook(self._hook, with_kwargs=True)
        else:
            self.module.register_forward_hook(self._hook)

    def detach(self) -> None:
        """Remove the hook; nothing happens where there is none."""
        if isinstance(self.module, torch.jit.ScriptModule):
            return
        name = "_forward_pre_hooks" if self.cut.anchor == "in" else "_forward_hooks"
        hooks = getattr(self.module, name)
        for key in [key for key, hook in list(hooks.items()) if hook is self._hook]:
            for more in ("_with_kwargs", "_always_called"):
                getattr(self.module, name + more, {}).pop(key, None)
            hooks.pop(key, None)

    def _returned(self, module: nn.Module, args: Any, output: Any) -> Any:
        return self._called(output)

    def _given(self, module: nn.Module, args: Any, kwargs: Any) -> Any:
        new = self._called(Arguments(args, kwargs))
        return None if new is None else (new.args, dict(new.kwargs))

    def _called(self, value: Any) -> Any:
        thread = threading.get_ident()
        number = self.n_calls.get(thread, 0)
        self.n_calls[thread] = number + 1
        return self.see(value, thread, number)

    def see(self, value: Any, thread: int, number: int) -> Any:
        """Take note of a call; return what takes the place of the value, or None."""
        raise NotImplementedError


class Reader(Hook):
    """Keeps the tensor at a cut: a clone, since layers may overwrite what they were given."""

    def __init__(self, cut: Cut, module: nn.Module) -> None:
        super().__init__(cut, module)
        self._seen: dict[int, list[tuple[int, Tensor | ValueError]]] = {}
        self._own = threading.get_ident()

    def see(self, value: Any, thread: int, number: int) -> None:
        """Keep the value of a call that may be the one."""
        wanted = self.cut.call
        if wanted >= 0 and number != wanted:
            return
        kept = self._seen.setdefault(thread, [])
        try:
            kept.append((number, taken(value, self.cut.accessor, KIND, describe(self.cut)).clone()))
        except ValueError as error:  # of a call that may not count
            kept.append((number, error))
        if wanted < 0:
            del kept[:wanted]

    def value(self, leaf: Tensor | None, model: str) -> Tensor:
        """Return the value of the call that the cut names, of this pass and no other."""
        found = self._of_pass(leaf)
        wanted = self.cut.call
        if not found:
            self._never(model)
        if wanted >= 0 or len(found) >= -wanted:
            one = found[0 if wanted >= 0 else wanted][1]
            if isinstance(one, ValueError):
                raise one
            return one
        return self._never(model)

    def calls(self) -> int:
        """Return how often the layer was called in this thread, or in all if not in it."""
        return self.n_calls.get(self._own) or sum(self.n_calls.values())

    def _of_pass(self, leaf: Tensor | None) -> list[tuple[int, Tensor | ValueError]]:
        if self._own in self._seen:
            return self._seen[self._own]
        # Threads of the model's own, or of somebody who runs the model at the same time: those are
        # of this pass whose value was computed from its input.
        return [
            one
            for kept in self._seen.values()
            for one in kept
            if leaf is not None and isinstance(one[1], Tensor) and reaches(one[1], leaf)
        ]

    def _never(self, model: str) -> Tensor:
        uncounted = (
            "Calls in scripted or exported programs, of its `forward` in place of itself, and uses "
            "of its weights alone do not count"
        )
        raise no_call(self.cut, type(self.module).__name__, self.calls(), model, uncounted)


class Replacer(Hook):
    """Puts a leaf in the place of the value at a cut, so that the network goes on from it."""

    def __init__(self, cut: Cut, module: nn.Module, leaf: Tensor, number: int) -> None:
        super().__init__(cut, module)
        self._leaf = leaf
        self._number = number
        self._own = threading.get_ident()

    def see(self, value: Any, thread: int, number: int) -> Any:
        """Return the value with the leaf in it."""
        if thread != self._own or number != self._number:
            return None
        accessor = self.cut.accessor
        assert not callable(accessor)  # `parse_cuts` has refused it
        path, tensor = find(value, accessor, KIND, describe(self.cut))
        return replaced(value, path, self._leaf.to(tensor.device, tensor.dtype).clone())


def reaches(value: Tensor, leaf: Tensor) -> bool:
    """Return whether a tensor was computed from a leaf."""
    stack, seen = [value.grad_fn], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        if getattr(node, "variable", None) is leaf:
            return True
        seen.add(node)
        stack.extend(following for following, _ in node.next_functions)
    return False
