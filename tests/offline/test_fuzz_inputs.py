"""Seeded damage of every kind of input file: right numbers or the job's own exceptions, no hang.

HOTCOLD_FUZZ_ROUNDS files of each kind (default 60).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz_inputs import KINDS
from helpers import optional

ROUNDS = int(os.environ.get("HOTCOLD_FUZZ_ROUNDS", "60"))
SCRIPT = Path(__file__).parents[1] / "support" / "fuzz_inputs.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of the process is bounded there")
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_right_or_refused(tmp_path, kind):
    if kind.startswith("torch"):
        optional("torch")
    run = subprocess.run(
        [sys.executable, SCRIPT, kind, str(ROUNDS), tmp_path],
        capture_output=True,
        text=True,
        timeout=60 + 2 * ROUNDS,
        check=False,
    )
    # The last lines of standard error name the seed, and what was thrown.
    assert run.returncode == 0, run.stderr[-3000:]
    assert sum(json.loads(run.stdout).values()) == ROUNDS
