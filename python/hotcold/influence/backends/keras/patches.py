"""Layers watched for the length of one pass, by what takes the place of their `call`.

`keras.Model(inputs, layer.output)` fails for nested, unbuilt and subclassed models. An attribute
`call` of the layer itself is found before its class's, by whoever calls the layer and on every
backend. It lets the passes of other threads go by.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from hotcold.influence.watching import Watch, called_with

# A lock of C: what is written in Python can be interrupted between taking and giving back.
_guard = threading.RLock()
_passes: list[Patches] = []
_METHODS = ("call", "quantized_call")


class Patch:
    """What takes the place of a method of one layer."""

    def __init__(self, layer: Any, name: str) -> None:
        self.__wrapped__ = getattr(layer, name)  # whose signature Keras looks at
        self.is_own = name in vars(layer)
        self.passes: list[tuple[Patches, int, Sequence[Watch]]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the layer's own method, in sight of the watches of this thread."""
        mine = threading.get_ident()
        watches = [w for _, thread, some in tuple(self.passes) if thread == mine for w in some]
        return called_with(watches, self.__wrapped__, args, kwargs)


class Patches:
    """The layers that one pass watches."""

    def __init__(self, watches: Iterable[tuple[Any, Watch]]) -> None:
        self.thread = threading.get_ident()
        self._layers: dict[int, tuple[Any, list[Watch]]] = {}
        for layer, watch in watches:
            self._layers.setdefault(id(layer), (layer, []))[1].append(watch)

    def attach(self) -> None:
        """Watch; `detach` undoes it even if this was interrupted."""
        with _guard:
            _passes.append(self)
            for layer, watches in self._layers.values():
                for name in _METHODS:
                    if name == "call" or getattr(layer, "quantization_mode", None) is not None:
                        patch = vars(layer).get(name)
                        if not isinstance(patch, Patch):
                            patch = Patch(layer, name)
                            # Not by setattr, in which Keras and its backends look for weights.
                            vars(layer)[name] = patch
                        patch.passes.append((self, self.thread, watches))

    def detach(self) -> None:
        """Watch no more; nothing happens where nothing was attached."""
        with _guard:
            for layer, _ in self._layers.values():
                for name in _METHODS:
                    patch = vars(layer).get(name)
                    if isinstance(patch, Patch):
                        patch.passes = [one for one in patch.passes if one[0] is not self]
                        if not patch.passes:
                            self._restore(layer, name, patch)
            if self in _passes:
                _passes.remove(self)

    def _restore(self, layer: Any, name: str, patch: Patch) -> None:
        if patch.is_own:
            vars(layer)[name] = patch.__wrapped__
        else:
            del vars(layer)[name]


def _after_fork() -> None:
    """Undo in a child the passes of threads that it does not have."""
    global _guard
    _guard = threading.RLock()
    for one in [one for one in _passes if one.thread != threading.get_ident()]:
        one.detach()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
