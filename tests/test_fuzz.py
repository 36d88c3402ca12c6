"""Random calls of the extension and of the public functions: a result or a documented exception.

Never a crash, never one that does not end. ``HOTCOLD_FUZZ_CALLS`` sets how many; call number n is
the same on every machine, and ``python tests/support/fuzz_calls.py n n+1`` makes it again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(os.name != "posix", reason="a call that does not end is ended by a signal"),
]

CALLS = int(os.environ.get("HOTCOLD_FUZZ_CALLS", "2000"))
FIRST = int(os.environ.get("HOTCOLD_FUZZ_FIRST", "0"))
BLOCKS = 8


@pytest.mark.parametrize("block", range(BLOCKS))
def test_any_call_gives_a_result_or_a_documented_exception(block, tmp_path):
    first, last = (FIRST + CALLS * i // BLOCKS for i in (block, block + 1))
    script = Path(__file__).parent / "support" / "fuzz_calls.py"
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-X", "faulthandler", script, str(first), str(last)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60 + (last - first) * 2,
        check=False,
    )
    if process.returncode != 0:
        number = process.stdout.split()[-1] if process.stdout else "none"
        pytest.fail(f"call {number}, exit status {process.returncode}\n{process.stderr[-6000:]}")
    assert len(process.stdout.split()) == last - first
