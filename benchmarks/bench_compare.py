"""Metrics of two versions of maps, against scipy and scikit-image."""

import numpy as np
import pytest
import workloads
from harness import QUICK, race
from scipy import stats
from skimage.metrics import structural_similarity

import hotcold

ITEMS = 2 if QUICK else 8


def theirs(a, b):
    """Return the default metrics of every item, as one would write them."""
    rows = []
    for one, other in zip(a[:, 0], b[:, 0], strict=True):
        kept = [m > np.quantile(m, 0.9) for m in (one, other)]
        mass = [np.abs(m) / np.abs(m).sum() for m in (one, other)]
        scaled = [m / np.abs(m).max() for m in (one, other)]
        rows.append(
            (
                stats.spearmanr(one.ravel(), other.ravel())[0],
                (kept[0] & kept[1]).sum() / (kept[0] | kept[1]).sum(),
                structural_similarity(*scaled, data_range=2),
                np.minimum(*mass).sum(),
            )
        )
    return np.array(rows)


@pytest.mark.benchmark(group="compare")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_metrics(benchmark, dtype):
    rng = np.random.default_rng(0)
    shape = (ITEMS, 1, workloads.SIZE, workloads.SIZE)
    a = rng.normal(size=shape).astype(dtype)
    b = (a + rng.normal(size=shape)).astype(dtype)
    show = hotcold.Visualizer(n_threads=1)
    tolerance = 1e-9 if dtype == "float64" else 1e-4

    def check(mine, answers):
        np.testing.assert_allclose(mine.table, answers["scipy and skimage"], atol=tolerance)

    race(
        benchmark,
        lambda: hotcold.compare(a, b, visualizer=show),
        {"scipy and skimage": lambda: theirs(a, b)},
        check=check,
        floors={"scipy and skimage": 3},
        items=ITEMS,
        rounds=9,
    )
