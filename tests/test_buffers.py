"""Memory of results: kept when given back, never shared by two arrays at once."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import hotcold
from hotcold import _core
from hotcold._arrays import new_array

pytestmark = pytest.mark.kernels

FLOAT = np.dtype(np.float32)
PLENTY = (4, 1, 256, 256)  # 1 MiB


def test_arrays_are_like_numpys():
    array = new_array(PLENTY, FLOAT)
    assert type(array) is np.ndarray
    assert array.shape == PLENTY
    assert array.dtype == FLOAT
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned
    assert array.ctypes.data % 64 == 0


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (1, 1, 2, 2), (0,), PLENTY, (17, 1024, 1024)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_every_size_comes_from_somewhere(shape, dtype):
    array = new_array(shape, np.dtype(dtype))
    array.fill(3)
    assert array.shape == shape
    assert (array == 3).all()


def test_memory_is_used_again_once_nobody_holds_it():
    first = new_array(PLENTY, FLOAT)
    address = first.ctypes.data
    second = new_array(PLENTY, FLOAT)
    assert second.ctypes.data != address
    del first
    gc.collect()
    assert new_array(PLENTY, FLOAT).ctypes.data == address


def test_a_view_keeps_its_memory():
    a = np.random.default_rng(0).standard_normal(PLENTY).astype(np.float32)
    corner = hotcold.gaussian_blur(a, 2)[:, :, :8, :8]
    kept = corner.copy()
    for _ in range(5):
        hotcold.gaussian_blur(-a, 2)
    np.testing.assert_array_equal(corner, kept)


def test_results_held_at_once_are_apart():
    a = np.random.default_rng(0).standard_normal(PLENTY).astype(np.float32)
    results = [hotcold.gaussian_blur(a * k, 1) for k in range(12)]
    for k, result in enumerate(results):
        np.testing.assert_array_equal(result, hotcold.gaussian_blur(a * k, 1))
    addresses = {result.ctypes.data for result in results}
    assert len(addresses) == len(results)


def test_what_is_kept_is_bounded():
    """Blocks beyond the bound go back to the system: arrays of many sizes leave no more behind."""
    import resource

    def resident():
        return int(statm.read_text().split()[1]) * resource.getpagesize()

    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("resident memory is read from /proc")
    before = resident()
    for n in range(40):
        new_array((6_000_000 + 4096 * n,), np.dtype(np.uint8)).fill(1)
    gc.collect()
    assert resident() - before < 2 * _core.MOST_KEPT_BYTES


def test_threads_never_get_the_same_memory():
    faults = []

    def work(value):
        for _ in range(300):
            array = new_array(PLENTY, FLOAT)
            array[:, 0, 0] = value
            if not (array[:, 0, 0] == value).all():
                faults.append(value)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_can_allocate():
    new_array(PLENTY, FLOAT)
    child = os.fork()
    if child == 0:
        array = new_array(PLENTY, FLOAT)
        array.fill(1)
        os._exit(0 if (array == 1).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
