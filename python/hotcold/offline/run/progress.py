"""How far a job is: a bar on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any, TextIO

_LINE_SECONDS = 10.0


class Silence:
    """Says nothing."""

    def another(self, label: str) -> Silence:
        """Return one like this for something else that is counted."""
        return self

    def start(self, total: int | None) -> None:
        """Begin, with the number of files where it is known."""

    def advance(self, n_done: int, n_skipped: int = 0) -> None:
        """Count finished files, and those that were there already."""

    def say(self, line: str) -> None:
        """Say something worth a line of the log, before the start."""

    def close(self) -> None:
        """End."""


class Lines(Silence):
    """A line every ten seconds and one at the end, for logs."""

    def __init__(self, stream: TextIO, label: str = "pictures") -> None:
        self._stream = stream
        self._label = label
        self._total: int | None = None
        self._done = self._new = 0
        self._start = self._last = time.monotonic()

    def another(self, label: str) -> Silence:
        """Return one that writes to the same stream."""
        return Lines(self._stream, label)

    def start(self, total: int | None) -> None:
        """Begin counting."""
        self._total = total
        self._start = self._last = time.monotonic()

    def advance(self, n_done: int, n_skipped: int = 0) -> None:
        """Count, and say so every now and then."""
        self._done += n_done + n_skipped
        self._new += n_done
        if time.monotonic() - self._last >= _LINE_SECONDS:
            self._say()

    def say(self, line: str) -> None:
        """Print a line."""
        self._print(f"hotcold: {line}")

    def close(self) -> None:
        """Say how it ended."""
        self._say()

    def _say(self) -> None:
        self._last = time.monotonic()
        rate = self._new / max(self._last - self._start, 1e-9)
        of = f" of {self._total:,}" if self._total is not None else ""
        left = ""
        if self._total is not None and rate > 0 and self._done < self._total:
            left = f", {(self._total - self._done) / rate:,.0f} s left"
        speed = f", {rate:,.0f} a second" if self._new else ""
        self._print(f"hotcold: {self._done:,}{of} {self._label}{speed}{left}")

    def _print(self, line: str) -> None:
        # A log that is gone is no reason to stop.
        with contextlib.suppress(OSError, ValueError):
            print(line, file=self._stream, flush=True)


class _Lasting:
    """A stream on which what cannot be written is written nowhere.

    An error inside of tqdm would leave its lock locked, for which the process waits at its end for
    ever (tqdm 4.64).
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if there is somebody to read it."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if there is somebody to read it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Bar(Silence):
    """A bar with rate and time left."""

    def __init__(self, stream: TextIO, label: str = "pictures") -> None:
        self._stream: Any = _Lasting(stream)
        self._label = label
        self._bar: Any = None

    def another(self, label: str) -> Silence:
        """Return one on the same stream."""
        return Bar(self._stream, label)

    def start(self, total: int | None) -> None:
        """Show the bar."""
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            unit=" " + self._label,
            file=self._stream,
            dynamic_ncols=True,
            smoothing=0.1,
        )

    def advance(self, n_done: int, n_skipped: int = 0) -> None:
        """Move the bar."""
        if self._bar is None:
            return
        if n_skipped:
            # Files of an earlier run say nothing about this one's speed.
            self._bar.initial += n_skipped
            self._bar.n += n_skipped
            self._bar.last_print_n += n_skipped
        self._bar.update(n_done)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        print(f"hotcold: {line}", file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def make_progress(wanted: bool, label: str = "pictures") -> Silence:
    """Return what suits standard error, or silence."""
    stream = sys.stderr
    if not wanted or stream is None:
        return Silence()
    try:
        kind = Bar if stream.isatty() else Lines
    except (OSError, ValueError, AttributeError):  # closed, or somebody's own
        return Silence()
    return kind(stream, label)
