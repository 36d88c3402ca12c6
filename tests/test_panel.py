"""`Panel`: cells that are the visualizers' pictures, on scales that are what their bars say."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Panel, Visualizer
from hotcold.panel import text

N, H, W = 4, 40, 52
PADDING = 4


@pytest.fixture
def maps(rng):
    sizes = np.array([1, 9, 0.1, 3])[:, None, None, None]
    return (rng.normal(size=(N, 1, H, W)) * sizes).astype(np.float32)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (N, 3, H, W), dtype=np.uint8)


@pytest.fixture
def columns():
    return {
        "input": None,
        "map": Visualizer(blur=1),
        "over": HeatmapVisualizer(blur=1, cmap=None),
        "mask": MaskVisualizer(blur=1),
    }


def cell(picture, row, column, *, top=0, left=0, below=0):
    y = top + row * (H + PADDING + below)
    x = left + column * (W + PADDING)
    return picture[y : y + H, x : x + W]


def header(size=10):
    return text.line_height(size) + 3


def below_bars(size=10):
    return 3 + 10 + text.line_height(size) + 3


# --- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("colorbar", [False, True])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_cells_are_the_visualizers_pictures(maps, images, columns, colorbar, n_threads):
    panel = Panel(columns, colorbar=colorbar, n_threads=n_threads)
    sheet, strips = panel.sheet(maps, images), panel.render(maps, images)
    shown = [
        images.transpose(0, 2, 3, 1),
        columns["map"].render(maps),
        columns["over"].render(maps, images),
        columns["mask"].render(maps, images),
    ]
    below = below_bars() if colorbar else 0
    assert sheet.shape == (header() + N * (H + PADDING + below) - PADDING, 4 * (W + PADDING) - 4, 3)
    assert strips.shape == (N, header() + H + below, 4 * (W + PADDING) - 4, 3)
    for column, pictures in enumerate(shown):
        for item in range(N):
            got = cell(sheet, item, column, top=header(), below=below)
            np.testing.assert_array_equal(got, pictures[item])
            got = cell(strips[item], 0, column, top=header())
            np.testing.assert_array_equal(got, pictures[item])
    assert (sheet[:, W : W + PADDING] == 255).all()
    np.testing.assert_array_equal(strips[0, : header()], strips[3, : header()])
    assert (strips[0, : header()] < 128).any()


def test_a_column_shares_its_scale_as_the_visualizer_does(maps, images, columns):
    panel = Panel(columns, scale="column", labels=False)
    strips = panel.render(maps, images)
    expected = columns["map"].__replace__(scale="shared").render(maps)
    over = columns["over"].__replace__(scale="shared").render(maps, images)
    for item in range(N):
        np.testing.assert_array_equal(cell(strips[item], 0, 1), expected[item])
        np.testing.assert_array_equal(cell(strips[item], 0, 2), over[item])
    assert strips.shape[1] == H + below_bars()


def test_a_row_shares_its_scale_over_the_columns(maps):
    show = Visualizer(blur=1, clip_quantile=0.9)
    panel = Panel({"a": show, "b": show}, scale="row", labels=False, colorbar=False)
    strips = panel.render({"a": maps, "b": maps * 5})
    for item in range(N):
        both = np.concatenate([maps[item : item + 1], maps[item : item + 1] * 5])
        expected = show.__replace__(scale="shared").render(both)
        for column in (0, 1):
            np.testing.assert_array_equal(cell(strips[item], 0, column), expected[column])


def test_all_share_one_scale_though_they_make_their_maps_in_several_ways(maps):
    kinds = {"a": Visualizer(blur=1), "b": Visualizer(blur=(3, 0)), "c": MaskVisualizer(blur=0)}
    x = np.zeros((N, 3, H, W), np.uint8)
    panel = Panel(kinds, scale="shared", labels=False, colorbar=False)
    strips = panel.render(maps, x)
    blurred = [hotcold.gaussian_blur(maps, sigma) for sigma in (1, (3, 0))]
    expected = Visualizer(scale="shared").render(np.concatenate(blurred))
    for item in range(N):
        np.testing.assert_array_equal(cell(strips[item], 0, 0), expected[item])
        np.testing.assert_array_equal(cell(strips[item], 0, 1), expected[N + item])
    other = Panel({"a": Visualizer(), "b": Visualizer(sign="positive")}, scale="shared")
    with pytest.raises(ValueError, match="`scale` must be 'item' or 'column' for columns that"):
        other.sheet(maps)


def test_transparent_pictures_lie_on_the_background(maps, images):
    mask = MaskVisualizer(background="transparent", blur=0, masked_opacity=0.25)
    panel = Panel({"mask": mask}, labels=False, background=(0.0, 1.0, 0.0), padding=0)
    got = panel.render(maps, images)
    rgba = mask.render(maps, images).astype(float)
    a = rgba[..., 3:] / 255
    expected = rgba[..., :3] * a + np.array([0, 255, 0]) * (1 - a)
    assert np.abs(got - expected).max() <= 0.501


def test_channels_last_and_float_images_are_shown_as_the_others_show_them(maps, rng):
    x = rng.normal(size=(N, H, W, 3)).astype(np.float32)
    over = HeatmapVisualizer(blur=0, dim_order="channels_last", image_norm="imagenet")
    panel = Panel({"input": None, "over": over}, labels=False)
    strips = panel.render(np.moveaxis(maps, 1, -1), x)
    alone = over.render(np.moveaxis(maps, 1, -1), x, overlay_opacity=0.0)
    for item in range(N):
        np.testing.assert_array_equal(cell(strips[item], 0, 0), alone[item])


def test_results_go_where_they_are_wanted(maps, columns, images, tmp_path):
    panel = Panel(columns)
    expected = panel.render(maps, images, captions=["a", "b", "c", "d"])
    out = np.empty(expected.shape, np.uint8)
    assert panel.render(maps, images, captions=["a", "b", "c", "d"], out=out) is out
    np.testing.assert_array_equal(out, expected)
    room = np.empty((N, expected.shape[1], expected.shape[2] + 7, 3), np.uint8)
    part = room[:, :, 3:-4]
    np.testing.assert_array_equal(
        panel.render(maps, images, captions=["a", "b", "c", "d"], out=part), expected
    )
    values = panel(maps, images, tmp_path / "sheet.png", imshow=False)
    assert list(values) == ["map", "over", "mask"]
    np.testing.assert_array_equal(values["map"], columns["map"](maps, imshow=False))
    with Image.open(tmp_path / "sheet.png") as file:
        np.testing.assert_array_equal(np.asarray(file), panel.sheet(maps, images))


# --- colour bars ---------------------------------------------------------------------------------


def test_bars_have_the_colours_of_the_cells_and_their_true_ends(maps):
    show = Visualizer(normalization_type="signed_max", cmap="viridis")
    panel = Panel({"map": show}, scale="column", labels=False, text_size=10)
    maps = np.tile(maps, (1, 1, 1, 4))  # room for both numbers
    drawn = panel._drawn(maps, None)["map"]
    limits = show.__replace__(scale="shared").limits(maps)
    np.testing.assert_array_equal(drawn.limits, limits)
    strip = panel.render(maps)[0]
    bar = strip[H + 3 + 5]
    table = np.unique(show.render(maps).reshape(-1, 3), axis=0)
    assert {tuple(c) for c in table} <= {tuple(c) for c in drawn.bar(0).colors}
    np.testing.assert_array_equal(bar[0], drawn.bar(0).colors[0])
    assert tuple(bar[-1]) in {tuple(c) for c in drawn.bar(0).colors[-8:]}
    low, high = (f"{end:.3g}".replace("-", "\N{MINUS SIGN}") for end in limits[0])
    ticks = np.full((text.line_height(10) + 3, 4 * W, 3), 255, np.uint8)
    text.draw(ticks, low, 10, (0, 0, 0), "left")
    text.draw(ticks, high, 10, (0, 0, 0), "right")
    np.testing.assert_array_equal(strip[H + 13 :], ticks)


@pytest.mark.parametrize(
    ("scale", "kinds", "expected"),
    [
        ("item", 2, "cell"),
        ("row", 2, "row"),
        ("column", 2, "column"),
        ("shared", 2, "all"),
        ("row", "two colormaps", "cell"),
        ("shared", "two colormaps", "column"),
    ],
)
def test_no_bar_stands_for_cells_of_other_colours(maps, scale, kinds, expected):
    from hotcold.panel.layout import bars_of

    other = Visualizer(cmap="viridis") if kinds == "two colormaps" else Visualizer(blur=1)
    panel = Panel({"a": Visualizer(), "b": other}, scale=scale, colorbar=True)
    assert bars_of(panel.style, panel._drawn(maps, None)) == expected
    sheet = panel.sheet(maps)
    assert sheet.shape[2] == 3
    assert panel.render(maps).shape[0] == N


def test_masks_and_images_alone_have_no_bar(maps, images):
    panel = Panel({"input": None, "mask": MaskVisualizer()}, colorbar=True, labels=False)
    assert panel.sheet(maps, images).shape == (N * (H + 4) - 4, 2 * (W + 4) - 4, 3)


# --- text ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "S", "Zs"]), max_size=30),
    st.sampled_from(text.SIZES),
    st.integers(1, 200),
    st.sampled_from(["left", "center", "right"]),
)
def test_text_stays_in_its_box(line, size, room, align):
    line = text.check("line", line)
    canvas = np.full((60, 240, 3), 255, np.uint8)
    text.draw(canvas[10:50, 20 : 20 + room], line, size, (0, 0, 0), align)
    assert (canvas[:10] == 255).all()
    assert (canvas[50:] == 255).all()
    assert (canvas[:, :20] == 255).all()
    assert (canvas[:, 20 + room :] == 255).all()
    fits = text.fitting(line, size, room)
    assert text.width(fits, size) <= room
    if fits.strip("\xa0\xad ._,'`~-\xa8\xaf\xb8\xb4\xb7\xa1\xb0\xba\xaa\u2026"):
        assert (canvas < 200).any()


def test_characters_that_are_not_packed_come_from_the_font_or_are_refused():
    canvas = np.full((40, 200, 3), 255, np.uint8)
    text.draw(canvas, text.check("line", "\u041f\u0440\u0438 → \u03b1"), 20, (0, 0, 0))
    assert (canvas < 64).any()
    with pytest.raises(ValueError, match=r"`line` must be of characters.*U\+4E2D"):
        text.check("line", "a \u4e2d")
    assert text.check("line", "two\nlines\t here ") == "two lines here"


def test_colours_and_edges_of_text_are_blended():
    canvas = np.zeros((30, 60, 3), np.uint8)
    canvas[...] = (10, 20, 200)
    text.draw(canvas, "Hg", 24, (250, 240, 230))
    assert (canvas == (250, 240, 230)).all(-1).any()
    assert (canvas == (10, 20, 200)).all(-1).any()
    assert len(np.unique(canvas[..., 0])) > 8


# --- figures -------------------------------------------------------------------------------------


def test_a_figure_has_text_lines_and_bars_that_stay_sharp(maps, images, tmp_path):
    lined = HeatmapVisualizer(blur=2, contours=(0.8, "otsu"), contour_color="red")
    panel = Panel({"input": None, "Σ over": lined}, scale="column")
    figure = panel.figure(maps, images, row_labels=["one", "two", "three", "four"])
    axes = [a for a in figure.axes if a.images]
    assert len(axes) == 2 * N
    assert [a.get_title() for a in axes[:2]] == ["input", "Σ over"]
    assert [a.get_ylabel() for a in axes[::2]] == ["one", "two", "three", "four"]
    bars = [a for a in figure.axes if not a.images]
    assert len(bars) == 1
    low, high = lined.__replace__(scale="shared").limits(maps)[0]
    assert bars[0].get_xlim() == pytest.approx((low, high))
    assert all(len(a.collections) == 2 for a in axes[1::2])
    np.testing.assert_array_equal(axes[0].images[0].get_array(), images[0].transpose(1, 2, 0))

    panel(maps, images, tmp_path / "figure.svg", imshow=False)
    words = {e.text for e in ET.parse(tmp_path / "figure.svg").iter() if e.tag.endswith("text")}
    assert {"input", "Σ over"} <= words
    panel(maps, images, tmp_path / "figure.pdf", imshow=False)
    data = (tmp_path / "figure.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/Type3" not in data
    again = tmp_path / "again.pdf"
    panel(maps, images, again, imshow=False)
    assert again.read_bytes() == data


def test_a_figure_of_ones_own_holds_the_sheet(maps, columns, images):
    from matplotlib.figure import Figure

    figure = Figure()
    panel = Panel(columns)
    panel(maps, images, fig=figure)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), panel.sheet(maps, images))


# --- bad input -----------------------------------------------------------------------------------


def test_bad_panels_are_refused():
    show = Visualizer()
    for columns, error, words in (
        ({}, ValueError, "`columns` must be a mapping of at least one label"),
        ([show], TypeError, "`columns` must be a mapping"),
        ({"a": "heatmap"}, TypeError, "must hold visualizers, or None .* got str for 'a'"),
        ({"a": None}, ValueError, "must hold at least one visualizer"),
        ({3: show}, TypeError, "`columns` must be a string, got int"),
        ({"\u4e2d": show}, ValueError, "characters that the font has"),
    ):
        with pytest.raises(error, match=words):
            Panel(columns)
    for options, words in (
        ({"scale": "all"}, "`scale` must be"),
        ({"text_size": 11}, "`text_size` must be one of 10, 12, 14, 16, 20, 24, 32, got 11"),
        ({"padding": -1}, "`padding` must be"),
        ({"background": "whitish"}, "`background` must be a colour"),
    ):
        with pytest.raises(ValueError, match=words):
            Panel({"a": show}, **options)


def test_bad_batches_are_refused_with_their_column(maps, images, columns):
    panel = Panel(columns)
    with pytest.raises(ValueError, match="`x` must be given for the column 'input'"):
        panel.render(maps)
    with pytest.raises(ValueError, match="got none for 'over', 'mask' and some for 'heat'"):
        panel.render({"map": maps, "heat": maps}, images)
    with pytest.raises(ValueError, match="column 'over': `attributions` must be"):
        panel.render({"map": maps, "over": maps[0], "mask": maps}, images)
    bad = maps.copy()
    bad[2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"attributions\[2\]"):
        panel.render(bad, images)
    smaller = Panel({"a": Visualizer(), "b": Visualizer()})
    with pytest.raises(ValueError, match=r"of one \(N, H, W\) in all columns, got 'a' \(4, 40, 52"):
        smaller.render({"a": maps, "b": maps[:, :, 1:]})
    with pytest.raises(ValueError, match="`captions` must hold 4 strings, one per item, got 2"):
        panel.render(maps, images, captions=["a", "b"])
    with pytest.raises(ValueError, match="`row_labels` must hold 4 strings"):
        panel.sheet(maps, images, row_labels="abcd")
    with pytest.raises(ValueError, match="`out` must be a numpy array of uint8"):
        panel.render(maps, images, out=np.empty((1, 2, 3, 3), np.uint8))


def test_a_column_may_compute_its_attributions_of_the_images(images, maps):
    class Model:
        def attributions(self, x):
            return np.asarray(x, np.float32)[:, ::-1] * 2.0

    channel = hotcold.ChannelMaskVisualizer.from_influence(Model(), blur=1, threshold=0.5)
    panel = Panel({"map": Visualizer(), "channel": channel}, labels=False)
    strips = panel.render({"map": maps}, images)
    expected = channel.render(images)
    for item in range(N):
        np.testing.assert_array_equal(cell(strips[item], 0, 1), expected[item])
    with pytest.raises(ValueError, match="`x` must be given for the column 'channel'"):
        panel.render(maps)
    for refused in (hotcold.measure, lambda kind, x: hotcold.compare(x, x, visualizer=kind)):
        with pytest.raises(TypeError, match="`visualizer` must be given attributions, which Chan"):
            refused(channel, images)
