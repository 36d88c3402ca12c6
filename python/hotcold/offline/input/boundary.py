"""What any library throws at an open or a read, as the job's own exceptions.

Libraries tell damage in ways of their own: ``struct.error``, ``zlib.error``, ``tokenize`` errors,
RuntimeError of h5py and of encrypted archives, KeyError, MemoryError. A job knows two: what cannot
be opened (ValueError, or the system's OSError) and what cannot be read (`Unreadable`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hotcold._arrays import Array
from hotcold.offline.input.base import BadItem, IndexedSource, Source, Unreadable


@contextlib.contextmanager
def opening(name: str, path: object, what: str = "a file that can be read") -> Iterator[None]:
    """Turn every exception inside into a sentence about the argument `name`.

    Raises
    ------
    ValueError
        `name` is not `what`, as the sentence says.
    OSError
        The system's own, with its file name: no such file, no permission.
    TypeError, ImportError
        Those that are sentences about `name` or about a missing package.
    """
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        systems = isinstance(error, OSError) and error.filename is not None
        ours = isinstance(error, ValueError | TypeError | OSError) and is_sentence(error, name)
        if systems or ours:
            raise
        msg = f"`{name}` must be {what}, got {path}: {reason(error)}"
        raise ValueError(msg) from error


@contextlib.contextmanager
def reading(name: str, where: object) -> Iterator[None]:
    """Turn every exception inside into `BadItem`: what it says itself, or `Unreadable`."""
    try:
        yield
    except BadItem:
        raise
    except (ValueError, TypeError) as error:
        if is_sentence(error, name):
            raise BadItem(str(error)) from error
        raise Unreadable(f"`{name}` cannot be read in {where}: {reason(error)}") from error
    except Exception as error:
        raise Unreadable(f"`{name}` cannot be read in {where}: {reason(error)}") from error


def is_sentence(error: Exception, name: str) -> bool:
    """Whether an exception says already what is wrong with the argument `name`, or with `order`."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return text.startswith((f"`{name}`", "`order`"))


def reason(error: Exception) -> str:
    """Return why, for the end of a sentence: one line, with the kind where it says little."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    lines = text.strip().splitlines()
    if isinstance(error, OSError | ValueError | RuntimeError) and lines:
        return lines[0]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def items_of(source: IndexedSource, start: int, stop: int) -> Array:
    """Return items [start, stop); whatever the source's library throws is `BadItem`."""
    with reading(source.name, source.origin):
        return source.read(start, stop)


def indexed(source: Source) -> IndexedSource:
    """Require items that can be read in any order.

    Raises
    ------
    TypeError
        Batches that come one after the other.
    """
    if not isinstance(source, IndexedSource):
        msg = (
            f"`{source.name}` must be an array or a file, from which items can be read in any "
            "order, not batches that come one after the other"
        )
        raise TypeError(msg)
    return source
