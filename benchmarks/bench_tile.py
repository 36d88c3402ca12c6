"""Contact sheets of arrays against numpy's reshape and transpose."""

import numpy as np
import pytest
import workloads
from harness import race

import hotcold


@pytest.mark.benchmark(group="tile")
def test_tile(benchmark):
    a = workloads.maps(16)

    def by_numpy():
        _, c, h, w = a.shape
        return np.ascontiguousarray(
            a.reshape(4, 4, c, h, w).transpose(0, 3, 1, 4, 2).reshape(4 * h, 4 * w, c)
        )

    race(
        benchmark,
        lambda: hotcold.tile(a),
        {"numpy": by_numpy},
        check=lambda mine, answers: np.testing.assert_array_equal(mine, answers["numpy"]),
        floors={"numpy": 0.3},
        items=len(a),
    )
