"""A flax.linen module that is bound to its variables.

Its layers are watched by `flax.linen.intercept_methods`, which sees calls of all modules, with what
they are given: nothing of the model changes. Their names are those of its variables, joined by `/`.
Modules of `@nn.compact` methods exist only in a pass, so names are checked in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
from flax import linen as nn
from flax.linen.module import InterceptorContext as Context

from hotcold.influence.backends.jax.model import JaxModel, in_inference, run_for_shapes
from hotcold.influence.cuts import Cut, InputCut, OutputCut, find_layer
from hotcold.influence.protocols import Layer
from hotcold.influence.values import Arguments
from hotcold.influence.watching import Shapes, Watch, called_with


class Called(NamedTuple):
    """A module that a pass calls."""

    name: str
    type: str
    shapes: Shapes


def is_module(model: Any) -> bool:
    """Return whether something is a linen module."""
    return isinstance(model, nn.Module)


class LinenModel(JaxModel):
    """See `engine.WatchedModel`."""

    def __init__(self, model: nn.Module) -> None:
        if model.scope is None:
            raise TypeError(
                f"`model`, the flax.linen module {type(model).__name__}, must be bound to its "
                "variables, which it does not hold itself: model.bind(variables)"
            )
        super().__init__(model, type(model).__name__)
        self._module, self._variables = model.unbind()
        self._called: list[Called] = []
        self._given: Arguments | None = None

    def check_cut(self, cut: InputCut | Cut | OutputCut) -> None:
        """Wait for a pass, in which the module makes its layers."""

    def prepare(self, given: Arguments) -> None:
        """Keep the inputs: layers are looked for when one is named by its index, or unknown."""
        self._given = given

    def run(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """See `engine.WatchedModel`."""
        by_name: dict[str, list[Watch]] = {}
        for watch in watches:
            layer = watch.cut.layer
            name = layer if isinstance(layer, str) else self._find(layer).name
            by_name.setdefault(name, []).append(watch)

        def intercept(call: Any, args: Any, kwargs: Any, context: Context) -> Any:
            found = by_name.get(_name(context.module))
            if found is None or context.method_name != "__call__":
                return call(*args, **kwargs)
            return called_with(found, call, args, kwargs)

        try:
            with nn.intercept_methods(intercept):
                return self._apply(inputs)
        finally:
            by_name.clear()  # so that nothing is watched after an interrupt within flax

    def layer_type(self, cut: Cut) -> str:
        """See `engine.WatchedModel`; a layer that was not called may not exist."""
        return self._find(cut.layer).type

    def layers(self, given: Arguments | None, blocks: bool) -> list[Layer]:
        """List the modules that a pass calls; without a sample, those that have variables."""
        if given is None:
            names = self._held()
            wanted = [name for name in names if blocks or _is_leaf(name, names)]
            return [Layer(None, name, "Module") for name in wanted]
        self.prepare(given)
        found = self._modules()
        leaves = [one.name for one in _leaves(found)]
        return [
            Layer(
                leaves.index(one.name) if one.name in leaves else None,
                one.name,
                one.type,
                *one.shapes.seen,
            )
            for one in found
            if blocks or one.name in leaves
        ]

    def forward(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """See `engine.WatchedModel`; an index is looked up before the pass."""
        for watch in watches:
            if isinstance(watch.cut.layer, int):
                self._find(watch.cut.layer)
        return super().forward(watches, inputs)

    def _apply(self, inputs: Arguments) -> Any:
        inputs = in_inference(type(self._module).__call__, inputs)
        return self._module.apply(self._variables, *inputs.args, **inputs.kwargs)

    def _modules(self) -> list[Called]:
        """Return the modules that a pass calls, in the order of their first calls."""
        if not self._called:
            assert self._given is not None
            self._called = self._trace(self._given)
        return self._called

    def _trace(self, given: Arguments) -> list[Called]:
        found: dict[str, Called] = {}

        def intercept(call: Any, args: Any, kwargs: Any, context: Context) -> Any:
            name = _name(context.module)
            if not name or context.method_name != "__call__":
                return call(*args, **kwargs)
            kind = type(context.module).__name__
            one = found.setdefault(name, Called(name, kind, Shapes(self.engine.kind, _last)))
            return called_with([one.shapes], call, args, kwargs)

        inputs = self.inputs(given, None, None)

        def run() -> None:
            with nn.intercept_methods(intercept):
                self._apply(inputs)

        self.told(lambda: run_for_shapes(run), inputs)
        return list(found.values())

    def _held(self) -> list[str]:
        """Return the names of the modules that have variables of their own."""
        names: dict[str, None] = {}
        for collection in self._variables.values():
            for path, _ in jax.tree_util.tree_flatten_with_path(collection)[0]:
                keys = [str(getattr(key, "key", key)) for key in path[:-1]]
                for i in range(len(keys)):
                    names["/".join(keys[: i + 1])] = None
        return list(names)

    def _find(self, layer: str | int) -> Called:
        modules = self._modules()
        named = {one.name: one for one in modules}
        found: Called = find_layer(layer, named, _leaves(modules), self.model_name)
        return found


def _name(module: nn.Module) -> str:
    return "/".join(module.path)


def _last(shape: tuple[int, ...]) -> int:
    return max(len(shape) - 1, 1)


def _leaves(found: Sequence[Called]) -> list[Called]:
    """Return the modules that call no others."""
    names = [one.name for one in found]
    return [one for one in found if _is_leaf(one.name, names)]


def _is_leaf(name: str, names: Sequence[str]) -> bool:
    return not any(other.startswith(f"{name}/") for other in names)
