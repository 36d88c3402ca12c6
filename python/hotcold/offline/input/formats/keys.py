"""Which array of a file that holds several."""

from __future__ import annotations

from collections.abc import Sequence

from hotcold import _validate
from hotcold.offline.input.remote import AnyPath

_LISTED = 10


def choose(name: str, path: AnyPath, key: str | None, known: Sequence[str]) -> str:
    """Return `key` if the file has it, or the only array when no key is given.

    Raises
    ------
    ValueError
        The file has no such array, or several and none was named.
    """
    listed = ", ".join(known[:_LISTED]) + (", ..." if len(known) > _LISTED else "")
    if key is None:
        if len(known) == 1:
            return known[0]
        if not known:
            msg = f"`{name}` must hold an array, got none in {path}"
        else:
            msg = f"`{name}` must name one array as {path}:NAME; it holds {listed}"
        raise ValueError(msg)
    if key in known:
        return key
    what = f"an array of {path} ({listed or 'it holds none'})"
    raise ValueError(_validate.unknown_name(name, key, known, what))
