"""Adding up what became of the chunks of a job."""

from __future__ import annotations

from hotcold.offline.run.report import STAGES, Failure, RenderReport
from hotcold.offline.run.worker import Done


class Total:
    """The sum of what became of the chunks."""

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self.n_items = self.n_files = self.n_skipped = self.n_bytes = 0
        self.end = 0  # the item after the last one, this part's or not
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.failures: list[Failure] = []

    def add(self, done: Done) -> None:
        """Add what became of a chunk."""
        self.n_items += done.n_items
        self.end = max(self.end, done.end)
        self.n_files += done.n_files
        self.n_skipped += done.n_skipped
        self.n_bytes += done.n_bytes
        self.failures += done.failures
        for stage, seconds in done.watch.seconds.items():
            self.seconds[stage] += seconds

    def report(self, output: object, seconds: float) -> RenderReport:
        """Return the sum as a report."""
        return RenderReport(
            output=str(output),
            n_items=self.n_items,
            n_files=self.n_files,
            n_skipped=self.n_skipped,
            n_bytes=self.n_bytes,
            seconds=seconds,
            stage_seconds=self.seconds,
            n_threads=self._n_threads,
            failures=tuple(sorted(self.failures, key=lambda failure: failure.index)),
        )
