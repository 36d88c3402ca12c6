"""What an offline job did."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

STAGES = ("read", "render", "encode", "write")


@dataclass(frozen=True)
class Failure:
    """An item that was set aside."""

    index: int
    name: str
    error: str


@dataclass(frozen=True)
class RenderReport:
    """Counts, times and failures of one offline job.

    Parameters
    ----------
    output : str
        The folder or file that holds the pictures.
    n_items : int
        Items of the job (of this shard, if sharded): written, skipped and failed ones.
    n_files : int
        Files (or members, or rows) written by this run.
    n_skipped : int
        Files that an earlier run had finished.
    n_bytes : int
        Written by this run.
    seconds : float
        From start to end.
    stage_seconds : dict of str to float
        Time in ``read``, ``render``, ``encode`` and ``write``, summed over the threads.
    n_threads : int
        Worker threads.
    failures : tuple of Failure
        Items set aside, by index.

    Examples
    --------
    >>> from hotcold.offline import RenderReport
    >>> RenderReport("out", n_items=10, n_files=10, seconds=0.5).rate
    20.0
    """

    output: str
    n_items: int = 0
    n_files: int = 0
    n_skipped: int = 0
    n_bytes: int = 0
    seconds: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    n_threads: int = 1
    failures: tuple[Failure, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no item was set aside."""
        return not self.failures

    @property
    def rate(self) -> float:
        """Files written per second."""
        return self.n_files / self.seconds if self.seconds > 0 else 0.0

    def __repr__(self) -> str:
        stages = ", ".join(f"{name} {self.stage_seconds[name]:.2f}" for name in STAGES)
        failed = f", {len(self.failures)} failed" if self.failures else ""
        skipped = f", {self.n_skipped:,} were there already" if self.n_skipped else ""
        return (
            f"RenderReport({self.n_items:,} items: {self.n_files:,} files written{skipped}{failed};"
            f" {self.n_bytes / 1e6:.1f} MB in {self.seconds:.2f} s, {self.rate:,.0f} a second, "
            f"{self.n_threads} threads; thread seconds: {stages}; in {self.output!r})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        # By hand: `asdict` of the whole copies every number deeply.
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        failures = [dataclasses.asdict(failure) for failure in self.failures]
        return {**plain, "failures": failures, "ok": self.ok, "rate": self.rate}

    def to_json(self, indent: int | None = 2) -> str:
        """Return all of it as JSON."""
        return json.dumps(self.to_dict(), indent=indent)
