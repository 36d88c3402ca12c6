"""Internal influence: how much each part of the input drives something inside a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hotcold.influence.attribution import Slice, Wanted
from hotcold.influence.cuts import Cut, InputCut, parse_cuts
from hotcold.influence.frameworks import backend_for
from hotcold.influence.protocols import Distribution, Quantity, Tensor


@dataclass(frozen=True, eq=False, repr=False)
class InternalInfluence:
    """The influence of a model's input on a quantity measured inside it or at its output.

    Or, for a slice that starts inside, the influence of a layer's value on what comes after it. It
    is the gradient of the quantity, averaged over a distribution of inputs around x, and (with
    `multiply_activation`) multiplied by x minus the distribution's baseline (Leino et al. 2018,
    "Influence-directed explanations for deep convolutional networks").

    Parameters
    ----------
    model : torch.nn.Module, keras.Model, flax module or JAX function
        The trained model, used where it is: its device and dtype are kept. It is in inference mode
        during a call and every module is back in its own mode after it; gradients and
        `requires_grad` of its parameters are not touched. A compiled model runs uncompiled. A
        Keras model runs on the backend that Keras does, with `training=False`. A flax.linen module
        is bound to its variables (`module.bind(variables)`), a flax.nnx module holds them; both
        are told that this is no training where their `__call__` takes `train`, `deterministic` or
        the like. Any other function of JAX arrays has an input and an `OutputCut()`.
    cuts : Cut, OutputCut, str, int or pair
        Where the quantity is read: a layer or the output. A pair says where the slice starts, too:
        `InputCut(name)` at an input of the model, a `Cut` at a layer. Attributions have the shape
        of what is there, and `doi` works on it: the network goes on from the points.
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
        If `cuts` is no slice, or no layer has that name (the closest are listed).
    IndexError
        If a layer index is out of range (the message has the count).

    Notes
    -----
    Objects hold configuration only, pickle if the model does, and can be shared by threads: calls
    on one PyTorch model wait for each other, others run side by side. Do not train or run the same
    model elsewhere meanwhile, since it is in inference mode during a call.

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
        for cut in self.cuts:
            backend.check_cut(cut)
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

    def attributions(self, x: Any, *, batch_size: int | None = None) -> npt.NDArray[np.float32]:
        """Return how much each element of x drives the quantity.

        Parameters
        ----------
        x : array, shape (N, ...), tuple or dict
            The batch as the model takes it: anything `numpy.asarray` takes, or a tensor on any
            device. It is converted to the model's dtype and device and never changed. A tuple
            holds several inputs of the model, a dict names them; the first is attributed or the
            one that `InputCut(name)` says, and the model gets copies of the others, arrays
            among them as tensors. (A list is data, not several inputs.) A Keras model that takes
            its inputs as one argument gets them as one.
        batch_size : int, optional
            The most items in one forward pass; None is all. It bounds memory; the result is the
            same to rounding. Other inputs whose first axis has N elements are cut alike.

        Returns
        -------
        ndarray, float32, the shape of x, or of the value where the slice starts
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
        return attributions([self], x, batch_size=batch_size)[0]


def attributions(
    influences: Sequence[InternalInfluence], x: Any, *, batch_size: int | None = None
) -> list[npt.NDArray[np.float32]]:
    """Return the attributions of several influences of one model from the same forward passes.

    Many channels of a layer, or channels of many layers, cost one forward pass together and one
    backward pass each.

    Parameters
    ----------
    influences : sequence of InternalInfluence
        Of one model, from one start and over one distribution; cuts may end anywhere.
    x, batch_size
        As in `InternalInfluence.attributions`.

    Returns
    -------
    list of ndarray, float32
        What each would return alone, to rounding.

    Raises
    ------
    TypeError
        If one is no `InternalInfluence`.
    ValueError
        If there is none, or they differ in model, start or distribution; else as the method does.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())
    >>> quantities = [InternalChannelQoI(channel) for channel in (2, 5)]
    >>> channels = [InternalInfluence(model, "1", qoi, PointDoi()) for qoi in quantities]
    >>> [a.shape for a in attributions(channels, np.zeros((1, 3, 16, 16)))]
    [(1, 3, 16, 16), (1, 3, 16, 16)]
    """
    listed = list(influences)
    if not listed:
        raise ValueError("`influences` must hold at least one InternalInfluence, got none")
    for one in listed:
        if not isinstance(one, InternalInfluence):
            raise TypeError(f"`influences` must hold InternalInfluence objects, got {_shown(one)}")
    first = listed[0]
    for one in listed[1:]:
        if one.model is not first.model:
            raise ValueError("`influences` must be of one model, got several")
        if one.cuts[0] != first.cuts[0]:
            raise ValueError(
                f"`influences` must start at one cut, got {first.cuts[0]!r} and {one.cuts[0]!r}"
            )
        if one.doi is not first.doi and one.doi != first.doi:
            raise ValueError(
                "`influences` must share one distribution, the same object, got "
                f"{first.doi!r} and {one.doi!r}"
            )
    wanted = [Wanted(one.cuts[1], one.qoi, one.multiply_activation) for one in listed]
    start: InputCut | Cut = first.cuts[0]
    return Slice(backend_for(first.model), start, first.doi, wanted).attributions(x, batch_size)


def _shown(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__} (make an instance: {value.__name__}(...))"
    return f"{type(value).__name__} {value!r}"
