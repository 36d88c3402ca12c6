"""Time by stage."""

from __future__ import annotations

import time

from hotcold.offline.run.report import STAGES


class Stopwatch:
    """Adds up the time between laps, each credited to a stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._mark = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Credit the time since the last lap to `stage`."""
        now = time.perf_counter()
        self.seconds[stage] += now - self._mark
        self._mark = now

    def move(self, source: str, target: str, seconds: float) -> None:
        """Credit to `target` what a lap credited to `source`."""
        self.seconds[source] -= seconds
        self.seconds[target] += seconds

    def restart(self) -> None:
        """Credit the time since the last lap to nothing."""
        self._mark = time.perf_counter()
