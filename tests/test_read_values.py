"""`read_values`: a heat map's picture file turned back into attributions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers import message
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import hotcold
from hotcold.colormaps import lookup_table

COLORMAPS = ("hotcold", "cold", "viridis", "jet", "gray", "tab10", "twilight", "RdBu")


def drawn(tmp_path, visualizer, maps):
    """Return the values read back, the map as it was drawn, and half the width of each step."""
    visualizer(maps, tmp_path / "a.png", imshow=False)
    values = hotcold.read_values(tmp_path / "a.png")
    request = visualizer.request(maps)
    wanted = request.maps(1)[0, 0].astype(np.float64)
    mode = request.spec.normalization_type
    if mode.startswith("magnitude"):
        wanted = np.abs(wanted)
    low, high = visualizer.limits(maps)[0].tolist()
    one_sign = request.spec.sign != "all" and "centered" not in mode
    n = len(request.spec.table.rgba)
    step = np.full(wanted.shape, (high - low) / n)
    if mode.startswith("signed") and not one_sign:
        step = np.where(wanted < 0, -low, high) * 2 / n
        # The middle step of an odd table has both sides.
        step[np.abs(wanted) <= step] = max(-low, high) * 2 / n
    return values, np.clip(wanted, low, high), step / 2 * widest_run(request.spec.table)


def widest_run(table):
    """Return how many neighbours of a table have one colour, at most."""
    colors = (table.rgba[:, :3] * 255).astype(np.uint8)
    longest = run = 1
    for a, b in itertools.pairwise(colors):
        run = run + 1 if (a == b).all() else 1
        longest = max(longest, run)
    return longest


def assert_within(values, wanted, half):
    size = max(np.abs(wanted).max(), np.abs(half).max())
    # Plus the rounding of a float32 map's own steps.
    assert (np.abs(values - wanted) <= half + 4e-7 * size).all()


@pytest.mark.kernels
@pytest.mark.parametrize("cmap", [None, *COLORMAPS])
@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
def test_within_half_a_step(tmp_path, rng, mode, cmap):
    maps = rng.standard_normal((1, 1, 40, 50)).astype(np.float32)
    for sign in ("all", "positive", "negative", "absolute"):
        assert_within(*drawn(tmp_path, hotcold.Visualizer(False, mode, cmap=cmap, sign=sign), maps))


@pytest.mark.parametrize(
    "options",
    [
        {"clip_quantile": 0.9},
        {"clip_quantile": (0.05, 0.9)},
        {"clip_mass": 0.8},
        {"blur": 3},
        {"limits": (-1.0, 0.5)},
        {"normalization_type": "signed_max", "clip_quantile": (0.01, 0.9)},
        {"combine_channels": True, "combine": "sum_abs"},
        {"combine_channels": True, "combine": "norm", "blur": 2},
        {"nonfinite": "zero"},
    ],
)
def test_the_map_is_read_as_it_was_drawn(tmp_path, rng, options):
    channels = 3 if "combine" in options else 1
    maps = rng.standard_normal((1, channels, 40, 50))
    if "nonfinite" in options:
        maps[0, 0, 3] = np.nan
    assert_within(*drawn(tmp_path, hotcold.Visualizer(**options), maps))


def test_with_a_shared_scale_in_a_job(tmp_path, rng):
    maps = (
        rng.standard_normal((5, 1, 20, 30)).astype(np.float32)
        * np.arange(1, 6)[:, None, None, None]
    )
    show = hotcold.Visualizer(scale="shared", clip_quantile=0.99, cmap="RdBu")
    hotcold.render_files(show, maps, output_dir=tmp_path, progress=False)
    low, high = show.limits(maps)[0].tolist()
    for i, one in enumerate(maps):
        values = hotcold.read_values(tmp_path / f"{i:08}.png")
        wanted = np.clip(one[0], low, high)
        assert np.abs(values - wanted).max() <= (high - low) / 512 + 4e-7 * high


def test_missing_values_are_nan(tmp_path, rng):
    maps = rng.standard_normal((1, 1, 20, 30)).astype(np.float32)
    maps[0, 0, 2:5, 4:9] = np.nan
    show = hotcold.Visualizer(nonfinite="transparent")
    show(maps, tmp_path / "a.png", imshow=False)
    values = hotcold.read_values(tmp_path / "a.png")
    np.testing.assert_array_equal(np.isnan(values), np.isnan(maps[0, 0]))
    there = ~np.isnan(values)
    assert np.abs(values - maps[0, 0])[there].max() <= np.nanmax(np.abs(maps)) / 255


@pytest.mark.parametrize("value", [0.0, 2.5, -3.0, 1e-300, 1e300])
@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
def test_maps_of_one_value(tmp_path, mode, value):
    maps = np.full((1, 1, 3, 4), value)
    assert_within(*drawn(tmp_path, hotcold.Visualizer(False, mode), maps))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(hotcold.NORMALIZATION_TYPES),
    st.sampled_from(["all", "positive", "negative", "absolute"]),
    st.sampled_from(COLORMAPS),
    st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=24),
    st.sampled_from(
        [{}, {"clip_quantile": 0.7}, {"clip_mass": 0.9}, {"clip_quantile": (0.2, 0.9)}]
    ),
)
def test_any_map(tmp_path_factory, mode, sign, cmap, numbers, clip):
    maps = np.array(numbers, np.float32).reshape(1, 1, 1, -1)
    show = hotcold.Visualizer(False, mode, sign=sign, cmap=cmap, **clip)
    assert_within(*drawn(tmp_path_factory.mktemp("any"), show, maps))


def test_a_colormap_of_ones_own(tmp_path, rng):
    from matplotlib.colors import ListedColormap

    maps = rng.standard_normal((1, 1, 20, 30))
    few = ListedColormap(rng.random((11, 3)), "few")
    assert_within(*drawn(tmp_path, hotcold.Visualizer(cmap=few), maps))
    many = ListedColormap(np.linspace((0, 0.1, 0), (1, 0.9, 1), 1000), "many")
    show = hotcold.Visualizer(cmap=many)
    show(maps, tmp_path / "a.png", imshow=False)
    with pytest.raises(ValueError, match=r"`cmap` must be given to read .* a colormap 'many'"):
        hotcold.read_values(tmp_path / "a.png")
    values = hotcold.read_values(tmp_path / "a.png", cmap=many)
    assert np.abs(values - maps[0, 0]).max() <= np.abs(maps).max() / 100
    with pytest.raises(ValueError, match=r"must have the 1000 entries of 'many'.*, got 256"):
        hotcold.read_values(tmp_path / "a.png", cmap="viridis")


def refusals():
    image = np.zeros((1, 3, 12, 12), np.uint8)
    one = np.linspace(-1, 1, 144).reshape(1, 1, 12, 12)
    many = np.concatenate([one, one])
    return {
        "an overlay": (hotcold.HeatmapVisualizer(), (one, image)),
        "a mask": (hotcold.MaskVisualizer(), (one, image)),
        "a picture of several channels": (hotcold.Visualizer(), (np.repeat(one, 3, 1),)),
        "a sheet of 2 items": (hotcold.Visualizer(), (many,)),
        "lines drawn over it": (hotcold.Visualizer(contours=0.9), (one,)),
        "which has alpha": (hotcold.Visualizer(cmap=translucent()), (one,)),
        "which the colormap has at several places": (hotcold.Visualizer(cmap="flag"), (one,)),
    }


def translucent():
    from matplotlib.colors import ListedColormap

    return ListedColormap(np.linspace((0, 0, 0, 0.2), (1, 1, 1, 1), 9), "glass")


@pytest.mark.parametrize("why", refusals())
def test_pictures_whose_colours_stand_for_no_value_are_refused(tmp_path, why):
    show, arrays = refusals()[why]
    show(*arrays, tmp_path / "a.png", imshow=False)
    with pytest.raises(ValueError, match=message(why)) as caught:
        hotcold.read_values(tmp_path / "a.png")
    assert "a.png" in str(caught.value)


def test_a_picture_that_was_changed_is_refused(tmp_path, rng):
    hotcold.Visualizer()(rng.standard_normal((1, 1, 9, 9)), tmp_path / "a.png", imshow=False)
    with Image.open(tmp_path / "a.png") as image:
        from PIL.PngImagePlugin import PngInfo

        changed = np.array(image.convert("RGB"))
        info = PngInfo()
        info.add_itxt("hotcold", image.text["hotcold"])
    changed[4, 5] = (1, 2, 3)
    Image.fromarray(changed).save(tmp_path / "b.png", pnginfo=info)
    with pytest.raises(ValueError, match=r"\(1, 2, 3\) in row 4, column 5, which is not in its"):
        hotcold.read_values(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes((tmp_path / "a.png").read_bytes()[:-40])
    with pytest.raises(ValueError, match="must be a whole PNG file"):
        hotcold.read_values(tmp_path / "c.png")


def test_files_without_the_chunk_are_refused(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="holds nothing of the kind"):
        hotcold.read_values(tmp_path / "a.png")


def test_every_builtin_colormap_but_two_can_be_read(tmp_path):
    import matplotlib as mpl

    maps = np.linspace(-1, 1, 4096).reshape(1, 1, 64, 64)
    refused = []
    for name in ("hotcold", "cold", *sorted(mpl.colormaps)):
        if name.endswith("_r"):
            continue
        table = lookup_table(name)
        show = hotcold.Visualizer(cmap=name)
        assert show.request(maps).spec.plan is not None
        try:
            values, wanted, half = drawn(tmp_path, show, maps)
        except ValueError:
            refused.append(name)
        else:
            assert widest_run(table) <= 4
            assert_within(values, wanted, half)
    assert refused == ["flag", "prism"]
