"""Cuts: the places in a network between which an influence is measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np

from hotcold import _validate
from hotcold.influence.values import Accessor, Path

ANCHORS = ("in", "out")


@dataclass(frozen=True, repr=False)
class InputCut:
    """An input of the model.

    Parameters
    ----------
    name : str, int or tuple, optional
        Which of several inputs is attributed: its number, its name where the inputs are a dict, or
        a path such as `(0, "image")` into an input that holds others. None is the first.

    Examples
    --------
    >>> InputCut("pixel_values")
    InputCut('pixel_values')
    """

    name: str | int | Path | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            object.__setattr__(self, "name", _path("name", self.name))

    def __repr__(self) -> str:
        return "InputCut()" if self.name is None else f"InputCut({self.name!r})"


@dataclass(frozen=True, repr=False)
class OutputCut:
    """The output of the model.

    Parameters
    ----------
    accessor : str, int, tuple or callable, optional
        As in `Cut`. None: of a tuple or list the first floating tensor, of a mapping its only one.

    Examples
    --------
    >>> OutputCut("logits")
    OutputCut(accessor='logits')
    """

    accessor: Accessor | None = None

    def __post_init__(self) -> None:
        _check_accessor(self, self.accessor)

    def __repr__(self) -> str:
        return "OutputCut()" if self.accessor is None else f"OutputCut(accessor={self.accessor!r})"


@dataclass(frozen=True, repr=False)
class Cut:
    """The output, or the input, of one layer.

    Parameters
    ----------
    layer : str or int
        A dotted module name (`"features.28"`), or an index into the model's leaf layers (those
        made of no others) in definition order; a negative index counts from the end.
        `hotcold.influence.layers` lists both. In Keras and flax.linen the names of layers within
        layers are joined by `/` (`"resnet50/conv1_conv"`), in flax.nnx by dots; Keras takes a name
        that only one layer has alone, and the attributes that hold it (`"encoder.blocks.2"`).
    anchor : {"out", "in"}, default "out"
        Read what the layer returns, or what it is given.
    accessor : str, int, tuple or callable, optional
        Where in that the tensor is: a key, an attribute, an index, several of them as a tuple, or
        a function of the value (of the layer's arguments for `"in"`) that returns the tensor.
        None: of a tuple or list the first floating tensor counts, in a mapping the only one.
    call : int, default -1
        Which call counts where the layer is called several times in one forward pass: from 0, or
        from the end. The last is the value that the rest of the network goes on with.

    Raises
    ------
    TypeError
        If `layer` is neither a name nor an index, or `accessor` or `call` of the wrong kind.
    ValueError
        If `anchor` is unknown or `layer` is an empty name.

    Examples
    --------
    >>> Cut("features.28")
    Cut(layer='features.28', anchor='out')
    >>> Cut("encoder.lstm", accessor=(1, 0), call=0)
    Cut(layer='encoder.lstm', anchor='out', accessor=(1, 0), call=0)
    """

    layer: str | int
    anchor: str = "out"
    accessor: Accessor | None = field(default=None, kw_only=True)
    call: int = field(default=-1, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.layer, np.integer):
            object.__setattr__(self, "layer", int(self.layer))
        if isinstance(self.layer, bool) or not isinstance(self.layer, str | int):
            raise TypeError(
                "`layer` must be a layer's name or index, "
                f"got {type(self.layer).__name__}; hotcold.influence.layers(model) lists the names"
            )
        if self.layer == "":
            raise ValueError("`layer` must not be empty; OutputCut() is the output of the model")
        if self.anchor not in ANCHORS:
            raise ValueError(f"`anchor` must be 'in' or 'out', got {self.anchor!r}")
        _check_accessor(self, self.accessor)
        object.__setattr__(self, "call", _validate.integer("call", self.call))

    def __repr__(self) -> str:
        more = "" if self.accessor is None else f", accessor={self.accessor!r}"
        more += "" if self.call == -1 else f", call={self.call}"
        return f"Cut(layer={self.layer!r}, anchor={self.anchor!r}{more})"


def parse_cuts(cuts: Any) -> tuple[InputCut | Cut, Cut | OutputCut]:
    """Return the pair of cuts that `cuts` stands for, or say what is wrong with it."""
    if isinstance(cuts, tuple | list):
        if len(cuts) != 2:
            raise ValueError(
                f"`cuts` must be a pair such as (InputCut(), Cut('features.3')), got {len(cuts)} "
                "elements"
            )
        start, end = cuts
    else:
        start, end = InputCut(), cuts
    if not isinstance(start, InputCut | Cut):
        raise ValueError(
            f"`cuts` must start at InputCut() or at a Cut, got {start!r}; attributions have the "
            "shape of what is there"
        )
    if isinstance(start, Cut) and callable(start.accessor):
        raise ValueError(
            "a cut that the slice starts at needs an `accessor` of keys, not a function: the value "
            f"there is replaced, got {start!r}"
        )
    if isinstance(end, str | int | np.integer) and not isinstance(end, bool):
        end = Cut(end if isinstance(end, str) else int(end))
    if isinstance(end, InputCut):
        raise ValueError("`cuts` must end at a layer or at OutputCut(), got InputCut()")
    if not isinstance(end, Cut | OutputCut):
        raise TypeError(
            "`cuts` must end at a Cut, a layer name or index, or OutputCut(), "
            f"got {type(end).__name__}"
        )
    return start, end


def _check_accessor(cut: Any, accessor: Any) -> None:
    if accessor is not None and not callable(accessor):
        object.__setattr__(cut, "accessor", _path("accessor", accessor))


def _path(name: str, value: Any) -> str | int | Path:
    """Return a key, or a tuple of several."""
    keys = value if isinstance(value, tuple) and value else (value,)
    path = tuple(int(key) if isinstance(key, np.integer) else key for key in keys)
    if not all(isinstance(key, str | int) and not isinstance(key, bool) for key in path):
        raise TypeError(
            f"`{name}` must be a name, an index or a tuple of them, "
            f"got {type(value).__name__} {value!r}"
        )
    return path if isinstance(value, tuple) else path[0]


def describe(cut: InputCut | Cut | OutputCut) -> str:
    """Return the place of a cut in words, for messages."""
    if isinstance(cut, InputCut):
        return "`x`"
    if isinstance(cut, OutputCut):
        return "the output of the model"
    return f"the {cut.anchor}put of layer {cut.layer!r}"


def find_layer(
    layer: str | int, named: Mapping[str, Any], leaves: Sequence[Any], model_name: str
) -> Any:
    """Return the layer of that name or index, or say which there are."""
    if isinstance(layer, int):
        if not -len(leaves) <= layer < len(leaves):
            raise IndexError(
                f"layer index {layer} is out of range: {model_name} has {len(leaves)} leaf layers"
            )
        return leaves[layer]
    if layer not in named:
        last = re.split("[./]", layer)[-1]
        close = [name for name in named if re.split("[./]", name)[-1] == last]
        close = [*close, *get_close_matches(layer, named, n=3, cutoff=0.4)][:3]
        hint = f"closest: {', '.join(map(repr, close))}; " if close else ""
        raise ValueError(
            f"{model_name} has no layer {layer!r}; {hint}hotcold.influence.layers(model) lists all"
        )
    return named[layer]
