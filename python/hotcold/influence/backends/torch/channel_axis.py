"""Which axis of a tensor holds channels, told from the operations that computed it.

PyTorch's convolutions, batch norms and poolings have their channels on axis 1, its linear maps,
embeddings and layer norms on the last. Everything between those and a layer's value only moves the
axis. So the graph that autograd keeps is walked back from the value to the first operation that
knows, and the axis is moved on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

Shape = tuple[int, ...]
# Axes below are counted from the end, so that broadcasting does not move them.
_LAST = (
    "AddmmBackward",
    "MmBackward",
    "LinearBackward",
    "EmbeddingBackward",
    "NativeLayerNormBackward",
    "FusedRmsNormBackward",
    "MkldnnRnnLayerBackward",
    "CudnnRnnBackward",
)
_SECOND = (
    "ConvolutionBackward",
    "ConvolutionOverrideableBackward",
    "BatchNormBackward",
    "GroupNormBackward",
    "Pool1DBackward",
    "Pool2DBackward",
    "Pool3DBackward",
    "Pool2DWithIndicesBackward",
    "Pool3DWithIndicesBackward",
)
# Products that mix all axes: what comes before them says nothing.
_UNKNOWN = ("BmmBackward", "BaddbmmBackward", "ScaledDotProduct", "MvBackward", "DotBackward")
_VIEWS = ("ViewBackward", "ReshapeAliasBackward", "UnsqueezeBackward", "SqueezeBackward")
_MOST_OPERATIONS = 2000


def channel_axis_of(value: Tensor, leaf: Tensor | None) -> int | None:
    """Return the channel axis of a layer's value, None where it is not known.

    `leaf` is the input of the pass: images and volumes have their channels on axis 1.
    """
    n_axes: int = value.ndim
    if n_axes <= 2:
        return 1
    axis = _Walk(leaf).axis_of(value.grad_fn, tuple(value.shape))
    if axis is not None and -n_axes < axis < 0:
        return n_axes + axis
    # Tokens and signals look alike; four axes and more are PyTorch's images and volumes.
    return None if n_axes == 3 else 1


class _Walk:
    def __init__(self, leaf: Tensor | None) -> None:
        self._leaf = leaf if leaf is not None and leaf.ndim >= 4 else None
        self._seen: set[Any] = set()

    def axis_of(self, node: Any, shape: Shape) -> int | None:
        """Return the channel axis of what a node computed, walking down its first operands.

        Not by recursion, since networks are deeper than Python's stack.
        """
        stack: list[tuple[Any, Shape, tuple[Callable[[int], int | None], ...]]] = [
            (node, shape, ())
        ]
        while stack and len(self._seen) < _MOST_OPERATIONS:
            node, shape, moves = stack.pop()
            if node is None or node in self._seen:
                continue
            self._seen.add(node)
            axis, known = self._own(node, shape)
            if known:
                for move in reversed(moves):
                    axis = None if axis is None else move(axis)
                if axis is not None:
                    return axis
                continue
            for following, _ in reversed(node.next_functions):
                before = _shape_of(following)
                if before is not None:
                    stack.append((following, before, (*moves, _move(node, before, shape))))
        return None

    def _own(self, node: Any, shape: Shape) -> tuple[int | None, bool]:
        """Return the axis that an operation itself settles, and whether it ends the way."""
        name = node.name()
        if hasattr(node, "variable"):  # a leaf: a parameter says nothing
            is_image = self._leaf is not None and node.variable is self._leaf
            return (1 - len(shape) if is_image else None), True
        if any(part in name for part in _UNKNOWN):
            return None, True
        if name.startswith(_LAST):
            return -1, True
        if any(part in name for part in _SECOND):
            return 1 - len(shape), True
        return None, False


def _shape_of(node: Any) -> Shape | None:
    if node is None:
        return None
    if hasattr(node, "variable"):
        return tuple(node.variable.shape)
    return tuple(node._input_metadata[0].shape)


def _move(node: Any, before: Shape, after: Shape) -> Callable[[int], int | None]:
    """Return where an operation takes an axis of its operand."""
    name = node.name()
    if name.startswith("PermuteBackward"):
        dims = [_signed(dim) % len(after) for dim in node._saved_dims]
        return lambda axis: dims.index(axis + len(after)) - len(after)
    if name.startswith("TransposeBackward"):
        pair = [_signed(dim) % len(after) for dim in (node._saved_dim0, node._saved_dim1)]
        pair = [dim - len(after) for dim in pair]
        return lambda axis: pair[1 - pair.index(axis)] if axis in pair else axis
    if name.startswith("SelectBackward"):
        return _dropped(_signed(node._saved_dim) % len(before) - len(before))
    if any(part in name for part in _VIEWS):
        return lambda axis: _viewed(axis, before, after)
    if name.startswith("StackBackward"):
        place = _signed(node._saved_dim) % len(after) - len(after)
        return lambda axis: axis if axis > place else axis - 1
    return lambda axis: axis if len(before) == len(after) else None


def _dropped(dim: int) -> Callable[[int], int | None]:
    return lambda axis: None if axis == dim else axis + 1 if axis < dim else axis


def _viewed(axis: int, before: Shape, after: Shape) -> int | None:
    """Return the axis of the same length with as many elements behind it."""
    behind = math.prod(before[len(before) + axis + 1 :])
    for i in range(-1, -len(after) - 1, -1):
        if after[i] == before[axis] and math.prod(after[len(after) + i + 1 :]) == behind:
            return i
    return None


def _signed(dim: int) -> int:
    """Return an axis as given; autograd keeps negative ones as 64-bit unsigned numbers."""
    return dim - (1 << 64) if dim >= 1 << 63 else dim
