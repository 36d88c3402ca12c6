"""A flax.nnx module.

A pass runs a copy that shares the model's arrays, made of its graph and state, so that what it
changes (random numbers, statistics) changes nothing of the model. In the copy the layers that are
watched are of a class of their own, whose `__call__` shows what it is given and returns.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from flax import nnx

from hotcold.influence.backends.jax.model import JaxModel, in_inference, run_for_shapes
from hotcold.influence.cuts import Cut, InputCut, OutputCut, find_layer
from hotcold.influence.protocols import Layer
from hotcold.influence.values import Arguments
from hotcold.influence.watching import Shapes, Watch, called_with

_watches: ContextVar[dict[int, list[Watch]]] = ContextVar("watches", default={})  # noqa: B039
# A watched class for each: JAX keeps every class of modules that it has heard of.
_classes: dict[type, type] = {}


def is_module(model: Any) -> bool:
    """Return whether something is an nnx module."""
    return isinstance(model, nnx.Module)


class NnxModel(JaxModel):
    """See `engine.WatchedModel`."""

    def __init__(self, model: nnx.Module) -> None:
        super().__init__(model, type(model).__name__)
        self._named = list(_named(model))

    def check_cut(self, cut: InputCut | Cut | OutputCut) -> None:
        """Raise if the model has no such layer."""
        if isinstance(cut, Cut):
            self._find(cut.layer)

    def run(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """See `engine.WatchedModel`."""
        # Within the pass, since JAX lets no variable change that was made outside of it.
        copy = nnx.clone(self.model)
        copy.eval()
        here = dict(_named(copy))
        seen: dict[int, list[Watch]] = {}
        for watch in watches:
            module = here[self._find(watch.cut.layer)]
            seen.setdefault(id(module), []).append(watch)
            object.__setattr__(module, "__class__", _watched(type(module)))
        inputs = in_inference(type(self.model).__call__, inputs)
        token = _watches.set(seen)
        try:
            return copy(*inputs.args, **inputs.kwargs)
        finally:
            _watches.reset(token)

    def layer_type(self, cut: Cut) -> str:
        """See `engine.WatchedModel`."""
        return type(dict(self._named)[self._find(cut.layer)]).__name__

    def layers(self, given: Arguments | None, blocks: bool) -> list[Layer]:
        """List the leaf layers, or all modules, with the output shapes of one forward pass."""
        leaves = self._leaves()
        once = {id(module): name for name, module in reversed(self._named)}
        shapes = {} if given is None else self._shapes(given)
        return [
            Layer(
                leaves.index(name) if name in leaves else None,
                name,
                type(module).__name__,
                *(shapes[name].seen if name in shapes else (None, None)),
            )
            for name, module in self._named
            if once[id(module)] == name and (name in leaves or blocks)
        ]

    def _shapes(self, given: Arguments) -> dict[str, Shapes]:
        def watch(name: str) -> Shapes:
            shapes = Shapes(self.engine.kind, lambda shape: max(len(shape) - 1, 1))
            shapes.cut = Cut(name)
            return shapes

        names = [name for name, module in self._named if callable(module)]
        watches = {name: watch(name) for name in names}
        inputs = self.inputs(given, None, None)
        run = functools.partial(self.run, list(watches.values()), inputs)
        self.told(lambda: run_for_shapes(run), inputs)
        return watches

    def _leaves(self) -> list[str]:
        """Return the names of the modules that hold no others, each once."""
        found: dict[int, str] = {}
        for name, module in self._named:
            if not any(_children(module)):
                found.setdefault(id(module), name)
        return list(found.values())

    def _find(self, layer: str | int) -> str:
        named = {name: name for name, _ in self._named}
        found: str = find_layer(layer, named, self._leaves(), self.model_name)
        return found


def _named(
    module: nnx.Module, prefix: str = "", above: tuple[nnx.Module, ...] = ()
) -> Iterator[tuple[str, nnx.Module]]:
    """Yield the dotted names of the modules within one, and the modules."""
    for key, child in _children(module):
        if any(child is one for one in (module, *above)):
            continue
        name = f"{prefix}{key}"
        # Lists only hold others.
        if not isinstance(child, nnx.List | nnx.Dict):
            yield name, child
        yield from _named(child, f"{name}.", (*above, module))


def _children(module: nnx.Module) -> Iterator[tuple[str, nnx.Module]]:
    """Yield the modules that one holds directly, in definition order: flax's is by the alphabet."""
    order = {key: i for i, key in enumerate(vars(module))}
    for key, child in sorted(nnx.iter_children(module), key=lambda one: order.get(one[0], 0)):
        if isinstance(child, nnx.Module):
            yield str(key), child


def _watched(cls: type) -> type:
    """Return a class like `cls` whose calls are seen."""
    if cls in _classes.values():
        return cls  # a layer of two cuts
    if cls not in _classes:
        original = cls.__call__

        @functools.wraps(original)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            found = _watches.get().get(id(self), [])
            return called_with(found, functools.partial(original, self), args, kwargs)

        names = {"__call__": call, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
        _classes[cls] = type(cls)(cls.__name__, (cls,), names)
    return _classes[cls]
