"""Quantities of interest: the one number per item whose gradient is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args

from hotcold import _validate
from hotcold.influence.protocols import Activation, Quantity, Reduction, Tensor

REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)


@dataclass(frozen=True)
class InternalChannelQoI:
    """The activity of one channel of a layer, or the sum over several.

    Parameters
    ----------
    channel : int or sequence of int
        The channel; a negative index counts from the end. Several are aggregated one by one and
        then summed.
    channel_axis : int, optional
        Which axis of the layer's tensor holds the channels, counted with the batch axis (1 for
        `(N, C, H, W)`, 3 for `(N, H, W, C)`, 2 for a sequence `(N, T, C)`); a negative number
        counts from the end. `None` means the framework's own: for PyTorch 1 after convolutions,
        batch norms and poolings, the last after linear maps, embeddings, layer norms and recurrent
        layers, followed through what the network does in between; for Keras what the layers' data
        formats and axes say; for flax the last. A JAX function does not say.
    agg_fn : {"sum", "mean", "max"} or callable, optional
        How a channel's map becomes one number per item; `None` is `"sum"`. The names reduce every
        axis but the batch. A function is called with the tensor of one channel, shape (N, ...)
        without the channel axis, and returns a tensor of shape (N,). A layer output of two axes,
        (N, C), has a single neuron per channel, which is the quantity as it stands.

    Raises
    ------
    TypeError
        If `channel`, `channel_axis` or `agg_fn` is of the wrong kind.
    ValueError
        If `channel` is empty, `channel_axis` is 0 (the batch) or `agg_fn` an unknown name; and in
        the call, if the layer's tensor has no such axis, or `channel_axis` is None and it cannot
        be told which one holds the channels.
    IndexError
        In the call, if the layer has too few channels.

    Examples
    --------
    >>> InternalChannelQoI(7, agg_fn="max")
    InternalChannelQoI(channel=7, channel_axis=None, agg_fn='max')
    """

    channel: int | tuple[int, ...]
    channel_axis: int | None = None
    agg_fn: Reduction | Callable[[Tensor], Tensor] | None = None

    def __init__(
        self,
        channel: int | Iterable[int],
        channel_axis: int | None = None,
        agg_fn: Reduction | Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if channel_axis is not None:
            channel_axis = _validate.integer("channel_axis", channel_axis)
        if channel_axis == 0:
            raise ValueError("`channel_axis` must not be 0, the batch axis; -1 is the last axis")
        if isinstance(agg_fn, str) and agg_fn not in REDUCTIONS:
            names = ", ".join(repr(name) for name in REDUCTIONS)
            raise ValueError(f"`agg_fn` must be a function or one of {names}, got {agg_fn!r}")
        if agg_fn is not None and not isinstance(agg_fn, str) and not callable(agg_fn):
            raise TypeError(
                f"`agg_fn` must be a function or a name, got {type(agg_fn).__name__} {agg_fn!r}"
            )
        object.__setattr__(self, "channel", _integers("channel", channel))
        object.__setattr__(self, "channel_axis", channel_axis)
        object.__setattr__(self, "agg_fn", agg_fn)

    def per_item(self, activation: Activation) -> Tensor:
        """Return the aggregate of the channel, or the sum of several, shape (N,)."""
        shape = tuple(activation.value.shape)
        axis = _channel_axis(self.channel_axis, activation)
        channels = (self.channel,) if isinstance(self.channel, int) else self.channel
        total = None
        for channel in channels:
            _check_index("channel", channel, shape[axis], activation.place)
            part = activation.value[(slice(None),) * axis + (channel,)]
            if len(shape) > 2:
                part = self._aggregate(part, activation)
            total = part if total is None else total + part
        return total

    def _aggregate(self, part: Tensor, activation: Activation) -> Tensor:
        if not callable(self.agg_fn):
            return activation.reduce(part, self.agg_fn or "sum")
        result = self.agg_fn(part)
        check_per_item(result, part.shape[0], "`agg_fn`")
        return result


@dataclass(frozen=True)
class ClassQoI:
    """The score of one class in an output of shape (N, classes), or of one class an item.

    Parameters
    ----------
    index : int or sequence of int
        The class, or a class for each item of the batch; a negative index counts from the end.

    Raises
    ------
    TypeError
        If `index` does not hold integers.
    ValueError
        If `index` is an empty sequence; in the call, if it has another length than the batch, or
        the tensor at the cut does not have two axes.
    IndexError
        In the call, if there are too few classes.

    Examples
    --------
    >>> ClassQoI(3)
    ClassQoI(index=3)
    """

    index: int | tuple[int, ...]

    def __init__(self, index: int | Iterable[int]) -> None:
        object.__setattr__(self, "index", _integers("index", index))

    def per_item(self, activation: Activation) -> Tensor:
        """Return the score of the class, or of each item's own, shape (N,)."""
        count = _class_count(activation)
        if isinstance(self.index, int):
            _check_index("class", self.index, count, activation.place)
            return activation.value[:, self.index]
        if len(self.index) != activation.n_items:
            raise ValueError(
                f"`index` must be one class or one for each of the {activation.n_items} items, got "
                f"{len(self.index)}"
            )
        classes = [self.index[item] for item in activation.items]
        for one in classes:
            _check_index("class", one, count, activation.place)
        return activation.pick(activation.value, classes)


@dataclass(frozen=True)
class MaxClassQoI:
    """The highest score in an output of shape (N, classes), each item's own.

    Notes
    -----
    The maximum is taken at every input that is evaluated. Between a baseline and x the leading
    class may change; `ClassQoI` with the class predicted for x follows one class throughout.

    Examples
    --------
    >>> MaxClassQoI()
    MaxClassQoI()
    """

    def per_item(self, activation: Activation) -> Tensor:
        """Return the highest score, shape (N,)."""
        _class_count(activation)
        return activation.reduce(activation.value, "max")


def evaluate(
    qoi: Quantity | Callable[[Tensor], Tensor], activation: Activation, n_items: int
) -> Tensor:
    """Return the quantity of each item, checked to be of shape (`n_items`,)."""
    shape = tuple(activation.value.shape)
    if len(shape) == 0 or shape[0] != n_items:
        raise ValueError(
            f"{activation.place} has shape {shape}, but the batch holds {n_items} items; "
            "its first axis must be the batch"
        )
    if isinstance(qoi, Quantity):
        result = qoi.per_item(activation)
    else:
        result = qoi(activation.value)
    check_per_item(result, n_items, "`qoi`")
    return result


def check_per_item(result: Any, n_items: int, name: str) -> None:
    """Raise unless `result` is a tensor of shape (`n_items`,)."""
    shape = getattr(result, "shape", None)
    if shape is None:
        raise TypeError(
            f"{name} must return a tensor of shape ({n_items},), got {type(result).__name__}"
        )
    if tuple(shape) != (n_items,):
        raise ValueError(
            f"{name} must return one number per item, shape ({n_items},), got shape {tuple(shape)}"
        )


def _integers(name: str, value: int | Iterable[int]) -> int | tuple[int, ...]:
    # A tensor of no axes is iterable by its type alone.
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    if not several or getattr(value, "ndim", 1) == 0:
        return _validate.integer(name, value)
    integers = tuple(_validate.integer(name, one) for one in value)  # type: ignore[union-attr]
    if not integers:
        raise ValueError(f"`{name}` must name at least one {name}, got an empty sequence")
    return integers


def _channel_axis(wanted: int | None, activation: Activation) -> int:
    """Return which axis of the tensor holds the channels."""
    shape = tuple(activation.value.shape)
    axis = activation.channel_axis if wanted is None else wanted
    if axis is None:
        raise ValueError(
            f"{activation.place} of shape {shape} may hold its channels on axis 1 or on the last: "
            "set `channel_axis`, -1 for tokens (N, T, C)"
        )
    if not -len(shape) < axis < len(shape):
        raise ValueError(
            f"{activation.place} of shape {shape} has no channel axis {axis}; "
            "set `channel_axis`, or give a function of the whole tensor as `qoi`"
        )
    return axis % len(shape)


def _check_index(kind: str, index: int, count: int, place: str) -> None:
    if not -count <= index < count:
        plural = "classes" if kind == "class" else f"{kind}s"
        raise IndexError(f"{kind} {index} is out of range: {place} has {count} {plural}")


def _class_count(activation: Activation) -> int:
    shape = tuple(activation.value.shape)
    if len(shape) != 2:
        raise ValueError(
            f"{activation.place} must have shape (N, classes), got {shape}; use "
            "InternalChannelQoI, or give a function of the whole tensor as `qoi`"
        )
    return int(shape[1])
