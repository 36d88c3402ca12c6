"""Selection and mask against numpy, on every kind of map."""

import numpy as np
import pytest
import workloads
from harness import race

import hotcold

MAPS = workloads.percentile_maps()


@pytest.mark.benchmark(group="percentile_mask")
@pytest.mark.parametrize("kind", MAPS)
def test_median(benchmark, kind):
    a = MAPS[kind]

    def by_numpy():
        return np.stack(
            [np.where(item > np.percentile(item, 50), np.float32(1), np.float32(0.2)) for item in a]
        )

    def check(mine, answers):
        np.testing.assert_array_equal(mine, answers["numpy"])

    race(
        benchmark,
        lambda: hotcold.percentile_mask(a, 0.5, n_threads=1),
        {"numpy": by_numpy},
        check=check,
        targets={"numpy": 15 if kind == "sorted" else 20},
        floors={"numpy": 10 if kind == "noise" else 5},
        items=len(a),
    )
