"""A plain JAX function: a model without layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hotcold.influence.backends.jax.model import JaxModel
from hotcold.influence.cuts import Cut, InputCut, OutputCut
from hotcold.influence.protocols import Layer
from hotcold.influence.values import Arguments
from hotcold.influence.watching import Watch


class FunctionModel(JaxModel):
    """A function of arrays; it has an input and an output."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, getattr(function, "__name__", type(function).__name__))

    def check_cut(self, cut: InputCut | Cut | OutputCut) -> None:
        """Raise for a layer."""
        if isinstance(cut, Cut):
            raise ValueError(
                f"{self.model_name} is a function, which has no layers, got {cut!r}; read its "
                "OutputCut(), or let it return what is to be read, too: OutputCut('features')"
            )

    def run(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """See `engine.WatchedModel`."""
        return self.model(*inputs.args, **inputs.kwargs)

    def layer_type(self, cut: Cut) -> str:
        """See `engine.WatchedModel`."""
        raise AssertionError("a function has no layers")

    def channel_axis(self, cut: Cut | OutputCut, shape: tuple[int, ...]) -> int | None:
        """Return 1 for neurons; a function does not say which axis of maps holds channels."""
        return 1 if len(shape) <= 2 else None

    def layers(self, given: Arguments | None, blocks: bool) -> list[Layer]:
        """Return none."""
        return []
