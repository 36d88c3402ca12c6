"""How an option is declared: once, as the field of a frozen dataclass that says all about itself.

Whatever else an option needs is made from that field: its check, `override`, `repr`, `describe`,
the row of the plan, the command line's option, the documentation and the signature that `help`
shows.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, TypeVar

from hotcold import _validate
from hotcold._once import once

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        """Do nothing: it speaks to type checkers alone."""
        return lambda function: function


S = TypeVar("S", bound="Options")

# From a name and what was given for it to what is kept; raises where it breaks the rule.
Check: TypeAlias = Callable[[str, Any], Any]
# The plan's name of a row, and from the option's value to what the plan takes.
Row: TypeAlias = tuple[str, Callable[[Any], Any]]
# How the command line writes it: one of several words, or a kind that cli/drawing_options.py knows.
Command: TypeAlias = tuple[str, ...] | str

_LINE = 92  # of documentation, without its indentation


class Option(NamedTuple):
    """What a field says of its option.

    Without a `row` the visualizer decides what becomes of it.
    """

    check: Check
    kind: str  # what may be given, in the documentation's words
    text: str  # what it does, for the documentation
    unit: str = ""
    command: Command | None = None
    help: str = ""  # what it does, for the command line
    row: Row | None = None
    per_call: bool = True  # whether a call may take another value than the constructor's
    in_picture: bool = True  # whether it changes pixels; otherwise only how they are made


def option(default: Any, check: Check, kind: str, text: str, **more: Any) -> Any:
    """Return the dataclass field of an option; see `Option`."""
    declared = Option(check, kind, text, **more)
    return dataclasses.field(default=default, metadata={"option": declared})


def again(
    base: type[Options], name: str, default: Any = ..., init: bool = True, **more: Any
) -> Any:
    """Return the field of an inherited option with another default, or other words.

    With ``init=False`` the option cannot be chosen there: it is what the default says.
    """
    field = base.__dataclass_fields__[name]
    return dataclasses.field(
        default=field.default if default is ... else default,
        init=init,
        metadata={"option": field.metadata["option"]._replace(**more)},
    )


@dataclass_transform(
    frozen_default=True, kw_only_default=True, eq_default=True, field_specifiers=(option, again)
)
def declare(kind: type[S]) -> type[S]:
    """Make a class of options a frozen dataclass, whose methods are those of `Options`.

    `dataclass` would write them anew for every class, and `import hotcold` wait for it.
    """
    return dataclass(init=False, repr=False, eq=False)(kind)


class Options:
    """A frozen dataclass of options; whoever holds one holds checked values."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init__(self, **given: Any) -> None:
        table = table_of(self)
        for name in given:
            if name not in table.options:
                maker = type(self).__name__
                raise TypeError(_validate.unexpected_option(maker, name, table.options, ()))
        values = {**table.defaults, **given}
        checked = {name: known.check(name, values[name]) for name, known in table.options.items()}
        vars(self).update(checked)
        chosen = {name: checked[name] for name, value in given.items() if value is not None}
        self.agree({n: value for n, value in chosen.items() if value != table.defaults[n]})

    def agree(self, given: Mapping[str, Any]) -> None:
        """Raise where options that are each right contradict one another.

        `given` are those that were chosen now: others than the defaults, or by a call.
        """

    def __setattr__(self, name: str, value: Any) -> None:
        msg = f"cannot assign to `{name}`: options are not changed, make others"
        raise dataclasses.FrozenInstanceError(msg)

    def __delattr__(self, name: str) -> None:
        msg = f"cannot delete `{name}`: options are not changed, make others"
        raise dataclasses.FrozenInstanceError(msg)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in table_of(self).options)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        told = (f"{name}={value!r}" for name, value in self.__getstate__().items())
        return f"{type(self).__name__}({', '.join(told)})"

    @once
    def rows(self) -> Mapping[str, Any]:
        """Return the plan's rows that follow from the options alone."""
        rows = table_of(self).rows
        return {row: convert(getattr(self, name)) for name, (row, convert) in rows.items()}

    @once
    def recipes(self) -> dict[tuple[Any, ...], Any]:
        """Return what visualizers have made of these options, by what else that depends on."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in table_of(self).options}


class Table(NamedTuple):
    """What the fields of one dataclass of options say, by name."""

    options: dict[str, Option]  # those that can be chosen
    called: dict[str, Option]  # and changed by a call
    defaults: dict[str, Any]
    rows: dict[str, Row]  # of all that have one, chosen or not


_TABLES: dict[type, Table] = {}


def table_of(options: Options | type[Options]) -> Table:
    """Return what the fields of options say, read once for each class."""
    kind = options if isinstance(options, type) else type(options)
    if kind not in _TABLES:
        said = {f.name: f.metadata["option"] for f in dataclasses.fields(kind)}
        chosen = {f.name: f.default for f in dataclasses.fields(kind) if f.init}
        _TABLES[kind] = Table(
            {name: said[name] for name in chosen},
            {name: said[name] for name in chosen if said[name].per_call},
            chosen,
            {name: option.row for name, option in said.items() if option.row is not None},
        )
    return _TABLES[kind]


def override(options: S, changes: Mapping[str, Any]) -> S:
    """Return `options` with every change that is not None applied and checked."""
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        return options
    table = table_of(options)
    checked = {name: table.options[name].check(name, value) for name, value in given.items()}
    rows = dict(options.rows)
    for name, value in checked.items():
        if name in table.rows:
            row, convert = table.rows[name]
            rows[row] = convert(value)
    twin = object.__new__(type(options))
    vars(twin).update(vars(options), rows=rows, recipes={}, **checked)
    twin.agree(checked)
    return twin


def optional(check: Check) -> Check:
    """Return the check that lets None pass."""
    return lambda name, value: None if value is None else check(name, value)


def none_is(value: Any, check: Check) -> Check:
    """Return the check that takes None for `value`."""
    return lambda name, given: check(name, value if given is None else given)


def one_of(*choices: str) -> Check:
    """Return the check for one of several words."""
    return lambda name, value: _validate.one_of(name, value, choices)


# --- what `help` shows ----------------------------------------------------------------------------


def complete(function: Any, kind: type[Options], *, constructs: bool) -> None:
    """Write the options that a function takes as ``**options`` into its signature."""
    import inspect

    signature = inspect.signature(function)
    *written, last = signature.parameters.values()
    if last.kind is not inspect.Parameter.VAR_KEYWORD:
        return
    names = {parameter.name for parameter in written}
    table = table_of(kind)
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=table.defaults[name] if constructs else None,
            annotation=kind.__dataclass_fields__[name].type,
        )
        for name in (table.options if constructs else table.called)
        if name not in names
    ]
    function.__signature__ = signature.replace(parameters=[*written, *added])


def document(thing: Any, kind: type[Options], first: Iterable[str], *, constructs: bool) -> None:
    """Write the options into a docstring: all about them for ``<options>``, names for ``<names>``.

    `first` are those that can be given by position.
    """
    doc = thing.__doc__
    if doc is None:  # python -OO
        return
    table = table_of(kind)
    taken = table.options if constructs else table.called
    names = [name for name in dict.fromkeys((*first, *taken)) if name in taken]
    if "<options>" in doc:
        lines = [line for name in names for line in _entry(name, taken[name], table.defaults[name])]
        doc = _with_lines(doc, "<options>", lines)
    if "<names>" in doc:
        doc = _with_lines(doc, "<names>", _wrapped(", ".join(names)))
    thing.__doc__ = doc


def _entry(name: str, declared: Option, default: Any) -> list[str]:
    kind = f"{declared.kind}, {declared.unit}" if declared.unit else declared.kind
    told = "optional" if default is None else f"default {_short(default)}"
    return [f"{name} : {kind}, {told}", *(f"    {line}" for line in _wrapped(declared.text))]


def _short(default: Any) -> str:
    if isinstance(default, str):
        return f'"{default}"'
    return f"{default:g}" if isinstance(default, float) else repr(default)


@functools.cache
def _wrapped(text: str) -> tuple[str, ...]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= _LINE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return tuple(lines)


def _with_lines(doc: str, marker: str, lines: Iterable[str]) -> str:
    before, after = doc.split(marker)
    indent = before[before.rindex("\n") + 1 :]
    return before + f"\n{indent}".join(lines) + after
