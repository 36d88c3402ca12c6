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
        `(N, C, H, W)`, 3 for `(N, H, W, C)`, 2 for a sequence `(N, T, C)`). `None` or a negative
        number means the framework's own: 1 for PyTorch.
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
        the call, if the layer's tensor has no such axis.
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
            raise ValueError("`channel_axis` must not be 0, the batch axis; PyTorch's own is 1")
        if isinstance(agg_fn, str) and agg_fn not in REDUCTIONS:
            names = ", ".join(repr(name) for name in REDUCTIONS)
            raise ValueError(f"`agg_fn` must be a function or one of {names}, got {agg_fn!r}")
        if agg_fn is not None and not isinstance(agg_fn, str) and not callable(agg_fn):
            raise TypeError(
                f"`agg_fn` must be a function or a name, got {type(agg_fn).__name__} {agg_fn!r}"
            )
        object.__setattr__(self, "channel", _channels(channel))
        object.__setattr__(self, "channel_axis", channel_axis)
        object.__setattr__(self, "agg_fn", agg_fn)

    def per_item(self, activation: Activation) -> Tensor:
        """Return the aggregate of the channel, or the sum of several, shape (N,)."""
        shape = tuple(activation.value.shape)
        axis = self.channel_axis
        if axis is None or axis < 0:
            axis = activation.channel_axis
        if axis >= len(shape):
            raise ValueError(
                f"{activation.place} of shape {shape} has no channel axis {axis}; "
                "set `channel_axis`, or give a function of the whole tensor as `qoi`"
            )
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
    """The score of one class in an output of shape (N, classes).

    Parameters
    ----------
    index : int
        The class; a negative index counts from the end.

    Raises
    ------
    TypeError
        If `index` is no integer.
    ValueError
        In the call, if the tensor at the cut does not have two axes.
    IndexError
        In the call, if there are too few classes.

    Examples
    --------
    >>> ClassQoI(3)
    ClassQoI(index=3)
    """

    index: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", _validate.integer("index", self.index))

    def per_item(self, activation: Activation) -> Tensor:
        """Return the score of the class, shape (N,)."""
        count = _class_count(activation)
        _check_index("class", self.index, count, activation.place)
        return activation.value[:, self.index]


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


def _channels(channel: int | Iterable[int]) -> int | tuple[int, ...]:
    if isinstance(channel, str | bytes) or not isinstance(channel, Iterable):
        return _validate.integer("channel", channel)
    # A tensor of no axes is iterable by its type alone.
    if getattr(channel, "ndim", 1) == 0:
        return _validate.integer("channel", channel)
    channels = tuple(_validate.integer("channel", one) for one in channel)
    if not channels:
        raise ValueError("`channel` must name at least one channel, got an empty sequence")
    return channels


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
