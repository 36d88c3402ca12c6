"""Calls side by side: shared modules, calls within calls, forks, interrupts, workers of a model."""

from __future__ import annotations

import gc
import linecache
import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import run_python
from influence_networks import SmallCnn, seeded, torch

from hotcold.influence import Cut, InternalChannelQoI, InternalInfluence, OutputCut, PointDoi

nn = torch.nn


def influence(model, cut="features.3", agg_fn=None):
    return InternalInfluence(model, cut, InternalChannelQoI(2, agg_fn=agg_fn), PointDoi())


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype(np.float32)


def run_all(*targets, seconds=60):
    """Run functions in threads of their own; a thread that does not end is a failure."""
    errors = []

    def guarded(target):
        try:
            target()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(t,), daemon=True) for t in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads), "threads wait for each other"
    if errors:
        raise errors[0]


def test_models_that_share_modules_take_turns(x):
    inner = seeded(SmallCnn).train()
    wrapper = nn.Sequential(inner, nn.Identity()).train()
    expected = influence(inner, "classifier").attributions(x)
    first_is_done, seen, results = threading.Event(), [], []
    inner.dropout.register_forward_hook(lambda module, *_: seen.append(module.training))

    def second():
        # Held up before the dropout until the first call is over, which would put flags back.
        handle = inner.features.register_forward_hook(lambda *_: (first_is_done.wait(5), None)[1])
        try:
            results.append(influence(wrapper, "0.classifier").attributions(x))
        finally:
            handle.remove()

    def first():
        def qoi(y):
            other.start()
            time.sleep(0.2)  # let it come as far as it gets
            return y[:, 2]

        InternalInfluence(inner, "classifier", qoi, PointDoi()).attributions(x)
        first_is_done.set()

    other = threading.Thread(target=second, daemon=True)
    run_all(first, seconds=30)
    other.join(30)
    np.testing.assert_array_equal(results[0], expected)
    assert len(seen) == 2
    assert not any(seen)
    assert all(module.training for module in wrapper.modules())


def test_models_called_from_each_others_quantities_do_not_wait_for_each_other(x):
    one, two = seeded(SmallCnn), seeded(SmallCnn, seed=1)
    barrier = threading.Barrier(2)

    def calls(outer, inner):
        def agg_fn(y):
            barrier.wait(20)  # both hold their own model now
            influence(inner).attributions(x)
            return y.sum((1, 2))

        influence(outer, agg_fn=agg_fn).attributions(x)

    run_all(lambda: calls(one, two), lambda: calls(two, one))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_child_forked_during_a_call_can_call_and_has_the_flags_back():
    code = """
import os, threading, numpy as np, torch, warnings
from hotcold.influence import InternalChannelQoI, InternalInfluence, PointDoi
warnings.simplefilter("ignore")
torch.set_num_threads(1)
model = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.Dropout(0.5)).train()
x = np.ones((1, 1, 5, 5))
inside, go_on = threading.Event(), threading.Event()
def agg_fn(y):
    inside.set(); go_on.wait(60)
    return y.sum((1, 2))
slow = InternalInfluence(model, "1", InternalChannelQoI(0, agg_fn=agg_fn), PointDoi())
fast = InternalInfluence(model, "1", InternalChannelQoI(0), PointDoi())
thread = threading.Thread(target=slow.attributions, args=(x,))
thread.start(); inside.wait(60)
child = os.fork()
if child == 0:
    ok = all(m.training for m in model.modules())
    fast.attributions(x)
    os._exit(0 if ok and all(m.training for m in model.modules()) else 3)
code = None
import time
for _ in range(300):
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        code = os.waitstatus_to_exitcode(status)
        break
    time.sleep(0.1)
else:
    os.kill(child, 9)
go_on.set(); thread.join()
print(code, all(m.training for m in model.modules()))
"""
    assert run_python(code).stdout.split() == ["0", "True"]


def count_calls(module):
    """Let a module count its calls in a buffer, as observers do."""

    def count(module, args, output):
        module.counter.add_(1)

    module.register_buffer("counter", torch.zeros(()))
    module.register_forward_hook(count)


class Interrupted(BaseException):
    """Raised wherever the main thread happens to be, as Ctrl-C is."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer")
def test_a_thousand_interrupts_leave_nothing_behind(x):
    model = seeded(SmallCnn).train()
    model.features[0].eval()
    count_calls(model.dropout)
    flags = [module.training for module in model.modules()]
    infl = InternalInfluence(
        model, (Cut("features.0"), Cut("classifier")), InternalChannelQoI(2), PointDoi()
    )
    expected = infl.attributions(x)
    lengths = []
    for _ in range(20):
        started = time.perf_counter()
        infl.attributions(x)
        lengths.append(time.perf_counter() - started)
    length = min(lengths)  # of one that nothing else held up, or few interrupts would find a call
    armed = False

    def interrupt(*_):
        nonlocal armed
        if armed:
            armed = False
            raise Interrupted

    # Python swallows what is raised within the callbacks of a collection.
    gc.disable()
    before = signal.signal(signal.SIGALRM, interrupt)
    rng, count = random.Random(0), 0
    try:
        while count < 1000:
            try:
                try:
                    armed = True
                    signal.setitimer(signal.ITIMER_REAL, max(1e-6, rng.random() * length * 1.2))
                    infl.attributions(x)
                finally:
                    armed = False
            except Interrupted:
                count += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            check_untouched(model, flags)
    finally:
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    np.testing.assert_array_equal(infl.attributions(x), expected)


def check_untouched(model, flags):
    from hotcold.influence.backends.torch import holding

    assert [module.training for module in model.modules()] == flags
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    assert sum(hooks) == 1  # the test's own
    assert not holding._holds
    assert not holding._guard._is_owned()
    assert not holding._switches
    assert torch.is_grad_enabled()
    assert model.dropout.counter == 0


def test_interrupt_at_every_line_leaves_nothing_behind(x):
    """An interrupt at each line of the package in turn, which chance may never hit."""
    model = seeded(SmallCnn).train()
    count_calls(model.dropout)
    flags = [module.training for module in model.modules()]
    infl = influence(model, "classifier")
    infl.attributions(x)
    for wanted in range(10_000):
        if not interrupted_at(wanted, lambda: infl.attributions(x)):
            break
        check_untouched(model, flags)
    assert 200 < wanted < 9_999


def interrupted_at(wanted, call):
    """Call with an interrupt at a line of `hotcold.influence`; return whether there was one."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if "influence" not in frame.f_code.co_filename or "tests" in frame.f_code.co_filename:
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
    finally:
        sys.settrace(before)
    return False


class Workers(nn.Module):
    """Runs its branches in threads of its own."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 3)
        self.right = nn.Linear(4, 3)

    def forward(self, x):
        with ThreadPoolExecutor(2) as pool:
            parts = [pool.submit(branch, x) for branch in (self.left, self.right)]
            return sum(part.result() for part in parts)


def test_layer_that_runs_in_a_worker_thread_is_seen():
    model = seeded(Workers)
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    got = InternalInfluence(model, "left", InternalChannelQoI(1), PointDoi(), False).attributions(x)
    np.testing.assert_allclose(got, model.left.weight[[1, 1]].detach().numpy(), rtol=1e-6)


def test_foreign_pass_is_not_mistaken_for_a_worker():
    model = seeded(Workers)
    model.right.register_forward_hook(lambda *_: None)
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    stop = threading.Event()

    def run_elsewhere():
        while not stop.is_set():
            model.left(torch.ones(2, 4))

    thread = threading.Thread(target=run_elsewhere)
    thread.start()
    try:
        for _ in range(20):
            infl = InternalInfluence(model, "left", InternalChannelQoI(1), PointDoi(), False)
            np.testing.assert_allclose(
                infl.attributions(x), model.left.weight[[1, 1]].detach().numpy(), rtol=1e-6
            )
    finally:
        stop.set()
        thread.join()


def test_output_of_workers_is_read():
    model = seeded(Workers)
    infl = InternalInfluence(model, OutputCut(), InternalChannelQoI(0), PointDoi(), False)
    expected = (model.left.weight + model.right.weight)[[0, 0]].detach()
    np.testing.assert_allclose(infl.attributions(np.ones((2, 4))), expected, rtol=1e-6)
