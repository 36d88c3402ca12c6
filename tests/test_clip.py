"""The options `clip_quantile` and `clip_mass`: outliers, in the core and on every visualizer."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from click.testing import CliRunner
from core_calls import plan
from helpers import message, optional
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from offline_inputs import assert_same_pictures, make_images, make_maps, render_quietly

import hotcold
from hotcold import ChannelMaskVisualizer, HeatmapVisualizer, MaskVisualizer, Visualizer, _core
from hotcold.cli import main

# What the core is told, and the twin.
RULES = {
    "quantile": (("quantile", 0.0, 0.9), {"quantile": 0.9}),
    "highest": (("quantile", 0.0, 1.0), {"quantile": 1}),
    "lowest": (("quantile", 0.0, 0.0), {"quantile": 0}),
    "quantiles": (("quantiles", 0.05, 0.93), {"quantile": (0.05, 0.93)}),
    "all quantiles": (("quantiles", 0.0, 1.0), {"quantile": (0, 1)}),
    "mass": (("mass", 0.0, 0.9), {"mass": 0.9}),
    "whole mass": (("mass", 0.0, 1.0), {"mass": 1}),
    "no mass": (("mass", 0.0, 0.0), {"mass": 0}),
}
OPTIONS = [{"clip_quantile": 0.9}, {"clip_quantile": (0.1, 0.97)}, {"clip_mass": 0.95}]


def clipped(a, rule, n_threads=1, **changes):
    """Return what the fused pass computes when it clips and does little else."""
    values = np.empty_like(a)
    spec = plan(clip=rule, normalization_type="unnormalized", **changes)
    assert _core.render(spec, a, None, values, None, n_threads) is None
    return values


def each(a, **rule):
    """Clip every item by the twin."""
    return np.stack([reference.clipped(item, **rule) for item in a])


def assert_clipped(got, a, dtype, **rule):
    expected = each(a, **rule)
    # Quantiles are numpy's; a sum of magnitudes may be rounded to either side of its goal, but not
    # with these numbers.
    tolerance = 1e-6 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=0)
    inside = got == a
    assert inside.any()
    np.testing.assert_array_equal(inside, np.isclose(expected, a, rtol=tolerance, atol=0))


# --- the kernel -----------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 3, 5), (1, 1, 7, 67), (2, 1, 150, 131)])
def test_values_are_the_twins(rng, dtype, isa, rule, shape):
    a = (rng.standard_normal(shape) ** 3).astype(dtype)
    told, twin = RULES[rule]
    one, two = (clipped(a, told, n_threads) for n_threads in (1, 2))
    np.testing.assert_array_equal(one, two)
    assert_clipped(one, a, dtype, **twin)


@pytest.mark.kernels
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(
            st.integers(1, 2), st.sampled_from([1, 3]), st.integers(1, 9), st.integers(1, 40)
        ),
        # Their sums are exact in any order.
        elements=st.integers(-1000, 1000).map(lambda n: n / 8),
    ),
    st.integers(0, 16).map(lambda n: n / 16),
)
def test_a_share_of_the_mass_is_the_twins_to_the_bit(a, share):
    got = clipped(a, ("mass", 0.0, share))
    np.testing.assert_array_equal(got, each(a, mass=share))
    np.testing.assert_array_equal(clipped(-a, ("mass", 0.0, share)), -got)
    assert (np.abs(got) <= np.abs(a)).all()


@pytest.mark.kernels
@pytest.mark.parametrize("rule", ["quantile", "quantiles", "mass"])
@pytest.mark.parametrize("value", [0, 3, -2])
def test_constant_maps_stay_as_they_are(dtype, isa, rule, value):
    a = np.full((1, 1, 9, 8), value, dtype)
    np.testing.assert_array_equal(clipped(a, RULES[rule][0]), a)


@pytest.mark.kernels
@pytest.mark.parametrize("rule", ["quantile", "quantiles"])
def test_nothing_is_clipped_to_a_single_number(dtype, rule):
    a = np.zeros((1, 1, 20, 20), dtype)
    a[0, 0, 3, 3:6] = 1, -2, 3
    np.testing.assert_array_equal(clipped(a, RULES[rule][0]), a)


@pytest.mark.kernels
def test_large_numbers_do_not_overflow(dtype):
    most = np.finfo(dtype).max
    a = np.array([most, -most, most / 2, 1, 0, -1], dtype).reshape(1, 1, 2, 3)
    for rule in (("quantile", 0.0, 1.0), ("quantiles", 0.0, 1.0), ("quantile", 0.0, 0.9)):
        assert np.isfinite(clipped(a, rule)).all()
    if dtype == np.float32:  # in double their sum is a number
        np.testing.assert_array_equal(clipped(a, ("mass", 0.0, 0.3)), np.clip(a, -most, most))


# --- the order of the steps -----------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("sign", ["all", "positive", "negative", "absolute"])
def test_clipping_comes_after_the_blur_and_the_sign_and_before_the_scale(rng, options, sign):
    a = rng.standard_normal((3, 4, 14, 15)) ** 3
    seen = reference.signed(reference.gaussian_blur(reference.combined(a), 1.5), sign)
    twin = {name.removeprefix("clip_"): value for name, value in options.items()}
    expected = reference.normalize(each(seen, **twin), "magnitude_max")
    show = Visualizer(True, "magnitude_max", 1.5, sign=sign, **options)
    np.testing.assert_allclose(show(a, imshow=False), expected, atol=1e-12)
    plain = Visualizer(True, "magnitude_max", 1.5, sign=sign)
    assert (show.render(a) != plain.render(a)).any()


@pytest.mark.parametrize("options", OPTIONS)
def test_three_channels_are_clipped_as_one(rng, options):
    a = rng.standard_normal((2, 3, 10, 11)) * np.array([1, 2, 9]).reshape(1, 3, 1, 1)
    twin = {name.removeprefix("clip_"): value for name, value in options.items()}
    show = Visualizer(normalization_type="unnormalized", **options)
    np.testing.assert_allclose(show(a, imshow=False), each(a, **twin), rtol=1e-12)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
def test_missing_values_are_no_part_of_it(rng, options, nonfinite):
    a = rng.standard_normal((2, 1, 12, 13))
    holes = rng.random(a.shape) < 0.3
    holes[1] = True  # nothing is there
    twin = {name.removeprefix("clip_"): value for name, value in options.items()}
    show = Visualizer(normalization_type="unsigned_max", nonfinite=nonfinite, **options)
    values = show(np.where(holes, np.nan, a), imshow=False)
    present = reference.clipped(a[0][~holes[0]], **twin)
    np.testing.assert_allclose(values[0][~holes[0]], present / np.abs(present).max(), rtol=1e-12)
    missing = 0 if nonfinite == "zero" else np.nan
    np.testing.assert_array_equal(values[holes], missing)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("use_map", [False, True])
def test_masks_are_clipped_too(rng, options, use_map):
    a = rng.standard_normal((2, 1, 14, 15))
    x = rng.random((2, 3, 14, 15))
    twin = {name.removeprefix("clip_"): value for name, value in options.items()}
    opacity = reference.normalize(each(np.maximum(a, 0), **twin), "01")
    if not use_map:
        opacity = reference.percentile_mask(opacity, 0.6, 0.1)
    show = MaskVisualizer(0, 0.6, 0.1, use_attr_as_opacity=use_map, image_range=(0, 1), **options)
    got = show(a, x, imshow=False, return_tiled=False)
    np.testing.assert_allclose(got, opacity * x, atol=1e-12)


# --- published rules ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [("f4", 1e-6), ("f8", 1e-12)], ids=lambda kind: kind[0])
@pytest.mark.parametrize("sign", ["all", "positive", "negative", "absolute_value"])
@pytest.mark.parametrize("outliers", [0, 2, 10])
def test_captums_outliers(rng, kind, sign, outliers):
    optional("captum")
    from captum.attr._utils.visualization import _normalize_attr

    a = (rng.standard_normal((3, 3, 24, 25)) ** 3).astype(kind[0])
    kept = 1 - outliers / 100
    show = Visualizer(combine="sum", sign=sign.removesuffix("_value"), clip_mass=kept)
    ours = show(a, imshow=False)
    for item, got in zip(a, ours, strict=True):
        theirs = _normalize_attr(item.sum(axis=0), sign, outliers)
        np.testing.assert_allclose(got[0], theirs, atol=kind[1])


@pytest.mark.parametrize("kind", [("f4", 1e-6), ("f8", 1e-12)], ids=lambda kind: kind[0])
def test_pairs_grayscale(rng, kind):
    """Of `saliency.VisualizeImageGrayscale`: sums of magnitudes, from the least to a percentile."""
    a = rng.standard_normal((2, 3, 24, 25)).astype(kind[0])
    ours = Visualizer(combine="sum_abs", clip_quantile=(0, 0.99), normalization_type="01")
    for item, got in zip(a, ours(a, imshow=False), strict=True):
        image = np.sum(np.abs(item), axis=0)
        low, high = np.min(image), np.percentile(image, 99)
        expected = np.clip((image - low) / (high - low), 0, 1)
        np.testing.assert_allclose(got[0], expected, atol=kind[1])


@pytest.mark.parametrize("kind", [("f4", 1e-6), ("f8", 1e-12)], ids=lambda kind: kind[0])
def test_xpliques_percentiles(rng, kind):
    """Of `xplique.plots.image`: the mean over the channels between two percentiles, to [0, 1]."""
    a = rng.standard_normal((2, 3, 24, 25)).astype(kind[0])
    ours = Visualizer(combine="mean", clip_quantile=(0.001, 0.999), normalization_type="01")
    for item, got in zip(a, ours(a, imshow=False), strict=True):
        image = np.mean(item, axis=0)
        image = np.clip(image, *np.percentile(image, (0.1, 99.9)))
        expected = (image - image.min()) / (image.max() - image.min())
        np.testing.assert_allclose(got[0], expected, atol=kind[1])


# --- everywhere -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Visualizer, HeatmapVisualizer, MaskVisualizer])
@pytest.mark.parametrize("options", OPTIONS)
def test_constructor_call_render_and_repr_agree(rng, make, options):
    a = rng.standard_normal((2, 3, 12, 9))
    arrays = (a,) if make is Visualizer else (a, rng.random((2, 3, 12, 9)))
    show = make(**options)
    np.testing.assert_array_equal(make().render(*arrays, **options), show.render(*arrays))
    values = make()(*arrays, imshow=False, **options)
    np.testing.assert_array_equal(values, show(*arrays, imshow=False))
    assert eval(repr(show), vars(hotcold)) == show != make()
    # A call's rule takes the place of the constructor's.
    for other in OPTIONS:
        np.testing.assert_array_equal(show.render(*arrays, **other), make(**other).render(*arrays))


def test_channel_masks_take_them(rng):
    class Brightness:
        def attributions(self, x):
            return np.asarray(x, np.float32) ** 3

    x = rng.integers(0, 256, (2, 3, 12, 11)).astype(np.uint8)
    options = {"use_attr_as_opacity": True, "clip_quantile": (0.2, 0.7)}
    expected = MaskVisualizer(blur=1, **options).render(x.astype(np.float32) ** 3, x)
    show = ChannelMaskVisualizer.from_influence(Brightness(), blur=1, use_attr_as_opacity=True)
    np.testing.assert_array_equal(show.render(x, clip_quantile=(0.2, 0.7)), expected)


def test_boxes_of_clipped_maps(rng):
    a = rng.standard_normal((2, 1, 20, 21))
    found = hotcold.boxes(a, clip_quantile=0.8, blur=1, threshold=0.5)
    blurred = reference.gaussian_blur(a, 1)
    expected = hotcold.boxes(each(blurred, quantile=0.8), threshold=0.5)
    np.testing.assert_array_equal(found.bbox, expected.bbox)
    np.testing.assert_allclose(found.mass, expected.mass)


@pytest.mark.parametrize("mode", [None, "unnormalized"])
@pytest.mark.parametrize("options", OPTIONS)
def test_jobs_draw_what_render_draws(tmp_path, options, mode):
    maps = make_maps(channels=1) * np.linspace(0.1, 3, 23, dtype="f4")[:, None, None, None]
    show = Visualizer(normalization_type=mode, **options)
    render_quietly(show, maps, output_dir=tmp_path, batch_size=5, n_threads=2)
    assert_same_pictures(tmp_path, show.render(maps))


@pytest.mark.parametrize(
    ("arguments", "visualizer"),
    [
        ("--combine-channels --clip-quantile 0.9", Visualizer(True, clip_quantile=0.9)),
        ("images.npy --clip-quantile 0.1,0.9", HeatmapVisualizer(clip_quantile=(0.1, 0.9))),
        ("images.npy --sign all --clip-mass .98", HeatmapVisualizer(sign="all", clip_mass=0.98)),
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


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"clip_quantile": 1.5}, ["`clip_quantile` must be in [0, 1], got 1.5"]),
        ({"clip_quantile": (0.9, 0.1)}, ["0 <= low < high <= 1, got (0.9, 0.1)"]),
        ({"clip_quantile": (0, 0.5, 1)}, ["a pair (low, high)"]),
        ({"clip_quantile": (0, 1.5)}, ["0 <= low < high <= 1, got (0, 1.5)"]),
        ({"clip_mass": -0.1}, ["`clip_mass` must be in [0, 1], got -0.1"]),
        ({"clip_mass": float("nan")}, ["`clip_mass` must be in [0, 1], got nan"]),
        ({"clip_mass": 0.9, "clip_quantile": 0.9}, ["`clip_mass` must be None beside clip_q"]),
    ],
)
def test_bad_values_are_refused(rng, options, parts):
    with pytest.raises(ValueError, match=message(*parts)):
        Visualizer(**options)
    with pytest.raises(ValueError, match=message(*parts)):
        Visualizer(clip_mass=0.5).render(rng.standard_normal((1, 1, 4, 4)), **options)


def test_the_command_line_refuses_other_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("maps.npy", make_maps())
    for words, said in (
        ("--clip-quantile few", "must be a number in [0, 1], or two as LOW,HIGH, got 'few'"),
        ("--clip-quantile 0.5,0.1", "must be a pair (low, high) with 0 <= low < high <= 1"),
        ("--clip-mass 0.5 --clip-quantile 1", "clip by one of them"),
    ):
        done = CliRunner().invoke(main, ["render", "maps.npy", "-o", "out", *words.split()])
        assert done.exit_code in (1, 2)
        assert said in " ".join(done.output.split()), done.output
