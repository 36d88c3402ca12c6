"""Interrupts at each line of `hotcold.influence` in turn, which chance may never hit."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path

import hotcold.influence

PACKAGE = str(Path(hotcold.influence.__file__).parent)


class Interrupted(BaseException):
    """Raised wherever the thread happens to be, as Ctrl-C is."""


def interrupted_at(wanted, call):
    """Call with an interrupt at a line of the package; return whether there was one."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        # A tracer stops at this line once more before the lock is given back, where no signal can
        # come; an exception there would keep it for ever.
        if event == "line" and line != "with _guard:":
            count += 1
            if count == wanted + 1:
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except Interrupted:
        return True
    except Exception:
        # Keras and JAX turn what is raised within them into errors of theirs.
        assert count > wanted
        return True
    finally:
        sys.settrace(before)
    return count > wanted


def interrupted_everywhere(call, check, step=1):
    """Call with an interrupt at every line, or every `step`th, and check after each."""
    for wanted in range(0, 10_000 * step, step):
        if not interrupted_at(wanted, call):
            return wanted
        check()
    raise AssertionError("it never comes to an end")
