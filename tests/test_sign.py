"""The `sign` option: which values of a map count, in the core and on every visualizer."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import reference
from click.testing import CliRunner
from core_calls import plan
from helpers import message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from offline_inputs import assert_same_pictures, make_images, make_maps, render_quietly

import hotcold
from hotcold import ChannelMaskVisualizer, HeatmapVisualizer, MaskVisualizer, Visualizer, _core
from hotcold.cli import main

ONE_SIGN = ("positive", "negative", "absolute")
SIGNS = ("all", *ONE_SIGN)


def taken(a, sign, n_threads=1, **changes):
    """Return what the fused pass computes when it takes a sign and does little else."""
    values = np.empty_like(a)
    spec = plan(sign=sign, normalization_type="unnormalized", **changes)
    assert _core.render(spec, a, None, values, None, n_threads) is None
    return values


# --- the kernel -----------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 3, 5), (1, 1, 7, 67), (1, 1, 150, 131)])
def test_values_are_numpys_bit_by_bit(rng, dtype, isa, sign, shape):
    a = rng.standard_normal(shape).astype(dtype)
    a.flat[::5] = 0.0
    a.flat[2::5] = -0.0
    expected = reference.signed(a, sign)
    for n_threads in (1, 2):
        got = taken(a, sign, n_threads)
        np.testing.assert_array_equal(got, expected)
        assert sign == "all" or not np.signbit(got).any()


@pytest.mark.kernels
@pytest.mark.parametrize("sign", ONE_SIGN)
def test_zeros_of_either_sign_are_plain_zeros(dtype, isa, sign):
    smallest, most = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    a = np.array([0.0, -0.0, smallest, -smallest, most, -most] * 11, dtype).reshape(1, 1, 6, 11)
    got = taken(a, sign)
    np.testing.assert_array_equal(got, reference.signed(a, sign))
    assert not np.signbit(got).any()


@pytest.mark.kernels
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(
            st.integers(1, 2), st.sampled_from([1, 3, 4]), st.integers(1, 9), st.integers(1, 40)
        ),
        # Exact in float32 too.
        elements=st.integers(-1000, 1000).map(lambda n: n / 8),
    )
)
def test_the_signs_are_parts_of_one_map(a):
    positive, negative, absolute = (taken(a, sign) for sign in ONE_SIGN)
    np.testing.assert_array_equal(positive - negative, a)
    np.testing.assert_array_equal(positive + negative, absolute)
    np.testing.assert_array_equal(np.minimum(positive, negative), 0)
    np.testing.assert_array_equal(taken(-a, "negative"), positive)
    for part in (positive, negative, absolute):
        for again in ("positive", "absolute"):
            np.testing.assert_array_equal(taken(part, again), part)


@pytest.mark.kernels
@pytest.mark.parametrize("sign", ONE_SIGN)
def test_the_sign_is_taken_after_combining_enlarging_and_blurring(rng, sign):
    a = rng.standard_normal((2, 3, 6, 7))
    x = rng.random((2, 3, 18, 21))
    large = reference.upsample(reference.combined(a), (18, 21))
    expected = reference.signed(reference.gaussian_blur(large, 2), sign)
    show = HeatmapVisualizer(
        sign=sign, upsample="bilinear", blur=2, normalization_type="unnormalized"
    )
    np.testing.assert_allclose(show(a, x, imshow=False), expected, atol=1e-12)


# --- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ONE_SIGN)
def test_one_sign_is_magnitude_max_in_hot_or_cold(rng, sign):
    a, x = rng.standard_normal((2, 1, 12, 9)), rng.random((2, 3, 12, 9))
    cmap = "cold" if sign == "negative" else "hot"
    part = reference.signed(a, sign)
    chosen = {"normalization_type": "magnitude_max", "cmap": cmap}
    show = Visualizer(sign=sign)
    np.testing.assert_array_equal(show.render(a), Visualizer(**chosen).render(part))
    values = show(a, imshow=False)
    np.testing.assert_allclose(values, part / part.max((1, 2, 3), keepdims=True), rtol=1e-12)
    over = HeatmapVisualizer(sign=sign, blur=0, cmap=None)
    expected = HeatmapVisualizer(blur=0, **chosen).render(part, x)
    np.testing.assert_array_equal(over.render(a, x), expected)
    # Three channels are drawn as RGB, in the same mode.
    rgb = rng.standard_normal((2, 3, 5, 6))
    expected = Visualizer(normalization_type="magnitude_max").render(reference.signed(rgb, sign))
    np.testing.assert_array_equal(show.render(rgb), expected)


@pytest.mark.parametrize("sign", ONE_SIGN)
def test_limits_of_one_sign_begin_at_zero(rng, sign, mode):
    a = rng.standard_normal((3, 1, 12, 9)) * np.array([1, 5, 0]).reshape(3, 1, 1, 1)
    values = Visualizer(sign=sign, normalization_type=mode)(a, imshow=False)
    np.testing.assert_allclose(values, reference.normalize(reference.signed(a, sign), mode))
    limits = [(max(low, 0.0), high) for low, high in reference.color_limits(values, mode)]
    cmap = "cold" if sign == "negative" else "hot"
    picture = Visualizer(sign=sign, normalization_type=mode).render(a)
    for item, value, limit in zip(picture, values, limits, strict=True):
        colors = reference.colors(value[None], "magnitude_max", cmap, [limit], bytes=True)[0]
        edges = reference.near_table_edge(value[None], [limit], mpl.colormaps[cmap].N)[0]
        assert not ((item != colors).any(-1) & ~edges).any()


@pytest.mark.parametrize("sign", ONE_SIGN)
def test_a_map_that_has_none_of_it_is_drawn_as_zero(mode, sign):
    a = np.full((1, 1, 4, 5), 1.0 if sign == "negative" else -1.0)
    a *= 0 if sign == "absolute" else 1
    picture = Visualizer(sign=sign, normalization_type=mode).render(a)
    table = mpl.colormaps["cold" if sign == "negative" else "hot"]
    entry = table.N // 2 if mode.endswith("centered") else 0
    assert (picture == (np.array(table(entry)[:3]) * 255).astype(np.uint8)).all()


@pytest.mark.parametrize("mode", ["magnitude_max", "unsigned_max", "unnormalized"])
def test_figures_carry_the_limits(rng, mode):
    from matplotlib.figure import Figure

    figure = Figure()
    a = rng.standard_normal((2, 1, 6, 7))
    show = Visualizer(sign="negative", normalization_type=mode)
    show(a, fig=figure, imshow=False)
    (image,) = figure.axes[0].images
    top = -a.min() if mode == "unnormalized" else 1
    assert (image.cmap.name, image.norm.vmin, image.norm.vmax) == ("cold", 0, top)


# --- masks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("use_map", [False, True])
@pytest.mark.parametrize("threshold", [0.2, 0.7])
def test_masks_are_the_twins(rng, dtype, sign, use_map, threshold):
    a = rng.standard_normal((3, 2, 14, 15)).astype(dtype)
    x = rng.random((3, 3, 14, 15)).astype(dtype)
    show = MaskVisualizer(0, threshold, 0.1, use_attr_as_opacity=use_map, image_range=(0, 1))
    seen = reference.signed(a.mean(1, keepdims=True), sign)
    opacity = reference.normalize(seen, "01")
    if not use_map:
        opacity = reference.percentile_mask(opacity, threshold, 0.1)
    got = show(a, x, imshow=False, return_tiled=False, sign=sign)
    np.testing.assert_allclose(got, opacity * x, rtol=1e-5)


def test_without_a_sign_masks_do_as_positive_only_says(rng):
    a, x = rng.standard_normal((3, 2, 14, 15)), rng.random((3, 3, 14, 15))
    for positive_only, sign in ((True, "positive"), (False, "all")):
        np.testing.assert_array_equal(
            MaskVisualizer(positive_only=positive_only).render(a, x),
            MaskVisualizer(sign=sign).render(a, x),
        )


@pytest.mark.parametrize("sign", SIGNS)
def test_channel_masks_take_it_too(rng, sign):
    class Brightness:
        def attributions(self, x):
            return np.asarray(x, np.float32) - 100

    x = rng.integers(0, 256, (2, 3, 12, 11)).astype(np.uint8)
    expected = MaskVisualizer(blur=1, sign=sign).render(x.astype(np.float32) - 100, x)
    show = ChannelMaskVisualizer.from_influence(Brightness(), blur=1)
    np.testing.assert_array_equal(show.render(x, sign=sign), expected)
    same = ChannelMaskVisualizer.from_influence(Brightness(), blur=1, sign=sign)
    np.testing.assert_array_equal(same.render(x), expected)
    np.testing.assert_array_equal(same(x, imshow=False), show(x, imshow=False, sign=sign))


def test_two_signs_at_once_are_refused(rng):
    a, x = rng.standard_normal((1, 1, 5, 6)), rng.random((1, 3, 5, 6))
    text = message("`positive_only` must not be False beside sign='positive'")
    with pytest.raises(ValueError, match=text):
        MaskVisualizer(positive_only=False, sign="positive")
    text = message("`positive_only` must not be True beside sign='negative'")
    with pytest.raises(ValueError, match=text):
        MaskVisualizer().render(a, x, positive_only=True, sign="negative")
    # A call's sign goes before the constructor's `positive_only`, and what agrees is no fault.
    np.testing.assert_array_equal(
        MaskVisualizer(positive_only=False).render(a, x, sign="positive"),
        MaskVisualizer().render(a, x),
    )
    MaskVisualizer(positive_only=False, sign="absolute")
    with pytest.raises(ValueError, match="`sign` must be one of 'all', 'positive'"):
        Visualizer(sign="both")


# --- missing values -------------------------------------------------------------------------------


@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
@pytest.mark.parametrize("sign", ONE_SIGN)
@pytest.mark.parametrize("mode", ["magnitude_max", "01", "signed_sum"])
def test_missing_values_set_no_scale_and_stay_missing(rng, nonfinite, sign, mode):
    a = rng.standard_normal((2, 1, 8, 9))
    holes = rng.random(a.shape) < 0.2
    broken = np.where(holes, np.where(rng.random(a.shape) < 0.5, np.nan, -np.inf), a)
    show = Visualizer(sign=sign, normalization_type=mode, nonfinite=nonfinite)
    values = show(broken, imshow=False)
    for item, hole, value in zip(a, holes, values, strict=True):
        present = reference.signed(item[~hole], sign)
        expected = reference.normalize(present[None, None, None], mode)[0, 0, 0]
        np.testing.assert_allclose(value[~hole], expected, rtol=1e-12)
    masked = np.ma.MaskedArray(a, holes)
    np.testing.assert_array_equal(show.render(masked), show.render(broken))
    if nonfinite == "transparent":
        assert np.isnan(values[holes]).all()
        assert (show.render(broken)[..., 3] == np.where(holes[:, 0], 0, 255)).all()


@pytest.mark.parametrize("sign", ONE_SIGN)
def test_what_is_not_finite_is_an_error_as_ever(sign):
    a = np.ones((2, 1, 4, 4))
    a[1, 0, 2, 2] = -np.inf
    with pytest.raises(ValueError, match=message("attributions[1] holds 1 non-finite")):
        Visualizer(sign=sign).render(a)


# --- everywhere -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Visualizer, HeatmapVisualizer, MaskVisualizer])
@pytest.mark.parametrize("sign", SIGNS)
def test_constructor_call_render_and_repr_agree(rng, make, sign):
    a = rng.standard_normal((2, 3, 12, 9))
    arrays = (a,) if make is Visualizer else (a, rng.random((2, 3, 12, 9)))
    show = make(sign=sign)
    np.testing.assert_array_equal(make().render(*arrays, sign=sign), show.render(*arrays))
    values = make()(*arrays, imshow=False, sign=sign)
    np.testing.assert_array_equal(values, show(*arrays, imshow=False))
    assert eval(repr(show), vars(hotcold)) == show != make()
    assert show.describe()["sign"] == sign
    if sign == "all" and make is not MaskVisualizer:  # as without
        np.testing.assert_array_equal(show.render(*arrays), make().render(*arrays))


def test_boxes_of_negative_evidence(rng):
    a = rng.standard_normal((2, 1, 20, 21))
    found = hotcold.boxes(a, sign="negative", blur=1)
    expected = hotcold.boxes(-a, blur=1)
    np.testing.assert_array_equal(found.bbox, expected.bbox)


@pytest.mark.parametrize("mode", [None, "unnormalized", "signed_sum"])
@pytest.mark.parametrize("sign", SIGNS)
def test_jobs_draw_what_render_draws(tmp_path, sign, mode):
    maps = make_maps(channels=1) * np.linspace(0.1, 3, 23, dtype="f4")[:, None, None, None]
    show = Visualizer(sign=sign, normalization_type=mode)
    render_quietly(show, maps, output_dir=tmp_path, batch_size=5, n_threads=2)
    assert_same_pictures(tmp_path, show.render(maps))


@pytest.mark.parametrize(
    ("arguments", "visualizer"),
    [
        ("--combine-channels --sign negative", Visualizer(True, sign="negative")),
        ("images.npy --sign absolute --blur 2", HeatmapVisualizer(blur=2, sign="absolute")),
        ("images.npy --visualizer mask --sign negative", MaskVisualizer(sign="negative")),
    ],
)
def test_the_command_line_draws_what_render_draws(tmp_path, monkeypatch, arguments, visualizer):
    monkeypatch.chdir(tmp_path)
    np.save("maps.npy", make_maps())
    np.save("images.npy", make_images())
    done = CliRunner().invoke(main, ["render", "maps.npy", *arguments.split(), "-o", "out", "-q"])
    assert (done.exit_code, done.output) == (0, "")
    images = [make_images()] if "images.npy" in arguments else []
    assert_same_pictures(tmp_path / "out", visualizer.render(make_maps(), *images))


def test_the_command_line_refuses_other_words_and_two_signs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("maps.npy", make_maps())
    np.save("images.npy", make_images())
    done = CliRunner().invoke(main, ["render", "maps.npy", "-o", "out", "--sign", "both"])
    assert done.exit_code == 2
    assert "'both' is not one of 'all', 'positive', 'negative', 'absolute'" in done.output
    both = "render maps.npy images.npy -o out --visualizer mask --no-positive-only --sign positive"
    done = CliRunner().invoke(main, both.split())
    assert done.exit_code in (1, 2)
    assert "`positive_only` must not be False beside sign='positive'" in done.output
