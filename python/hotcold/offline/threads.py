"""How many threads there are to be had."""

from __future__ import annotations

import threading


def startable(n_threads: int) -> int:
    """Return how many of `n_threads` threads the system starts, 0 to all of them.

    Limits on processes, containers and little memory refuse a thread with "can't start new thread",
    in the middle of a pool's work. The work is done by those there are, or by the caller alone.
    """
    gate = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(n_threads):
            thread = threading.Thread(target=gate.wait, name="hotcold-probe", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                break
            started.append(thread)
    finally:
        gate.set()
        for thread in started:
            thread.join()
    return len(started)
