"""What the parts of `hotcold.influence` ask of each other, and of a framework behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from hotcold._arrays import DimOrder

if TYPE_CHECKING:
    from hotcold.influence.cuts import Cut, InputCut, OutputCut
    from hotcold.influence.values import Arguments

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
Reduction: TypeAlias = Literal["max", "mean", "sum"]
Tensor: TypeAlias = Any
"""An array of the model's own framework, such as a `torch.Tensor`."""
ToNumpy: TypeAlias = Callable[[Any], npt.NDArray[Any]]


@runtime_checkable
class SupportsAttributions(Protocol):
    """Anything that attributes its input: an `InternalInfluence` or what stands in for one.

    Other frameworks and other attribution libraries plug in here: one method is all it takes.
    """

    def attributions(self, x: Any) -> Any:
        """Return an array (or anything `numpy.asarray` takes) of the shape of `x`."""


@dataclass(frozen=True)
class Activation:
    """The value of a network at a cut, as a quantity sees it."""

    value: Tensor
    """The framework's tensor, shape (N, ...)."""
    place: str
    """Where it was read, for messages: "the output of layer 'features.3'"."""
    channel_axis: int | None
    """The framework's own channel axis, counted with the batch axis; None where it is not known."""
    reduce: Callable[[Tensor, Reduction], Tensor]
    """Reduces every axis but the first: (N, ...) to (N,)."""
    pick: Callable[[Tensor, Sequence[int]], Tensor]
    """Takes one entry an item along axis 1: (N, C) and N indices to (N,)."""
    items: range
    """Which items of the call these are."""
    n_items: int
    """How many the call holds."""


@runtime_checkable
class Quantity(Protocol):
    """A quantity of interest: one number per item, read at the end of the slice."""

    def per_item(self, activation: Activation) -> Tensor:
        """Return a differentiable tensor of shape (N,)."""


@runtime_checkable
class Distribution(Protocol):
    """A distribution of interest: the inputs over which the gradient is averaged."""

    def baseline_of(self, x: FloatArray, to_numpy: ToNumpy) -> FloatArray:
        """Return what counts as "no input": an array (or a view) of the shape and dtype of `x`.

        `to_numpy` brings the framework's tensors to the host.
        """

    def points(self, x: FloatArray, baseline: FloatArray) -> Iterable[FloatArray]:
        """Yield the inputs, each of the shape and dtype of `x`, all of equal weight."""


@dataclass(frozen=True)
class Layer:
    """One layer of a model, as `layers` lists it."""

    index: int | None
    """Its index as a cut, or None for a block made of other layers."""
    name: str
    """Its dotted name as a cut."""
    type: str
    """The name of its class."""
    output_shape: tuple[int, ...] | None = None
    """The shape at its last call for the sample, None without a sample or if never reached."""
    channels: int | None = None
    """How many channels the layer has on the axis that holds them, None where it is not known."""


class Target(NamedTuple):
    """One number per item whose gradient is wanted, and where it is read."""

    cut: Cut | OutputCut
    quantity: Callable[[Tensor, int | None], Tensor]
    """Of the tensor at the cut and its channel axis; returns a tensor of shape (N,)."""


class Hold(AbstractContextManager[None], Protocol):
    """A model for the length of one call: inference behaviour, and then its own state again."""

    def release(self) -> None:
        """Give back what is still held; on exit nothing is, unless an interrupt came between."""


class Backend(Protocol):
    """What a framework supplies so that `InternalInfluence` works on its models.

    A backend holds one model. Arrays cross this border as numpy arrays on the host; tensors stay
    behind it, save for those that quantities are handed. A new framework is one module in
    `backends` with one such class, and one row of `frameworks.FRAMEWORKS`.
    """

    dim_order: DimOrder
    """How the model takes a batch of images."""

    def to_numpy(self, value: Any) -> npt.NDArray[Any]:
        """Return `value` as a host array; the framework's tensors and arrays are detached first.

        Raises `TypeError` or `ValueError` for what cannot be an array.
        """

    def evaluating(self) -> Hold:
        """Return what holds the model for one call."""

    def check_cut(self, cut: InputCut | Cut | OutputCut) -> None:
        """Raise `ValueError` for an unknown layer name, `IndexError` for an index out of range."""

    def read(self, given: Arguments, cut: Cut) -> FloatArray:
        """Return the value at a cut, within `evaluating()`."""

    def gradients(
        self,
        given: Arguments,
        start: InputCut | Cut,
        point: FloatArray,
        targets: Sequence[Target],
    ) -> list[FloatArray]:
        """Return, for each target, d/d(value at start) of the sum of its quantity over items.

        The value at `start` is `point`, which is the caller's to give away; the other inputs are
        those of `given`. All targets share one forward pass. Called within `evaluating()`. The
        results have the shape of `point` and are float32, or float64 for a float64 model.
        """

    def reduce(self, value: Tensor, how: Reduction) -> Tensor:
        """Reduce every axis but the first; a maximum that is reached twice is shared."""

    def pick(self, value: Tensor, indices: Sequence[int]) -> Tensor:
        """Return `value[i, indices[i]]` of each item i."""

    def layers(self, given: Arguments | None, blocks: bool) -> list[Layer]:
        """List the model's layers; with inputs (run once) their output shapes."""
