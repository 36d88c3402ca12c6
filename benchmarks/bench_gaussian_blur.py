"""The blur against OpenCV, scipy and the machine's multiply-add peak."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest
import rivals
import workloads
from harness import at_level, race

import hotcold
from hotcold import _core

PLANES = 16
# Against OpenCV, by level, and scipy.
TARGETS = {
    5: (at_level(avx512=6, avx2=6), 20),
    10: (at_level(avx512=10, avx2=9), 25),
    30: (at_level(avx512=30, avx2=25), 40),
}
FLOORS = {
    2: at_level(avx512=1.5, avx2=1.0),
    5: at_level(avx512=2.2, avx2=1.4),
    10: at_level(avx512=4, avx2=3),
    20: at_level(avx512=10, avx2=6),
    30: at_level(avx512=12, avx2=10),
    60: at_level(avx512=25, avx2=15),
}


@pytest.fixture(scope="module")
def planes():
    return workloads.maps(PLANES, channels=1)


def _check(tolerance):
    def check(mine, answers):
        for name, theirs in answers.items():
            assert np.abs(mine - theirs).max() < tolerance, name

    return check


def _runners(a, sigma, accuracy="exact"):
    ours = lambda: hotcold.gaussian_blur(a, sigma, accuracy=accuracy, n_threads=1)  # noqa: E731
    others = {
        "cv2": lambda: np.stack([rivals.cv2_blur(item[0], sigma)[None] for item in a]),
        "scipy": lambda: np.stack([rivals.scipy_blur(item[0], sigma)[None] for item in a]),
    }
    return ours, others


@pytest.mark.benchmark(group="gaussian_blur")
@pytest.mark.parametrize("sigma", [2, 5, 10, 20, 30, 60])
def test_exact(benchmark, planes, sigma):
    ours, others = _runners(planes, sigma)
    if find_spec("torch"):
        others["torch"] = lambda: rivals.torch_blur(planes, sigma)
    to_cv2, to_scipy = TARGETS.get(sigma, (None, None))
    targets = {"cv2": to_cv2, "scipy": to_scipy} if to_cv2 else {}
    radius = int(4 * sigma + 0.5)
    peak = 0.0 if benchmark.disabled else _core.measure_multiply_add_peak(0.05) / 1e9
    # The rivals compute in float32 with roundings of their own.
    race(
        benchmark,
        ours,
        others,
        check=_check(5e-6),
        targets=targets,
        floors={"cv2": FLOORS[sigma], "scipy": 3 if sigma < 5 else 5},
        rounds=9,
        items=PLANES,
        peak_g_lanes=peak,
        folded_taps_per_item=2 * (radius + 1) * workloads.SIZE**2,
    )
    if not benchmark.disabled:
        info = benchmark.extra_info
        per_second = info["folded_taps_per_item"] / info["us_per_item"] / 1e3
        info["percent_of_peak"] = 100 * per_second / peak


@pytest.mark.benchmark(group="threads")
def test_blur_in_two_threads(benchmark, planes):
    run = lambda n: hotcold.gaussian_blur(planes, 10, n_threads=n)  # noqa: E731

    def cv2_pool():
        with ThreadPoolExecutor(2) as pool:
            return np.stack(list(pool.map(lambda item: rivals.cv2_blur(item[0], 10)[None], planes)))

    race(
        benchmark,
        lambda: run(2),
        {"ours, one thread": lambda: run(1), "cv2 in two Python threads": cv2_pool},
        check=_check(5e-6),
        targets={"ours, one thread": 1.85},
        floors={"cv2 in two Python threads": at_level(avx512=4, avx2=2.5)},
        items=PLANES,
    )


@pytest.mark.benchmark(group="gaussian_blur_fast")
@pytest.mark.parametrize("sigma", [10, 30])
def test_fast(benchmark, planes, sigma):
    ours, others = _runners(planes, sigma, "fast")
    others["ours, exact"] = _runners(planes, sigma)[0]
    race(benchmark, ours, others, check=_check(2.2e-4), rounds=9, items=PLANES)


@pytest.mark.benchmark(group="gaussian_blur_fast")
def test_fast_cost_does_not_grow(benchmark, planes):
    ours, _ = _runners(planes, 30, "fast")
    smaller, _ = _runners(planes, 10, "fast")
    race(
        benchmark,
        ours,
        {"fast, sigma 10": smaller},
        check=lambda mine, answers: None,
        targets={"fast, sigma 10": 1.0},
        floors={"fast, sigma 10": 0.8},
        items=PLANES,
    )


@pytest.mark.benchmark(group="gaussian_blur_size")
@pytest.mark.parametrize("size", [32, 64, 128, 512, 1024])
def test_sizes(benchmark, size):
    a = workloads.maps(max(1, PLANES * 224 * 224 // (8 * size * size)), size, channels=1)
    ours, others = _runners(a, 10)
    race(benchmark, ours, others, check=_check(5e-6), rounds=7, items=len(a))
