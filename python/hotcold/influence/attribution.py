"""One call: forward passes over batches and points, gradients averaged, for one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hotcold import _validate
from hotcold.influence.cuts import Cut, InputCut, OutputCut, describe
from hotcold.influence.inputs import (
    arguments_of,
    as_float,
    attributed_of,
    batches,
    check_batch,
    count_items,
    float_dtype,
    path_of,
    take_items,
)
from hotcold.influence.protocols import (
    Activation,
    Backend,
    Distribution,
    FloatArray,
    Quantity,
    Target,
    Tensor,
)
from hotcold.influence.quantities import evaluate
from hotcold.influence.values import Arguments


@dataclass(frozen=True)
class Wanted:
    """One quantity of a call."""

    cut: Cut | OutputCut
    qoi: Quantity | Callable[[Tensor], Tensor]
    multiply: bool


@dataclass(frozen=True)
class Slice:
    """Where a call starts, over which distribution, and what it wants."""

    backend: Backend
    start: InputCut | Cut
    doi: Distribution
    wanted: Sequence[Wanted]

    def attributions(self, x: Any, batch_size: Any) -> list[npt.NDArray[np.float32]]:
        """Return the attributions of each quantity, all from the same forward passes."""
        for cut in (self.start, *(one.cut for one in self.wanted)):
            self.backend.check_cut(cut)
        size = None if batch_size is None else _validate.whole("batch_size", batch_size, 1)
        given = arguments_of(x)
        whole = None
        if isinstance(self.start, InputCut):
            whole = self.backend.to_numpy(attributed_of(given, path_of(self.start)))
            check_batch(whole)
        n_items = count_items(given) if whole is None else len(whole)
        baseline = None if whole is None else self._baseline(whole, n_items)
        results: list[npt.NDArray[np.float32]] = []
        hold = self.backend.evaluating()
        try:
            with hold:
                for items in batches(n_items, size):
                    part = take_items(given, items, n_items)
                    value = self._value(part, items, whole)
                    if baseline is None:
                        baseline = self._baseline(value, n_items)
                    if not results:
                        shape = (n_items, *value.shape[1:])
                        results = [np.empty(shape, np.float32) for _ in self.wanted]
                    found = self._influence(part, value, baseline[items], items, n_items)
                    for result, one in zip(results, found, strict=True):
                        result[items] = one
        finally:
            hold.release()
        return results

    def _value(self, part: Arguments, items: slice, whole: npt.NDArray[Any] | None) -> FloatArray:
        """Return the value at the start for some items."""
        if isinstance(self.start, InputCut):
            assert whole is not None
            return as_float(whole[items])
        value = self.backend.read(part, self.start)
        n_items = items.stop - items.start
        if value.ndim == 0 or value.shape[0] != n_items:
            raise ValueError(
                f"{describe(self.start)} has shape {value.shape}, but the batch holds {n_items} "
                "items; its first axis must be the batch"
            )
        return value

    def _baseline(self, value: npt.NDArray[Any], n_items: int) -> FloatArray:
        # Only its shape and dtype count: a view of one zero, so that no batch is copied for it.
        zero = float_dtype(value).type(0)
        like = np.broadcast_to(zero, (n_items, *value.shape[1:]))
        return self.doi.baseline_of(like, self.backend.to_numpy)

    def _influence(
        self,
        part: Arguments,
        value: FloatArray,
        baseline: FloatArray,
        items: slice,
        n_items: int,
    ) -> list[FloatArray]:
        """Return the attributions of the items of one forward pass."""
        targets = [
            Target(one.cut, partial(self._quantity, one, range(items.start, items.stop), n_items))
            for one in self.wanted
        ]
        totals = [np.zeros_like(value) for _ in self.wanted]
        count = 0
        for point in self.doi.points(value, baseline):
            found = self.backend.gradients(part, self.start, point, targets)
            for total, gradient in zip(totals, found, strict=True):
                total += gradient
            count += 1
        if count == 0:
            raise ValueError(f"`doi` must yield at least one point, got none from {self.doi!r}")
        for total, one in zip(totals, self.wanted, strict=True):
            total /= count
            if one.multiply:
                total *= value - baseline
        return totals

    def _quantity(
        self, one: Wanted, items: range, n_items: int, value: Tensor, channel_axis: int | None
    ) -> Tensor:
        place = describe(one.cut)
        backend = self.backend
        activation = Activation(
            value, place, channel_axis, backend.reduce, backend.pick, items, n_items
        )
        return evaluate(one.qoi, activation, len(items))
