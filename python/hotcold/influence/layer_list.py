"""The layers of a model as a list that can be read: names, types, shapes, channel counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotcold.influence.frameworks import backend_for
from hotcold.influence.inputs import arguments_of, check_batch
from hotcold.influence.protocols import Layer

HEADER = ("index", "name", "type", "output shape", "channels")


class LayerList(list[Layer]):
    """A list of `Layer` that prints as a table."""

    def __repr__(self) -> str:
        rows = [HEADER, *(_row(layer) for layer in self)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
        return "\n".join(_line(row, widths) for row in rows)


def layers(model: Any, x: Any = None, *, blocks: bool = False) -> LayerList:
    """List the layers of a model that a cut can name, in definition order.

    Parameters
    ----------
    model : torch.nn.Module, keras.Model or flax module
        The model; it is left as it was found. Without a sample, of a flax.linen module those
        layers are listed that have variables, without indices.
    x : array, tuple or dict, optional
        A sample input for one forward pass, as `InternalInfluence.attributions` takes it. Without
        it, output shapes and channel counts are None.
    blocks : bool, default False
        List modules that are made of other modules too. They are cuts by name only.

    Returns
    -------
    LayerList
        A list of `Layer` (index, name, type, output_shape, channels), which prints as a table.

    Raises
    ------
    TypeError
        If `model` is not of a known framework or `x` does not hold real numbers.
    ValueError
        If `x` is empty or not finite. Errors of the model's own forward pass keep their type.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())
    >>> layers(model, np.zeros((1, 3, 16, 16)))
    index  name  type    output shape    channels
        0  0     Conv2d  (1, 8, 14, 14)         8
        1  1     ReLU    (1, 8, 14, 14)         8
    """
    backend = backend_for(model)
    if x is None:
        return LayerList(backend.layers(None, blocks))
    given = arguments_of(x)
    if len(given.values()) == 1 and not isinstance(given.values()[0], Mapping | tuple):
        check_batch(backend.to_numpy(given.values()[0]))
    return LayerList(backend.layers(given, blocks))


def _row(layer: Layer) -> tuple[str, ...]:
    cells = (layer.index, layer.name, layer.type, layer.output_shape, layer.channels)
    return tuple("-" if cell is None else str(cell) for cell in cells)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    index, *middle, channels = (
        cell.rjust(width) if i in (0, len(row) - 1) else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((index, *middle, channels))
