"""What a worker thread does with a chunk: read, render, encode, write."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hotcold import files
from hotcold.offline.input.feed import Bad, Chunk, Piece
from hotcold.offline.output.base import Writer, output_error
from hotcold.offline.output.names import Names
from hotcold.offline.output.values import ValuesFile
from hotcold.offline.run.pool import Stopped
from hotcold.offline.run.rendering import Drawn, Picture, Renderer
from hotcold.offline.run.report import Failure
from hotcold.offline.run.stopwatch import Stopwatch
from hotcold.offline.run.telling import Teller
from hotcold.provenance.describe import KEYWORD
from hotcold.request import RenderRequest
from hotcold.sheet import Sheet

# Pictures that are written before a worker looks whether the job is ending: a few hundredths of a
# second of small ones, a few large ones. Python is cold after each: 150 us (2026-11).
_AT_ONCE = 64
_BYTES_AT_ONCE = 32 << 20


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

    def sheet(self, height: int, width: int) -> Sheet:
        """Return where pictures of a size are on a sheet."""
        return Sheet(self.rows, self.cols, (height, width), (self.padding, self.padding))


@dataclass
class Done:
    """What became of a chunk."""

    n_items: int = 0
    n_files: int = 0
    n_skipped: int = 0
    n_missing: int = 0  # files that none of their items gave a picture
    n_bytes: int = 0
    end: int = 0  # the item after the last one of the chunk
    made: list[tuple[int, int]] = field(default_factory=list)  # units [first, last)
    missing: list[int] = field(default_factory=list)  # units among them without a file
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
    compression: str
    quality: int | None
    teller: Teller | None = None
    values: ValuesFile | None = None
    stop: threading.Event | None = None

    def run(self, chunk: Chunk) -> Done:
        """Make the files of a chunk that this shard makes and no earlier run has made."""
        done = Done(end=chunk.last)
        cells = self.layout.n_cells
        for first, last in self._runs(chunk, done):
            done.n_items += last - first
            self._make(chunk, first, last, done)
            done.made.append((first // cells, -(-last // cells)))
        return done

    def _make(self, chunk: Chunk, first: int, last: int, done: Done) -> None:
        """Draw items [first, last) of a chunk and deliver their files."""
        sheet = _Sheet(self.layout)
        for piece in self._pieces(chunk, first, last, done.watch):
            if self.writer.saves and not self.layout.sheets:
                self._save(piece, done)
                continue
            for drawn in self._drawn(piece):
                self._take(drawn, sheet, last, done)

    def _take(self, drawn: Drawn | Bad, sheet: _Sheet, last: int, done: Done) -> None:
        if isinstance(drawn, Bad):
            self._fail(drawn, done)
        if self.layout.sheets:
            self._fill(sheet, drawn, last, done)
        elif isinstance(drawn, Bad):
            self._deliver(drawn.item, None, None, "", done)
        else:
            for i, picture in enumerate(drawn.pictures):
                item, told = drawn.first + i, ""
                if self.teller is not None:
                    told = self.teller.picture(item, drawn.head, drawn.numbers[i])
                self._deliver(item, picture, drawn.colors, told, done)

    def _fill(self, sheet: _Sheet, drawn: Drawn | Bad, last: int, done: Done) -> None:
        """Put pictures into their cells, and deliver each sheet at its end."""
        cells = self.layout.n_cells
        first, count = (
            (drawn.item, 1) if isinstance(drawn, Bad) else (drawn.first, len(drawn.pictures))
        )
        for i in range(count):
            unit, cell = divmod(first + i, cells)
            if not isinstance(drawn, Bad):
                problem = sheet.place(cell, first + i, drawn, i)
                if problem is not None:
                    self._fail(Bad(first + i, problem), done)
            if cell == cells - 1 or first + i == last - 1:
                told = sheet.told(unit, self.teller)
                self._deliver(unit, *sheet.take(), told, done)

    def _pieces(
        self, chunk: Chunk, first: int, last: int, watch: Stopwatch
    ) -> Iterator[Piece | Bad]:
        pieces = chunk.load(first, last)
        while True:
            piece = self._next(pieces)
            watch.lap("read")
            if piece is None:
                return
            self._check_stop()
            yield piece

    def _drawn(self, piece: Piece | Bad) -> Iterator[Drawn | Bad]:
        for drawn in self.renderer.pictures(piece):
            for part in [drawn] if isinstance(drawn, Bad) else drawn.parts(_AT_ONCE):
                self._check_stop()
                yield part

    def _check_stop(self) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Stopped

    def _next(self, pieces: Iterator[Piece | Bad]) -> Piece | Bad | None:
        try:
            return next(pieces, None)
        except OSError as error:
            reason = error.strerror or str(error)
            raise self._input_error(error.errno or errno.EIO, reason) from error

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

    def _input_error(self, number: int, why: str) -> OSError:
        return OSError(number, f"the input cannot be read any further: {why}; {self.writer.kept}")

    def _fail(self, bad: Bad, done: Done) -> None:
        if not self.record:
            if bad.cause is not None:
                raise self._input_error(errno.EIO, bad.error) from bad.cause
            raise ValueError(bad.error)
        name = self.names.stem(bad.item // self.layout.n_cells)
        done.failures.append(Failure(bad.item, name, bad.error))

    def _save(self, piece: Piece | Bad, done: Done) -> None:
        """Render, encode and write the files of items that have one each."""
        parts: Iterable[Piece | Bad] = [piece]
        if not isinstance(piece, Bad):
            parts = piece.parts(max(1, min(_AT_ONCE, _BYTES_AT_ONCE // piece.item_bytes)))
        for part in parts:
            self._check_stop()
            for request in self.renderer.requests(part):
                if isinstance(request, Bad):
                    self._miss(request, done)
                else:
                    self._save_request(request, done)

    def _save_request(self, request: RenderRequest, done: Done) -> None:
        try:
            told = None if self.teller is None else self.teller.texts(request)
            saved = self.writer.save(
                request, self.text, told, self.n_threads, not self.record, self.compression
            )
        except OSError as error:
            raise output_error(error, self.writer.output, self.writer.kept) from error
        done.n_files += saved.n_files
        done.n_bytes += saved.n_bytes
        done.watch.lap("render")
        done.watch.move("render", "encode", saved.encode_seconds)
        done.watch.move("render", "write", saved.write_seconds)
        for item, why in saved.failures:
            self._miss(Bad(item, why), done)

    def _miss(self, bad: Bad, done: Done) -> None:
        self._fail(bad, done)
        done.n_missing += 1
        done.missing.append(bad.item)  # a file each

    def _deliver(
        self,
        unit: int,
        picture: Picture | None,
        colors: Picture | None,
        told: str,
        done: Done,
    ) -> None:
        done.watch.lap("render")
        content: Any = None
        if picture is None:
            done.n_missing += 1
            done.missing.append(unit)
        else:
            done.n_files += 1
            content = picture
            if self.writer.encodes:
                content = files.encode(
                    picture,
                    self.suffix,
                    {**self.text, KEYWORD: told} if told else self.text,
                    colors,
                    n_threads=self.n_threads,
                    compression=self.compression,
                    quality=self.quality,
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
        self._canvas: Picture | None = None
        self._sheet: Sheet | None = None
        self._shape: tuple[int, ...] = ()  # of a cell
        self._colors: Picture | None = None
        self._head = ""
        self._cells: list[tuple[int, str]] = []  # items, and the numbers that are told of them

    def place(self, cell: int, item: int, drawn: Drawn, i: int) -> str | None:
        """Put picture `i` of some into its cell; return why that is not possible."""
        picture = drawn.pictures[i]
        if self._canvas is None or self._sheet is None:
            self._shape, self._colors, self._head = picture.shape, drawn.colors, drawn.head
            self._cells = []
            self._sheet = self._layout.sheet(*picture.shape[:2])
            self._canvas = self._sheet.new(picture.shape[2])
        if picture.shape != self._shape:
            return f"its picture is {picture.shape}, others on the sheet are {self._shape}"
        self._sheet.box(cell).of(self._canvas)[:] = picture
        if drawn.numbers:
            self._cells.append((item, drawn.numbers[i]))
        return None

    def told(self, unit: int, teller: Teller | None) -> str:
        """Return what the sheet's file says of its items."""
        if teller is None or self._canvas is None:
            return ""
        return teller.sheet(unit, self._head, self._cells)

    def take(self) -> tuple[Picture | None, Picture | None]:
        """Return the sheet and its colours, and begin another; None when nothing was placed."""
        canvas, self._canvas = self._canvas, None
        return canvas, self._colors


def write(writer: Writer, unit: int, content: Any) -> int:
    """Write a unit, with a clear word when that fails."""
    try:
        return writer.write(unit, content)
    except OSError as error:
        raise output_error(error, writer.output, writer.kept) from error


def settle(writer: Writer, first: int, last: int) -> None:
    """Wait until written units are there, with a clear word when that fails."""
    try:
        writer.settle(first, last)
    except OSError as error:
        raise output_error(error, writer.output, writer.kept) from error


def finish(writer: Writer) -> None:
    """Complete the output, with a clear word when that fails."""
    try:
        writer.finish()
    except OSError as error:
        raise output_error(error, writer.output, writer.kept) from error
