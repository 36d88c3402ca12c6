"""Races: ours and its rivals in turn, in one process, answers compared first.

pytest-benchmark times ours; between its rounds the rivals run and are timed here, so that a machine
that slows down slows everybody down. What counts is the ratio of medians.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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
    warm: int = 1,
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
        The ratio (rival / ours) that contract or issue asks for, by rival; recorded.
    floors
        The ratio below which the quick gate fails: far below today's figures, so that noise cannot
        reach it, and above what a lost vector path would leave.
    items
        Pictures or planes in one run, for times per item.
    """
    answers = {name: rival() for name, rival in rivals.items()}
    check(ours(), answers)
    if benchmark.disabled:
        benchmark(ours)
        return
    for _ in range(warm):
        for rival in rivals.values():
            rival()
    times: dict[str, list[float]] = {name: [] for name in rivals}

    def run_rivals() -> None:
        for name, rival in rivals.items():
            start = time.perf_counter()
            rival()
            times[name].append(time.perf_counter() - start)

    attempts = 3 if QUICK else 1
    for attempt in range(attempts):
        if attempt == 0:
            benchmark.pedantic(
                ours, setup=run_rivals, rounds=7 if QUICK else rounds, warmup_rounds=1
            )
            mine = list(benchmark.stats.stats.data)
        else:  # a second chance for the gate on a machine that was busy
            mine = [_timed(ours, run_rivals) for _ in range(9)]
        ratios = {name: statistics.median(t) / statistics.median(mine) for name, t in times.items()}
        short = {
            name: floor for name, floor in (floors or {}).items() if ratios.get(name, 0.0) < floor
        }
        if not short or attempt == attempts - 1:
            break
        for t in times.values():
            t.clear()
    median = statistics.median(mine)
    benchmark.extra_info.update(
        us_per_item=median / items * 1e6,
        rivals_us_per_item={
            name: statistics.median(t) / items * 1e6 for name, t in times.items() if t
        },
        ratios=ratios,
        targets=dict(targets or {}),
        items=items,
        **info,
    )
    if QUICK:
        assert not short, f"slower than the gate allows: {ratios}, floors {dict(floors or {})}"


def _timed(run: Contestant, before: Callable[[], None]) -> float:
    before()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def assert_pixels_close(ours: np.ndarray, theirs: np.ndarray, share: float, step: int) -> None:
    """Assert that at most `share` of the pixels differ by more than `step` levels."""
    difference = np.abs(ours.astype(np.int16) - theirs.astype(np.int16))
    assert (difference > step).mean() <= share, (difference.max(), (difference > step).mean())
