"""Ctrl-C ends every call within half a second, however large its input; the next call works.

Each case is a process of its own that gets a real SIGINT in the middle of a call which would take
seconds to minutes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import run_python
from offline_inputs import make_maps

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

# Half a second is the promise, of which a busy machine may not let a process have all.
# Sanitizers mark gigabytes of a result's memory as gone before a call ends.
SANITIZED = os.environ.get("HOTCOLD_TEST_PROFILE") == "sanitize"
AT_MOST = 1.5 if SANITIZED else 0.5
AT_MOST_ON_A_BUSY_MACHINE = 10.0

# Inputs are broadcast where they can be: giants that take no memory.
CASES = {
    "one item after another": "many = np.broadcast_to(noise(2048, 2048), (300, 1, 2048, 2048))\n"
    "photos = np.broadcast_to(np.uint8(3), (300, 3, 2048, 2048))\n"
    "call = lambda n: hotcold.HeatmapVisualizer().render(many, photos, n_threads=n)",
    "mean over very many channels": "a = np.broadcast_to(np.float32(1), (1, 2**24, 64, 64))\n"
    "call = lambda n: hotcold.Visualizer(True).render(a, n_threads=n)",
    "mean over very many channels, channels last": "a = np.broadcast_to("
    "np.ones(2**22, 'f4'), (1, 64, 64, 2**22))\n"
    "call = lambda n: hotcold.Visualizer(True, dim_order='channels_last').render(a, n_threads=n)",
    "mean over very many channels of one pixel": "a = np.broadcast_to("
    "np.float32(1), (1, 2**36, 1, 1))\n"
    "call = lambda n: hotcold.Visualizer(True).render(a, n_threads=n)",
    "mean over very many channels that hold NaN": "a = np.broadcast_to("
    "np.float32(np.nan), (1, 2**30, 4, 4))\n"
    "call = lambda n: hotcold.Visualizer(True).render(a, n_threads=n)",
    "percentile of huge items": "a = np.broadcast_to(noise(1, 2**13), (6, 1, 2**13, 2**13))\n"
    "call = lambda n: hotcold.percentile_mask(a, 0.5, n_threads=n)",
    "exact blur in float64": "a = noise(4000, 4000).astype('f8')\n"
    "call = lambda n: hotcold.gaussian_blur(a, 3000, n_threads=n)",
    "exact blur in float32": "a = noise(9000, 9000)\n"
    "call = lambda n: [hotcold.gaussian_blur(a, (300, 300), n_threads=n) for _ in range(9)]",
    "blur of one row": "a = noise(1, 2**22).astype('f8')\n"
    "call = lambda n: hotcold.gaussian_blur(a, (0, 1e6), n_threads=n)",
    "blur of one column": "a = noise(2**22, 1).astype('f8')\n"
    "call = lambda n: hotcold.gaussian_blur(a, (1e6, 0), n_threads=n)",
    "taps of a blur": "a = noise(1, 2**22)\n"
    "call = lambda n: hotcold.gaussian_blur(a, (0, 2e8), n_threads=n)",
    "normalize": "a = np.broadcast_to(noise(2048, 2048), (300, 1, 2048, 2048))\n"
    "call = lambda n: hotcold.normalize(a, 'signed_sum', n_threads=n)",
    "limits of a batch": "a = np.broadcast_to(noise(2048, 2048), (1000, 1, 2048, 2048))\n"
    "plan = hotcold.Visualizer(True, 'unnormalized')\n"
    "call = lambda n: plan.render(a, n_threads=n)",
    "PNG of a giant sheet": "sheet = np.random.default_rng(0).integers("
    "0, 256, (9000, 9000, 3), dtype=np.uint8)\n"
    "call = lambda n: _core.encode_png(sheet, None, [], 'small', n)",
    "PNG with a palette of a giant sheet": "sheet = np.broadcast_to(np.uint8(0), (2**31 - 1, 1))\n"
    "palette = np.zeros((2, 3), 'u1')\n"
    "call = lambda n: _core.encode_png(sheet, palette, [], 'small', n)",
    "strip of a giant sheet": "sheet = np.random.default_rng(0).integers("
    "0, 256, (9000, 9000, 3), dtype=np.uint8)\n"
    "call = lambda n: _core.encode_strip(sheet, 'small', n)",
    "PNG files": "photo = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8)\n"
    "photos = np.broadcast_to(photo, (200, 3000, 4000, 3))\n"
    "names = [(b'.%d.part' % i, b'%d.png' % i) for i in range(200)]\n"
    "call = lambda n: _core.write_png(photos, None, [], 'fast', n, b'.', names)",
    "enlarged maps": "a = noise(8, 8)\nphoto = np.broadcast_to(np.uint8(3), (1, 3, 20000, 10000))\n"
    "large = hotcold.HeatmapVisualizer(upsample='bilinear', blur=0)\n"
    "call = lambda n: [large.render(a, photo, n_threads=n) for _ in range(20)]",
    "tile": "a = np.broadcast_to(np.uint8(3), (200, 3, 4000, 4000))\n"
    "call = lambda n: hotcold.tile(a, padding=3)",
    "masks": "many = np.broadcast_to(noise(2048, 2048), (300, 1, 2048, 2048))\n"
    "photos = np.broadcast_to(np.uint8(3), (300, 3, 2048, 2048))\n"
    "call = lambda n: hotcold.MaskVisualizer().render(many, photos, n_threads=n)",
    "the benchmark of the processor": "call = lambda n: _core.measure_multiply_add_peak(30.0)",
}

INTERRUPTED = """
import os, signal, threading, time
import numpy as np
import hotcold
from hotcold import _core

def noise(rows, columns):
    return np.random.default_rng(0).random((1, 1, rows, columns), np.float32)

{prepare}

signal.signal(signal.SIGINT, signal.default_int_handler)
small = noise(300, 300)
expected = hotcold.gaussian_blur(small, 3.0, n_threads=2)
hotcold.HeatmapVisualizer().render(small, small)  # what is imported once is none of the call
for n_threads in (1, 2):
    sent = []
    def interrupt():
        time.sleep(0.25)
        sent.extend([time.perf_counter(), time.process_time()])
        os.kill(os.getpid(), signal.SIGINT)
    sender = threading.Thread(target=interrupt)
    sender.start()
    try:
        result = call(n_threads)
        raise AssertionError("the call came to its end; the case is too small")
    except KeyboardInterrupt:
        took = time.perf_counter() - sent[0]
        worked = time.process_time() - sent[1]
    sender.join()
    assert min(took, worked) < {at_most}, f"{{took:.3f}} s after the signal, {{worked:.3f}} of work"
    assert took < {at_most_when_busy}
    # Nobody works on the buffers any more.
    used = time.process_time()
    time.sleep(0.1)
    assert time.process_time() - used < 0.05
    assert (hotcold.gaussian_blur(small, 3.0, n_threads=n_threads) == expected).all()
"""


def interrupted(prepare):
    return INTERRUPTED.format(
        prepare=prepare, at_most=AT_MOST, at_most_when_busy=AT_MOST_ON_A_BUSY_MACHINE
    )


@pytest.mark.parametrize("prepare", CASES.values(), ids=CASES.keys())
def test_ctrl_c_ends_a_long_call_within_half_a_second(prepare, tmp_path):
    run_python(interrupted(prepare), cwd=tmp_path)


def test_an_interrupted_write_leaves_no_part_of_a_file(tmp_path):
    run_python(interrupted(CASES["PNG files"]), cwd=tmp_path)
    written = list(tmp_path.iterdir())
    assert all(path.suffix == ".png" for path in written)
    from PIL import Image

    for path in written:
        with Image.open(path) as image:
            assert image.size == (4000, 3000)
            image.load()


HANDLERS = """
import signal
import numpy as np
import hotcold
a = np.broadcast_to(np.float32(1), (1, 2**24, 64, 64))
small = np.arange(9.0).reshape(1, 1, 3, 3)
calls = []
hotcold.Visualizer(True).render(small)

class TooLate(Exception):
    pass

def handler(*_):
    # A handler runs where it stands, and may use hotcold itself.
    calls.append(hotcold.normalize(small, "01"))
    if len(calls) == 3:
        raise TooLate("that is enough")

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
for n_threads in (1, 2):
    calls.clear()
    try:
        hotcold.Visualizer(True).render(a, n_threads=n_threads)
    except TooLate as error:
        assert str(error) == "that is enough"
    assert len(calls) == 3
    np.testing.assert_array_equal(calls[0], small / 8)
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def test_what_a_handler_raises_ends_the_call_and_other_handlers_only_run():
    run_python(HANDLERS)


OTHER_THREADS = """
import signal, threading, time
import numpy as np
import hotcold
from hotcold import _core
a = np.broadcast_to(np.float32(1), (1, 2**24, 64, 64))

class Ended(Exception):
    pass

end = threading.Event()
ended = []

def check():
    if end.is_set():
        raise Ended

def work():
    _core.set_call_check(check)
    try:
        hotcold.Visualizer(True).render(a, n_threads=2)
    except Ended:
        ended.append(time.perf_counter())
    _core.set_call_check(None)
    end.clear()
    hotcold.normalize(a[:, :3], "01")

thread = threading.Thread(target=work)
thread.start()
time.sleep(0.2)
told = time.perf_counter()
end.set()
thread.join()
assert ended[0] - told < {at_most_when_busy}
"""


def test_a_call_of_another_thread_ends_by_what_its_check_raises():
    run_python(OTHER_THREADS.format(at_most_when_busy=AT_MOST_ON_A_BUSY_MACHINE))


def test_a_check_that_is_no_function_is_reported_by_the_call():
    code = """
import threading
import numpy as np
import hotcold
from hotcold import _core
a = np.broadcast_to(np.float32(1), (1, 2**24, 64, 64))
_core.set_call_check(3)
try:
    hotcold.Visualizer(True).render(a)
except TypeError as error:
    assert "not callable" in str(error)
"""
    run_python(code)


JOB = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from hotcold.cli import main
sys.argv = ["hotcold", "render", "maps.npy", "-o", "out", "-q", "--threads", "2", "--blur", "900",
            "--batch-size", "1", "--combine-channels"]
main()
"""


def test_ctrl_c_ends_a_job_in_the_middle_of_giant_items(tmp_path):
    # A float64 blur that wide goes by taps: many seconds an item.
    np.save(
        tmp_path / "maps.npy", make_maps(2, channels=1).astype("f8").repeat(200, 2).repeat(200, 3)
    )
    process = subprocess.Popen(
        [sys.executable, "-c", JOB], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 30
        while not (tmp_path / "out").is_dir() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)  # inside of the core now
        assert process.poll() is None
        sent = time.perf_counter()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert time.perf_counter() - sent < AT_MOST_ON_A_BUSY_MACHINE
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert not list((tmp_path / "out").glob("*.part"))


def test_small_calls_ask_nobody():
    # A check that fails would be noticed by the first call that asked.
    code = """
import numpy as np
import hotcold
from hotcold import _core
a = np.ones((1, 1, 8, 8), "f4")
def check():
    raise AssertionError("asked")
_core.set_call_check(check)
for _ in range(2000):
    hotcold.normalize(a, "01")
"""
    run_python(code)
