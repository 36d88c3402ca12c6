"""Lines over pictures: the options `contours` and `boxes`, in the core and on every visualizer."""

from __future__ import annotations

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
from PIL import Image

import hotcold
from hotcold import ChannelMaskVisualizer, HeatmapVisualizer, MaskVisualizer, Visualizer, _core
from hotcold.cli import main

RED, LIME = (255, 0, 0), (0, 255, 0)
OPTIONS = [
    {"contours": 0.8},
    {"contours": (0.5, "otsu"), "contour_color": "red", "contour_width": 2},
    {"boxes": 2, "box_color": "lime"},
    {"boxes": 3, "contours": 0.6, "threshold": 0.3, "threshold_by": "max", "box_width": 1},
]


def drawn(a, n_threads=1, **changes):
    """Return the pictures that the fused pass makes of maps as grey levels."""
    picture = np.empty((len(a), *a.shape[2:], 3), np.uint8)
    assert _core.render(plan(**changes), a, None, None, picture, n_threads) is None
    return picture


def with_marks(pictures, maps, **options):
    """Draw the lines over pictures by the twin."""
    pairs = zip(pictures, maps, strict=True)
    return np.stack([reference.marked(picture, v[0], **options) for picture, v in pairs])


# --- the core -------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1, 40), (40, 1), (33, 67), (150, 131)])
@pytest.mark.parametrize("width", [1, 2, 5])
def test_contours_are_the_twins(rng, dtype, isa, shape, width):
    a = rng.standard_normal((2, 1, *shape)).astype(dtype)
    a = reference.gaussian_blur(a, 1.0).astype(dtype) if min(shape) > 3 else a
    told = {"contours": (("quantile", 0.8), ("max", 0.5)), "contour_color": (1.0, 0.0, 0.0)}
    plain = drawn(a)
    expected = with_marks(
        plain, a, contours=[("quantile", 0.8), ("max", 0.5)], color=RED, width=width
    )
    for n_threads in (1, 2):
        got = drawn(a, n_threads, contour_width=width, **told)
        np.testing.assert_array_equal(got, expected)
    assert min(shape) < 4 or (got != plain).any()


@pytest.mark.kernels
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (1, 40), (33, 67)])
@pytest.mark.parametrize("width", [1, 2, 9])
@pytest.mark.parametrize("count", [1, 3, 1000])
def test_frames_are_the_twins(rng, dtype, isa, shape, width, count):
    a = rng.standard_normal((2, 1, *shape)).astype(dtype)
    a = reference.gaussian_blur(a, 2.0).astype(dtype) if min(shape) > 3 else a
    told = {"boxes": count, "box_color": (0.0, 1.0, 0.0), "box_width": width, "threshold": 0.7}
    got = drawn(a, **told)
    expected = with_marks(
        drawn(a), a, boxes=count, box_color=LIME, box_width=width, threshold=("quantile", 0.7)
    )
    np.testing.assert_array_equal(got, expected)


@pytest.mark.kernels
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.just(1), st.just(1), st.integers(1, 12), st.integers(1, 12)),
        elements=st.integers(-3, 3).map(float),
    ),
    st.integers(1, 6),
    st.sampled_from(["quantile", "mass", "max", "otsu"]),
)
def test_lines_lie_on_what_is_kept(a, width, by):
    """Of any width, and the wider the more of it; a frame's box is that of `boxes`."""
    level = 0.0 if by == "otsu" else 0.5
    told = {"contours": ((by, level),), "contour_color": (1.0, 0.0, 0.0)}
    kept = reference.kept(a[0, 0], level, by)
    thin, thick = (
        (drawn(a, contour_width=w, **told) == RED).all(-1)[0] for w in (width, width + 1)
    )
    assert not (thin & ~kept).any()
    assert not (thin & ~thick).any()


def test_lines_need_one_channel():
    a = np.ones((1, 3, 5, 6), np.float32)
    with pytest.raises(ValueError, match="must have one channel to draw lines, got 3"):
        drawn(a, contours=(("quantile", 0.5),))


# --- every visualizer -----------------------------------------------------------------------------


def prepared(rng, make, nonfinite="raise"):
    a = reference.gaussian_blur(rng.standard_normal((3, 1, 30, 41)), 2.0)
    if nonfinite != "raise":
        a[:, :, 5:12, 3:20] = np.nan
    x = rng.integers(0, 256, (3, 3, 30, 41)).astype(np.uint8)
    return (a,) if make is Visualizer else (a, x)


@pytest.mark.parametrize("make", [Visualizer, HeatmapVisualizer, MaskVisualizer])
@pytest.mark.parametrize("options", OPTIONS)
def test_lines_are_all_that_changes(rng, make, options):
    arrays = prepared(rng, make)
    base = {"blur": 0}
    if make is MaskVisualizer:
        base.update(positive_only=False, threshold=options.get("threshold", 0.5))
        base["threshold_by"] = options.get("threshold_by", "quantile")
    show = make(**{**base, **options})
    expected = reference.with_options(make(**base).render(*arrays), arrays[0], show.settings)
    got = show.render(*arrays)
    np.testing.assert_array_equal(got, expected)
    assert (got != make(**base).render(*arrays)).any()
    np.testing.assert_array_equal(make(**base).render(*arrays, **options), got)
    # What is computed is what it was.
    np.testing.assert_array_equal(show(*arrays, imshow=False), make(**base)(*arrays, imshow=False))
    assert eval(repr(show), vars(hotcold)) == show


def test_lines_follow_the_map_that_is_drawn(rng):
    """After combining, enlarging, the blur, the sign and clipping."""
    a = rng.standard_normal((2, 4, 10, 11))
    x = rng.integers(0, 256, (2, 3, 30, 33)).astype(np.uint8)
    options = {"upsample": "bilinear", "blur": 1.5, "sign": "negative", "clip_quantile": 0.98}
    show = HeatmapVisualizer(contours=0.7, boxes=2, **options)
    plain = HeatmapVisualizer(normalization_type="unnormalized", **options)
    maps = plain(a, x, imshow=False)
    expected = reference.with_options(
        HeatmapVisualizer(**options).render(a, x), maps, show.settings
    )
    np.testing.assert_array_equal(show.render(a, x), expected)


def test_frames_are_around_what_boxes_finds(rng):
    a = rng.standard_normal((2, 3, 40, 41))
    found = hotcold.boxes(a, count=2, blur=3)
    picture = Visualizer(True, boxes=2, blur=3, box_color="red").render(a)
    for item, boxes in zip(picture, found.bbox, strict=True):
        red = (item == RED).all(-1)
        inside = np.zeros_like(red)
        for y0, x0, y1, x1 in boxes:
            assert red[[y0, y1 - 1], x0:x1].all()
            assert red[y0:y1, [x0, x1 - 1]].all()
            inside[y0:y1, x0:x1] = True
        assert not (red & ~inside).any()


@pytest.mark.parametrize("nonfinite", ["zero", "transparent"])
@pytest.mark.parametrize("make", [Visualizer, HeatmapVisualizer, MaskVisualizer])
def test_missing_values_are_outside(rng, make, nonfinite):
    arrays = prepared(rng, make, nonfinite)
    show = make(blur=0, nonfinite=nonfinite, contours=0.2, contour_color="magenta")
    picture = show.render(*arrays)
    lines = (picture[..., :3] == (255, 0, 255)).all(-1)
    missing = np.isnan(arrays[0][:, 0])
    assert lines.any()
    assert not (lines & missing).any()
    present = arrays[0][0, 0][~missing[0]]
    if make is MaskVisualizer:
        present = np.maximum(present, 0)
    v = np.where(missing[0], -np.inf, arrays[0][0, 0])
    expected = reference.outline(v > np.quantile(present, 0.2), 1)
    np.testing.assert_array_equal(lines[0], expected)
    if picture.shape[-1] == 4:
        assert (picture[..., 3][lines] == 255).all()


def test_masks_take_their_own_threshold(rng):
    a, x = prepared(rng, MaskVisualizer)
    show = MaskVisualizer(0, 0.8, contours=0.8, contour_color="red")
    shown = MaskVisualizer(0, 0.8, 0.0, image_range=(-1, 256)).render(a, x).any(-1)
    red = (show.render(a, x) == RED).all(-1)
    for lines, kept in zip(red, shown, strict=True):
        np.testing.assert_array_equal(lines, reference.outline(kept, 1))


def test_channel_masks_take_them(rng):
    class Brightness:
        def attributions(self, x):
            return np.asarray(x, np.float32)

    x = rng.integers(0, 256, (2, 3, 12, 11)).astype(np.uint8)
    expected = MaskVisualizer(blur=1, boxes=2, contours=0.5).render(x.astype(np.float32), x)
    show = ChannelMaskVisualizer.from_influence(Brightness(), blur=1)
    np.testing.assert_array_equal(show.render(x, boxes=2, contours=0.5), expected)


@pytest.mark.parametrize("cmap", [None, "jet"])
def test_files_hold_the_lines(rng, tmp_path, cmap):
    """A plain map's file is a palette picture, but not with lines in another colour."""
    a = reference.gaussian_blur(rng.standard_normal((1, 1, 30, 41)), 2.0)
    show = Visualizer(cmap=cmap, contours=0.8, boxes=1, box_color="lime")
    show(a, output_file=tmp_path / "map.png", imshow=False)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "map.png")), show.render(a)[0])
    render_quietly(show, a, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", show.render(a))


@pytest.mark.parametrize(
    ("arguments", "visualizer"),
    [
        ("--combine-channels --contours 0.8", Visualizer(True, contours=0.8)),
        (
            "images.npy --contours 0.5,otsu --contour-color red --contour-width 2",
            HeatmapVisualizer(contours=(0.5, "otsu"), contour_color="red", contour_width=2),
        ),
        (
            "images.npy --visualizer mask --boxes 2 --box-color #00f --box-width 1",
            MaskVisualizer(boxes=2, box_color="#00f", box_width=1),
        ),
        (
            "images.npy --boxes 2 --threshold .5 --threshold-by max",
            HeatmapVisualizer(boxes=2, threshold=0.5, threshold_by="max"),
        ),
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
    ("options", "kind", "parts"),
    [
        ({"contours": 1.5}, ValueError, ["`contours` must be in [0, 1], got 1.5"]),
        ({"contours": "otso"}, ValueError, ["`contours`", "'otso'", "did you mean 'otsu'?"]),
        ({"contours": ()}, ValueError, ["`contours` must hold at least one threshold, got ()"]),
        ({"contours": 0.5, "contour_width": 0}, ValueError, ["`contour_width` must be", ">= 1"]),
        ({"contours": 0.5, "contour_color": "rde"}, ValueError, ["`contour_color`", "'rde'"]),
        ({"boxes": 0}, ValueError, ["`boxes` must be", ">= 1"]),
        ({"boxes": 1.5}, TypeError, ["`boxes` must be", "got 1.5"]),
        ({"boxes": 1, "box_color": (1, 0)}, ValueError, ["`box_color`", "(1, 0)"]),
        ({"boxes": 1, "threshold_by": "rank"}, ValueError, ["`threshold_by` must be one of"]),
    ],
)
def test_bad_values_are_refused(options, kind, parts):
    for make in (Visualizer, HeatmapVisualizer, MaskVisualizer):
        with pytest.raises(kind, match=message(*parts)):
            make(**options)


@pytest.mark.parametrize("make", [Visualizer, HeatmapVisualizer])
def test_thresholds_of_nothing_are_refused(rng, make):
    arrays = prepared(rng, make)
    with pytest.raises(ValueError, match=message("`threshold` must be left out", "MaskVisualizer")):
        make(threshold=0.5)
    with pytest.raises(ValueError, match=message("`threshold` must be left out", "contours")):
        make().render(*arrays, threshold=0.5, contours=0.5)
    with pytest.raises(ValueError, match=message("`threshold_by` must be left out", "'max'")):
        make(threshold_by="max")
    make(boxes=1).render(*arrays, threshold=0.5, threshold_by="max")


def test_maps_of_several_channels_are_refused(rng):
    a = rng.standard_normal((1, 3, 5, 6))
    said = message("`contours`", "one channel", "got 3", "combine_channels=True")
    with pytest.raises(ValueError, match=said):
        Visualizer(contours=0.5).render(a)
    with pytest.raises(ValueError, match=message("`boxes`", "one channel", "got 3")):
        MaskVisualizer(combine_channels=False, boxes=1).render(a, np.abs(a))
