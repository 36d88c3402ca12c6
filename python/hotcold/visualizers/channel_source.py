"""Where `ChannelMaskVisualizer` gets its attributions: a channel of a model, or another object.

`hotcold.influence` is imported when the first source is made, not with the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from hotcold import _validate
from hotcold._arrays import Array, as_batch, as_numpy, from_channels_first, to_channels_first

if TYPE_CHECKING:
    from hotcold.influence import InternalInfluence


class Inputs(NamedTuple):
    """What a call was given."""

    image: Array  # the checked (N, C, H, W) view of x
    x: Any
    x_preprocessed: Any
    dim_order: str
    nonfinite: str
    batch_size: int | None  # the most items in one pass of a model


class Source(Protocol):
    """Attributions for a batch; frozen configuration, as the visualizer itself."""

    def attributions(self, inputs: Inputs) -> Array:
        """Return a (N, C, H, W) view with the image's items, and no more rows and columns.

        Over one image there may be any number of maps.
        """

    def made_by(self) -> tuple[str, list[str]]:
        """Return how the visualizer's constructor is called, and with which first arguments."""


@dataclass(frozen=True)
class ChannelSource:
    """The internal influence on a channel; the model gets its framework's own layout."""

    influence: InternalInfluence

    def attributions(self, inputs: Inputs) -> Array:
        """See `Source`: the model takes its own layout, the views have channels first."""
        from hotcold.influence.frameworks import backend_for
        from hotcold.influence.inputs import FIRST, arguments_of
        from hotcold.influence.values import replaced

        name, batch, given = "x", inputs.image, arguments_of(inputs.image)
        if inputs.x_preprocessed is not None:
            name, given = "x_preprocessed", arguments_of(inputs.x_preprocessed)
            batch = as_batch(given.values()[0], name, inputs.dim_order)
            _no_larger(name, batch.shape, inputs)
        batch = _finite(batch, name, inputs.nonfinite)
        order = backend_for(self.influence.model).dim_order
        given = replaced(given, FIRST, from_channels_first(batch, order))
        found = self.influence.attributions(given, batch_size=inputs.batch_size)
        return to_channels_first(found, order)

    def made_by(self) -> tuple[str, list[str]]:
        """See `Source`: the model by its class, and what is not a default."""
        from hotcold.influence import Cut, PointDoi

        influence, cut = self.influence, self.influence.cuts[1]
        qoi: Any = influence.qoi
        told = [f"<{type(influence.model).__name__}>"]
        plain = isinstance(cut, Cut) and cut.anchor == "out"
        told.append(repr(cut.layer if plain else cut))
        told.append(repr(qoi.channel))
        if qoi.channel_axis is not None:
            told.append(f"channel_axis={qoi.channel_axis}")
        if qoi.agg_fn is not None:
            # A function by its name: its repr holds an address, which files must not.
            name = getattr(qoi.agg_fn, "__qualname__", type(qoi.agg_fn).__name__)
            told.append(f"agg_fn={name if callable(qoi.agg_fn) else repr(qoi.agg_fn)}")
        if not isinstance(influence.doi, PointDoi):
            told.append(f"doi={influence.doi!r}")
        return "ChannelMaskVisualizer", told


@dataclass(frozen=True)
class GivenSource:
    """An object of the user's with `attributions(x)`, which gets the array as it was given."""

    influence: Any

    def attributions(self, inputs: Inputs) -> Array:
        """See `Source`."""
        from hotcold.influence.inputs import arguments_of

        given = inputs.x if inputs.x_preprocessed is None else inputs.x_preprocessed
        wanted, name = _in_order(inputs.image.shape, inputs.dim_order), "x"
        shape = getattr(arguments_of(given).values()[0], "shape", None)
        if inputs.x_preprocessed is not None and shape is not None:
            wanted, name = tuple(shape), "x_preprocessed"
            _no_larger(name, _batch_shape(wanted, name, inputs.dim_order), inputs)
        options = {} if inputs.batch_size is None else {"batch_size": inputs.batch_size}
        result = as_numpy(self.influence.attributions(given, **options), "attributions")
        if result.shape != wanted:
            msg = (
                f"`{type(self.influence).__name__}.attributions(x)` must have the shape of "
                f"`{name}`, {wanted} (dim_order={inputs.dim_order!r}), got {result.shape}"
            )
            raise ValueError(msg)
        return as_batch(result, "attributions", inputs.dim_order)

    def made_by(self) -> tuple[str, list[str]]:
        """See `Source`: the object by its class."""
        return "ChannelMaskVisualizer.from_influence", [f"<{type(self.influence).__name__}>"]


def channel_source(
    model: Any,
    layer: Any,
    channel: Any,
    channel_axis: int | None,
    agg_fn: Any,
    doi: Any,
) -> ChannelSource:
    """Return the source for a model, a layer and a channel, all checked."""
    from hotcold.influence import (
        Cut,
        InputCut,
        InternalChannelQoI,
        InternalInfluence,
        OutputCut,
        PointDoi,
    )

    cut = layer if isinstance(layer, Cut | OutputCut) else Cut(layer)
    influence = InternalInfluence(
        model,
        (InputCut(), cut),
        InternalChannelQoI(channel, channel_axis, agg_fn),
        PointDoi() if doi is None else doi,
    )
    return ChannelSource(influence)


def given_source(influence: Any) -> GivenSource:
    """Return the source for an object with `attributions(x)`."""
    from hotcold.influence import SupportsAttributions

    if isinstance(influence, type) or not isinstance(influence, SupportsAttributions):
        got = (
            f"the class {influence.__name__}"
            if isinstance(influence, type)
            else type(influence).__name__
        )
        msg = (
            f"`influence` must be an object with a method `attributions(x)`, got {got}; "
            "a model goes to ChannelMaskVisualizer(model, layer, channel), and another "
            "library's method needs a class of three lines around it: see docs/plug-in.md"
        )
        raise TypeError(msg)
    return GivenSource(influence)


def _in_order(shape: tuple[int, ...], dim_order: str) -> tuple[int, ...]:
    """Return an (N, C, H, W) shape as the user sees it."""
    return shape if dim_order == "channels_first" else (shape[0], *shape[2:], shape[1])


def _batch_shape(shape: tuple[int, ...], name: str, dim_order: str) -> tuple[int, ...]:
    """Return the (N, C, H, W) of a shape in `dim_order`."""
    _validate.batch_shape(shape, name, dim_order)
    return shape if dim_order == "channels_first" else (shape[0], shape[3], *shape[1:3])


def _no_larger(name: str, shape: tuple[int, ...], inputs: Inputs) -> None:
    """Require the items of the image, if they are several, and no more rows and columns."""
    items, _, rows, columns = inputs.image.shape
    if items not in (1, shape[0]) or shape[2] > rows or shape[3] > columns:
        msg = (
            f"`{name}` must have the items of `x` and no more rows and columns, "
            f"(N, H, W) = {(items, rows, columns)} (dim_order={inputs.dim_order!r}), got "
            f"{(shape[0], *shape[2:])}; maps are enlarged to the picture, not shrunk: give `x` as "
            "large as the model sees it"
        )
        raise ValueError(msg)


def _finite(batch: Array, name: str, nonfinite: str) -> Array:
    """Return the batch as the model may see it: checked, or with NaN and infinity as 0."""
    from hotcold.influence.inputs import nonfinite_item

    fault = nonfinite_item(batch, name)
    if fault is not None and nonfinite != "raise":
        return np.nan_to_num(batch, nan=0.0, posinf=0.0, neginf=0.0)
    _validate.finite(fault)
    return batch
