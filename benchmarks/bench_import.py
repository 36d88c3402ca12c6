"""What fresh interpreters wait for: `import hotcold` over `import numpy`, and a first picture."""

import subprocess
import sys

import pytest
from harness import QUICK

LIMIT_MS = 30.0  # aimed at on the reference machine; recorded, not a gate elsewhere
ROUNDS = 7

CODE = """
import time
begin = time.perf_counter()
import numpy
numpy_seconds = time.perf_counter() - begin
maps, x = numpy.eye(32)[None, None], numpy.zeros((1, 3, 32, 32), "u1")
begin = time.perf_counter()
{}
print(numpy_seconds, time.perf_counter() - begin)
"""


@pytest.mark.benchmark(group="import")
def test_import(benchmark):
    # A quarter of numpy's own as it is; matplotlib alone would be several times numpy's.
    _race(benchmark, "import hotcold")


@pytest.mark.benchmark(group="import")
def test_import_and_first_picture(benchmark):
    _race(benchmark, "import hotcold; hotcold.HeatmapVisualizer().render(maps, x)")


def _race(benchmark, timed):
    if benchmark.disabled:
        benchmark(lambda: None)
        return
    numpy_ms, hotcold_ms = [], []

    def run():
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(timed)], capture_output=True, text=True, check=True
        )
        for times, seconds in zip((numpy_ms, hotcold_ms), done.stdout.split(), strict=True):
            times.append(1e3 * float(seconds))

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1)
    # Noise only adds: the smallest is what an import itself takes.
    ratio = min(numpy_ms) / min(hotcold_ms)
    benchmark.extra_info.update(
        us_per_item=1e3 * min(hotcold_ms),
        rivals_us_per_item={"numpy alone": 1e3 * min(numpy_ms)},
        ratios={"numpy alone": ratio},
        first_ratios={"numpy alone": numpy_ms[0] / hotcold_ms[0]},
        targets={"numpy alone": min(numpy_ms) / LIMIT_MS},
        items=1,
    )
    if QUICK:
        assert ratio >= 1, f"import hotcold costs more than numpy itself: {ratio:.2f}"
