"""The pytest plugin: the fixture `hotcold_golden` and its options. pytest finds it by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from hotcold.testing.golden import GoldenPictures

_WRITTEN = "hotcold_written"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("hotcold", "hotcold: golden pictures")
    group.addoption(
        "--hotcold-update",
        action="store_true",
        help="keep the present pictures instead of comparing with those kept",
    )
    group.addoption(
        "--hotcold-output",
        type=Path,
        metavar="DIR",
        help="where expected, actual and difference of pictures go that differ "
        "(default: hotcold-output below the root of the tests)",
    )
    parser.addini(
        "hotcold_golden",
        "the folder of kept pictures, beside each test file (default: golden)",
        default="golden",
    )


@pytest.fixture
def hotcold_golden(request: pytest.FixtureRequest) -> Iterator[GoldenPictures]:
    """Compare pictures with those kept beside the test; see `hotcold.testing.GoldenPictures`."""
    # Not above: pytest loads plugins before it counts what code a test run covers.
    from hotcold.testing.golden import GoldenPictures

    config = request.config
    module, _, inner = request.node.nodeid.partition("::")
    stem = Path(module).stem
    # Quoted, so that no two tests share a file and every system takes the name.
    name = quote(inner.replace("::", "."), safe="[]-_., =+")
    output = config.getoption("--hotcold-output") or config.rootpath / "hotcold-output"
    golden = GoldenPictures(
        folder=request.path.parent / config.getini("hotcold_golden") / stem,
        output=Path(output).absolute() / quote(module.removesuffix(".py"), safe="/-_. "),
        test=name,
        update=config.getoption("--hotcold-update"),
    )
    yield golden
    # Reports carry these from the processes of a distributed run too.
    for path in golden.written:
        request.node.user_properties.append((_WRITTEN, str(path)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which pictures were written."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    paths = {
        value
        for report in reports
        for key, value in getattr(report, "user_properties", ())
        if key == _WRITTEN
    }
    if paths:
        terminalreporter.section(f"hotcold: {len(paths)} golden pictures changed; look at them")
        for path in sorted(paths):
            terminalreporter.write_line(path)
