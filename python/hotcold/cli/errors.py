"""How commands end: with a documented exit status, and one sentence for a user's error."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click

FAILED_ITEMS = 3
GATE = 4
INTERRUPTED = 130
TERMINATED = 143


@contextlib.contextmanager
def one_sentence() -> Iterator[None]:
    """Turn the errors that a user can cause into one sentence and exit status 1."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(_sentence(error)) from error
    except (ValueError, TypeError, ImportError) as error:
        raise click.ClickException(str(error)) from error


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Show what a job says of its inputs as lines of their own, without the place in the code."""
    from hotcold.offline.input.base import InputWarning

    usual = warnings.showwarning

    def show(message: Warning | str, *place: Any, **more: Any) -> None:
        if isinstance(message, InputWarning):
            say(f"hotcold: {message}", fg="yellow", err=True)
        else:
            usual(message, *place, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def clean_stop(advice: str) -> Iterator[None]:
    """End with status 130 on Ctrl-C and 143 on SIGTERM, after the work inside has tidied up."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except KeyboardInterrupt:
        say(f"\nStopped; {advice}", fg="yellow", err=True)
        raise SystemExit(INTERRUPTED) from None
    except SystemExit as end:
        if end.code == TERMINATED:
            say(f"\nTerminated; {advice}", fg="yellow", err=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def say(text: object, *, err: bool = False, fg: str | None = None) -> None:
    """Print a line, or not, where nobody reads any more: what was done is done."""
    try:
        click.secho(text, err=err, fg=fg)
    except (OSError, ValueError, AttributeError):
        _silence("stderr" if err else "stdout")


def keep_standard_streams() -> None:
    """Open what the caller has closed, or the next files would be taken for it and written into."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one


def _silence(name: str) -> None:
    """Let a stream that leads nowhere take what is left in it without an error at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        handle = os.open(os.devnull, os.O_WRONLY)
        os.dup2(handle, getattr(sys, name).fileno())
        os.close(handle)


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason
