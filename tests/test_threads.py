"""Threads change no bit: any count, any split of the batch, many callers, before and after fork."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from core_calls import plan
from helpers import NEEDS_NEW_TO_FAIL

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer, _core

pytestmark = pytest.mark.kernels

COUNTS = (2, 3, 7, None)
# Many small items: threads take items. One large item: threads take its rows. A size that nothing
# divides evenly, above what is done by the caller alone.
SHAPES = {"many items": (41, 3, 31, 37), "one large item": (1, 3, 517, 389)}

JOBS = {
    **{
        f"blur {sigma} {accuracy}": lambda a, x, n, s=sigma, acc=accuracy: hotcold.gaussian_blur(
            a, s, accuracy=acc, n_threads=n
        )
        for sigma in (0.6, 9.0, (40.0, 3.0))
        for accuracy in ("exact", "fast")
    },
    **{
        f"normalize {mode}": lambda a, x, n, m=mode: hotcold.normalize(a, m, n_threads=n)
        for mode in hotcold.NORMALIZATION_TYPES
    },
    "percentile_mask": lambda a, x, n: hotcold.percentile_mask(a, 0.7, n_threads=n),
    **{
        f"visualizer {mode}": lambda a, x, n, m=mode: Visualizer(True, m, 2.0).render(
            a, n_threads=n
        )
        for mode in hotcold.NORMALIZATION_TYPES
    },
    "visualizer rgb": lambda a, x, n: Visualizer(blur=1.5).render(a, n_threads=n),
    "visualizer values": lambda a, x, n: Visualizer(True, blur=1.5, n_threads=n)(a, imshow=False),
    "heatmap": lambda a, x, n: HeatmapVisualizer().render(a, x, n_threads=n),
    "heatmap signed_sum": lambda a, x, n: HeatmapVisualizer(normalization_type="signed_sum").render(
        a, x, n_threads=n
    ),
    "mask": lambda a, x, n: MaskVisualizer().render(a, x, n_threads=n),
    "mask of channels": lambda a, x, n: MaskVisualizer(
        combine_channels=False, use_attr_as_opacity=True
    ).render(a, x, n_threads=n),
    "mask values": lambda a, x, n: MaskVisualizer(n_threads=n)(
        a, x, imshow=False, return_tiled=False
    ),
}


def arrays(shape, kind="f4"):
    rng = np.random.default_rng(5)
    a = rng.standard_normal(shape).astype(kind)
    return a, rng.integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())
def test_every_thread_count_gives_the_same_bits(job, shape):
    a, x = arrays(shape)
    expected = job(a, x, 1)
    for count in COUNTS:
        np.testing.assert_array_equal(job(a, x, count), expected)


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())
def test_float64_too(job):
    a, x = arrays((5, 3, 61, 67), "f8")
    np.testing.assert_array_equal(job(a, x, 3), job(a, x, 1))


@pytest.mark.parametrize("name", [name for name in JOBS if name != "visualizer unnormalized"])
def test_every_split_of_a_batch_gives_the_same_bits(name):
    a, x = arrays((13, 3, 31, 37))
    whole = JOBS[name](a, x, 2)
    for size in (1, 5):
        parts = [JOBS[name](a[i : i + size], x[i : i + size], 2) for i in range(0, len(a), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("level", _core.build_info()["isa_available"])
def test_threads_change_no_bit_at_any_instruction_set_level(level):
    before = _core.build_info()["isa"]
    a, x = arrays(SHAPES["many items"])
    _core.set_isa(level)
    try:
        for job in (JOBS["blur 9.0 exact"], JOBS["heatmap"], JOBS["mask"]):
            np.testing.assert_array_equal(job(a, x, 3), job(a, x, 1))
    finally:
        _core.set_isa(before)


# --- several callers ------------------------------------------------------------------------------


def test_one_visualizer_serves_many_python_threads():
    visualizers = (
        (HeatmapVisualizer(n_threads=2), 2),
        (MaskVisualizer(n_threads=3), 2),
        (Visualizer(True, n_threads=1), 1),
    )
    inputs = [arrays((6, 3, 65, 63))[0] * scale for scale in (1, 2, 3)]
    work = [
        (visualizer, (a, abs(a))[:count]) for visualizer, count in visualizers for a in inputs
    ] * 8
    expected = [visualizer.render(*given) for visualizer, given in work]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda task: task[0].render(*task[1]), work))
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_errors_reach_their_own_caller():
    good, bad = arrays((8, 1, 90, 90))[0], arrays((8, 1, 90, 90))[0]
    bad[3:, 0, 0, 0] = np.nan
    expected = Visualizer().render(good)

    def work(i):
        if i % 2:
            np.testing.assert_array_equal(Visualizer(n_threads=3).render(good), expected)
            return "right"
        with pytest.raises(ValueError, match=r"attributions\[3\] holds 1 non-finite"):
            Visualizer(n_threads=3).render(bad)
        return "refused"

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(60))) == ["refused", "right"] * 30


@NEEDS_NEW_TO_FAIL
def test_an_exception_in_a_worker_arrives_and_the_pool_goes_on():
    a, x = arrays((8, 3, 90, 90))
    expected = HeatmapVisualizer().render(a, x)
    # Scratch for one of these items is beyond any memory: each worker that takes one throws.
    giants = np.broadcast_to(np.float32(1), (8, 1, 2**24, 2**24))
    for threads in (1, 2, 5):
        with pytest.raises(MemoryError):
            _core.render(plan(), giants, None, None, None, threads)
        np.testing.assert_array_equal(HeatmapVisualizer().render(a, x, n_threads=5), expected)


def test_other_python_threads_go_on_during_a_render():
    a = np.random.default_rng(0).standard_normal((40, 3, 224, 224)).astype(np.float32)
    ticks = []
    running = threading.Event()
    stop = threading.Event()

    def tick():
        running.set()
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    running.wait()
    begin = time.perf_counter()
    hotcold.gaussian_blur(a, 8.0, n_threads=1)
    end = time.perf_counter()
    stop.set()
    thread.join()
    # A call that held the lock would let through the ticks at its very ends at most.
    inside = [t for t in ticks if begin + 0.1 * (end - begin) < t < end - 0.1 * (end - begin)]
    assert len(inside) >= 3


# --- fork -----------------------------------------------------------------------------------------


def in_a_fork(check):
    """Run `check` in a forked child; return whether it came back with True, within a minute."""
    child = os.fork()
    if child == 0:
        # No exception may reach pytest's own machinery in the child.
        status = 1
        try:
            signal.alarm(60)
            status = 0 if check() else 2
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # what this test is about
def test_a_fork_renders_with_and_without_a_warm_pool():
    a, x = arrays((9, 3, 120, 120))
    visualizer = HeatmapVisualizer(n_threads=3)
    expected = visualizer.render(a, x)  # starts the pool

    def child_renders():
        first = (visualizer.render(a, x) == expected).all()
        again = in_a_fork(lambda: (visualizer.render(a, x) == expected).all())  # a grandchild
        return first and again and (visualizer.render(a, x) == expected).all()

    assert in_a_fork(child_renders)
    np.testing.assert_array_equal(visualizer.render(a, x), expected)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted on Linux")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_makes_threads_of_its_own():
    a, x = arrays((9, 3, 120, 120))

    def threads_after_a_render():
        HeatmapVisualizer(n_threads=3).render(a, x)
        return len(list(Path("/proc/self/task").iterdir()))

    assert threads_after_a_render() >= 3
    assert in_a_fork(lambda: threads_after_a_render() == 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_render_renders():
    a, x = arrays((60, 3, 120, 120))
    visualizer = HeatmapVisualizer(n_threads=3)
    expected = visualizer.render(a[:4], x[:4])
    for _ in range(3):
        busy = threading.Thread(target=visualizer.render, args=(a, x))
        busy.start()
        assert in_a_fork(lambda: (visualizer.render(a[:4], x[:4]) == expected).all())
        busy.join()
