"""What tests share: optional packages, programs run in a fresh interpreter, pictures read back."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

# AddressSanitizer ends the program where new would throw; no setting of its changes that.
NEEDS_NEW_TO_FAIL = pytest.mark.skipif(
    os.environ.get("HOTCOLD_TEST_PROFILE") == "sanitize", reason="new cannot fail under sanitizers"
)


def optional(name):
    """Import a package that may be absent: the test is skipped then, but never where CI is set."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} is not installed")


def optional_without_import(*names):
    """Skip where packages are missing that stay out of this process, but never where CI is set."""
    if sys.version_info < (3, 11):
        pytest.skip("Keras and JAX want Python 3.11")
    for name in names:
        if importlib.util.find_spec(name) is None:
            # TensorFlow (1.4 GB) is never installed for the tests, but used where it is there.
            if os.environ.get("CI") and name != "tensorflow":
                pytest.fail(f"{name} is not installed")
            pytest.skip(f"{name} is not installed")


def runner():
    """A runner of commands that keeps standard error apart, as click 8.2 always does."""
    known = inspect.signature(CliRunner).parameters
    return CliRunner(**({"mix_stderr": False} if "mix_stderr" in known else {}))


def as_type(values, kind):
    """As `astype`, of negative numbers to unsigned types too, which C leaves open: numpy warns of
    them on ARM."""
    return values.astype(np.int64 if np.dtype(kind).kind == "u" else kind).astype(kind)


# Seconds. Sanitizers take twenty times as long, and emulated instructions more.
_PATIENCE = 600 if os.environ.get("HOTCOLD_TEST_PROFILE") == "sanitize" else 120


def run_python(code, *, check=True, cwd=None, **environment):
    """Run `code` in a fresh interpreter and return the finished process, output as text.

    An environment variable given as None is removed.
    """
    env = {**os.environ, "MPLBACKEND": "Agg", **environment}
    env = {name: value for name, value in env.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=env,
        cwd=cwd,
        timeout=_PATIENCE,
    )
    if check and done.returncode != 0:
        pytest.fail(f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def read_picture(path, mode=None):
    """Return the pixels of a picture file, (H, W, 3 or 4)."""
    from PIL import Image

    with Image.open(path) as image:
        if mode is None:
            mode = "RGB" if image.mode == "P" else image.mode  # palette files hold colours too
        return np.asarray(image.convert(mode))


def to_order(a, dim_order):
    """Return a (N, C, H, W) batch in `dim_order`, in memory of its own."""
    return np.array(a if dim_order == "channels_first" else np.moveaxis(a, 1, -1))


def from_order(a, dim_order):
    """View a batch in `dim_order` as (N, C, H, W)."""
    return a if dim_order == "channels_first" else np.moveaxis(a, -1, 1)


def parameters(function, kind):
    """Return {name: default} of the parameters of one kind, in order."""
    found = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in found if p.kind is kind and p.name != "self"}


def message(*parts):
    """Match all parts of a message, in order."""
    return ".*".join(re.escape(part) for part in parts)
