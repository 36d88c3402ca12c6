"""Models of Keras and JAX, in processes of their own, side by side.

Keras runs on one backend for the life of a process, and JAX, whose threads do not survive a fork,
stays out of the process of the other tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from helpers import optional_without_import

ROOT = Path(__file__).parents[2]
SUITES = Path(__file__).parent / "frameworks"


class Suite(NamedTuple):
    """Files of tests, and what they need."""

    packages: tuple[str, ...]
    files: tuple[str, ...]
    backend: str | None = None


OF_KERAS = ("keras_values.py", "keras_calls.py")
RUNS = {
    "keras on jax": Suite(("keras", "jax"), OF_KERAS, "jax"),
    "jax": Suite(("jax", "flax"), ("jax_models.py",)),
    "keras on torch": Suite(("keras", "torch"), OF_KERAS, "torch"),
    "keras on tensorflow": Suite(("keras", "tensorflow"), OF_KERAS, "tensorflow"),
}
SETTINGS = {
    "JAX_PLATFORMS": "cpu",
    # Most of JAX's time in tests is compiling what runs once.
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    # Its oneDNN kernels corrupt the heap in gradients of separable convolutions (2.21).
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@pytest.fixture(scope="module")
def started(tmp_path_factory, request):
    """Start all files that are asked for and can run; return their processes and where they write.

    Most of their time is one thread's, so they run side by side.
    """
    folder = tmp_path_factory.mktemp("frameworks")
    asked = {item.callspec.params["name"] for item in request.session.items if _is_run(item)}
    running = {}
    try:
        for name, suite in RUNS.items():
            if name not in asked or not all(find_spec(one) for one in suite.packages):
                continue
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            environment = {
                **os.environ,
                **SETTINGS,
                "HOTCOLD_KERAS_VALUES": str(folder / f"{name}.npz"),
                **({"KERAS_BACKEND": suite.backend} if suite.backend else {}),
            }
            with (folder / f"{name}.txt").open("wb") as output:
                running[name] = subprocess.Popen(
                    [*command, *(str(SUITES / file) for file in suite.files)],
                    cwd=ROOT,
                    env=environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
        yield running, folder
    finally:
        for process in running.values():
            process.kill()
            process.wait()


def _is_run(item):
    return item.path == Path(__file__) and "name" in getattr(item, "callspec", _NONE).params


class _NONE:
    params = ()


@pytest.mark.parametrize("name", RUNS)
def test_run(name, started):
    optional_without_import(*RUNS[name].packages)
    running, folder = started
    status = running[name].wait(600)
    output = (folder / f"{name}.txt").read_text(errors="replace")
    assert status == 0, output[-20_000:]


def test_keras_backends_agree(started):
    found = [np.load(path) for path in sorted(started[1].glob("*.npz"))]
    if len(found) < 2:
        pytest.skip("fewer than two backends ran before this")
    first, *others = found
    assert len(first.files) == 5
    for other in others:
        for name in first.files:
            largest = np.abs(first[name]).max()
            # Sums of a deep network in float32 come in other orders.
            rtol = 1e-4 if name == "fer" else 1e-5
            np.testing.assert_allclose(other[name], first[name], rtol=rtol, atol=rtol * largest)
