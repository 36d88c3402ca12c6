"""What a worker thread does with a chunk: read, render, encode, write."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hotcold import files
from hotcold.offline.feed import Bad, Chunk, Piece
from hotcold.offline.names import Names
from hotcold.offline.pool import Stopped
from hotcold.offline.rendering import Drawn, Picture, Renderer
from hotcold.offline.report import Failure
from hotcold.offline.stopwatch import Stopwatch
from hotcold.offline.writers import Writer
from hotcold.pipeline import WHITE


class Layout(NamedTuple):
    """How items are put into files: one each, or sheets of rows x cols with padding between."""

    rows: int = 1
    cols: int = 1
    padding: int = 0
    sheets: bool = False

    @property
    def n_cells(self) -> int:
        """Items in a file."""
        return self.rows * self.cols


@dataclass
class Done:
    """What became of a chunk."""

    n_items: int = 0
    n_files: int = 0
    n_skipped: int = 0
    n_missing: int = 0  # files that none of their items gave a picture
    n_bytes: int = 0
    failures: list[Failure] = field(default_factory=list)
    contents: list[tuple[int, Any]] = field(default_factory=list)  # for writers that want order
    watch: Stopwatch = field(default_factory=Stopwatch)


@dataclass(frozen=True)
class Worker:
    """Everything that the threads of a job share, none of which changes."""

    renderer: Renderer
    writer: Writer
    names: Names
    layout: Layout
    suffix: str
    text: dict[str, str]
    resume: bool
    record: bool
    n_threads: int  # of the core, for each call
    stop: threading.Event | None = None

    def run(self, chunk: Chunk) -> Done:
        """Make the files of a chunk that this shard makes and no earlier run has made."""
        done = Done()
        for first, last in self._runs(chunk, done):
            done.n_items += last - first
            self._make(chunk, first, last, done)
        return done

    def _make(self, chunk: Chunk, first: int, last: int, done: Done) -> None:
        """Draw items [first, last) of a chunk and deliver their files."""
        cells = self.layout.n_cells
        sheet = _Sheet(self.layout)
        for drawn in self._drawn(chunk, first, last, done.watch):
            unit, cell = divmod(drawn.item, cells)
            problem = drawn.error if isinstance(drawn, Bad) else None
            if not isinstance(drawn, Bad) and self.layout.sheets:
                problem = sheet.place(cell, drawn)
            if problem is not None:
                self._fail(Bad(drawn.item, problem), done)
            if not self.layout.sheets:
                self._deliver(unit, None if isinstance(drawn, Bad) else drawn, done)
            elif cell == cells - 1 or drawn.item == last - 1:
                self._deliver(unit, sheet.take(), done)

    def _drawn(
        self, chunk: Chunk, first: int, last: int, watch: Stopwatch
    ) -> Iterator[Drawn | Bad]:
        pieces = chunk.load(first, last)
        while True:
            piece = self._next(pieces)
            watch.lap("read")
            if piece is None:
                return
            for drawn in self.renderer.pictures(piece):
                if self.stop is not None and self.stop.is_set():
                    raise Stopped
                yield drawn

    @staticmethod
    def _next(pieces: Iterator[Piece | Bad]) -> Piece | Bad | None:
        try:
            return next(pieces, None)
        except OSError as error:
            reason = error.strerror or error
            msg = f"the input cannot be read any further: {reason}; finished files are kept"
            raise OSError(error.errno or errno.EIO, msg) from error

    def _runs(self, chunk: Chunk, done: Done) -> Iterator[tuple[int, int]]:
        """Items [first, last) of consecutive units that are to be made."""
        cells = self.layout.n_cells
        begin: int | None = None
        for unit in range(chunk.first // cells, -(-chunk.last // cells)):
            first = unit * cells
            wanted = self.names.mine(unit)
            if wanted and self.resume and self.writer.has(unit):
                done.n_skipped += 1
                done.n_items += min(first + cells, chunk.last) - first
                wanted = False
            if wanted and begin is None:
                begin = first
            elif not wanted and begin is not None:
                yield begin, first
                begin = None
        if begin is not None:
            yield begin, chunk.last

    def _fail(self, bad: Bad, done: Done) -> None:
        if not self.record:
            raise ValueError(bad.error)
        name = self.names.stem(bad.item // self.layout.n_cells)
        done.failures.append(Failure(bad.item, name, bad.error))

    def _deliver(self, unit: int, drawn: Drawn | None, done: Done) -> None:
        done.watch.lap("render")
        content: Any = None
        if drawn is None:
            done.n_missing += 1
        else:
            done.n_files += 1
            content = drawn.picture
            if self.writer.encodes:
                content = files.encode(
                    drawn.picture,
                    self.suffix,
                    self.text,
                    drawn.colors,
                    n_threads=self.n_threads,
                )
                done.watch.lap("encode")
        if self.writer.in_order:
            done.contents.append((unit, content))
        else:
            done.n_bytes += write(self.writer, unit, content)
            done.watch.lap("write")


class _Sheet:
    """A contact sheet that is being filled."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._first: Drawn | None = None
        self._canvas: Picture = np.empty((0, 0, 3), np.uint8)

    def place(self, cell: int, drawn: Drawn) -> str | None:
        """Put a picture into its cell; return why that is not possible."""
        if self._first is None:
            self._first = drawn
            self._canvas = self._blank(*drawn.picture.shape)
        height, width, _ = shape = self._first.picture.shape
        if drawn.picture.shape != shape:
            return f"its picture is {drawn.picture.shape}, others on the sheet are {shape}"
        row, col = divmod(cell, self._layout.cols)
        top, left = row * (height + self._layout.padding), col * (width + self._layout.padding)
        self._canvas[top : top + height, left : left + width] = drawn.picture
        return None

    def take(self) -> Drawn | None:
        """Return the sheet and begin another; None when nothing was placed."""
        first, self._first = self._first, None
        return None if first is None else first._replace(picture=self._canvas)

    def _blank(self, height: int, width: int, channels: int) -> Picture:
        rows, cols, padding, _ = self._layout
        shape = rows * (height + padding) - padding, cols * (width + padding) - padding, channels
        return np.full(shape, WHITE, np.uint8)


def write(writer: Writer, unit: int, content: Any) -> int:
    """Write a unit, with a clear word when that fails."""
    try:
        return writer.write(unit, content)
    except OSError as error:
        raise output_error(error, writer.output) from error


def finish(writer: Writer) -> None:
    """Complete the output, with a clear word when that fails."""
    try:
        writer.finish()
    except OSError as error:
        raise output_error(error, writer.output) from error


def output_error(error: OSError, output: Path) -> OSError:
    """Return the same kind of error with a sentence that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        msg = (
            f"no space left for {output}: free some and run the job again with resume; "
            "finished files are whole and kept"
        )
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        msg = f"no permission to write to {output}: {error.strerror}"
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        msg = f"`output_dir` must be a folder, got {output}: a file is in the way"
    else:
        msg = f"cannot write to {output}: {error.strerror or error}"
    return OSError(error.errno, msg)
