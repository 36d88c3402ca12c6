"""The output folder in the hands of one job: its lock, its job file, and what is whose."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from hotcold import _atomic
from hotcold.offline.input.identity import Identity
from hotcold.offline.output import guard, manifest, series, values
from hotcold.offline.output.base import ForeignFiles, output_error
from hotcold.offline.output.journal import Journal
from hotcold.offline.output.manifest import Record
from hotcold.offline.output.names import Names, Shard
from hotcold.offline.output.place import FOLDER, Place


@dataclass(frozen=True)
class Plan:
    """What a job is about to do to a folder.

    Parameters
    ----------
    names : Names
        Of its units.
    shard : Shard
        Which part of the job this is.
    container : str, optional
        The kind of the one file that everything goes into.
    settings : dict
        Everything that changes a picture.
    inputs : dict
        The identity of each input.
    reads : sequence of guard.Read
        What must not be written to.
    resume, overwrite, fsync : bool
        As in `render_files`.
    values : bool
        The numbers behind the pictures are kept too.
    """

    names: Names
    shard: Shard
    container: str | None
    settings: Mapping[str, Any]
    inputs: Mapping[str, Identity | None]
    reads: Sequence[guard.Read] = ()
    resume: bool = False
    overwrite: bool = False
    fsync: bool = False
    values: bool = False

    @property
    def series(self) -> series.Series:
        """The files that it makes."""
        if self.container is None:
            made = series.of_folder(self.names)
        else:
            made = series.of_container(self.container, self.shard)
        return series.with_values(made, self.shard) if self.values else made

    def mine(self, name: str) -> bool:
        """Whether this part of the job makes the file."""
        if self.container is not None:
            return name == f"pictures{self.shard.label}.{self.container}"
        unit = self.names.unit_of(name)
        return unit is not None and self.names.mine(unit)


class JobFolder:
    """A folder that is this job's until it is left, as a context manager.

    Entering checks everything and writes the job file; no picture of an earlier job is touched.

    Attributes
    ----------
    goes_on : bool
        The job of the job file is this one, and `resume` was asked for.

    Raises
    ------
    BlockingIOError
        Another job has the folder.
    FileExistsError
        It holds files that are nobody's by a job file and have names of this job's.
    ValueError
        It holds an input, or with `resume` another job.
    """

    def __init__(self, place: Place, plan: Plan) -> None:
        self.place = place
        self._plan = plan
        self._lock = place.lock(plan.shard.label)
        self._journal: Journal | None = None
        self.goes_on = False

    def __enter__(self) -> JobFolder:
        guard.refuse_folders(self.place, self._plan.reads, self._makes().folders)
        try:
            self.place.make_folders(["", FOLDER])
            with self._lock.section():
                self._lock.acquire()
                self._begin()
        except OSError as error:
            self._lock.release()
            raise output_error(error, self.place) from error
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._journal is not None:
            self._journal.close()
        self._lock.release()

    @property
    def shared(self) -> Any:
        """What an earlier run, or another part, of this job found that all items share."""
        return self.record.shared

    def keep_shared(self, shared: Any) -> None:
        """Write what all items share into the job file."""
        if shared is not None and self.record.shared is None:
            self._update(lambda record: setattr(record, "shared", list(shared)))

    def is_old(self, unit: int) -> bool:
        """Whether the file of a unit, if there is one, is an earlier job's."""
        return self._journal is not None and unit not in self._journal

    def note(self, made: Iterable[tuple[int, int]], missing: Sequence[int]) -> None:
        """Keep that units [first, last) are made, but for those without a picture."""
        self._lock.check()
        if self._journal is not None:
            self._journal.note(made, missing)
        # What an earlier job, or a run of this one, drew of it would pass for the picture.
        if missing and self._plan.container is None:
            self.place.remove_files([self._plan.names.file_name(unit) for unit in missing])

    def finished(self) -> dict[str, Any] | None:
        """Return what an earlier run of this part of this job ended with."""
        found = self.record.finished.get(self._plan.shard.label)
        return found if self.goes_on and isinstance(found, dict) else None

    def finish(self, n_units: int | None, **ended: Any) -> None:
        """Remove what is left of earlier jobs once all parts are done, and write that down.

        Parameters
        ----------
        n_units : int, optional
            How many there turned out to be.
        **ended
            What `finished` gives later.
        """
        self._lock.check()
        with self._lock.section():
            manifest.write_end(self.place, self._plan.shard.label, ended)
            record = manifest.read(self.place) or self.record
            if "n_units" in record.series and record.series["n_units"] is None:
                record.series["n_units"] = n_units
            record.finished[self._plan.shard.label] = ended
            if self._all_parts(record):
                self._remove_old(record)
                record.replaces = []
                Journal.clear(self.place)
                if self._journal is not None:
                    self._journal.forget()
            manifest.write(self.place, record, fsync=self._plan.fsync)
            series.forget_names(self.place, record.owned)

    def _all_parts(self, record: Record) -> bool:
        total = self._plan.shard.total
        return all(Shard(k + 1, total).label in record.finished for k in range(total))

    def _begin(self) -> None:
        plan = self._plan
        before = self._earlier()
        same = before is not None and not (
            manifest.differences(before, plan.settings) or manifest.changes(before, plan.inputs)
        )
        if plan.resume and before is not None and not same:
            manifest.check_same(before, plan.settings, plan.inputs, self.place)
        if not same and not self._lock.alone and (refusal := self._lock.refusal()) is not None:
            raise refusal
        self.goes_on = same and plan.resume
        joins = same and (plan.resume or not plan.shard.is_all)
        owned = [] if before is None else before.owned
        owners = [series.owner(self.place, one) for one in owned]
        foreign = self._check_entries(owners, owned)
        if joins and before is not None:
            self.record = before
            if not plan.resume:
                before.finished.pop(plan.shard.label, None)
                manifest.forget_ends(self.place, plan.shard.label)
        else:
            self.record = self._new_record(owned, owners, foreign)
        if not joins:
            Journal.clear(self.place)
            values.forget(self.place)
            manifest.forget_ends(self.place)
        series.keep_names(self.place, plan.names, fsync=plan.fsync)
        manifest.write(self.place, self.record, fsync=plan.fsync)
        self.place.make_folders([folder for folder in self._makes().folders if folder])
        self._remove_leftovers(owners)
        if self.record.replaces and plan.container is None:
            self._journal = Journal(self.place, plan.shard.label)

    def _earlier(self) -> Record | None:
        try:
            return manifest.read(self.place)
        except ValueError:
            if self._plan.resume:
                raise
            return None  # then no file in the folder is known to be ours

    def _new_record(
        self, owned: list[series.Series], owners: list[series.Owns], foreign: bool
    ) -> Record:
        plan = self._plan
        replaces = [plan.series] if foreign else []
        others: list[series.Series] = []
        for one, owns in zip(owned, owners, strict=True):
            kept = replaces if series.overlap(plan.series, one, plan.names, owns) else others
            if one not in kept:
                kept.append(one)
        return Record(
            dict(plan.settings), plan.series, dict(plan.inputs), replaces=replaces, others=others
        )

    def _check_entries(self, owners: list[series.Owns], owned: list[series.Series]) -> bool:
        """Refuse inputs and files of others; return whether there are some to be overwritten."""
        plan = self._plan
        makes = self._makes()
        replaced = [
            owns
            for one, owns in zip(owned, owners, strict=True)
            if series.overlap(plan.series, one, plan.names, owns)
        ]
        touched, foreign = [], []
        self.place.check_folders(makes.folders)
        for name in _owned_entries(self.place, [makes, *replaced]):
            if makes(name):
                touched.append(name)
                if not any(owns(name) for owns in owners):
                    foreign.append(name)
            elif any(owns(name) for owns in replaced):
                touched.append(name)
        guard.refuse_files(self.place, touched, plan.reads)
        if foreign and not plan.overwrite:
            listed = ", ".join(sorted(foreign)[:3]) + (", ..." if len(foreign) > 3 else "")
            msg = (
                f"`output_dir` must not hold files with names of this job's that no job file says "
                f"are ours, got {listed} in {self.place}; use another folder, or overwrite=True "
                "(--overwrite) to replace them"
            )
            raise ForeignFiles(errno.EEXIST, msg)
        return bool(foreign)

    def _makes(self) -> series.Owns:
        """Return what tells the files of all parts of the job."""
        if self._plan.container is not None:
            return series.owner(self.place, self._plan.series)
        pictures = series.Owns.of_names(self._plan.names)
        if not self._plan.values:
            return pictures
        made = self._plan.series
        return series.Owns(
            lambda name: series.is_values(name, made) or pictures(name), pictures.folders
        )

    def _remove_leftovers(self, owners: list[series.Owns]) -> None:
        """Remove the temporary files of killed runs: nobody but this job can be writing them."""
        left = []
        for name in _owned_entries(self.place, [self._makes(), *owners]):
            target = _atomic.target_of_leftover(name)
            if target is None or not any(owns(target) for owns in owners):
                continue
            if self._lock.alone or self._plan.mine(target):
                left.append(name)
        if self._lock.alone:
            left += [
                f"{FOLDER}/{name}"
                for name in self.place.own_names(".")
                if _atomic.target_of_leftover(name) is not None
            ]
        self.place.remove_files(left)

    def _remove_old(self, record: Record) -> None:
        """Remove the files of replaced jobs that this one has none for."""
        replaced = [series.owner(self.place, one) for one in record.replaces]
        if not replaced:
            return
        current = series.owner(self.place, record.series)
        old = [
            name
            for name in _owned_entries(self.place, replaced)
            if not current(name) and any(owns(name) for owns in replaced)
        ]
        self.place.remove(old)

    def _update(self, change: Callable[[Record], None]) -> None:
        with self._lock.section():
            record = manifest.read(self.place) or self.record
            change(record)
            manifest.write(self.place, record, fsync=self._plan.fsync)
            self.record = record


def _owned_entries(place: Place, owners: Sequence[series.Owns]) -> Iterator[str]:
    """Yield what is in the folders that files of these series are in."""
    return place.entries({"", *(folder for owns in owners for folder in owns.folders)})


def current_files(place: Place) -> series.Owns | None:
    """Return what tells the pictures of the folder's present job; None where there is no job file.

    Of a job that was to replace an earlier one and is not done, those that are made.
    """
    try:
        record = manifest.read(place)
    except ValueError:
        return None
    if record is None:
        return None
    owns = series.owner(place, record.series)
    if not record.replaces or "container" in record.series:
        return owns
    journal = Journal(place, "")
    unit_of = series.names_of(place, record.series).unit_of
    return series.Owns(
        lambda name: (unit := unit_of(name)) is not None and unit in journal, owns.folders
    )
