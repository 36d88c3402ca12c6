"""`scale`: one scale for many maps, in the core and on every visualizer."""

from __future__ import annotations

import dataclasses
import json
import pickle

import numpy as np
import pytest
import reference
from core_calls import plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Scale, Visualizer, _core

CLIPS = [
    {},
    {"clip_quantile": 0.9},
    {"clip_quantile": 1.0},
    {"clip_quantile": (0.05, 0.93)},
    {"clip_mass": 0.9},
    {"clip_mass": 1.0},
]
EXTREME_MODES = [m for m in hotcold.NORMALIZATION_TYPES if "sum" not in m and m != "unnormalized"]


@pytest.fixture
def maps(rng):
    """Items of very different sizes, one of them 0 everywhere."""
    sizes = np.array([1, 30, 0, 0.02, 5])[:, None, None, None]
    return (rng.normal(size=(5, 1, 11, 13)) * sizes).astype(np.float32)


def as_one(maps):
    """Lay all items out as one, which is then its own scale."""
    return maps.reshape(1, 1, 1, -1)


def measured(visualizer, maps, x=None):
    return hotcold.measure(visualizer, maps, x, progress=False)


def twin(maps, sign=None, clip_quantile=None, clip_mass=None):
    """Return all values, of the sign and without outliers, as numpy has them together."""
    v = reference.signed(maps, sign or "all").astype(maps.dtype)
    if clip_quantile is None and clip_mass is None:
        return v
    return reference.clipped(v, clip_quantile, clip_mass)


# --- the scale is that of all items as one -------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("clip", CLIPS, ids=str)
@pytest.mark.parametrize("sign", [None, "positive", "negative", "absolute"])
def test_clipping_is_that_of_all_items_together(maps, clip, sign, dtype):
    maps = maps.astype(dtype)
    show = Visualizer(normalization_type="unnormalized", sign=sign, scale="shared", **clip)
    got = show(maps, imshow=False)
    tolerance = 1e-7 if dtype == np.float32 else 1e-15
    np.testing.assert_allclose(got, twin(maps, sign, **clip), rtol=tolerance, atol=0)
    # One item alone is all items; to the last bit.
    alone = Visualizer(normalization_type="unnormalized", sign=sign, **clip)
    np.testing.assert_array_equal(got.ravel(), alone(as_one(maps), imshow=False).ravel())


@pytest.mark.parametrize("mode", EXTREME_MODES)
@pytest.mark.parametrize("clip", CLIPS, ids=str)
def test_modes_go_by_the_extremes_of_all_items(maps, mode, clip):
    show = Visualizer(normalization_type=mode, scale="shared", **clip)
    alone = Visualizer(normalization_type=mode, **clip)
    expected = alone(as_one(maps), imshow=False).reshape(maps.shape)
    np.testing.assert_array_equal(show(maps, imshow=False), expected)
    pictures = alone.render(as_one(maps)).reshape(*maps.shape[:1], *maps.shape[2:], 3)
    np.testing.assert_array_equal(show.render(maps), pictures)
    assert (show.render(maps) != alone.render(maps)).any()


@pytest.mark.parametrize("mode", ["magnitude_sum", "signed_sum"])
def test_sums_are_the_items_own_and_their_colours_have_one_scale(maps, mode):
    own = Visualizer(normalization_type=mode, cmap="gray")
    shared = Visualizer(normalization_type=mode, cmap="gray", scale="shared")
    values = own(maps, imshow=False)
    np.testing.assert_array_equal(shared(maps, imshow=False), values)
    top = np.abs(values).max()
    low = 0.0 if mode == "magnitude_sum" else -top
    expected = np.clip((values - low) / (top - low) * 256, 0, 255).astype(int)
    assert np.abs(shared.render(maps)[:, None, ..., 0].astype(int) - expected).max() <= 1


def test_unnormalized_shares_its_limits_as_ever_and_clipping_too(maps):
    np.testing.assert_array_equal(
        Visualizer(normalization_type="unnormalized", scale="shared").render(maps),
        Visualizer(normalization_type="unnormalized").render(maps),
    )
    together = Visualizer(normalization_type="unnormalized", clip_quantile=0.5, scale="shared")
    each = Visualizer(normalization_type="unnormalized", clip_quantile=0.5)
    assert (together(maps, imshow=False) != each(maps, imshow=False)).any()


@pytest.mark.parametrize("n_threads", [1, 2, 7])
@pytest.mark.parametrize("dim_order", ["channels_first", "channels_last"])
def test_threads_and_layout_change_no_bit(maps, n_threads, dim_order):
    show = Visualizer(clip_quantile=0.9, scale="shared", dim_order=dim_order, n_threads=n_threads)
    given = maps if dim_order == "channels_first" else np.moveaxis(maps, 1, -1)
    expected = Visualizer(clip_quantile=0.9, scale="shared").render(maps)
    np.testing.assert_array_equal(show.render(given), expected)
    np.testing.assert_array_equal(show.render(given[:, ::1]), expected)


def test_a_heat_map_shares_its_scale_after_upsampling_and_blur(maps, rng):
    x = rng.random((5, 3, 33, 39)).astype(np.float32)
    show = HeatmapVisualizer(blur=2, upsample="bilinear", clip_quantile=0.99, scale="shared")
    scale = measured(show, maps, x)
    made = HeatmapVisualizer(blur=2, upsample="bilinear", normalization_type="unnormalized")
    values = made(maps, x, imshow=False)
    assert scale.high == pytest.approx(np.quantile(np.abs(values), 0.99), rel=1e-6)
    drawn = HeatmapVisualizer(blur=2, upsample="bilinear", clip_quantile=0.99, scale=scale)
    np.testing.assert_array_equal(drawn.render(maps, x), show.render(maps, x))


def test_masks_whose_map_is_the_opacity_share_a_scale(maps, rng):
    x = rng.random((5, 3, 11, 13)).astype(np.float32)
    show = MaskVisualizer(use_attr_as_opacity=True, blur=0, scale="shared", image_range=(0, 1))
    opacity = np.maximum(maps, 0)
    opacity = (opacity - opacity.min()) / (opacity.max() - opacity.min())
    np.testing.assert_allclose(
        show(maps, x, imshow=False, return_tiled=False), opacity * x, atol=1e-6
    )


@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
@pytest.mark.parametrize("clip", CLIPS[:5], ids=str)
def test_missing_values_are_no_part_of_it(maps, nonfinite, clip):
    holed = maps.copy()
    holed[1, 0, 2:5, 3:9] = np.nan
    holed[0, 0, 0, 0] = np.inf
    there = np.isfinite(holed)
    show = Visualizer(
        normalization_type="unnormalized", nonfinite=nonfinite, scale="shared", **clip
    )
    got = show(holed, imshow=False)
    np.testing.assert_allclose(got[there], twin(holed[there], None, **clip), rtol=1e-6)
    scaled = Visualizer(nonfinite=nonfinite, scale="shared", **clip)(holed, imshow=False)
    assert np.abs(scaled[there]).max() == 1
    missing = scaled[~there]
    assert (missing == 0).all() if nonfinite == "zero" else np.isnan(missing).all()


def test_zero_is_drawn_for_what_is_missing_where_a_range_is_shared(maps):
    holed = maps + 400
    holed[0, 0, 0, 0] = np.nan
    show = Visualizer(normalization_type="01", nonfinite="zero", scale="shared")
    assert show(holed, imshow=False)[0, 0, 0, 0] == 0  # the end nearest to 0


def test_maps_of_one_number_and_of_nothing_are_drawn_as_zero():
    same = np.full((3, 1, 4, 4), 2.0, np.float32)
    for mode in ("01", "unsigned_max"):
        show = Visualizer(normalization_type=mode, scale="shared", clip_quantile=0.9)
        alone = Visualizer(normalization_type=mode, clip_quantile=0.9)
        np.testing.assert_array_equal(show.render(same), alone.render(same))
    nothing = np.zeros((3, 1, 4, 4), np.float32)
    assert (Visualizer(scale="shared")(nothing, imshow=False) == 0).all()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_maps_have_the_scale_of_their_values_together(data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    width = 32 if dtype == np.float32 else 64
    shape = data.draw(hnp.array_shapes(min_dims=3, max_dims=3, max_side=7))
    numbers = st.one_of(
        st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 3e-40]),
        st.floats(-(2.0**100), 2.0**100, width=width, allow_nan=False),
    )
    maps = data.draw(hnp.arrays(dtype, shape, elements=numbers))[:, None]
    by = data.draw(st.sampled_from(["clip_quantile", "both ends", "none"]))
    clip = {}
    if by == "clip_quantile":
        clip = {"clip_quantile": data.draw(st.floats(0, 1))}
    elif by == "both ends":
        ends = data.draw(st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True))
        clip = {"clip_quantile": tuple(sorted(ends))}
    show = Visualizer(normalization_type="unnormalized", scale="shared", **clip)
    alone = Visualizer(normalization_type="unnormalized", **clip)
    got = show(
        maps,
        imshow=False,
    )
    np.testing.assert_array_equal(got.ravel(), alone(as_one(maps), imshow=False).ravel())
    batches = np.array_split(maps, min(3, len(maps)))
    scale = measured(show, list(batches))
    assert (scale.low, scale.high) == (got.min() + 0.0, got.max() + 0.0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 300), st.floats(0, 1), st.integers(0, 2**32 - 1), st.booleans())
def test_masses_are_summed_without_rounding(count, share, seed, wide):
    rng = np.random.default_rng(seed)
    values = rng.integers(-1000, 1000, count) * 2.0 ** rng.integers(-140, 100, count)
    values = values.astype(np.float64 if wide else np.float32)[None, None, None]
    m = np.sort(np.abs(values.ravel()))
    from fractions import Fraction

    goal = Fraction(share) * sum(Fraction(float(one)) for one in m)
    total, t = Fraction(0), 0.0
    for one in m:
        total += Fraction(float(one))
        t = float(one)
        if total >= goal:
            break
    scale = measured(Visualizer(clip_mass=share), values)
    least, most = values.min(), values.max()
    expected = (max(least, -t), min(most, t)) if t > 0 else (least, most)
    assert (scale.low, scale.high) == expected


# --- the core ------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("magnitudes", [False, True])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_ranks_are_counted_by_bits(rng, dtype, magnitudes, n_threads):
    a = rng.normal(size=(9, 2, 17, 5)).astype(dtype)
    a[0, 0, 0, :2] = [-0.0, 0.0]
    values = np.abs(a) if magnitudes else a + 0.0
    bits = 8 * a.itemsize
    kind = np.uint32 if bits == 32 else np.uint64
    pattern = np.ascontiguousarray(values).view(kind).ravel().astype(object)
    keys = [
        int(p) ^ (2**bits - 1) if p >> (bits - 1) else int(p) | 1 << (bits - 1) for p in pattern
    ]
    wanted = plan(normalization_type="unnormalized", reduction="none", paint="channels")
    a3 = np.concatenate([a, a[:, :1]], axis=1)  # three channels can be drawn
    keys += [k for item in np.array(keys, object).reshape(9, 2, -1)[:, 0] for k in item]
    for digit in range(bits // 16):
        below = bits - 16 * (digit + 1)
        prefixes = sorted({k >> (below + 16) for k in keys})[:3]
        counts, extent, found = _core.count_ranks(
            wanted, a3, None, magnitudes, True, digit, prefixes, n_threads
        )
        assert found == bits
        assert extent == (a.min(), a.max())
        expected = np.zeros((3, len(prefixes), 65536), np.uint64)
        for k in keys:
            if k >> (below + 16) in prefixes:
                at = prefixes.index(k >> (below + 16)), k >> below & 0xFFFF
                rest = k & ((1 << below) - 1)
                for i, number in enumerate((1, rest & 0xFFFFFF, rest >> 24)):
                    expected[(i, *at)] += np.uint64(number)
        np.testing.assert_array_equal(counts, expected)
        alone, *_ = _core.count_ranks(
            wanted, a3, None, magnitudes, False, digit, prefixes, n_threads
        )
        np.testing.assert_array_equal(alone, expected[:1])


@pytest.mark.kernels
def test_each_item_is_measured_alone(maps):
    wanted = plan(normalization_type="unnormalized", paint="channels")
    got = _core.measure_each(wanted, maps, None, 2)
    np.testing.assert_array_equal(got, np.stack([maps.min((1, 2, 3)), maps.max((1, 2, 3))], 1))
    maps[1, 0, 3, 3] = np.nan
    got = _core.measure_each(wanted, maps, None, 2)
    assert np.isnan(got[1]).all()
    assert np.isfinite(got[[0, 2, 3, 4]]).all()


@pytest.mark.kernels
def test_the_core_refuses_queries_that_make_no_sense(maps):
    wanted = plan(paint="channels")
    for arguments, words in {
        (False, False, 2, (0,)): "`digit` must be one of the values' own, got 2",
        (False, True, 0, ()): "`prefixes` must be 1 to 16 numbers, got 0",
        (False, True, 0, (0,) * 17): "`prefixes` must be 1 to 16 numbers, got 17",
        (False, True, 1, (7, 3)): "`prefixes` must rise",
    }.items():
        with pytest.raises(ValueError, match=words):
            _core.count_ranks(wanted, maps, None, *arguments, 1)
    for extremes in ((1.0, 0.0), (0.0, np.inf), (np.nan, 1.0)):
        with pytest.raises(ValueError, match="`extremes` must be finite"):
            plan(extremes=extremes)


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
@pytest.mark.parametrize("sign", [None, "positive", "negative"])
@pytest.mark.parametrize("scale", [None, "shared"])
def test_limits_are_the_attributions_at_both_ends_of_the_colours(maps, mode, sign, scale):
    """A map that holds the limits themselves is drawn in the colours of both ends."""
    maps = maps[[0, 1, 3, 4]]
    show = Visualizer(normalization_type=mode, sign=sign, scale=scale, cmap="gray")
    limits = show.limits(maps)
    assert (limits.dtype, limits.shape) == (np.float64, (4, 2))
    table = np.sort(np.unique(show.render(maps)[..., 0]))
    v = reference.signed(maps, sign or "all")
    pictures = show.render(maps)[..., 0]
    for item in range(4):
        low, high = limits[item]
        assert low < high
        if "signed" in mode or "unsigned" in mode or mode == "unnormalized":
            # The colour of a value is where it lies between its end and 0.
            part = v[item, 0] / np.where(v[item, 0] < 0, -low or np.inf, high or np.inf)
            start = 0.0 if sign and "centered" not in mode else 0.5
            place = part if start == 0 else part / 2 + 0.5
        else:
            shown = np.abs(v[item, 0]) if mode.startswith("magnitude") else v[item, 0]
            place = (shown - low) / (high - low)
        expected = np.clip(place * 256, 0, 255).astype(int)
        assert np.abs(pictures[item].astype(int) - expected).max() <= 1, mode
    assert len(table) > 10


def test_limits_need_no_images_but_to_enlarge(maps, rng):
    show = HeatmapVisualizer(blur=0)
    np.testing.assert_array_equal(show.limits(maps), Visualizer().limits(maps))
    x = rng.random((5, 3, 22, 26))
    large = HeatmapVisualizer(blur=0, upsample="bicubic")
    with pytest.raises(TypeError, match="`x` must be given: upsample='bicubic' brings maps"):
        large.limits(maps)
    values = HeatmapVisualizer(blur=0, upsample="bicubic", normalization_type="unnormalized")(
        maps, x, imshow=False
    )
    top = np.abs(values).max((1, 2, 3))
    np.testing.assert_array_equal(large.limits(maps, x), np.stack([-top, top], 1))


def test_limits_of_bad_maps_are_refused(maps):
    maps[2, 0, 1, 1] = np.nan
    with pytest.raises(ValueError, match=r"attributions\[2\] holds 1 non-finite"):
        Visualizer().limits(maps)
    with pytest.raises(ValueError, match="must have one channel to have limits in the mode"):
        Visualizer(normalization_type="signed_sum").limits(np.ones((1, 3, 4, 4)))
    assert Visualizer(limits=(-1, 3)).limits(maps[:1]).tolist() == [[-1.0, 3.0]]


# --- the object ----------------------------------------------------------------------------------


def test_scales_are_saved_to_the_last_bit(maps, tmp_path):
    for options in ({}, {"clip_quantile": (0.1, 0.9), "blur": (1, 2)}, {"clip_mass": 0.98}):
        show = Visualizer(normalization_type="signed_sum", **options)
        scale = measured(show, maps)
        scale.save(tmp_path / "scale.json")
        again = Scale.load(tmp_path / "scale.json")
        assert again == scale
        assert pickle.loads(pickle.dumps(scale)) == scale
        assert hash(again) == hash(scale)
        drawn = Visualizer(normalization_type="signed_sum", scale=again, **options)
        shared = Visualizer(normalization_type="signed_sum", scale="shared", **options)
        np.testing.assert_array_equal(drawn.render(maps), shared.render(maps))
        assert pickle.loads(pickle.dumps(drawn)) == drawn
    assert repr(scale).startswith("<Scale ")
    with pytest.raises(dataclasses.FrozenInstanceError):
        scale.low = 3.0


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1]", '{"format": "other"}', '{"format": "hotcold scale", "version": 1}', "\x00"],
)
def test_files_that_hold_no_scale_are_refused(tmp_path, content):
    path = tmp_path / "scale.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="`scale` must be a file that `hotcold scale` or"):
        Scale.load(path)
    with pytest.raises(FileNotFoundError):
        Scale.load(tmp_path / "missing.json")


def test_files_of_other_versions_and_impossible_numbers_are_refused(maps, tmp_path):
    path = tmp_path / "scale.json"
    content = json.loads(measured(Visualizer(), maps).to_json())
    path.write_text(json.dumps({**content, "version": 2}))
    with pytest.raises(ValueError, match="`scale` must be of version 1, got 2"):
        Scale.load(path)
    path.write_text(json.dumps({**content, "low": 7.0, "high": 3.0}))
    with pytest.raises(ValueError, match=r"`low` must not be above `high`, got 7\.0 and 3\.0"):
        Scale.load(path)
    path.write_text(json.dumps({**content, "low": float("nan")}))
    with pytest.raises(ValueError, match="must be finite numbers"):
        Scale.load(path)


def test_parts_merge_to_the_whole(maps):
    for mode in hotcold.NORMALIZATION_TYPES:
        show = Visualizer(normalization_type=mode, blur=1)
        whole = measured(show, maps)
        first, *others = (measured(show, part) for part in (maps[:1], maps[1:3], maps[3:]))
        assert first.merge(*others) == whole


def test_scales_that_cannot_be_merged_say_why(maps):
    clipped = measured(Visualizer(clip_quantile=0.9), maps)
    with pytest.raises(ValueError, match="scales with clip_quantile cannot be merged"):
        clipped.merge(clipped)
    one, other = (measured(Visualizer(blur=blur), maps) for blur in (1, 2))
    with pytest.raises(ValueError, match=r"measured with blur=1\.0, not 2\.0"):
        one.merge(other)


def test_a_scale_of_other_maps_is_refused_and_the_difference_named(maps, rng):
    scale = measured(Visualizer(blur=2, sign="positive", clip_quantile=0.9), maps)
    with pytest.raises(ValueError, match=r"it was measured with blur=2\.0, not 3\.0"):
        Visualizer(blur=3, sign="positive", clip_quantile=0.9, scale=scale).render(maps)
    with pytest.raises(ValueError, match=r"not .all.; clip_quantile=0\.9, not None"):
        Visualizer(blur=2, scale=scale).render(maps)
    # Heat maps, masks and plain maps that are made alike take the same.
    x = rng.random((5, 3, 11, 13))
    heat = HeatmapVisualizer(blur=2, sign="positive", clip_quantile=0.9, scale=scale)
    assert heat.render(maps, x).shape == (5, 11, 13, 3)
    for mode in EXTREME_MODES:
        options = {"blur": 2, "sign": "positive", "clip_quantile": 0.9}
        Visualizer(normalization_type=mode, scale=scale, **options).render(maps)
    with pytest.raises(ValueError, match="normalization_type='magnitude_max', not 'signed_sum'"):
        Visualizer(normalization_type="signed_sum", scale=scale, **options).render(maps)


def test_values_beyond_a_scale_are_drawn_as_its_ends(maps):
    scale = measured(Visualizer(), maps[:1])
    values = Visualizer(scale=scale)(maps, imshow=False)
    top = max(-scale.low, scale.high)
    np.testing.assert_allclose(
        values, np.clip(maps, scale.low, scale.high) / np.float32(top), rtol=1e-6
    )


# --- bad input -----------------------------------------------------------------------------------


def test_names_and_types_are_checked():
    with pytest.raises(ValueError, match=r"`scale` must be .*'shared'.* got 'shard'"):
        Visualizer(scale="shard")
    with pytest.raises(TypeError, match=r"`scale` must be 'item', 'shared' or a hotcold\.Scale"):
        Visualizer(scale=(0, 1))


def test_scales_that_nothing_goes_by_are_refused(maps, rng):
    x = rng.random((5, 3, 11, 13))
    with pytest.raises(ValueError, match=r"`scale` must be None beside limits=\(0\.0, 1\.0\)"):
        Visualizer(limits=(0, 1), scale="shared")
    with pytest.raises(ValueError, match="a threshold goes by the values of each item"):
        MaskVisualizer(scale="shared")
    MaskVisualizer(scale="item")
    shared = MaskVisualizer(scale="shared", clip_quantile=0.99)
    assert shared.render(maps, x).shape == (5, 11, 13, 3)
    with pytest.raises(ValueError, match="must have no limits to be measured for"):
        hotcold.measure(Visualizer(limits=(0, 1)), maps)
    with pytest.raises(TypeError, match="`visualizer` must be one of hotcold's, got str"):
        hotcold.measure("plain", maps)


def test_a_call_may_choose_another(maps):
    item, shared = Visualizer(), Visualizer(scale="shared")
    np.testing.assert_array_equal(item.render(maps, scale="shared"), shared.render(maps))
    np.testing.assert_array_equal(shared.render(maps, scale="item"), item.render(maps))
