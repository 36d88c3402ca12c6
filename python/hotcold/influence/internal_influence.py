"""Internal influence: how much each part of the input drives something inside a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hotcold import _validate
from hotcold.influence.cuts import Cut, OutputCut, describe, parse_cuts
from hotcold.influence.frameworks import backend_for
from hotcold.influence.inputs import (
    as_float,
    batches,
    check_batch,
    float_dtype,
    split_inputs,
    take_items,
)
from hotcold.influence.protocols import (
    Activation,
    Backend,
    Distribution,
    FloatArray,
    Quantity,
    Tensor,
)
from hotcold.influence.quantities import evaluate


@dataclass(frozen=True, eq=False, repr=False)
class InternalInfluence:
    """The influence of a model's input on a quantity measured inside it or at its output.

    It is the gradient of the quantity, averaged over a distribution of inputs around x, and (with
    `multiply_activation`) multiplied by x minus the distribution's baseline (Leino et al. 2018,
    "Influence-directed explanations for deep convolutional networks").

    Parameters
    ----------
    model : torch.nn.Module
        The trained model, used where it is: its device and dtype are kept. It is in inference mode
        during a call and every module is back in its own mode after it; gradients and
        `requires_grad` of its parameters are not touched. A compiled model runs uncompiled.
    cuts : Cut, OutputCut, str, int or pair
        Where the quantity is read: a layer or the output. A pair starts with `InputCut()`.
    qoi : InternalChannelQoI, ClassQoI, MaxClassQoI or callable
        What is read there, one number per item. A function is called with the whole tensor,
        shape (N, ...), and returns a tensor of shape (N,).
    doi : PointDoi or LinearDoi
        At which inputs the gradient is taken.
    multiply_activation : bool, default True
        Multiply by the input, so that attributions have the unit of the quantity; if False they
        are the gradient itself.

    Raises
    ------
    TypeError
        If `model` is not of a known framework (the message names the extra when it is missing), or
        another argument is of the wrong kind.
    ValueError
        If `cuts` is no slice from the input, or no layer has that name (the closest are listed).
    IndexError
        If a layer index is out of range (the message has the count).

    Notes
    -----
    Objects hold configuration only, pickle if the model does, and can be shared by threads: calls
    on one model wait for each other, calls on several run side by side. Do not train or run the
    same model elsewhere meanwhile, since it is in inference mode during a call.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())
    >>> infl = InternalInfluence(model, Cut("1"), InternalChannelQoI(5, agg_fn="max"), PointDoi())
    >>> x = np.random.default_rng(0).normal(size=(2, 3, 16, 16))
    >>> infl.attributions(x).shape
    (2, 3, 16, 16)
    """

    model: Any
    cuts: Any
    qoi: Quantity | Callable[[Tensor], Tensor]
    doi: Distribution
    multiply_activation: bool = True

    def __post_init__(self) -> None:
        backend = backend_for(self.model)
        object.__setattr__(self, "cuts", parse_cuts(self.cuts))
        backend.check_cut(self._end)
        if isinstance(self.qoi, type) or not (isinstance(self.qoi, Quantity) or callable(self.qoi)):
            raise TypeError(
                "`qoi` must be a quantity such as InternalChannelQoI(3), or a function, "
                f"got {_shown(self.qoi)}"
            )
        if isinstance(self.doi, type) or not isinstance(self.doi, Distribution):
            raise TypeError(f"`doi` must be PointDoi() or LinearDoi(...), got {_shown(self.doi)}")

    def __repr__(self) -> str:
        return (
            f"InternalInfluence(<{type(self.model).__name__}>, {self.cuts!r}, {self.qoi!r}, "
            f"{self.doi!r}, multiply_activation={self.multiply_activation})"
        )

    @property
    def _end(self) -> Cut | OutputCut:
        end: Cut | OutputCut = self.cuts[1]
        return end

    def attributions(self, x: Any, *, batch_size: int | None = None) -> npt.NDArray[np.float32]:
        """Return how much each element of x drives the quantity.

        Parameters
        ----------
        x : array, shape (N, ...), or tuple
            The batch as the model takes it: anything `numpy.asarray` takes, or a tensor on any
            device. It is converted to the model's dtype and device and never changed. A tuple
            holds several inputs of the model: the first is attributed, the others are passed
            through as given. (A list is data, not several inputs.)
        batch_size : int, optional
            The most items in one forward pass; None is all. It bounds memory; the result is the
            same to rounding. Other inputs whose first axis has N elements are cut alike.

        Returns
        -------
        ndarray, float32, the shape of x
            A new array.

        Raises
        ------
        TypeError
            If x does not hold real numbers, or `agg_fn` returns no tensor.
        ValueError
            If x is empty or not finite; the layer is never reached, returns no single tensor or
            does not depend on x; `agg_fn` returns the wrong shape.
        IndexError
            If the channel or class is out of range (the message has the count).
        Exception
            What the model's forward pass raises keeps its type, with the shapes in front.

        Notes
        -----
        Items must not influence each other in the model; a batch norm without running statistics
        makes them do so, in PyTorch itself as much as here.
        """
        backend = backend_for(self.model)
        backend.check_cut(self._end)
        size = None if batch_size is None else _validate.whole("batch_size", batch_size, 1)
        first, others = split_inputs(x)
        whole = backend.to_numpy(first)
        check_batch(whole)
        n_items = whole.shape[0]
        # Only its shape and dtype count: a view of one zero, so that no batch is copied for it.
        like = np.broadcast_to(float_dtype(whole).type(0), whole.shape)
        baseline = self.doi.baseline_of(like, backend.to_numpy)
        result = np.empty(whole.shape, np.float32)
        with backend.evaluating():
            for items in batches(n_items, size):
                part = as_float(whole[items])
                result[items] = self._influence(
                    backend, part, baseline[items], take_items(others, items, n_items)
                )
        return result

    def _influence(
        self, backend: Backend, x: FloatArray, baseline: FloatArray, others: tuple[Any, ...]
    ) -> FloatArray:
        """Return the attributions of the items of one forward pass."""
        quantity = partial(self._quantity, backend, x.shape[0])
        total = np.zeros_like(x)
        count = 0
        for point in self.doi.points(x, baseline):
            total += backend.gradient(point, others, self._end, quantity)
            count += 1
        total /= count
        return total * (x - baseline) if self.multiply_activation else total

    def _quantity(self, backend: Backend, n_items: int, value: Tensor) -> Tensor:
        activation = Activation(value, describe(self._end), backend.channel_axis, backend.reduce)
        return evaluate(self.qoi, activation, n_items)


def _shown(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__} (make an instance: {value.__name__}(...))"
    return f"{type(value).__name__} {value!r}"
