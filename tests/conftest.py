"""Fixtures that any test may use."""

from __future__ import annotations

import os

# Before anything imports matplotlib.
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest
from entries import ENTRIES, SHAPE

import hotcold
from hotcold import _core

# Fixtures of trained networks, which build on first use.
pytest_plugins = ["real_networks"]

DIM_ORDERS = ("channels_first", "channels_last")


def pytest_report_header():
    info = hotcold.build_info()
    return (
        f"hotcold {info['version']}, {info['isa']} of {info['isa_available']}, {info['compiler']}"
    )


@pytest.fixture
def rng():
    """The same random numbers for every test, whatever ran before it."""
    return np.random.default_rng(20240117)


@pytest.fixture(params=DIM_ORDERS)
def dim_order(request):
    """Both layouts of a batch."""
    return request.param


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    """Both computing types."""
    return request.param


@pytest.fixture(params=["fast", "default", "small"])
def compression(request):
    """Each way of the picture encoder."""
    return request.param


@pytest.fixture(params=hotcold.NORMALIZATION_TYPES)
def mode(request):
    """Each of the nine normalization types."""
    return request.param


@pytest.fixture(params=ENTRIES.values(), ids=ENTRIES.keys())
def entry(request):
    """Each public way in, see entries.py."""
    return request.param


@pytest.fixture
def maps(rng):
    """A small batch of float32 attributions."""
    return rng.standard_normal(SHAPE).astype(np.float32)


@pytest.fixture(params=hotcold.build_info()["isa_available"])
def isa(request):
    """Each instruction set level of this machine; the one in force comes back afterwards."""
    before = hotcold.build_info()["isa"]
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)
