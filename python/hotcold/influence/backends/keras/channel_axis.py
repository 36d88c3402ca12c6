"""Which axis of a value holds channels, told from the layers of a Keras model.

A layer with a data format or an axis says it of what it is given and returns. Other layers keep
the axis of the layer before them, as far as the model is a graph that can be walked back; in
subclassed models they follow the data format that all layers share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

_LAST = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Embedding,
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.RNN,
    keras.layers.Bidirectional,
)
# What moves axes about: which one held the channels before says nothing of the value after.
_MOVING = {
    "Dot",
    "Einsum",
    "ExpandDims",
    "Flatten",
    "Matmul",
    "Moveaxis",
    "Permute",
    "Ravel",
    "RepeatVector",
    "Reshape",
    "Squeeze",
    "Swapaxes",
    "Tensordot",
    "TimeDistributed",
    "Transpose",
}
_AXES = {"channels_last": -1, "channels_first": 1}
# Their format is a default that nobody sets.
_SILENT = (keras.layers.Flatten,)


def data_format(layers: Iterable[Any]) -> str | None:
    """Return the data format that all layers share, Keras's own if none has one, None if mixed."""
    formats = {_format(layer) for layer in layers} - {None}
    if len(formats) > 1:
        return None
    return formats.pop() if formats else str(keras.config.image_data_format())


def images_order(model: Any, layers: Sequence[Any]) -> str:
    """Return how a model takes a batch of images: by its input's shape, or by its layers."""
    inputs = getattr(model, "inputs", None)
    shape = tuple(inputs[0].shape) if inputs else ()
    if len(shape) == 4 and (shape[1] in (1, 3, 4)) != (shape[3] in (1, 3, 4)):
        return "channels_last" if shape[3] in (1, 3, 4) else "channels_first"
    for layer in layers:
        if (own := _format(layer)) is not None:
            return own
    return str(keras.config.image_data_format())


def axis_of_layer(
    layer: Any, anchor: str, shape: tuple[int, ...], layers: Sequence[Any]
) -> int | None:
    """Return the channel axis of a value of that shape which a layer is given or returns."""
    if len(shape) <= 2:
        return 1
    axis = _own_axis(layer, anchor)
    if axis is None:
        axis = _before(layer, anchor) if _nodes(layer) else _shared(shape, layers)
    return axis


def axis_of_output(model: Any, shape: tuple[int, ...], layers: Sequence[Any]) -> int | None:
    """Return the channel axis of what the model returns."""
    if len(shape) <= 2:
        return 1
    outputs = getattr(model, "outputs", None)
    if outputs:
        return _computed_by(outputs[0])
    return _shared(shape, layers)


def _shared(shape: tuple[int, ...], layers: Sequence[Any]) -> int | None:
    common = data_format(layers)
    if common is None or any(isinstance(layer, keras.layers.Permute) for layer in layers):
        return None
    if len(shape) == 3 and common == "channels_first":
        return None  # tokens have their channels last, and signals of such a model on axis 1
    return _AXES[common]


def _format(layer: Any) -> str | None:
    found = None if isinstance(layer, _SILENT) else getattr(layer, "data_format", None)
    return found if found in _AXES else None


def _own_axis(layer: Any, anchor: str) -> int | None:
    """Return the axis that a layer itself settles."""
    if (found := _format(layer)) is not None:
        return _AXES[found]
    if isinstance(layer, _LAST):
        return -1
    if isinstance(
        layer,
        keras.layers.BatchNormalization
        | keras.layers.GroupNormalization
        | keras.layers.LayerNormalization,
    ):
        axis = layer.axis
        if isinstance(axis, list | tuple):
            axis = axis[-1] if axis else None
        return axis if isinstance(axis, int) else None
    if anchor == "out" and getattr(layer, "outputs", None):
        return _computed_by(layer.outputs[0])
    return None


def _nodes(layer: Any) -> list[Any]:
    return list(getattr(layer, "_inbound_nodes", ()))


def _before(layer: Any, anchor: str) -> int | None:
    """Return the axis of what a layer of a graph was given first, which it keeps."""
    if anchor == "out" and type(layer).__name__ in _MOVING:
        return None
    tensors = _nodes(layer)[0].input_tensors
    return _computed_by(tensors[0]) if tensors else None


def _computed_by(tensor: Any) -> int | None:
    """Return the axis of a symbolic tensor, walking back over what keeps it."""
    while (history := getattr(tensor, "_keras_history", None)) is not None:
        operation = history.operation
        if isinstance(operation, keras.layers.InputLayer):
            return _AXES[keras.config.image_data_format()] if len(tensor.shape) >= 4 else None
        axis = _own_axis(operation, "out")
        if axis is not None:
            return axis
        nodes = _nodes(operation)
        if type(operation).__name__ in _MOVING or not nodes:
            return None
        tensor = nodes[history.node_index].input_tensors[0]
    return None
