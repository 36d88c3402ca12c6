"""Rendering on dask: the pixels of `render`, on a real cluster, also when a worker is killed."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from helpers import optional
from offline_inputs import assert_same_pictures, make_images, make_maps, overlay, render_quietly

import hotcold

pytestmark = pytest.mark.filterwarnings("default")  # dask's own, which are not ours to mend

N = 61


@pytest.fixture
def on_dask():
    optional("dask.array")
    from hotcold.offline import dask as on_dask

    return on_dask


@pytest.fixture
def inputs():
    """Maps and images as dask arrays, chunked differently, items not always whole."""
    da = optional("dask.array")
    maps = da.from_array(make_maps(N), chunks=(7, 1, -1, 5))
    return maps, da.from_array(make_images(N), chunks=(20, -1, -1, -1))


@pytest.fixture
def expected():
    return overlay().render(make_maps(N), make_images(N))


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of two threads each."""
    distributed = optional("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
    ) as started:
        yield started


@pytest.fixture
def client(cluster):
    with optional("distributed").Client(cluster) as client:
        yield client


def test_arrays_hold_the_pixels_of_render(on_dask, inputs, expected):
    pictures = on_dask.render(overlay(), *inputs)
    assert (pictures.shape, pictures.dtype) == (expected.shape, np.uint8)
    np.testing.assert_array_equal(pictures.compute(scheduler="threads"), expected)
    maps = inputs[0]
    plain = hotcold.Visualizer(combine_channels=True)
    np.testing.assert_array_equal(
        on_dask.render(plain, maps)[5:9].compute(), plain.render(make_maps(N))[5:9]
    )


def test_files_are_those_of_render_files(on_dask, inputs, expected, tmp_path):
    report = on_dask.render_files(overlay(), *inputs, output_dir=tmp_path)
    assert (report.n_items, report.n_files, report.n_threads) == (N, N, 1)
    assert_same_pictures(tmp_path, expected)
    # What one began, the other goes on with.
    (tmp_path / "00000030.png").unlink()
    report = render_quietly(
        overlay(), make_maps(N), make_images(N), output_dir=tmp_path, resume=True
    )
    assert (report.n_files, report.n_skipped) == (1, N - 1)
    assert_same_pictures(tmp_path, expected)


def test_threads_share_a_block(on_dask, expected, tmp_path):
    da = optional("dask.array")
    whole = [da.from_array(a, chunks=(N, -1, -1, -1)) for a in (make_maps(N), make_images(N))]
    report = on_dask.render_files(overlay(), *whole, output_dir=tmp_path, n_threads=3)
    assert (report.n_items, report.n_files, report.n_threads) == (N, N, 3)
    assert_same_pictures(tmp_path, expected)


def test_bad_items_are_recorded_by_their_index(on_dask, tmp_path):
    da = optional("dask.array")
    maps = make_maps(N)
    maps[40, 0, 0, 0] = np.nan
    source = da.from_array(maps, chunks=(7, -1, -1, -1))
    plain = hotcold.Visualizer(combine_channels=True)
    report = on_dask.render_files(plain, source, output_dir=tmp_path, on_error="record")
    assert [(f.index, f.name) for f in report.failures] == [(40, "00000040")]
    with pytest.raises(ValueError, match=r"attributions\[40\] holds 1"):
        on_dask.render_files(plain, source, output_dir=tmp_path)


def test_unnormalized_needs_limits(on_dask, inputs, tmp_path):
    plain = hotcold.Visualizer(combine_channels=True, normalization_type="unnormalized")
    for call in (on_dask.render, on_dask.render_files):
        options = {} if call is on_dask.render else {"output_dir": tmp_path}
        with pytest.raises(ValueError, match="`limits` must be given"):
            call(plain, inputs[0], **options)
    largest = float(np.abs(make_maps(N).mean(axis=1)).max())
    pictures = on_dask.render(plain, inputs[0], limits=(-largest, largest))
    np.testing.assert_array_equal(pictures.compute(), plain.render(make_maps(N)))


def test_what_does_not_fit_is_refused_before_anything_is_sent(on_dask, inputs):
    with pytest.raises(TypeError, match="`attributions` must be a dask array, got ndarray"):
        on_dask.render(overlay(), make_maps(N), inputs[1])
    with pytest.raises(ValueError, match="`x` must hold the 61 items of `attributions`, got 60"):
        on_dask.render(overlay(), inputs[0], inputs[1][:60])
    with pytest.raises(TypeError, match="`x` must be given"):
        on_dask.render(overlay(), inputs[0])


def test_visualizers_pickle_small():
    for visualizer in (overlay(), hotcold.MaskVisualizer(), hotcold.Visualizer(cmap="hot")):
        assert len(pickle.dumps(visualizer)) < 1000
        assert pickle.loads(pickle.dumps(visualizer)) == visualizer


def count_threads():
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc")
def test_thread_counts_do_not_multiply(on_dask, client, inputs, tmp_path):
    before = client.run(count_threads)
    on_dask.render_files(overlay(), *inputs, output_dir=tmp_path)
    on_dask.render(overlay(), *inputs).compute()
    after = client.run(count_threads)
    for worker, n_threads in after.items():
        # At most the worker's own two task threads have come up: no pool of the core.
        assert n_threads <= before[worker] + 2


class SlowOverlay(hotcold.HeatmapVisualizer):
    """Takes long enough for a worker to be killed in the middle."""

    def request(self, attributions, x=None):
        time.sleep(0.02)
        return super().request(attributions, x)


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(
    on_dask, cluster, client, inputs, expected, tmp_path
):
    victim = next(iter(client.run(os.getpid).values()))
    n_before = []

    def kill():
        while len(list(tmp_path.glob("*.png"))) < 5:
            time.sleep(0.005)
        n_before.append(len(list(tmp_path.glob("*.png"))))
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    report = on_dask.render_files(SlowOverlay(blur=1.5), *inputs, output_dir=tmp_path)
    killer.join()
    assert 5 <= n_before[0] < N  # it was in the middle
    assert (report.n_items, report.n_files, report.failures) == (N, N, ())
    assert_same_pictures(tmp_path, expected)
