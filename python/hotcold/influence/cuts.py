"""Cuts: the places in a network between which an influence is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

ANCHORS = ("in", "out")


@dataclass(frozen=True)
class InputCut:
    """The input of the model."""


@dataclass(frozen=True)
class OutputCut:
    """The output of the model.

    Of a tuple or list the first tensor is read, of a mapping its only tensor.
    """


@dataclass(frozen=True)
class Cut:
    """The output, or the input, of one layer.

    Parameters
    ----------
    layer : str or int
        A dotted module name (`"features.28"`), or an index into the model's leaf layers (those
        made of no others) in definition order; a negative index counts from the end.
        `hotcold.influence.layers` lists both.
    anchor : {"out", "in"}, default "out"
        Read what the layer returns, or what it is given. Where that is a tuple or list the first
        tensor counts, in a mapping the only tensor.

    Raises
    ------
    TypeError
        If `layer` is neither a name nor an index.
    ValueError
        If `anchor` is unknown or `layer` is an empty name.

    Notes
    -----
    A layer that is called several times in one forward pass is read at its last call: the value
    that the rest of the network goes on with.

    Examples
    --------
    >>> Cut("features.28")
    Cut(layer='features.28', anchor='out')
    """

    layer: str | int
    anchor: str = "out"

    def __post_init__(self) -> None:
        if isinstance(self.layer, np.integer):
            object.__setattr__(self, "layer", int(self.layer))
        if isinstance(self.layer, bool) or not isinstance(self.layer, str | int):
            raise TypeError(
                "`layer` must be a dotted module name or an index, "
                f"got {type(self.layer).__name__}; hotcold.influence.layers(model) lists the names"
            )
        if self.layer == "":
            raise ValueError("`layer` must not be empty; OutputCut() is the output of the model")
        if self.anchor not in ANCHORS:
            raise ValueError(f"`anchor` must be 'in' or 'out', got {self.anchor!r}")


def parse_cuts(cuts: Any) -> tuple[InputCut, Cut | OutputCut]:
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
    if not isinstance(start, InputCut):
        raise ValueError(
            f"`cuts` must start at InputCut(), got {start!r}; attributions have the shape of the "
            "input"
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


def describe(cut: Cut | OutputCut) -> str:
    """Return the place of a cut in words, for messages."""
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
        last = layer.rpartition(".")[2]
        close = [name for name in named if name.rpartition(".")[2] == last]
        close = [*close, *get_close_matches(layer, named, n=3, cutoff=0.4)][:3]
        hint = f"closest: {', '.join(map(repr, close))}; " if close else ""
        raise ValueError(
            f"{model_name} has no layer {layer!r}; {hint}hotcold.influence.layers(model) lists all"
        )
    return named[layer]
