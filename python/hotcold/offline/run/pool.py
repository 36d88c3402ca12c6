"""Worker threads, and their results in order."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from hotcold import _core
from hotcold.offline.threads import startable

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2  # tasks that wait, so that no thread does


class Stopped(Exception):
    """The job is ending; what this thread has not begun stays undone."""


@contextlib.contextmanager
def results_in_order(
    work: Callable[[T], R], tasks: Iterable[T], n_threads: int, stop: threading.Event
) -> Iterator[Iterator[R]]:
    """Give an iterator over the results of `work` on every task, in the tasks' order.

    When the context is left, also by an error or by Ctrl-C, the workers are told to stop and waited
    for. Their calls of the core end within a fraction of a second, whatever is left of them. Where
    the system gives fewer threads, those do the work; where it gives none, the caller does.
    """
    n_threads = startable(n_threads)
    if n_threads == 0:
        yield map(work, tasks)
        return

    def check() -> None:
        if stop.is_set():
            raise Stopped

    pool = ThreadPoolExecutor(
        n_threads, "hotcold", initializer=_core.set_call_check, initargs=(check,)
    )
    pending: deque[Future[R]] = deque()

    def results() -> Iterator[R]:
        for task in tasks:
            pending.append(pool.submit(work, task))
            while pending and (len(pending) > n_threads + _AHEAD or pending[0].done()):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    try:
        yield results()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
