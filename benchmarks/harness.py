"""Races: ours and its rivals in turn, in one process, answers compared first.

pytest-benchmark times ours; between its rounds the rivals run and are timed here, so that a machine
that slows down slows everybody down. Each runs twice in its turn: what counts is the ratio of the
medians of the second runs, which find the caches as their own work leaves them, as from batch to
batch in a job. The ratios of the first runs, after the others' work, are recorded beside them.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import hotcold

# The quick gate of CI runs few rounds and asserts floors; a full run only records.
QUICK = os.environ.get("HOTCOLD_BENCH") == "quick"

Contestant = Callable[[], Any]


def race(
    benchmark: Any,
    ours: Contestant,
    rivals: Mapping[str, Contestant],
    *,
    check: Callable[[Any, dict[str, Any]], None],
    targets: Mapping[str, float] | None = None,
    floors: Mapping[str, float] | None = None,
    rounds: int = 15,
    items: int = 1,
    rival_items: Mapping[str, int] | None = None,
    **info: Any,
) -> None:
    """Run a case.

    Parameters
    ----------
    ours, rivals
        Each does the whole work once and returns its answer.
    check
        Called with our answer and the rivals' by name; asserts that they agree.
    targets
        The ratio (rival / ours) that is aimed at, by rival; recorded.
    floors
        The ratio below which the quick gate fails: far below today's figures, so that noise cannot
        reach it, and above what a lost vector path would leave.
    items
        Pictures or planes in one run, for times per item.
    rival_items
        The same for rivals that do fewer than all in a run, because they take long; ratios are
        those of the times per item.
    """
    answers = {name: rival() for name, rival in rivals.items()}
    check(ours(), answers)
    if benchmark.disabled:
        benchmark(ours)
        return
    shares = {name: (rival_items or {}).get(name, items) / items for name in rivals}
    turns = {name: Times(share=shares[name]) for name in rivals}
    mine = Times()

    def before_ours() -> None:
        for name, rival in rivals.items():
            turns[name].run_twice(rival)
        mine.first.append(_seconds(ours))

    attempts = 3 if QUICK else 1
    for attempt in range(attempts):
        if attempt == 0:
            benchmark.pedantic(
                ours, setup=before_ours, rounds=7 if QUICK else rounds, warmup_rounds=1
            )
            mine.again = list(benchmark.stats.stats.data)
        else:  # a second chance for the gate on a machine that was busy
            for times in (mine, *turns.values()):
                times.clear()
            for _ in range(9):
                before_ours()
                mine.again.append(_seconds(ours))
        ratios = {name: t.median() / mine.median() for name, t in turns.items()}
        short = {
            name: floor for name, floor in (floors or {}).items() if ratios.get(name, 0.0) < floor
        }
        if not short:
            break
    benchmark.extra_info.update(
        us_per_item=mine.median() / items * 1e6,
        rivals_us_per_item={name: t.median() / items * 1e6 for name, t in turns.items()},
        ratios=ratios,
        first_ratios={name: t.first_median() / mine.first_median() for name, t in turns.items()},
        targets=dict(targets or {}),
        items=items,
        **info,
    )
    if QUICK:
        assert not short, f"slower than the gate allows: {ratios}, floors {dict(floors or {})}"


def at_level(*, avx512: float, avx2: float, baseline: float | None = None) -> float:
    """Return the figure for the instruction set level in force.

    Rivals keep what they use of the machine, so a target or a floor is another at each level. The
    baseline's is half of AVX2's unless it is given.
    """
    if baseline is None:
        baseline = avx2 / 2
    figures = {"avx512": avx512, "avx2": avx2, "baseline": baseline}
    return figures[hotcold.build_info()["isa"]]


@dataclass
class Times:
    """Seconds of a contestant's turns: two runs each, the first with the caches another left.

    Medians are of a run with all items.
    """

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    share: float = 1.0  # of the items in a run

    def run_twice(self, run: Contestant) -> None:
        self.first.append(_seconds(run))
        self.again.append(_seconds(run))

    def median(self) -> float:
        return statistics.median(self.again) / self.share

    def first_median(self) -> float:
        return statistics.median(self.first) / self.share

    def clear(self) -> None:
        self.first.clear()
        self.again.clear()


def _seconds(run: Contestant) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def assert_pixels_close(ours: np.ndarray, theirs: np.ndarray, share: float, step: int) -> None:
    """Assert that at most `share` of the pixels differ by more than `step` levels."""
    difference = np.abs(ours.astype(np.int16) - theirs.astype(np.int16))
    assert (difference > step).mean() <= share, (difference.max(), (difference > step).mean())


def spread(root: Path) -> None:
    """Ask for the folders in `root` to lie in different places of the disk.

    An ext4 without a journal does not use the inode of a removed file again for up to five minutes,
    but looks at it for every new file beside it: 100 to 900 us a file after thousands that earlier
    runs removed (2026-11; perf: recently_deleted under ext4_create). This helps until all places
    hold such inodes.
    """
    if shutil.which("chattr"):
        subprocess.run(["chattr", "+T", root], capture_output=True, check=False)
