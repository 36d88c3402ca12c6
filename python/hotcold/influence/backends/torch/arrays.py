"""Between tensors and arrays on the host."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hotcold.influence.protocols import FloatArray

_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_OF_NUMPY = {str(dtype).removeprefix("torch."): dtype for dtype in _DTYPES}


def to_numpy(value: Any) -> npt.NDArray[Any]:
    """Return a tensor, an array or nested lists of numbers as a host array."""
    if isinstance(value, list) and value and all(isinstance(v, Tensor) for v in value):
        value = _stack(value)
    elif hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray | Tensor):
        value = torch.utils.dlpack.from_dlpack(value)
    if isinstance(value, Tensor):
        # numpy has no bfloat16; float32 holds every value of it.
        value = value.detach().to(torch.float32) if value.dtype == torch.bfloat16 else value
        array: npt.NDArray[Any] = value.numpy(force=True)
        return array
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise _not_one_array(error) from error
    # numpy knows the bfloat16 of other libraries only as raw bytes with a name.
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def to_tensor(x: npt.NDArray[Any], like: Any, model: nn.Module) -> Tensor:
    """Return x as a tensor as the model takes it, `like` what the user gave for it."""
    return torch.from_numpy(x).to(dtype_for(like, model)).to(device_for(like, model))


def to_input(value: Any, like: Any, model: nn.Module) -> Any:
    """Return an input that is not attributed: a copy, since models may overwrite their inputs."""
    if isinstance(value, Tensor):
        # Out of inference mode, too, whose tensors cannot be saved for the backward pass.
        return value.detach().clone()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        tensor = torch.from_numpy(np.array(value, order="C"))
        if tensor.is_floating_point():
            tensor = tensor.to(dtype_for(like, model))
        return tensor.to(device_for(like, model))
    return value


def dtype_for(like: Any, model: nn.Module) -> torch.dtype:
    """Return the floating type in which a model takes its input.

    That of its layers' kernels and matrices: scalars, norms and tokens of another type beside them
    say nothing. Of several such types the input keeps its own, if it has one of them.
    """
    own = _floating(like)
    kernels = [p.dtype for p in _kernels(model)]
    if kernels:
        return own if own in kernels else kernels[0]
    sizes: dict[torch.dtype, int] = {}
    for tensor in chain(model.parameters(), model.buffers()):
        if tensor.dtype in _DTYPES:
            sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.numel()
    if sizes:
        return own if own in sizes else max(sizes, key=lambda dtype: sizes[dtype])
    return own or torch.get_default_dtype()


def device_for(like: Any, model: nn.Module) -> torch.device:
    """Return the device on which a model takes its input; nothing lies on "meta"."""
    devices = [t.device for t in chain(model.parameters(), model.buffers()) if not t.is_meta]
    own = like.device if isinstance(like, Tensor) else torch.device("cpu")
    return devices[0] if devices and own not in devices else own


def _kernels(model: nn.Module) -> list[Tensor]:
    """Return the floating weights of two axes or more that layers hold, in definition order."""
    return [
        weight
        for module in model.modules()
        if isinstance(weight := getattr(module, "weight", None), Tensor)
        if weight.ndim >= 2 and weight.dtype in _DTYPES
    ]


def _floating(like: Any) -> torch.dtype | None:
    if isinstance(like, Tensor):
        return like.dtype if like.dtype in _DTYPES else None
    dtype = getattr(like, "dtype", None)
    return _OF_NUMPY.get(str(dtype))


def gradient_to_numpy(grad: Tensor) -> FloatArray:
    """Return a gradient as a host array of float32, or float64 where it is that."""
    dtype = torch.float64 if grad.dtype == torch.float64 else torch.float32
    array: FloatArray = grad.to("cpu", dtype).numpy()
    return array


def _stack(tensors: list[Tensor]) -> Tensor:
    try:
        return torch.stack(tensors)
    except RuntimeError as error:
        raise _not_one_array(error) from error


def _not_one_array(error: Exception) -> ValueError:
    return ValueError(
        f"`x` must be one array of numbers: {error}; several inputs of a model go in a tuple"
    )


def is_floating(value: Any) -> bool:
    """Return whether an input holds floating numbers."""
    return _floating(value) is not None or to_numpy(value).dtype.kind == "f"
