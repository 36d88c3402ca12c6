"""What each option adds to the plain heat map: ratios below 1, the two in turn in one run."""

import numpy as np
import pytest
import workloads
from harness import race

import hotcold

ITEMS = 16
WHITE = (255, 255, 255)


def seen(batch, options):
    """Return the map that is drawn, before it is scaled."""
    show = hotcold.HeatmapVisualizer(normalization_type="unnormalized", n_threads=1, **options)
    return show(batch.attributions, batch.images_first, imshow=False)


def check_sign(mine, plain, maps):
    np.testing.assert_array_equal(maps[1], np.maximum(maps[0], 0))
    assert (mine != plain).any()


def check_clip(mine, plain, maps):
    inside = maps[1] == maps[0]
    assert 0.5 < inside.mean() < 1
    assert (np.abs(maps[1]) <= np.abs(maps[0])).all()


def check_limits(mine, plain, maps):
    np.testing.assert_array_equal(maps[1], maps[0])


def check_lines(mine, plain, maps):
    changed = (mine != plain).any(-1)
    assert changed.any()
    assert (mine[changed] == WHITE).all()


def check_threshold(mine, plain, maps):
    np.testing.assert_array_equal(maps[1], maps[0])
    same = (mine == plain).all(-1).mean()
    assert 0.1 < same < 0.5


def check_opacity(mine, plain, maps):
    np.testing.assert_array_equal(maps[1], maps[0])
    assert 0.9 < (mine != plain).any(-1).mean()


CASES = {
    "sign": ({"sign": "positive"}, check_sign, 1 / 1.25),
    "limits": ({"limits": (-1, 1)}, check_limits, 1 / 1.25),
    "opacity": ({"opacity": "map"}, check_opacity, 1 / 1.25),
    "opacity_threshold": ({"opacity": "threshold", "threshold": 0.8}, check_threshold, None),
    "clip_quantile": ({"clip_quantile": 0.99}, check_clip, None),
    "clip_mass": ({"clip_mass": 0.98}, check_clip, None),
    "contours": ({"contours": 0.9}, check_lines, 1 / 1.25),
    "boxes": ({"boxes": 1}, check_lines, None),
}


@pytest.mark.benchmark(group="options")
@pytest.mark.parametrize("name", CASES)
def test_option(benchmark, name):
    options, check, target = CASES[name]
    batch = workloads.typical(ITEMS)
    out, without = (np.empty((ITEMS, workloads.SIZE, workloads.SIZE, 3), np.uint8) for _ in "ab")
    plain = hotcold.HeatmapVisualizer(n_threads=1)
    show = hotcold.HeatmapVisualizer(n_threads=1, **options)
    maps = [seen(batch, {}), seen(batch, options)]
    race(
        benchmark,
        lambda: show.render(batch.attributions, batch.images_first, out=out),
        {
            "plain heat map": lambda: plain.render(
                batch.attributions, batch.images_first, out=without
            )
        },
        check=lambda mine, answers: check(mine, answers["plain heat map"], maps),
        targets={} if target is None else {"plain heat map": target},
        items=ITEMS,
    )
