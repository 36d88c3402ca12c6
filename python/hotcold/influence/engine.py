"""Models whose passes are functions of one tensor: what Keras and JAX share.

A backend says how its model is run and its layers are watched; an engine differentiates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from hotcold.influence.cuts import Cut, InputCut, OutputCut, describe
from hotcold.influence.inputs import attributed_of, path_of
from hotcold.influence.messages import (
    PLAIN_ERRORS,
    failed,
    no_floating_values,
    no_gradient,
    quantity_without_gradient,
)
from hotcold.influence.protocols import FloatArray, Hold, Target
from hotcold.influence.values import Arguments, Kind, Path, Tensor, taken
from hotcold.influence.watching import Reader, Replacer, Watch


class NoGradient(Exception):
    """No gradient leads to the leaf from a target."""

    def __init__(self, target: int, *, of_quantity: bool) -> None:
        super().__init__(target)
        self.target = target
        self.of_quantity = of_quantity
        """Whether it is the quantity that does not depend on the value, which depends on x."""


class Wish(NamedTuple):
    """A quantity, and of which of the values that a pass returns."""

    value: int
    quantity: Callable[[Tensor], Tensor]


class Engine(Protocol):
    """Differentiates passes of one library."""

    kind: Kind
    """Its tensors."""
    operations: str
    """What a quantity must be computed with, in words."""
    no_gradient: str
    """Why there may be no gradient, in words."""

    def switched(self) -> Hold:
        """Return what lets the library keep what gradients need, for one call."""

    def begin(self) -> None:
        """Say that a pass begins here."""

    def keep(self, tensor: Tensor, place: str) -> Tensor:
        """Return what stays as it is when the pass goes on, or raise why there is nothing."""

    def alike(self, leaf: Tensor, tensor: Tensor) -> Tensor:
        """Return the leaf in the type of a tensor, on its device."""

    def gradients(
        self, run: Callable[[Tensor], list[Tensor]], leaf: Tensor, wishes: Sequence[Wish]
    ) -> list[FloatArray]:
        """Return d/d(leaf) of the sum over items of each quantity; one forward pass for all.

        Raises `NoGradient`.
        """


class WatchedModel(ABC):
    """What `protocols.Backend` asks, for a model that an engine differentiates."""

    engine: Engine
    model_name: str
    uncounted: str
    """Which uses of a layer a watch does not see, in words."""
    _start_call = 0

    @abstractmethod
    def run(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """Return what the model returns; watches are in place for the length of the pass."""

    @abstractmethod
    def leaf(self, point: FloatArray, like: Any) -> Tensor:
        """Return a point as a tensor; `like` is what the user gave, None within the network."""

    @abstractmethod
    def inputs(self, given: Arguments, path: Path | None, leaf: Tensor | None) -> Arguments:
        """Return the inputs of a pass, with the leaf where it goes."""

    @abstractmethod
    def layer_type(self, cut: Cut) -> str:
        """Return the name of a layer's class."""

    @abstractmethod
    def channel_axis(self, cut: Cut | OutputCut, shape: tuple[int, ...]) -> int | None:
        """Return which axis of the value at a cut holds the channels, None where not known."""

    def evaluating(self) -> Hold:
        """See `protocols.Backend`."""
        return self.engine.switched()

    def prepare(self, given: Arguments) -> None:  # noqa: B027, most need nothing
        """Do what must be done before a pass, such as making a model's weights."""

    def read(self, given: Arguments, cut: Cut) -> FloatArray:
        """See `protocols.Backend`."""
        self.prepare(given)
        reader = Reader(cut, self.engine.kind, self.engine.keep)
        self.engine.begin()
        self.forward([reader], self.inputs(given, None, None))
        value = self.value_of(reader)
        self._start_call = cut.call if cut.call >= 0 else reader.n_calls + cut.call
        if not self.engine.kind.is_floating(value):
            raise no_floating_values(cut, getattr(value.dtype, "name", value.dtype))
        return self.gradient_dtype(value)

    @abstractmethod
    def gradient_dtype(self, value: Tensor) -> FloatArray:
        """Return a floating tensor as a new host array of float32, or float64 where it is that."""

    def gradients(
        self,
        given: Arguments,
        start: InputCut | Cut,
        point: FloatArray,
        targets: Sequence[Target],
    ) -> list[FloatArray]:
        """See `protocols.Backend`."""
        self.prepare(given)
        cuts = list(dict.fromkeys(target.cut for target in targets))
        readers: dict[Cut, Reader] = {}
        path = path_of(start) if isinstance(start, InputCut) else None
        first = None if path is None else attributed_of(given, path)

        def run(leaf: Tensor) -> list[Tensor]:
            self.engine.begin()
            readers.clear()
            for cut in cuts:
                if isinstance(cut, Cut):
                    readers[cut] = Reader(cut, self.engine.kind, self.engine.keep)
            watches: list[Watch] = list(readers.values())
            if path is None:
                assert isinstance(start, Cut)

                def alike(tensor: Tensor) -> Tensor:
                    return self.engine.alike(leaf, tensor)

                # First, so that a cut at the same place reads what was put there.
                replacer = Replacer(start, self.engine.kind, self._start_call, alike)
                watches.insert(0, replacer)
            output = self.forward(watches, self.inputs(given, path, leaf))
            return [
                self.value_of(readers[cut])
                if isinstance(cut, Cut)
                else taken(output, cut.accessor, self.engine.kind, describe(cut))
                for cut in cuts
            ]

        wishes = [Wish(cuts.index(target.cut), self._quantity(target)) for target in targets]
        try:
            return self.engine.gradients(run, self.leaf(point, first), wishes)
        except NoGradient as error:
            cut = targets[error.target].cut
            if error.of_quantity:
                raise quantity_without_gradient(cut, self.engine.operations) from None
            n_calls = readers[cut].n_calls if isinstance(cut, Cut) else 1
            raise no_gradient(cut, start, n_calls, self.engine.no_gradient) from None

    def forward(self, watches: Sequence[Watch], inputs: Arguments) -> Any:
        """Return what `run` does; an error of the model's own gets the shapes in front."""
        return self.told(lambda: self.run(watches, inputs), inputs)

    def told(self, run: Callable[[], Any], inputs: Arguments) -> Any:
        """Return what a pass does; an error of the model's own gets the shapes in front."""
        try:
            return run()
        except PLAIN_ERRORS as error:
            told = failed(error, self.model_name, inputs)
            if told is error:
                raise
            raise told from error

    def _quantity(self, target: Target) -> Callable[[Tensor], Tensor]:
        def quantity(value: Tensor) -> Tensor:
            return target.quantity(value, self.channel_axis(target.cut, tuple(value.shape)))

        return quantity

    def value_of(self, reader: Reader) -> Tensor:
        """Return the value that a reader has kept, or raise why there is none."""
        return reader.value(lambda: self.layer_type(reader.cut), self.model_name, self.uncounted)
