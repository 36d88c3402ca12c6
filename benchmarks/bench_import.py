"""What `import hotcold` costs over `import numpy`: the smallest of several fresh interpreters."""

import subprocess
import sys

from harness import QUICK

LIMIT_MS = 60.0  # the contract's, for the reference machine; recorded, not a gate elsewhere
ROUNDS = 7

CODE = """
import time
begin = time.perf_counter()
import numpy
between = time.perf_counter()
import hotcold
print(between - begin, time.perf_counter() - between)
"""


def test_import(benchmark):
    if benchmark.disabled:
        benchmark(lambda: None)
        return
    numpy_ms, hotcold_ms = [], []

    def run():
        done = subprocess.run(
            [sys.executable, "-c", CODE], capture_output=True, text=True, check=True
        )
        for times, seconds in zip((numpy_ms, hotcold_ms), done.stdout.split(), strict=True):
            times.append(1e3 * float(seconds))

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1)
    # Noise only adds: the smallest is what an import itself takes.
    ratio = min(numpy_ms) / min(hotcold_ms)
    benchmark.extra_info.update(
        milliseconds_over_numpy=min(hotcold_ms),
        limit_milliseconds=LIMIT_MS,
        numpy_milliseconds=min(numpy_ms),
    )
    if QUICK:
        # A third or less of numpy's own as it is; matplotlib alone would be several times numpy's.
        assert ratio >= 1, f"import hotcold costs more than numpy itself: {ratio:.2f}"
