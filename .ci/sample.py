"""A pytest plugin: one in `--sample` tests, always the same ones, chosen by their names."""

from __future__ import annotations

from zlib import crc32

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--sample", type=int, default=1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests whose name's checksum is a multiple."""
    every = config.getoption("--sample")
    left_out = [item for item in items if crc32(item.nodeid.encode()) % every]
    items[:] = [item for item in items if crc32(item.nodeid.encode()) % every == 0]
    config.hook.pytest_deselected(items=left_out)
