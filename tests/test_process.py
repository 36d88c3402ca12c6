"""A process that ends, forks or starts another interpreter while hotcold works in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from every_call import CALLS
from helpers import run_python

pytestmark = pytest.mark.kernels

# CI does a handful of everything; HOTCOLD_ROUNDS=100 for a longer look.
ROUNDS = int(os.environ.get("HOTCOLD_ROUNDS", "5"))
SUPPORT = Path(__file__).parent / "support"
PREPARE = f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\n"

HAS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

# --- the end of the interpreter -------------------------------------------------------------------

# A thread that only sleeps at the end would be stopped by Python itself, safely.
DAEMONS = """
import threading, time
from every_call import CALLS, offline_job

names, n_threads, seconds = {names!r}, {n_threads}, {seconds}
begun = threading.Semaphore(0)

def go_on_for_ever(call):
    while True:
        call(n_threads)
        begun.release()

for name in names:
    call = offline_job if name == "offline job" else CALLS[name]
    threading.Thread(target=go_on_for_ever, args=(call,), daemon=True).start()
for _ in names:
    begun.acquire()
time.sleep(seconds)
"""


def end_with_daemons(names, n_threads, seconds, folder):
    code = DAEMONS.format(names=names, n_threads=n_threads, seconds=seconds)
    return run_python(PREPARE + code, check=False, cwd=folder)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_daemon_threads_in_every_call_do_not_abort_the_process_when_it_ends(n_threads, tmp_path):
    names = list(CALLS)
    for i in range(ROUNDS):
        # All at once, then each alone: many threads that want the lock hide one that has it.
        some = names if i % 2 == 0 else [names[i // 2 % len(names)]] * 2
        done = end_with_daemons(some, n_threads, 0.003 * i, tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), some


def test_daemon_threads_in_offline_jobs_do_not_abort_the_process_when_it_ends(tmp_path):
    for i in range(ROUNDS):
        done = end_with_daemons(["offline job"] * 2, 2, 0.003 * i, tmp_path)
        # The job's own threads are Python's, which waits for them and refuses new ones. The thread
        # of the job may be told so in a traceback.
        assert done.returncode == 0, done.stderr
        assert "terminate" not in done.stderr
        assert "Fatal" not in done.stderr


# --- fork -----------------------------------------------------------------------------------------

FORKS = """
import os, signal, sys, threading, time, traceback
from every_call import CALLS

n_threads, rounds = {n_threads}, {rounds}
expected = {{name: call(n_threads) for name, call in CALLS.items()}}

def all_right():
    for name, call in CALLS.items():
        got = call(n_threads)
        same = got == expected[name]
        if not (same if isinstance(same, bool) else same.all()):
            print("wrong:", name, flush=True)
            return False
    return True

def go_on(call):
    while not stop.is_set():
        call(n_threads)

stop = threading.Event()
threads = [threading.Thread(target=go_on, args=(call,)) for call in CALLS.values()]
for thread in threads:
    thread.start()
try:
    for i in range(rounds):
        time.sleep(0.001 * (i % 7))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                signal.alarm(100)  # a child that hangs is ended
                status = 0 if all_right() else 2
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(status)
        status = os.waitpid(child, 0)[1]
        assert status == 0, (i, status)
    assert all_right()
finally:
    stop.set()
    for thread in threads:
        thread.join()
"""


@HAS_FORK
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_child_forked_in_the_middle_of_every_call_makes_every_call(n_threads, tmp_path):
    code = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
    run_python(code + PREPARE + FORKS.format(n_threads=n_threads, rounds=2 * ROUNDS), cwd=tmp_path)


MULTIPROCESSING = """
import multiprocessing, threading
import numpy as np
from every_call import CALLS, HEATMAP, IMAGES, MAPS

def render(i):
    return HEATMAP.render(MAPS * (i + 1), IMAGES, n_threads=3)

def go_on():
    while not stop.is_set():
        HEATMAP.render(MAPS, IMAGES, n_threads=3)

stop = threading.Event()
thread = threading.Thread(target=go_on)
thread.start()
try:
    expected = [render(i) for i in range(4)]
    for _ in range({rounds}):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            got = pool.map_async(render, range(4)).get(60)
        np.testing.assert_array_equal(got, expected)
finally:
    stop.set()
    thread.join()
"""


@HAS_FORK
def test_forked_workers_of_multiprocessing_render_beside_a_thread_that_renders(tmp_path):
    code = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
    run_python(code + PREPARE + MULTIPROCESSING.format(rounds=ROUNDS), cwd=tmp_path)


# What a signal's handler may do in the middle of a call of the main thread, now that it runs there.
HANDLER_FORKS = """
import os, signal, sys
import numpy as np
import hotcold

n_threads, leaves = {n_threads}, {leaves}
large = np.random.default_rng(0).standard_normal((1, 1, 3000, 3000)).astype("f4")
small = large[:, :, :200, :200]
expected = hotcold.gaussian_blur(small, 3.0, n_threads=n_threads)
parent = os.getpid()
children = []

def on_alarm(*_):
    child = os.fork()
    if child:
        children.append(child)
    else:
        signal.alarm(100)
        right = (hotcold.gaussian_blur(small, 3.0, n_threads=n_threads) == expected).all()
        if leaves or not right:
            os._exit(0 if right else 1)

signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    while not children and os.getpid() == parent:
        a = hotcold.percentile_mask(large, 0.5, n_threads=n_threads)
        b = hotcold.gaussian_blur(large, (200.0, 30.0), n_threads=n_threads)
except RuntimeError as error:
    # Only in a child whose handler returned into a call that had the help of other threads.
    assert os.getpid() != parent and not leaves and n_threads > 1, error
    assert "forked this process in the middle of the call" in str(error)
if os.getpid() != parent:
    assert (hotcold.gaussian_blur(small, 3.0, n_threads=n_threads) == expected).all()
    os._exit(0)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""


@HAS_FORK
@pytest.mark.parametrize("leaves", [True, False], ids=["handler leaves", "handler returns"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_signal_handler_may_fork_in_the_middle_of_a_call(n_threads, leaves):
    code = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
    for _ in range(2):
        run_python(code + HANDLER_FORKS.format(n_threads=n_threads, leaves=leaves))


# Threads change places between any two steps of Python: a lock that one of them holds for a moment
# is locked for ever in a child that is forked then.
FORKS_BETWEEN_STEPS = """
import os, signal, sys, threading, time
import numpy as np
import hotcold

maps = np.random.default_rng(0).standard_normal((1, 1, 8, 8)).astype(np.float32)

def call():
    hotcold.HeatmapVisualizer(upsample="nearest", blur=2).render(maps, maps, n_threads=1)
    hotcold.boxes(maps)

call()
sys.setswitchinterval(1e-6)
stop = threading.Event()

def go_on():
    while not stop.is_set():
        call()

threads = [threading.Thread(target=go_on) for _ in range(3)]
for thread in threads:
    thread.start()
try:
    for i in range({rounds}):
        time.sleep(0.0005 * (i % 7))
        child = os.fork()
        if child == 0:
            try:
                signal.alarm(30)  # a child that hangs is ended
                call()
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, i
finally:
    stop.set()
    for thread in threads:
        thread.join()
"""


@HAS_FORK
def test_a_child_forked_between_two_steps_of_python_does_not_hang(tmp_path):
    code = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
    run_python(code + FORKS_BETWEEN_STEPS.format(rounds=20 * ROUNDS), cwd=tmp_path)


# --- subinterpreters ------------------------------------------------------------------------------

SUBINTERPRETERS = """
import sys
try:
    import _interpreters as interpreters  # CPython 3.13 and later
    kinds = ["isolated", "legacy"]
except ImportError:
    import _xxsubinterpreters as interpreters
    kinds = [None]

IMPORTS = '''
try:
    import hotcold
except ImportError as error:
    assert "does not support subinterpreters" in str(error), error
    assert "Install the package" not in str(error), error
else:
    raise AssertionError("imported")
'''

if {first}:
    import hotcold
for kind in kinds:
    interpreter = interpreters.create(*[kind] if kind else [])
    failure = interpreters.run_string(interpreter, IMPORTS)
    assert failure is None, failure
    interpreters.destroy(interpreter)
import hotcold
import numpy as np
hotcold.normalize(np.ones((1, 1, 2, 2)), "01")
"""


@pytest.mark.parametrize("first", [True, False], ids=["main first", "main last"])
def test_a_subinterpreter_is_refused_with_the_reason(first):
    run_python(SUBINTERPRETERS.format(first=first))


def test_the_core_itself_refuses_a_subinterpreter():
    # Not only the package's __init__: whoever imports the extension must not hang.
    path = subprocess.run(
        [sys.executable, "-c", "import hotcold; print(hotcold._core.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    loads = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("hotcold._core", {path!r})
try:
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
except ImportError as error:
    assert "subinterpreters" in str(error), error
else:
    raise AssertionError("imported")
"""
    code = SUBINTERPRETERS[: SUBINTERPRETERS.index("if {first}")] + f"IMPORTS = {loads!r}\n"
    code += "assert interpreters.run_string(interpreters.create(), IMPORTS) is None\n"
    run_python(code)
