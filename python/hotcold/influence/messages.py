"""What is said of a pass that gave no value or no gradient, the same in every framework."""

from __future__ import annotations

from typing import Any

from hotcold.influence.cuts import Cut, InputCut, OutputCut, describe
from hotcold.influence.values import Arguments, shape_of

# Errors that a forward pass raises for input it cannot take. Others (out of memory, a library's
# own classes) pass as they are: they cannot be rebuilt from a message.
PLAIN_ERRORS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    AssertionError,
    NotImplementedError,
)


def failed(error: Exception, model: str, inputs: Arguments) -> Exception:
    """Return the error of a model's forward pass, with the shapes of its inputs in front."""
    if type(error) not in PLAIN_ERRORS:
        return error
    first, *others = inputs.values()
    dtype = getattr(first, "dtype", type(first).__name__)
    dtype = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
    given = ", ".join(shape_of(one) for one in (first, *others))
    return type(error)(f"{model} failed on `x` of shape {given} ({dtype}): {error}")


def no_call(cut: Cut, layer_type: str, n_calls: int, model: str, uncounted: str) -> ValueError:
    """Return the error for a layer that was called too few times, or never.

    `uncounted` says which uses of a layer are no calls that could be seen.
    """
    layer = f"layer {cut.layer!r} ({layer_type})"
    if n_calls:
        times = "once" if n_calls == 1 else f"{n_calls} times"
        return ValueError(
            f"{layer} was called {times} in the forward pass of {model}, so it has no call "
            f"{cut.call}; calls are counted from 0, or from -1 backwards"
        )
    return ValueError(
        f"{layer} was never called in the forward pass of {model}, so it has no value to read. "
        f"{uncounted}: cut at the layer around it"
    )


def no_gradient(
    cut: Cut | OutputCut, start: InputCut | Cut, n_calls: int, reasons: str
) -> ValueError:
    """Return the error for a value that does not depend on where the slice starts."""
    source = "the input" if isinstance(start, InputCut) else describe(start)
    message = (
        f"{describe(cut)} does not depend on {source}: no gradient leads from it to "
        f"{describe(start)} ({reasons})"
    )
    if isinstance(cut, Cut) and n_calls > 1:
        message += (
            f"; the layer was called {n_calls} times and read at call {cut.call}: "
            "Cut(..., call=0) reads the first"
        )
    return ValueError(message)


def quantity_without_gradient(cut: Cut | OutputCut, operations: str) -> ValueError:
    """Return the error for a quantity that was not computed by the framework's operations."""
    return ValueError(
        f"the quantity has no gradient back to {describe(cut)}: compute it from the tensor with "
        f"{operations}"
    )


def no_floating_values(cut: Cut, dtype: Any) -> ValueError:
    """Return the error for a slice that starts at values without a gradient."""
    return ValueError(
        f"{describe(cut)} holds {str(dtype).removeprefix('torch.')} values, which have no "
        "gradient; start the slice at a layer of floating values"
    )
