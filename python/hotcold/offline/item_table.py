"""What is known of each item beside its map: a table whose rows belong to pictures."""

from __future__ import annotations

import csv
import io
import itertools
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple, Union

from hotcold import _validate

TableLike = Union[str, "os.PathLike[str]", Mapping[str, Sequence[Any]], "ItemTable"]

# In which rows say whose they are, the most telling first. Tables of `compare_files` leave
# "picture" empty in rows of items that are not drawn.
NAME_COLUMNS = ("picture", "file", "name", "item")
_TABS = (".tsv", ".tab")
# What `float` takes, but for digits that are rather a name: 007, 1_000.
_NUMBER = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I)
_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')  # what file names of jobs have _ for
_LISTED = 3
_COMPARED = 2000  # names that a misspelled one is compared with


class Column(NamedTuple):
    """A column of a table.

    Attributes
    ----------
    name : str
        Its header.
    texts : list of str
        A cell a row, as it was written.
    numbers : list of float, optional
        The same where all cells are numbers or empty (NaN); None: text.
    """

    name: str
    texts: list[str]
    numbers: list[float] | None

    def formatted(self, row: int, spec: str) -> str:
        """Return a cell as a format says; an empty one among numbers is a dash."""
        text = self.texts[row]
        if not spec:
            return text
        if self.numbers is None:
            return format(text, spec)
        number = self.numbers[row]
        if not text:
            return "–"  # noqa: RUF001 - a dash
        whole = spec[-1] in "bcdoxXn" and number.is_integer()
        return format(int(number) if whole else number, spec)


class ItemTable:
    """A table with a header and a row an item.

    Parameters
    ----------
    columns : list of Column
        All of the same length.
    origin : str
        What messages call it.
    """

    def __init__(self, columns: Sequence[Column], origin: str) -> None:
        self.columns = {column.name: column for column in columns}
        self.origin = origin
        self.n_rows = len(columns[0].texts)

    @classmethod
    def of(cls, table: TableLike) -> ItemTable:
        """Return the table of a file, or of columns by their names.

        Raises
        ------
        ValueError
            No header, two columns of a name, rows of other lengths: says which.
        TypeError
            Neither a path nor a mapping.
        OSError
            The file cannot be read.
        """
        if isinstance(table, ItemTable):
            return table
        if isinstance(table, Mapping):
            return cls._of_columns(table)
        if isinstance(table, str | os.PathLike):
            return cls._of_file(Path(table))
        msg = (
            "`table` must be the path of a CSV file or a mapping of names to columns, got "
            f"{type(table).__name__}"
        )
        raise TypeError(msg)

    @classmethod
    def _of_columns(cls, table: Mapping[str, Sequence[Any]]) -> ItemTable:
        columns = {str(name): ["" if v is None else str(v) for v in table[name]] for name in table}
        counts = {name: len(texts) for name, texts in columns.items()}
        if len(set(counts.values())) != 1:
            told = ", ".join(f"{count} in {name!r}" for name, count in counts.items()) or "none"
            msg = f"`table` must have columns of one length, got {told}"
            raise ValueError(msg)
        return cls([_column(name, texts) for name, texts in columns.items()], "the table")

    @classmethod
    def _of_file(cls, path: Path) -> ItemTable:
        # File names need not be text: they come back as the system gives them.
        text = path.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        delimiter = "\t" if path.suffix.lower() in _TABS else ","
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows: list[tuple[int, list[str]]] = []
        try:
            rows.extend((reader.line_num, row) for row in reader if row)
        except csv.Error as error:
            msg = f"`table` must be comma-separated values, got {path}, line {reader.line_num}: "
            raise ValueError(f"{msg}{error}") from error
        if not rows:
            msg = f"`table` must have a line of column names, got the empty file {path}"
            raise ValueError(msg)
        header = [name.strip() for name in rows[0][1]]
        for name in header:
            if header.count(name) > 1 or not name:
                what = f"{name!r} twice" if name else "one without"
                msg = f"`table` must have columns with names of their own, got {what} in {path}"
                raise ValueError(msg)
        for line, row in rows[1:]:
            if len(row) != len(header):
                msg = (
                    f"`table` must have {len(header)} cells in every row, as its first line has, "
                    f"got {len(row)} in line {line} of {path}"
                )
                raise ValueError(msg)
        cells = [[row[place] for _, row in rows[1:]] for place in range(len(header))]
        return cls([_column(*one) for one in zip(header, cells, strict=True)], str(path))

    def rows_of(self, names: Sequence[str], what: str = "picture") -> list[int]:
        """Return the row of each name: by a column that tells, or by their order.

        Parameters
        ----------
        names : sequence of str
            Of all items, in their order; with or without suffix.
        what : str
            What messages call an item.

        Raises
        ------
        ValueError
            Not a row for each, or rows of nothing: says how many and which.
        """
        problems = []
        for key in NAME_COLUMNS:
            if key in self.columns:
                found = self._by_names(self.columns[key], names, what)
                if not isinstance(found, str):
                    return found
                problems.append(found)
        if problems:
            raise ValueError(problems[0])
        if self.n_rows != len(names):
            msg = (
                f"`table` must have a row for each of {len(names):,} {what}s, in their order, got "
                f"{self.n_rows:,} in {self.origin}; a column called name, file or item tells rows "
                "apart"
            )
            raise ValueError(msg)
        return list(range(self.n_rows))

    def _by_names(self, column: Column, names: Sequence[str], what: str) -> list[int] | str:
        """Return the row of each name by a column, or what is wrong with that."""
        rows = {row: text for row, text in enumerate(column.texts) if text}
        if column.name != "picture" and len(rows) < self.n_rows:
            empty = next(row for row in range(self.n_rows) if row not in rows)
            return (
                f"`table` must say in its column {column.name!r} whose each row is, got nothing in "
                f"row {empty + 1} of {self.origin}"
            )
        for of_name, of_cell in _spellings(column):
            places = _places(names, of_name)
            if rows and all(places.get(of_cell(text)) is not None for text in rows.values()):
                break
        else:  # messages are about what is written
            places, of_cell = {**_places(names, _stem), **_places(names, str)}, str
            if column.name == "item" and column.numbers is not None:
                places = {str(place): place for place in range(len(names))}
        found: dict[int, int] = {}
        unknown: list[int] = []
        for row, text in rows.items():
            place = places.get(of_cell(text))
            if place is None:
                unknown.append(row)
            elif place in found:
                return (
                    f"`table` must have one row for each {what}, got rows {found[place] + 1} and "
                    f"{row + 1} of {self.origin} for {names[place]!r}"
                )
            else:
                found[place] = row
        missing = [place for place in range(len(names)) if place not in found]
        if unknown:
            first = column.texts[unknown[0]]
            like = _stem if _stem(first) == first else str
            near = [like(names[place]) for place in missing[:_COMPARED]]
            listed = _listed([column.texts[row] for row in unknown])
            rule = (
                f"of the {what}s, and by its column {column.name!r} {len(unknown):,} of "
                f"{len(rows):,} rows of {self.origin} are of none ({listed})"
            )
            return _validate.unknown_name("table", first, near, rule)
        if missing:
            return (
                f"`table` must have a row for every {what} by its column {column.name!r}, got "
                f"none in {self.origin} for {len(missing):,} of {len(names):,}: "
                f"{_listed([names[place] for place in missing])}"
            )
        return [found[place] for place in range(len(names))]

    def check_column(self, argument: str, name: str) -> str:
        """Return the name of a column; raise ValueError that names the closest for another."""
        if name in self.columns:
            return name
        rule = f"of the columns of {self.origin} ({', '.join(self.columns)})"
        raise ValueError(_validate.unknown_name(argument, name, self.columns, rule))

    def sorted_by(self, sort: str) -> tuple[str, bool]:
        """Return a column, and whether the largest are first: of ``score`` or ``-score``."""
        falls = sort not in self.columns and sort.startswith("-")
        return self.check_column("sort", sort[1:] if falls else sort), falls

    def caption(self, template: str) -> Callable[[int], str]:
        """Return what gives the caption of a row, once every row has one.

        Parameters
        ----------
        template : str
            Text with columns in braces, with formats as of `str.format`: ``{score:.2f}``.

        Raises
        ------
        ValueError
            A field that is no column, or a format that does not suit what the column holds.
        """
        if not isinstance(template, str):
            msg = f"`caption` must be text with columns in braces, got {template!r}"
            raise TypeError(msg)
        parts: list[tuple[str, Column | None, str]] = []
        try:
            for literal, field, spec, conversion in Formatter().parse(template):
                column = None
                if field is not None:
                    column = self.columns[self.check_column("caption", field.strip())]
                    if conversion or "{" in (spec or ""):
                        msg = f"`caption` must have fields like {{{field}:.2f}}, got {template!r}"
                        raise ValueError(msg)
                parts.append((literal, column, spec or ""))
        except ValueError as error:
            if str(error).startswith("`caption`"):
                raise
            msg = f"`caption` must be text with columns in braces, got {template!r}: {error}"
            raise ValueError(msg) from None
        for _, column, spec in parts:
            if column is not None:
                self._check_format(column, spec)

        def made(row: int) -> str:
            return "".join(
                literal + ("" if column is None else column.formatted(row, spec))
                for literal, column, spec in parts
            )

        return made

    def _check_format(self, column: Column, spec: str) -> None:
        for row, text in enumerate(column.texts):
            try:
                column.formatted(row, spec)
            except (ValueError, OverflowError) as error:
                holds = "text" if column.numbers is None else "numbers"
                msg = (
                    f"`caption` must format column {column.name!r} as the {holds} that it holds, "
                    f"got {{{column.name}:{spec}}} for {text!r} in row {row + 1} of {self.origin}: "
                    f"{error}"
                )
                raise ValueError(msg) from None
            if spec == "" or column.numbers is None:
                return  # the same of all rows


def check_table(
    table: TableLike | None, sort: str | None, caption: str | None, *, gallery: bool = True
) -> ItemTable | None:
    """Return the table of a gallery, once it has the columns that are asked for.

    Raises
    ------
    ValueError
        It lacks one: the closest is named; something of a table without one, or without a gallery.
    """
    given = {"table": table, "sort": sort, "caption": caption}
    for argument, value in given.items():
        if value is None:
            continue
        if not gallery:
            msg = f"`{argument}` must be None without a gallery, got {value!r}: give gallery=True"
            raise ValueError(msg)
        if table is None:
            msg = f"`table` must be given for `{argument}`, got None for {value!r}"
            raise ValueError(msg)
    if table is None:
        return None
    read = ItemTable.of(table)
    if sort is not None:
        read.sorted_by(sort)
    if caption is not None:
        read.caption(caption)
    return read


def lines_of(
    table: TableLike | None, caption: str | None, names: Sequence[str], what: str = "item"
) -> list[str] | None:
    """Return the caption of each of some names from a table; None without a caption.

    Raises
    ------
    ValueError
        A table that does not match, or one of the two without the other.
    """
    if caption is None:
        if table is not None:
            msg = "`caption` must say what to write of `table`, such as '{label} {score:.2f}'"
            raise ValueError(msg)
        return None
    if table is None:
        msg = f"`table` must be given for `caption`, got None for {caption!r}"
        raise ValueError(msg)
    read = ItemTable.of(table)
    made = read.caption(caption)
    return [shown_text(made(row)) for row in read.rows_of(names, what)]


def shown_text(text: str) -> str:
    """Return text in which bytes that are none are marked."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _column(name: str, texts: list[str]) -> Column:
    if not any(texts) or not all(not text or _NUMBER.fullmatch(text.strip()) for text in texts):
        return Column(name, texts, None)
    return Column(name, texts, [float(text) if text else math.nan for text in texts])


def _stem(name: str) -> str:
    """Return a name without what is behind the last dot of its last part."""
    above, slash, last = name.rpartition("/")
    stem, dot, _ = last.rpartition(".")
    return above + slash + (stem if dot and stem else last)


Spell = Callable[[str], str]


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)


def _spellings(column: Column) -> Iterable[tuple[Spell, Spell]]:
    """Yield what makes names and cells the same: as they are, without suffix, as file names."""
    yield from ((str, str), (_stem, str), (_stem, _stem))
    yield from ((_stem, _safe), (_stem, lambda cell: _safe(_stem(cell))))
    if column.name == "item" and column.numbers is not None:
        index = itertools.count()
        yield (lambda _: str(next(index)), str)  # the place among all


def _places(names: Sequence[str], spell: Spell) -> dict[str, int | None]:
    """Return the place of each name by its spelling; None where several have it."""
    places: dict[str, int | None] = {}
    for place, name in enumerate(names):
        spelled = spell(name)
        places[spelled] = None if spelled in places else place
    return places


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(repr(name) for name in names[:_LISTED]) + more
