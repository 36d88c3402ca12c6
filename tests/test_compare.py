"""`compare`: metrics of two versions of maps, against scipy and scikit-image."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import LAYOUTS
from scipy import stats
from skimage.metrics import structural_similarity

import hotcold
from hotcold import _core
from hotcold._arrays import as_batch
from hotcold.comparison import METRICS

ALL = list(METRICS)
ALIKE = [name for name, metric in METRICS.items() if metric.higher_is_alike]
SIZES = ((7, 7), (8, 31), (31, 8), (64, 63))


def twin(a, b, metric, top=0.1):
    """Return a metric of two maps, as its definition has it."""
    a, b = (np.asarray(m, np.float64) for m in (a, b))
    if metric == "max_abs":
        return np.abs(a - b).max()
    if metric == "centroid":
        return np.linalg.norm(centre(a) - centre(b))
    flat = [m.min() == m.max() for m in (a, b)]
    if any(flat):
        return float(all(flat))
    if metric == "rank":
        return stats.spearmanr(a.ravel(), b.ravel())[0]
    if metric == "pearson":
        return stats.pearsonr(a.ravel(), b.ravel())[0]
    if metric == "overlap":
        return np.minimum(np.abs(a) / np.abs(a).sum(), np.abs(b) / np.abs(b).sum()).sum()
    if metric == "iou":
        kept = [m > np.quantile(m, 1 - top) for m in (a, b)]
        if not (kept[0] | kept[1]).any():
            kept = [m == m.max() for m in (a, b)]
        return (kept[0] & kept[1]).sum() / (kept[0] | kept[1]).sum()
    one_sign = min(a.min(), b.min()) >= 0 or max(a.max(), b.max()) <= 0
    scaled = [m / np.abs(m).max() for m in (a, b)]
    return structural_similarity(*scaled, data_range=1 if one_sign else 2)


def centre(m):
    w = np.abs(m)
    places = np.indices(m.shape).reshape(2, -1)
    return places.mean(1) if w.sum() == 0 else (places * w.ravel()).sum(1) / w.sum()


def core(a, b, metrics=ALL, top=0.1, n_threads=1):
    table, bad_a, bad_b = _core.compare(a, b, metrics, top, n_threads)
    assert bad_a is None
    assert bad_b is None
    return table


PAIRS = {
    "noise": lambda a, rng: a + rng.normal(size=a.shape),
    "unrelated": lambda a, rng: rng.normal(size=a.shape),
    "turned": lambda a, rng: -a,
    "scaled": lambda a, rng: a * 7,
    "sparse": lambda a, rng: np.where(rng.random(a.shape) < 0.97, 0, a),
    "tied": lambda a, rng: np.round(a),
    "positive": lambda a, rng: np.abs(a),
    "one pixel": lambda a, rng: np.where(np.arange(a[0].size).reshape(a[0].shape) == 5, 1.0, a * 0),
    "tiny": lambda a, rng: a * 1e-30,
}


@pytest.mark.kernels
@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_metrics_are_those_of_scipy_and_scikit_image(rng, kind, n_threads):
    for size in SIZES:
        a = rng.normal(size=(3, 1, *size))
        b = PAIRS[kind](a, rng)
        for first, second in ((a, b), (b, a), (np.abs(a), np.abs(b))):
            got = core(first, second, n_threads=n_threads)
            for item in range(3):
                for i, metric in enumerate(ALL):
                    expected = twin(first[item, 0], second[item, 0], metric)
                    assert got[item, i] == pytest.approx(expected, abs=1e-9), (metric, size)


@pytest.mark.kernels
def test_float32_maps_are_compared_as_their_values_are(rng):
    a = rng.normal(size=(4, 1, 40, 41)).astype(np.float32)
    b = (a + rng.normal(size=a.shape)).astype(np.float32)
    wide = core(a.astype(np.float64), b.astype(np.float64))
    np.testing.assert_allclose(core(a, b), wide, rtol=1e-6)
    np.testing.assert_array_equal(core(a, b.astype(np.float64)), core(a.astype(np.float64), b))


@pytest.mark.kernels
@pytest.mark.parametrize("layout", LAYOUTS)
def test_strides_and_threads_change_no_bit(rng, layout, dtype):
    a = rng.normal(size=(5, 1, 19, 23)).astype(dtype)
    b = (a + rng.normal(size=a.shape)).astype(dtype)
    expected = core(a, b)
    for n_threads in (1, 2, 8):
        stored = [as_batch(LAYOUTS[layout](m), "a", "channels_first") for m in (a, b)]
        np.testing.assert_array_equal(core(*stored, n_threads=n_threads), expected)
        one = core(*(m[:1] for m in stored), n_threads=n_threads)
        np.testing.assert_array_equal(one, expected[:1])


@pytest.mark.kernels
def test_equal_maps_agree_wholly_and_constant_ones_with_constant_ones(rng, dtype):
    a = rng.normal(size=(2, 1, 30, 30)).astype(dtype)
    assert core(a, a.copy()).tolist() == [[1, 1, 1, 1, 1, 0, 0]] * 2
    two, three = np.full((1, 1, 9, 9), 2, dtype), np.full((1, 1, 9, 9), 3, dtype)
    assert core(two, three).tolist() == [[1, 1, 1, 1, 1, 0, 1]]
    assert core(two * 0, two * 0).tolist() == [[1, 1, 1, 1, 1, 0, 0]]
    some = rng.normal(size=(1, 1, 9, 9)).astype(dtype)
    assert core(some, two, ALIKE).tolist() == [[0] * 5]
    assert core(two * 0, some, ALIKE).tolist() == [[0] * 5]


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_maps_whose_highest_pixels_are_more_than_the_top_are_not_all_alike(rng, dtype):
    # Above the quantile is nothing then: any two such maps agreed wholly.
    half = np.zeros((1, 1, 8, 10), dtype)
    half[..., :5] = 1
    assert core(half, 1 - half, ["iou"]).item() == 0
    assert core(half, np.roll(half, 1, axis=-1), ["iou"]).item() == pytest.approx(4 / 6)
    assert core(half, half * 3, ["iou"]).item() == 1
    a, b = rng.normal(size=(2, 3, 1, 16, 17)).astype(dtype)
    clipped = hotcold.Visualizer(combine_channels=True, clip_quantile=0.7)
    for found in hotcold.compare(a, b, visualizer=clipped, metrics=["iou"])["iou"]:
        assert 0 < found < 0.5


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_maps_have_metrics_of_their_definitions(data):
    shape = (data.draw(st.integers(7, 12)), data.draw(st.integers(7, 12)))
    numbers = st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0]), st.floats(-100, 100))
    a, b = (data.draw(hnp.arrays(np.float64, shape, elements=numbers)) for _ in "ab")
    top = data.draw(st.floats(0.01, 0.99))
    got = core(a[None, None], b[None, None], top=top)[0]
    assert np.isfinite(got).all()
    for metric, value in zip(ALL, got, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's, of values that are all but constant
            expected = twin(a, b, metric, top)
        nearly_flat = min(m.std() / max(np.abs(m).max(), 1e-300) for m in (a, b)) < 1e-6
        if metric == "pearson" and nearly_flat:
            continue  # of what rounding left of the values nothing can be said
        assert value == pytest.approx(expected, abs=1e-9), metric


def test_values_near_the_ends_of_their_type_neither_overflow_nor_vanish(rng):
    a = rng.normal(size=(1, 1, 20, 20))
    b = a + 0.3 * rng.normal(size=a.shape)
    usual = core(a, b, ALIKE)
    for factor in (1e306, 1e-290):
        np.testing.assert_allclose(core(a * factor, b * factor, ALIKE), usual, rtol=1e-9)
        np.testing.assert_allclose(core(a * factor, b, ALIKE), usual, rtol=1e-9)


# --- the function --------------------------------------------------------------------------------


@pytest.fixture
def maps(rng):
    return rng.normal(size=(6, 3, 16, 17)).astype(np.float32)


@pytest.fixture
def changed(maps, rng):
    other = maps + 0.1 * rng.normal(size=maps.shape).astype(np.float32)
    other[4] = rng.normal(size=maps.shape[1:])
    return other


def test_maps_are_compared_as_the_visualizer_makes_them(maps, changed, rng):
    found = hotcold.compare(maps, changed)
    expected = core(maps.mean(1, keepdims=True), changed.mean(1, keepdims=True), found.metrics)
    np.testing.assert_allclose(found.table, expected, atol=1e-5)
    options = {"blur": 2, "sign": "positive", "clip_quantile": 0.9, "combine": "sum"}
    show = hotcold.Visualizer(normalization_type="unnormalized", **options)
    expected = core(*(show(m, imshow=False) for m in (maps, changed)))
    for kind in (hotcold.Visualizer, hotcold.HeatmapVisualizer, hotcold.MaskVisualizer):
        more = {"contours": 0.9} if kind is hotcold.Visualizer else {}
        got = hotcold.compare(maps, changed, visualizer=kind(**options, **more), metrics=ALL)
        np.testing.assert_array_equal(got.table, expected)
    last = hotcold.Visualizer(dim_order="channels_last", **options)
    got = hotcold.compare(
        np.moveaxis(maps, 1, -1), np.moveaxis(changed, 1, -1), visualizer=last, metrics=ALL
    )
    np.testing.assert_array_equal(got.table, expected)
    x = rng.random((6, 3, 32, 34))
    large = hotcold.HeatmapVisualizer(upsample="bilinear", blur=0)
    made = hotcold.HeatmapVisualizer(upsample="bilinear", blur=0, normalization_type="unnormalized")
    expected = core(*(made(m, x, imshow=False) for m in (maps, changed)), found.metrics)
    got = hotcold.compare(maps, changed, x, visualizer=large)
    np.testing.assert_array_equal(got.table, expected)


def test_the_worst_come_first_and_equals_in_order(maps, changed):
    found = hotcold.compare(maps, changed, metrics=ALL)
    for metric in ALL:
        worst = found.worst(6, metric)
        values = found[metric][worst]
        steps = np.diff(values)
        assert (steps >= 0).all() if METRICS[metric].higher_is_alike else (steps <= 0).all()
        assert found.summary[metric]["worst_item"] == worst[0]
        limit = float(np.median(found[metric]))
        beyond = found.beyond(metric, limit)
        worse = found[metric] < limit if METRICS[metric].higher_is_alike else found[metric] > limit
        np.testing.assert_array_equal(beyond, np.flatnonzero(worse))
    assert found.worst(1, "rank")[0] == 4
    same = hotcold.compare(maps, maps)
    assert same.worst(3, "iou").tolist() == [0, 1, 2]
    assert len(same.worst(100, "iou")) == 6


def test_a_table_holds_every_number_to_the_last_bit(maps, changed, tmp_path):
    found = hotcold.compare(maps, changed, metrics=["iou", "centroid"])
    path = tmp_path / "table.csv"
    found.to_csv(path, names=[f"img_{i}.png" for i in range(6)])
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["item", "name", "iou", "centroid"]
    assert [row[:2] for row in rows] == [[str(i), f"img_{i}.png"] for i in range(6)]
    np.testing.assert_array_equal(np.array([row[2:] for row in rows], float), found.table)
    with pytest.raises(ValueError, match="`names` must hold 6 names, one per item, got 2"):
        found.to_csv(path, names=["a", "b"])


def test_missing_values_are_refused_unless_they_are_meant_to_be(maps, changed):
    changed[2, 0, 3, 3] = np.nan
    with pytest.raises(ValueError, match=r"`b` must be finite: b\[2\] holds 1 non-finite"):
        hotcold.compare(maps, changed)
    zero = hotcold.Visualizer(combine_channels=True, nonfinite="zero")
    found = hotcold.compare(maps, changed, visualizer=zero)
    assert np.isfinite(found.table).all()


def test_bad_input_is_refused_by_name(maps, changed):
    def refused(words, *arguments, **more):
        with pytest.raises(ValueError, match=words):
            hotcold.compare(*arguments, **more)

    refused(r"`b` must have the items, rows and columns of `a`.*got \(5,", maps, changed[:5])
    refused(r"`b` must have the items.*got \(6, 15, 17\)", maps, changed[:, :, 1:])
    refused("did you mean 'rank'", maps, changed, metrics=["ranks"])
    refused("`metrics` must hold at least one of rank, iou", maps, changed, metrics=[])
    refused("`top` must be between 0 and 1, got 1", maps, changed, top=1)
    refused(r"`top` must be in \[0, 1\], got 7", maps, changed, top=7)
    # Nothing is below NaN: asked for, it would say that no item is.
    with pytest.raises(ValueError, match="`limit` must be a number, got nan"):
        hotcold.compare(maps, changed).beyond("iou", float("nan"))
    refused("'ssim' for maps below 7 x 7", maps[..., :6, :], changed[..., :6, :])
    refused("`b` must", maps, np.zeros((6, 16, 17)))
    refused(
        "`a` must have one channel to be compared, got 3",
        maps,
        changed,
        visualizer=hotcold.Visualizer(),
    )
    found = hotcold.compare(maps, changed, metrics=["iou"])
    for ask in (lambda: found["rank"], lambda: found.worst(1, "rank")):
        with pytest.raises(ValueError, match="must be one of iou, got 'rank'"):
            ask()
    with pytest.raises(TypeError, match="`metrics` must be a sequence of names"):
        hotcold.compare(maps, changed, metrics="iou")
    with pytest.raises(TypeError, match="`visualizer` must be one of hotcold's, got str"):
        hotcold.compare(maps, changed, visualizer="heatmap")
    enlarges = hotcold.HeatmapVisualizer(upsample="bilinear")
    with pytest.raises(TypeError, match="`x` must be given: upsample"):
        hotcold.compare(maps, changed, visualizer=enlarges)


@pytest.mark.kernels
def test_the_core_refuses_what_it_cannot_compare(maps):
    one = maps[:, :1]
    for arguments, words in (
        ((maps, maps, ALL, 0.1), "must have one channel and the same shape"),
        ((one, one[:3], ALL, 0.1), "must have one channel and the same shape"),
        ((one, one, ["rank", "more"], 0.1), "`metrics` must be"),
        ((one, one, ALL, 0.0), "`top` must be between 0 and 1"),
        ((one, one, ALL, np.nan), "`top` must be between 0 and 1"),
        ((one[:, :, :6], one[:, :, :6], ALL, 0.1), "at least 7 rows and columns"),
    ):
        with pytest.raises(ValueError, match=words):
            _core.compare(*arguments, 1)
