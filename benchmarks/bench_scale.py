"""One scale for a data set, against reading it and against numpy, which has to hold it."""

import numpy as np
import pytest
from harness import QUICK, race

import hotcold

ITEMS = 200 if QUICK else 5_000
SIZE = 224
BATCH = 64


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Maps of unlike sizes in a file, read once already."""
    path = tmp_path_factory.mktemp("scale") / "maps.npy"
    rng = np.random.default_rng(0)
    some = rng.normal(size=(BATCH, 1, SIZE, SIZE)).astype(np.float32)
    maps = np.lib.format.open_memmap(path, "w+", np.float32, (ITEMS, 1, SIZE, SIZE))
    for start in range(0, ITEMS, BATCH):
        part = maps[start : start + BATCH]
        np.multiply(some[: len(part)], np.float32(1 + start % 7 / 4), out=part)
    maps.flush()
    return path


def batches(path):
    maps = np.load(path, mmap_mode="r")
    for start in range(0, len(maps), BATCH):
        yield maps[start : start + BATCH]


def read(path):
    """Read all and do nothing with it."""
    held = np.empty((BATCH, 1, SIZE, SIZE), np.float32)
    for batch in batches(path):
        np.copyto(held[: len(batch)], batch)


def extremes(path):
    """Return the extremes of all, as one would write it with numpy."""
    ends = [(batch.min(), batch.max()) for batch in batches(path)]
    return min(low for low, _ in ends), max(high for _, high in ends)


def quantile(path):
    """Return the quantile of all, which numpy takes of an array in memory."""
    return np.quantile(np.abs(np.load(path)), np.float64(0.999), overwrite_input=True)


@pytest.mark.benchmark(group="scale")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_extremes(benchmark, stored, n_threads):
    def check(scale, answers):
        assert (scale.low, scale.high) == answers["numpy"]
        assert scale.n_items == ITEMS

    show = hotcold.Visualizer()
    race(
        benchmark,
        lambda: hotcold.measure(show, stored, n_threads=n_threads, progress=False),
        {"reading": lambda: read(stored), "numpy": lambda: extremes(stored)},
        check=check,
        targets={"reading": 1},
        items=ITEMS,
        rounds=5,
    )


@pytest.mark.benchmark(group="scale")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_quantile(benchmark, stored, n_threads):
    def check(scale, answers):
        assert scale.high == pytest.approx(answers["numpy"], rel=1e-6)

    show = hotcold.Visualizer(clip_quantile=0.999)
    race(
        benchmark,
        lambda: hotcold.measure(show, stored, n_threads=n_threads, progress=False),
        {"reading": lambda: read(stored), "numpy": lambda: quantile(stored)},
        check=check,
        items=ITEMS,
        rounds=3,
    )
