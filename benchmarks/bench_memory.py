"""Results that a caller keeps: memory that was never touched, on huge pages and on small ones."""

import mmap
import sys

import numpy as np
import pytest
import workloads
from harness import race

import hotcold

ITEMS = 64


def on_small_pages(shape):
    """Return an array of new memory whose pages stay small."""
    room = mmap.mmap(-1, int(np.prod(shape)))
    room.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(room, np.uint8).reshape(shape)


@pytest.mark.skipif(
    not hasattr(mmap, "MADV_NOHUGEPAGE"), reason=f"no advice on pages on {sys.platform}"
)
@pytest.mark.benchmark(group="memory")
def test_results_that_are_kept(benchmark):
    batch = workloads.typical(ITEMS)
    visualizer = hotcold.HeatmapVisualizer(n_threads=1)
    shape = (ITEMS, workloads.SIZE, workloads.SIZE, 3)
    kept = []

    def render(out=None):
        # Ten are kept, so that no memory is used again before others were.
        if len(kept) == 10:
            kept.clear()
        kept.append(visualizer.render(batch.attributions, batch.images_first, out=out))
        return kept[-1]

    race(
        benchmark,
        render,
        {"small pages": lambda: render(on_small_pages(shape))},
        check=lambda mine, answers: np.testing.assert_array_equal(mine, answers["small pages"]),
        targets={"small pages": 1.0},
        items=ITEMS,
    )
