"""The machine's limits, once a session, for "per cent of limit"; and what the record is made of."""

from __future__ import annotations

import statistics
import time
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import hotcold

mpl.use("Agg")


def copy_bandwidth() -> float:
    """GB/s that copying a large array reads and writes together, on one core."""
    source = np.ones(1 << 25, np.float32)
    target = np.empty_like(source)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - start)
    return 2 * source.nbytes / statistics.median(times) / 1e9


def pytest_benchmark_update_machine_info(config: Any, machine_info: dict[str, Any]) -> None:
    import cv2
    import PIL
    import scipy

    machine_info["hotcold"] = hotcold.build_info()
    machine_info["multiply_add_peak_g_lanes"] = hotcold._core.measure_multiply_add_peak(0.2) / 1e9
    machine_info["copy_gb_per_s"] = copy_bandwidth()
    machine_info["libraries"] = {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "opencv": cv2.__version__,
        "matplotlib": mpl.__version__,
        "pillow": PIL.__version__,
    }


@pytest.fixture(autouse=True)
def _no_leftover_figures() -> Any:
    yield
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
