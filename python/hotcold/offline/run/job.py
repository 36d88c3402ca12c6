"""The offline job: sources in, files out, everything between in worker threads."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from hotcold import files
from hotcold.offline.input import PictureFolder, Source
from hotcold.offline.input.feed import Feed
from hotcold.offline.input.identity import difference, identify
from hotcold.offline.output import manifest
from hotcold.offline.output.base import Writer, output_error
from hotcold.offline.output.containers import (
    PIXEL_CONTAINERS,
    check_container,
    container_name,
    fingerprint,
    make_container,
)
from hotcold.offline.output.folder import FolderWriter
from hotcold.offline.output.guard import Read
from hotcold.offline.output.job_folder import JobFolder, Plan
from hotcold.offline.output.names import Names, Shard
from hotcold.offline.output.place import FOLDER, Place, RemotePlace
from hotcold.offline.output.uploads import Uploads
from hotcold.offline.output.values import ValuesFile, file_name
from hotcold.offline.run.pool import results_in_order
from hotcold.offline.run.progress import Silence
from hotcold.offline.run.rendering import Limits, Renderer, Renders
from hotcold.offline.run.report import RenderReport
from hotcold.offline.run.scale import measure_items
from hotcold.offline.run.telling import Teller
from hotcold.offline.run.total import Total
from hotcold.offline.run.worker import Layout, Worker, finish, settle, write
from hotcold.request import RenderRequest
from hotcold.scale.kept import Shared


class Job:
    """One call of `render_files`, its arguments checked and its sources open."""

    def __init__(
        self,
        visualizer: Renders,
        attributions: Source,
        x: Source | None,
        *,
        place: Place,
        names: Sequence[str] | None,
        suffix: str,
        n_threads: int,
        record: bool,
        resume: bool,
        limits: Limits | None,
        batch_size: int | None = None,
        layout: Layout = Layout(),  # noqa: B008 - immutable
        shard: Shard = Shard(),  # noqa: B008 - immutable
        container: str | None = None,
        compression: str = "default",
        quality: int | None = None,
        overwrite: bool = False,
        verify: bool | None = None,
        fsync: bool = False,
        provenance: bool = True,
        values: bool = False,
        reads: Sequence[Read] = (),
    ) -> None:
        self.visualizer = visualizer
        self.place = place
        self.suffix = suffix
        self.n_threads = n_threads
        self.record = record
        self.resume = resume
        self.layout = layout
        self.shard = shard
        if container is not None:
            check_container(container, place)
        self.container = container
        self.compression = compression
        self.quality = quality
        self.limits = limits
        self.overwrite = overwrite
        self.verify = verify
        self.fsync = fsync
        # Pixels of an array say nothing, nor do formats without a place for it.
        self.tells = provenance and suffix == ".png" and container not in ("npy", "zarr")
        self.values = values
        self.caption: Callable[[int], str] | None = None  # of an item
        self.feed = Feed(attributions, x, batch_size)
        if self.feed.n_items == 0:
            msg = f"`attributions` must hold at least one item, got none in {attributions.origin}"
            raise ValueError(msg)
        n_units = None if self.feed.n_items is None else -(-self.feed.n_items // layout.n_cells)
        if names is not None and (layout.sheets or container in PIXEL_CONTAINERS):
            msg = (
                "`names` must be None for sheets and arrays, whose items have no files of their own"
            )
            raise ValueError(msg)
        if isinstance(names, str):
            msg = f"`names` must be a sequence of names, got the string {names!r}"
            raise TypeError(msg)
        if values and self.feed.n_items is None and not shard.is_all:
            msg = (
                "`values` must be None for shards of a stream, whose rows nobody can number; give "
                "an array or files"
            )
            raise ValueError(msg)
        self.names = Names(suffix, names, "sheet-" if layout.sheets else "", n_units, shard)
        self._first = self._check_first_item()
        self._settings = self._describe(attributions, x)
        self._sources: dict[str, Source | None] = {"attributions": attributions, "x": x}
        self._inputs = {name: identify(source) for name, source in self._sources.items()}
        self._reads = [
            *(Read.of(source) for source in self._sources.values() if source is not None),
            *reads,
        ]

    def run(self, progress: Silence) -> RenderReport:
        """Do the job and return its report."""
        start = time.perf_counter()
        total = Total(self.n_threads)
        with self.folder() as folder:
            finished = self._finished_container(folder)
            if finished is not None:
                total.n_items, total.n_skipped = self._own_items() or 0, 1
                return total.report(finished, time.perf_counter() - start)
            if self.container is not None and folder.goes_on:
                progress.say(
                    f"nothing is kept of a {self.container} container that is not complete: it is "
                    "made again from its beginning"
                )
            worker = self.prepare(folder, progress)
            try:
                self._render_all(worker, total, progress, folder)
                self._check_inputs()
                if worker.values is not None:
                    n_items = self._own_items()
                    failed = [failure.index for failure in total.failures]
                    worker.values.finish(total.end if n_items is None else n_items, failed)
                finish(worker.writer)
            except BaseException:
                worker.writer.abort()
                if worker.values is not None:
                    worker.values.abort()
                raise
            report = total.report(worker.writer.output, time.perf_counter() - start)
            self.keep(report, folder, -(-total.end // self.layout.n_cells))
        return report

    def folder(self) -> JobFolder:
        """Return the output folder, for this job alone while it is entered."""
        plan = Plan(
            self.names,
            self.shard,
            self.container,
            self._settings,
            self._inputs,
            self._reads,
            self.resume,
            self.overwrite,
            self.fsync,
            self.values,
        )
        return JobFolder(self.place, plan)

    def prepare(
        self, folder: JobFolder, progress: Silence, core_threads: int | None = None
    ) -> Worker:
        """Return what the threads of the job share, once the folder is its own.

        `core_threads`, of the core for each call, are by default one, or those of this job's
        threads that find no file of their own.
        """
        shared = self._shared(folder.shared, progress)
        folder.keep_shared(shared)
        writer = self._make_writer(folder)
        first, last = self.names.span()
        if core_threads is None:
            core_threads = 1 if last is None else max(1, self.n_threads // max(1, last - first))
        resume, values = folder.goes_on, None
        if self.values:
            values = ValuesFile(
                self.place,
                self.shard.label,
                self._own_span()[0],
                goes_on=resume,
                n_threads=core_threads,
                fsync=self.fsync,
            )
            # Pictures without their numbers are made again.
            resume = resume and values.kept
        return self._worker(writer, shared, resume, core_threads, values)

    def keep(self, report: RenderReport, folder: JobFolder, n_units: int | None) -> None:
        """Write that the job is done, and its report beside the job file."""
        name = f"{FOLDER}/report{self.shard.label}.json"
        ended: dict[str, Any] = {}
        try:
            if self.container is not None:
                made = container_name(self.container, self.shard.label)
                ended = fingerprint(self.place, made, whole=bool(self.verify)) or {}
            folder.finish(n_units, **ended)
            data = (report.to_json() + "\n").encode()
            self.place.write(name, data, fsync=self.fsync)
        except OSError as error:
            raise output_error(error, self.place.path(name)) from error

    def _render_all(
        self, worker: Worker, total: Total, progress: Silence, folder: JobFolder
    ) -> None:
        first, last = self._own_span()
        n_mine = self.names.span()[1]
        progress.start(None if n_mine is None else n_mine - self.names.span()[0])
        chunks = self.feed.chunks(first, last, self.layout.n_cells, self.n_threads)
        stop = threading.Event()
        worker = dataclasses.replace(worker, stop=stop)
        try:
            with results_in_order(worker.run, chunks, self.n_threads, stop) as all_done:
                for done in all_done:
                    for unit, content in done.contents:
                        done.watch.restart()  # waiting belongs to no stage
                        done.n_bytes += write(worker.writer, unit, content)
                        done.watch.lap("write")
                    for made in done.made:
                        settle(worker.writer, *made)
                    done.watch.lap("write")
                    folder.note(done.made, done.missing)
                    total.add(done)
                    progress.advance(done.n_files + done.n_missing, done.n_skipped)
        finally:
            progress.close()

    def _worker(
        self,
        writer: Writer,
        shared: Shared | None,
        resume: bool,
        core_threads: int,
        values: ValuesFile | None,
    ) -> Worker:
        text = dict(self.visualizer.text_chunks())
        if shared is not None:
            text["Comment"] = self._told(shared)
        teller = None
        if self.tells:
            attributions = self._sources["attributions"]
            assert attributions is not None
            teller = Teller.of(
                self.visualizer, self.names, attributions, self._sources["x"], self.caption
            )
        keep = None if values is None else values.put
        return Worker(
            Renderer(self.visualizer, shared, core_threads, teller, keep),
            writer,
            self.names,
            self.layout,
            self.suffix,
            text,
            resume,
            self.record,
            core_threads,
            self.compression,
            self.quality,
            teller,
            values,
        )

    def _told(self, shared: Shared) -> str:
        """Return what a picture file says of the scale that it shares with others."""
        told = []
        if shared.extremes is not None and shared.extremes != shared.limits:
            low, high = shared.extremes
            told.append(f"one scale for all, of attributions {low!r} to {high!r}")
        if shared.limits is not None:
            low, high = shared.limits
            told.append(f"colour limits {low!r} to {high!r}")
        return "; ".join(told)

    def _make_writer(self, folder: JobFolder) -> Writer:
        if self.container is None:
            return self._make_file_writer(folder)
        try:
            return make_container(
                self.place,
                self.container,
                self.shard.label,
                self.names,
                self.verify,
                self.fsync,
            )
        except OSError as error:
            raise output_error(error, self.place) from error

    def _make_file_writer(self, folder: JobFolder) -> Writer:
        if isinstance(self.place, RemotePlace):
            return Uploads(self.place, self.names, self.verify, folder.is_old, folder.goes_on)
        assert self.place.local is not None
        return FolderWriter(self.place.local, self.names, self.verify, self.fsync, folder.is_old)

    def _finished_container(self, folder: JobFolder) -> Any:
        before = folder.finished()
        if self.container is None or before is None:
            return None
        name = container_name(self.container, self.shard.label)
        now = fingerprint(self.place, name, whole="checksum" in before and self.verify is not False)
        if now is None or (self.verify and "checksum" not in before):
            return None
        if self.values and not self.place.exists(file_name(self.shard.label)):
            return None
        same = self.verify is False or all(before.get(key) == now[key] for key in now)
        return self.place.path(name) if same else None

    def _check_inputs(self) -> None:
        """Refuse to call a job done whose inputs were changed while it ran."""
        found = [
            f"`{name}` was changed while it was read: {what}"
            for name, source in self._sources.items()
            if (what := difference(self._inputs[name], identify(source), same_machine=True))
        ]
        if found:
            msg = f"{'; '.join(found)}; pictures may be of both: run the job again without resume"
            raise ValueError(msg)

    def _own_span(self) -> tuple[int, int | None]:
        """Items [first, last) that can be this shard's."""
        first, last = self.names.span()
        cells, n_items = self.layout.n_cells, self.feed.n_items
        if last is None or n_items is None:
            return 0, None
        return first * cells, min(last * cells, n_items)

    def _own_items(self) -> int | None:
        first, last = self._own_span()
        return None if last is None else last - first

    def _check_first_item(self) -> RenderRequest | None:
        """Check what is the same of all items; return the first if they share a scale too."""
        piece = self.feed.sample()
        try:
            request = self.visualizer.request(piece.attributions, piece.x)
        except ValueError:
            # A stream's first batch may be a bad one among good ones.
            if self.record and self.feed.n_items is None:
                return None
            raise
        height, width = self.layout.sheet(*request.picture_shape[:2]).shape
        files.check_size(self.suffix, height, width)
        return request if request.depends_on_others else None

    def _describe(self, attributions: Source, x: Source | None) -> dict[str, Any]:
        return {
            **manifest.describe_visualizer(self.visualizer),
            "attributions": manifest.describe_source(attributions),
            "x": manifest.describe_source(x),
            "resize": isinstance(x, PictureFolder) and x.resizes,
            "limits": self.limits,
            "format": self.suffix.removeprefix("."),
            **({} if self.quality is None else {"quality": self.quality}),
            "sheets": [self.layout.rows, self.layout.cols, self.layout.padding]
            if self.layout.sheets
            else None,
            "provenance": self.tells,
            "values": "npy" if self.values else None,
            "container": self.container,
            "names": self.names.digest(),
            # Shards that end a container each must agree on how many there are.
            "shards": self.shard.total if self.container else None,
        }

    def _shared(self, found: Any, progress: Silence) -> Shared | None:
        """Return what all items share, whatever the batches and shards."""
        if self._first is None:
            if self.limits is not None:
                msg = (
                    "`limits` must be None unless normalization_type='unnormalized': other modes "
                    "fix them"
                )
                raise ValueError(msg)
            return None
        if self.limits is not None:
            return Shared(None, self.limits)
        if found is not None:
            extremes, limits = (None if pair is None else tuple(pair) for pair in found)
            return Shared(extremes, limits)
        measured, _ = measure_items(
            self.visualizer, self.feed, self._first, self.n_threads, progress
        )
        return measured.shared(self._first.spec)
