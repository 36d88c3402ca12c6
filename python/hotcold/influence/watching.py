"""Watches: what looks at, or replaces, the value at a cut as a forward pass comes by.

For frameworks whose layers run in the thread that called the model. How a watch gets to see a
layer's calls is the framework's own; what it keeps of them is the same in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from hotcold.influence.cuts import Cut, describe
from hotcold.influence.messages import no_call
from hotcold.influence.values import Arguments, Kind, Tensor, find, replaced, taken, tensors_in

Keep: TypeAlias = Callable[[Tensor, str], Tensor]
"""Of a tensor at a named place what outlasts the pass; raises `ValueError` where nothing can."""


class Watch:
    """Sees what a layer is given (a cut anchored "in") or returns, call by call."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.n_calls = 0

    def called(self, value: Any) -> Any:
        """Take note of a call; return the value, or what takes its place."""
        number = self.n_calls
        self.n_calls += 1
        return self.see(value, number)

    def see(self, value: Any, number: int) -> Any:
        """Take note of the call of that number, and return what `called` does."""
        raise NotImplementedError


class Reader(Watch):
    """Keeps the tensor at a cut."""

    def __init__(self, cut: Cut, kind: Kind, keep: Keep) -> None:
        super().__init__(cut)
        self._kind = kind
        self._keep = keep
        self._kept: list[Tensor | ValueError] = []

    def see(self, value: Any, number: int) -> Any:
        """Keep the value of a call that may be the one."""
        wanted = self.cut.call
        if wanted < 0 or number == wanted:
            # An error is kept, too: it may be of a call that does not count, and frameworks add
            # words of their own to what is raised within a layer.
            place = describe(self.cut)
            try:
                one = self._keep(taken(value, self.cut.accessor, self._kind, place), place)
            except ValueError as error:
                one = error
            self._kept.append(one)
            if wanted < 0:
                del self._kept[:wanted]
        return value

    def value(self, layer_type: Callable[[], str], model: str, uncounted: str) -> Tensor:
        """Return the value of the call that the cut names; the rest is for messages."""
        wanted = self.cut.call
        if not self._kept or (wanted < 0 and len(self._kept) < -wanted):
            raise no_call(self.cut, layer_type(), self.n_calls, model, uncounted)
        one = self._kept[0]
        if isinstance(one, ValueError):
            raise one
        return one


class Replacer(Watch):
    """Puts a tensor in the place of the value at a cut, so that the network goes on from it."""

    def __init__(
        self, cut: Cut, kind: Kind, number: int, alike: Callable[[Tensor], Tensor]
    ) -> None:
        """`alike` returns what is put there, in the type of the tensor that it replaces."""
        super().__init__(cut)
        self._kind = kind
        self._number = number
        self._alike = alike

    def see(self, value: Any, number: int) -> Any:
        """Return the value with the tensor in it."""
        if number != self._number:
            return value
        accessor = self.cut.accessor
        assert not callable(accessor)  # `parse_cuts` has refused it
        # `Reader` has found a tensor there, in the pass before this one.
        path, tensor = find(value, accessor, self._kind, describe(self.cut))
        return replaced(value, path, self._alike(tensor))


class Shapes(Watch):
    """Keeps the shape of what a layer returned at its last call, and how many channels it has."""

    def __init__(self, kind: Kind, axis_of: Callable[[tuple[int, ...]], int | None]) -> None:
        super().__init__(Cut("-"))
        self._kind = kind
        self._axis_of = axis_of
        self.seen: tuple[tuple[int, ...] | None, int | None] = (None, None)

    def see(self, value: Any, number: int) -> Any:
        """Keep the shape."""
        tensors = list(tensors_in(value, self._kind).values())
        if tensors:
            shape = tuple(tensors[0].shape)
            axis = self._axis_of(shape)
            channels = None if axis is None or not -len(shape) <= axis < len(shape) else shape[axis]
            self.seen = (shape, channels)
        return value


def called_with(
    watches: Sequence[Watch], call: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
) -> Any:
    """Call a layer, and show its watches what it is given and what it returns."""
    given = Arguments(args, kwargs)
    for watch in watches:
        if watch.cut.anchor == "in":
            given = watch.called(given)
    value = call(*given.args, **given.kwargs)
    for watch in watches:
        if watch.cut.anchor == "out":
            value = watch.called(value)
    return value
