"""Models of Keras and JAX, in processes of their own.

Keras runs on one backend for the life of a process, and JAX, whose threads do not survive a fork,
stays out of the process of the other tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import optional_without_import

ROOT = Path(__file__).parents[2]
SUITES = Path(__file__).parent / "frameworks"
KERAS = ("jax", "torch", "tensorflow")


def run_suites(*names, **environment):
    """Run files of tests in a process of their own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(str(SUITES / name) for name in names)],
        cwd=ROOT,
        env={
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            # Most of JAX's time in tests is compiling what runs once.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            # Its oneDNN kernels corrupt the heap in gradients of separable convolutions (2.21).
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """Return the attributions that each Keras backend has found so far."""
    folder = tmp_path_factory.mktemp("values")
    return lambda backend: folder / f"{backend}.npz"


@pytest.mark.parametrize("backend", KERAS)
def test_keras(backend, values):
    optional_without_import("keras", backend)
    run_suites(
        "keras_values.py",
        "keras_calls.py",
        KERAS_BACKEND=backend,
        HOTCOLD_KERAS_VALUES=str(values(backend)),
    )


def test_jax():
    optional_without_import("jax", "flax")
    run_suites("jax_models.py")


def test_keras_backends_agree(values):
    found = {name: np.load(values(name)) for name in KERAS if values(name).exists()}
    if len(found) < 2:
        pytest.skip("fewer than two backends ran before this")
    first, *others = found.values()
    assert len(first.files) == 5
    for other in others:
        for name in first.files:
            largest = np.abs(first[name]).max()
            # Sums of a deep network in float32 come in other orders.
            rtol = 1e-4 if name == "fer" else 1e-5
            np.testing.assert_allclose(other[name], first[name], rtol=rtol, atol=rtol * largest)
