"""Normalization against numpy."""

import numpy as np
import pytest
import workloads
from harness import race

import hotcold


@pytest.mark.benchmark(group="normalize")
@pytest.mark.parametrize("mode", ["unsigned_max", "magnitude_sum", "01"])
def test_normalize(benchmark, mode):
    a = workloads.maps(16)

    def by_numpy():
        if mode == "unsigned_max":
            return a / np.abs(a).max((1, 2, 3), keepdims=True)
        if mode == "magnitude_sum":
            return np.abs(a) / np.abs(a).sum((2, 3), keepdims=True, dtype=np.float64)
        low = a.min((1, 2, 3), keepdims=True)
        return (a - low) / (a.max((1, 2, 3), keepdims=True) - low)

    def check(mine, answers):
        np.testing.assert_allclose(mine, answers["numpy"], rtol=1e-6, atol=1e-7)

    race(
        benchmark,
        lambda: hotcold.normalize(a, mode, n_threads=1),
        {"numpy": by_numpy},
        check=check,
        floors={"numpy": 0.5},
        items=len(a),
    )
