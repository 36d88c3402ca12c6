"""The visualizers end to end, pixels in memory."""

from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import numpy as np
import pytest
import rivals
import workloads
from harness import assert_pixels_close, at_level, race
from matplotlib.colors import Normalize

import hotcold

ITEMS = 16


@pytest.fixture(scope="module")
def batch():
    return workloads.typical(ITEMS)


@pytest.mark.benchmark(group="render_heatmap")
@pytest.mark.parametrize("order", ["images channels last", "images channels first"])
def test_heatmap(benchmark, batch, order):
    table = rivals.jet_table()
    images = batch.images_first
    if order == "images channels first":
        images = np.ascontiguousarray(images)
    show = hotcold.HeatmapVisualizer(n_threads=1)
    out = np.empty((ITEMS, workloads.SIZE, workloads.SIZE, 3), np.uint8)

    def by_cv2():
        for attribution, image, target in zip(
            batch.attributions, batch.images, theirs, strict=True
        ):
            target[:] = rivals.cv2_overlay(attribution, image, table)
        return theirs

    theirs = np.empty_like(out)
    race(
        benchmark,
        lambda: show.render(batch.attributions, images, out=out),
        {"cv2": by_cv2},
        # OpenCV rounds the map to 256 greys before it colours, so entries differ by one.
        check=lambda mine, answers: assert_pixels_close(mine, answers["cv2"], 0.001, 9),
        targets={"cv2": at_level(avx512=8.5, avx2=8)},
        floors={"cv2": at_level(avx512=4, avx2=2.5)},
        items=ITEMS,
    )


def _race_masks(benchmark, batch, images):
    show = hotcold.MaskVisualizer(n_threads=1)
    out = np.empty((ITEMS, workloads.SIZE, workloads.SIZE, 3), np.uint8)
    theirs = np.empty_like(out)

    def by_cv2():
        for attribution, image, target in zip(
            batch.attributions, batch.images, theirs, strict=True
        ):
            target[:] = rivals.cv2_mask(attribution, image)
        return theirs

    race(
        benchmark,
        lambda: show.render(batch.attributions, images, out=out),
        {"numpy and cv2": by_cv2},
        # Pixels whose attribution lies within rounding of the percentile may fall either way.
        check=lambda mine, answers: assert_pixels_close(mine, answers["numpy and cv2"], 0.001, 1),
        targets={"numpy and cv2": 10},
        floors={"numpy and cv2": 3},
        items=ITEMS,
    )


@pytest.mark.benchmark(group="render_mask")
def test_mask(benchmark, batch):
    _race_masks(benchmark, batch, batch.images_first)


@pytest.mark.benchmark(group="render_mask")
def test_mask_over_planes(benchmark, batch):
    """Images whose memory is channels first too."""
    _race_masks(benchmark, batch, np.ascontiguousarray(batch.images_first))


@pytest.mark.benchmark(group="render_colormap")
def test_colormap(benchmark):
    a = workloads.maps(ITEMS, channels=1)
    show = hotcold.Visualizer(cmap="viridis", n_threads=1)
    limits, cmap = Normalize(-1, 1), mpl.colormaps["viridis"]

    def by_matplotlib():
        return np.stack(
            [cmap(limits(item[0] / np.abs(item).max()), bytes=True)[..., :3] for item in a]
        )

    race(
        benchmark,
        lambda: show.render(a),
        {"matplotlib": by_matplotlib},
        check=lambda mine, answers: assert_pixels_close(mine, answers["matplotlib"], 1e-4, 0),
        floors={"matplotlib": at_level(avx512=5, avx2=3)},
        items=ITEMS,
    )


@pytest.mark.benchmark(group="threads")
def test_two_threads(benchmark):
    many = workloads.typical(64)
    show = hotcold.HeatmapVisualizer()
    # A place for each: copies of the answers would be timed too, and on one thread.
    outs = {n: np.empty((64, workloads.SIZE, workloads.SIZE, 3), np.uint8) for n in (1, 2)}
    run = lambda n: show.render(  # noqa: E731
        many.attributions, many.images_first, out=outs[n], n_threads=n
    )
    table = rivals.jet_table()

    def cv2_pool():
        with ThreadPoolExecutor(2) as pool:
            jobs = zip(many.attributions, many.images, strict=True)
            return np.stack(list(pool.map(lambda job: rivals.cv2_overlay(*job, table), jobs)))

    def check(mine, answers):
        np.testing.assert_array_equal(mine, answers["ours, one thread"])

    race(
        benchmark,
        lambda: run(2),
        {"ours, one thread": lambda: run(1), "cv2 in two Python threads": cv2_pool},
        check=check,
        targets={"ours, one thread": 1.85},
        rounds=9,
        items=64,
    )


@pytest.mark.benchmark(group="small_call")
def test_one_small_map(benchmark):
    """The cost of a call: Python checks, no pool."""
    maps = workloads.maps(1, 32)
    images = workloads.photographs(1, 32).transpose(0, 3, 1, 2)
    show = hotcold.HeatmapVisualizer()
    plain = hotcold.Visualizer(combine_channels=True)
    table = rivals.jet_table()
    image = np.ascontiguousarray(images[0].transpose(1, 2, 0))

    def repeat(call):
        return lambda: [call() for _ in range(50)]

    race(
        benchmark,
        repeat(lambda: plain.render(maps)),
        {
            "ours, overlay with blur 10": repeat(lambda: show.render(maps, images)),
            "cv2 overlay": repeat(lambda: rivals.cv2_overlay(maps[0], image, table)),
        },
        check=lambda mine, answers: None,
        items=50,
    )
