"""How commands end: with a documented exit status, and one sentence for a user's error."""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click

FAILED_ITEMS = 3
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
    """Show warnings as lines of their own, without the place in the code."""

    def show(message: Warning | str, *place: Any, **more: Any) -> None:
        click.secho(f"hotcold: {message}", fg="yellow", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
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
        click.secho(f"\nStopped; {advice}", fg="yellow", err=True)
        raise SystemExit(INTERRUPTED) from None
    except SystemExit as end:
        if end.code == TERMINATED:
            click.secho(f"\nTerminated; {advice}", fg="yellow", err=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason
