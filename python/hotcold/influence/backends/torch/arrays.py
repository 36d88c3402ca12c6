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


def to_tensor(x: npt.NDArray[Any], model: nn.Module) -> Tensor:
    """Return x as a tensor of the model's device and dtype."""
    device, dtype = torch.device("cpu"), torch.get_default_dtype()
    for tensor in chain(model.parameters(), model.buffers()):
        if tensor.dtype in _DTYPES:
            device, dtype = tensor.device, tensor.dtype
            break
    return torch.from_numpy(x).to(dtype).to(device)


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
