"""Heat maps whose opacity follows the map: the image is left where the map says nothing."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import ListedColormap

import hotcold
from hotcold import HeatmapVisualizer
from hotcold.colormaps import faded, lookup_table
from hotcold.testing import assert_pictures_equal

RANGES = [(0.0, 1.0), (0.2, 0.7), (0.5, 0.6), (0.9, 1.0)]


def share_of(values, limits, zero):
    """Return magnitudes as fractions of the limits."""
    return np.abs(values - zero) / max(abs(limits[0] - zero), abs(limits[1] - zero))


def off_by(visualizer, a, x, limits, zero, opacity, opacity_range, cmap, clipped=None):
    """Return by how many levels pictures differ from the formula, edges of colours left out."""
    values = visualizer(a, x, imshow=False)[:, 0].astype(np.float64)
    low, high = opacity_range
    places = np.clip((values - limits[0]) / (limits[1] - limits[0]), 0, 1)
    colors = cmap(places)
    share = np.clip((share_of(np.clip(values, *limits), limits, zero) - low) / (high - low), 0, 1)
    cover = opacity * share[..., np.newaxis] * colors[..., 3:]
    x01 = reference.channels_last(reference.image01(x))
    exact = 255 * ((1 - cover) * x01 + cover * colors[..., :3])
    edges = reference.near_table_edge(values[:, None], [limits] * len(a), cmap.N)
    return np.abs(visualizer.render(a, x) - np.floor(exact + 0.5))[~edges]


@pytest.mark.parametrize("opacity_range", RANGES)
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
@pytest.mark.parametrize("sign", [None, "positive", "negative"])
def test_at_most_one_level_from_the_formula(rng, opacity_range, kind, sign):
    a = rng.standard_normal((3, 1, 33, 31)).astype("f4" if kind == "u1" else kind)
    x = (rng.random((3, 3, 33, 31)) * (255 if kind == "u1" else 1)).astype(kind)
    visualizer = HeatmapVisualizer(
        0.8, blur=0, cmap="jet", sign=sign, opacity="map", opacity_range=opacity_range
    )
    limits = (-1.0, 1.0) if sign is None else (0.0, 1.0)
    cmap = lookup_table("jet")
    cmap = ListedColormap(cmap.rgba)
    off = off_by(visualizer, a, x, limits, 0.0, 0.8, opacity_range, cmap)
    assert off.size > 2000
    assert off.max() <= 1
    assert (off > 0).mean() < 0.3


@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
def test_zero_is_clear_in_every_mode(rng, mode):
    a = rng.standard_normal((2, 1, 21, 19))
    a[:, :, 5:9] = 0
    x = rng.random((2, 3, 21, 19))
    values = HeatmapVisualizer(blur=0, normalization_type=mode)(a, x, imshow=False)[:, 0]
    visualizer = HeatmapVisualizer(1.0, blur=0, normalization_type=mode, opacity="map")
    bare = np.floor(255 * np.moveaxis(x, 1, -1) + 0.5)
    zero = {"01": None}.get(mode, 0.5 if mode.endswith("positive_centered") else 0.0)
    if zero is not None:
        assert (np.abs(visualizer.render(a, x) - bare)[values == zero] <= 1).all()
        assert (values == zero).sum() >= 2 * 4 * 19
    else:
        assert (np.abs(visualizer.render(a, x) - bare)[values == 0] <= 1).all()
    # And the strongest value hides the image.
    solid = HeatmapVisualizer(1.0, blur=0, normalization_type=mode).render(a, x)
    away = np.abs(values - (zero or 0.0)).reshape(2, -1)
    for item in range(2):
        if mode == "unnormalized" and away[item].max() < away.max():
            continue
        row, column = np.unravel_index(away[item].argmax(), (21, 19))
        strongest = visualizer.render(a, x)[item, row, column]
        assert (np.abs(strongest.astype(int) - solid[item, row, column]) <= 1).all()


def test_limits_say_what_is_all_of_it(rng):
    a = rng.uniform(-3, 6, (2, 1, 30, 20))
    x = rng.random((2, 3, 30, 20))
    cmap = ListedColormap(lookup_table("jet").rgba)
    for limits in ((-2.0, 5.0), (1.0, 4.0), (-6.0, 0.0)):
        visualizer = HeatmapVisualizer(0.6, blur=0, cmap="jet", limits=limits, opacity="map")
        off = off_by(visualizer, a, x, limits, 0.0, 0.6, (0, 1), cmap)
        assert off.max() <= 1


def test_an_alpha_of_the_colormap_multiplies_in(rng):
    cmap = ListedColormap(rng.random((7, 4)))
    a = rng.standard_normal((2, 1, 30, 20))
    x = rng.random((2, 3, 30, 20))
    visualizer = HeatmapVisualizer(0.9, blur=0, cmap=cmap, opacity="map")
    assert off_by(visualizer, a, x, (-1.0, 1.0), 0.0, 0.9, (0, 1), cmap).max() <= 1


@given(
    entries=st.integers(1, 700),
    low=st.floats(0, 0.98),
    width=st.floats(0.01, 1),
    limits=st.sampled_from([(-1.0, 1.0), (0.0, 1.0), (-2.0, 5.0)]),
)
def test_colours_stay_where_they_are(entries, low, width, limits):
    rgba = np.random.default_rng(entries).random((entries, 4))
    table = hotcold.colormaps.LookupTable(rgba, "any")
    finer = faded(table, limits, 0.0, (low, min(low + width, 1.0))).rgba
    split, rest = divmod(len(finer), entries)
    assert rest == 0
    assert split & (split - 1) == 0
    assert len(finer) <= hotcold.colormaps.MOST_ENTRIES
    np.testing.assert_array_equal(finer[::split, :3], rgba[:, :3])
    np.testing.assert_array_equal(finer[split - 1 :: split, :3], rgba[:, :3])
    assert (finer[:, 3] <= np.repeat(rgba[:, 3], split)).all()


def test_a_call_and_a_job_draw_the_same(rng, tmp_path):
    a = rng.standard_normal((5, 1, 24, 20)).astype("f4")
    x = rng.integers(0, 256, (5, 3, 24, 20), np.uint8)
    made = HeatmapVisualizer(blur=1, opacity="map", opacity_range=(0.1, 0.6))
    expected = made.render(a, x)
    called = HeatmapVisualizer(blur=1).render(a, x, opacity="map", opacity_range=(0.1, 0.6))
    np.testing.assert_array_equal(called, expected)
    np.testing.assert_array_equal(made.render(a, x, n_threads=1), expected)
    hotcold.render_files(made, a, x, output_dir=tmp_path, progress=False)
    for path, picture in zip(sorted(tmp_path.glob("*.png")), expected, strict=True):
        assert_pictures_equal(path, picture)
    constant = HeatmapVisualizer(blur=1).render(a, x)
    np.testing.assert_array_equal(made.render(a, x, opacity="constant"), constant)


def test_bad_opacities_are_refused(rng):
    a = rng.standard_normal((1, 1, 4, 4))
    with pytest.raises(ValueError, match="`opacity` must be one of"):
        HeatmapVisualizer(opacity="linear")
    with pytest.raises(ValueError, match=r"`opacity_range` must be a pair.*got \(0.5, 0.5\)"):
        HeatmapVisualizer(opacity="map", opacity_range=(0.5, 0.5))
    with pytest.raises(ValueError, match="`opacity_range` must be left out beside opacity='const"):
        HeatmapVisualizer(opacity_range=(0.1, 0.5))
    with pytest.raises(ValueError, match="`opacity_range` must be left out"):
        HeatmapVisualizer().render(a, a, opacity_range=(0.1, 0.5))
    with pytest.raises(TypeError, match="opacity"):
        hotcold.MaskVisualizer(opacity="map")


# --- above a threshold ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
@pytest.mark.parametrize(
    ("threshold", "by"), [(0.8, "quantile"), (0.5, "max"), (0.7, "mass"), ("otsu", "quantile")]
)
@pytest.mark.parametrize("sign", [None, "positive", "absolute"])
def test_above_a_threshold_is_the_heat_map_and_elsewhere_the_image(rng, kind, threshold, by, sign):
    a = rng.standard_normal((3, 1, 33, 31)).astype("f4" if kind == "u1" else kind)
    x = (rng.random((3, 3, 33, 31)) * (255 if kind == "u1" else 1)).astype(kind)
    options = {"blur": 0, "sign": sign, "clip_quantile": 0.99, "cmap": "jet"}
    shown = {"opacity": "threshold", "threshold": threshold}
    if threshold != "otsu":
        shown["threshold_by"] = by
    for more in ({}, {"grayscale": True}):
        got = HeatmapVisualizer(0.7, **options, **shown, **more).render(a, x)
        covered = HeatmapVisualizer(0.7, **options, **more).render(a, x)
        bare = HeatmapVisualizer(0.0, **options, **more).render(a, x)
        maps = reference.signed(a, sign or "all")
        maps = np.stack([reference.clipped(item, 0.99) for item in maps]).astype(a.dtype)
        rule = "otsu" if threshold == "otsu" else by
        number = 0.0 if threshold == "otsu" else threshold
        kept = np.stack([reference.kept(item[0], number, rule) for item in maps])
        assert 0 < kept.mean() < 1
        expected = np.where(kept[..., np.newaxis], covered, bare)
        # Grey made of bytes is rounded in another place than grey made of numbers.
        assert_pictures_equal(got, expected, max_level=1 if more and kind == "u1" else 0)


def test_threads_layouts_and_offline_jobs_show_the_same(rng, tmp_path):
    a = rng.standard_normal((2, 1, 70, 90)).astype(np.float32)
    x = rng.integers(0, 256, (2, 4, 70, 90), dtype=np.uint8)
    visualizer = HeatmapVisualizer(blur=1, opacity="threshold", threshold=0.7)
    expected = visualizer.render(a, x, n_threads=1)
    np.testing.assert_array_equal(expected[..., 3], x[:, 3])
    for n_threads in (2, 5):
        np.testing.assert_array_equal(visualizer.render(a, x, n_threads=n_threads), expected)
    last = HeatmapVisualizer(blur=1, opacity="threshold", threshold=0.7, dim_order="channels_last")
    got = last.render(np.moveaxis(a, 1, -1), np.moveaxis(x, 1, -1))
    np.testing.assert_array_equal(got, expected)
    values = visualizer(a, x, imshow=False)
    np.testing.assert_array_equal(values, HeatmapVisualizer(blur=1)(a, x, imshow=False))


@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
def test_missing_values_have_no_part_in_the_threshold(rng, nonfinite):
    a = np.abs(rng.standard_normal((1, 1, 30, 30)))
    a[0, 0, :, :20] = np.nan
    x = rng.random((1, 3, 30, 30))
    options = {"blur": 0, "cmap": "jet", "nonfinite": nonfinite}
    got = HeatmapVisualizer(0.7, opacity="threshold", threshold=0.5, **options).render(a, x)
    bare = HeatmapVisualizer(0.0, **options).render(a, x)
    covered = HeatmapVisualizer(0.7, **options).render(a, x)
    kept = a[0, 0] > np.quantile(a[np.isfinite(a)], 0.5)  # NaN is not
    np.testing.assert_array_equal(got[0], np.where(kept[..., np.newaxis], covered[0], bare[0]))


def test_a_threshold_is_refused_where_nothing_goes_by_it():
    with pytest.raises(ValueError, match="`threshold` must be left out without `boxes`"):
        HeatmapVisualizer(threshold=0.5)
    with pytest.raises(ValueError, match="`threshold_by` must be left out"):
        HeatmapVisualizer(threshold_by="max")
    visualizer = HeatmapVisualizer(opacity="threshold", threshold=0.5, threshold_by="max")
    with pytest.raises(ValueError, match="`opacity_range` must be left out"):
        HeatmapVisualizer(opacity="threshold", opacity_range=(0.1, 0.2))
    assert visualizer.settings.threshold == 0.5
