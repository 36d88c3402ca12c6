"""The hotcold colormap, and that matplotlib knows it whoever is imported first."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import reference_module
from helpers import message, optional, run_python
from matplotlib.colors import LinearSegmentedColormap, ListedColormap

from hotcold import Visualizer, colormaps, plan
from hotcold._segments import NAMES, segmented


def test_hotcold_is_binary_times_cool_then_hot():
    binary, cool, hot = (
        mpl.colormaps[name].resampled(128)(np.arange(128)) for name in ("binary", "cool", "hot")
    )
    cmap = mpl.colormaps["hotcold"]
    assert cmap.N == 256
    assert cmap.name == "hotcold"
    np.testing.assert_array_equal(cmap(np.arange(256)), np.concatenate([binary * cool, hot]))


def test_hotcold_is_the_reference_modules():
    optional("trulens")
    visualizer = reference_module.load().Visualizer()
    theirs = visualizer.default_cmap
    np.testing.assert_array_equal(mpl.colormaps["hotcold"](np.arange(256)), theirs(np.arange(256)))


def test_cold_is_the_cold_half_turned_round():
    cmap, hotcold = mpl.colormaps["cold"], mpl.colormaps["hotcold"]
    assert (cmap.N, cmap.name) == (128, "cold")
    np.testing.assert_array_equal(cmap(np.arange(128)), hotcold(np.arange(128))[::-1])
    assert cmap(0) == (0, 0, 0, 1)
    np.testing.assert_array_equal(colormaps.lookup_table("cold").rgba, cmap(np.arange(128)))


def test_zero_sits_on_a_black_seam():
    cmap = mpl.colormaps["hotcold"]
    assert cmap(127)[:3] == (0, 0, 0)
    np.testing.assert_array_less(cmap(128)[:3], 0.05)  # hot begins at a very dark red
    np.testing.assert_allclose(cmap(0.5), cmap(128))
    np.testing.assert_allclose(cmap(0), mpl.colormaps["cool"](0.0))
    np.testing.assert_allclose(cmap(255), (1, 1, 1, 1))


def test_lookup_tables_hold_the_colormaps_entries():
    for name in ("viridis", "tab10", "hotcold"):
        table = colormaps.lookup_table(name).rgba
        cmap = mpl.colormaps[name]
        assert table.shape == (cmap.N, 4)
        np.testing.assert_array_equal(table, cmap(np.arange(cmap.N)))


def test_objects_and_foreign_names_are_found_by_their_content(rng):
    a = rng.standard_normal((1, 1, 5, 5))
    colors = rng.random((256, 3))
    first = ListedColormap(colors)
    mpl.colormaps.register(ListedColormap(colors), name="foreign", force=True)
    table = colormaps.lookup_table(first)
    assert colormaps.lookup_table(ListedColormap(colors)) is table
    one, again = (Visualizer(cmap=c).request(a).spec for c in (first, ListedColormap(colors)))
    assert one.plan is again.plan
    foreign = colormaps.lookup_table("foreign")
    assert colormaps.lookup_table("foreign") is foreign
    np.testing.assert_array_equal(foreign.rgba, table.rgba)
    mpl.colormaps.unregister("foreign")


def test_an_object_that_changes_is_another_colormap(rng):
    a = rng.standard_normal((1, 1, 5, 5))
    changing = LinearSegmentedColormap.from_list("changing", ["red", "blue"])
    visualizer = Visualizer(cmap=changing)
    before = visualizer.render(a)
    changing._segmentdata = LinearSegmentedColormap.from_list("", ["lime", "lime"])._segmentdata
    changing._isinit = False
    after = visualizer.render(a)
    assert (before != after).any()
    assert (after == (0, 255, 0)).all()


def test_the_caches_are_bounded(rng):
    a = rng.standard_normal((1, 1, 5, 5))
    for _ in range(40):
        Visualizer(cmap=ListedColormap(rng.random((256, 3)))).render(a)
    assert colormaps._table.cache_info().currsize <= 32


@pytest.mark.kernels
def test_long_tables_are_cheap_when_used_again(rng):
    """65,536 entries took 31 ms a call, and each call kept memory."""
    a = rng.standard_normal((1, 1, 5, 5))
    cmap = ListedColormap(rng.random((65536, 3)))
    specs = {Visualizer(cmap=cmap).request(a).spec.table for _ in range(20)}
    assert len(specs) == 1
    for _ in range(12):
        Visualizer(cmap=ListedColormap(rng.random((65536, 3)))).render(a)
    assert plan._compile_large.cache_info().currsize <= 4


def test_too_long_tables_are_refused_by_the_arguments_name():
    cmap = mpl.colormaps["viridis"].resampled(65537)
    with pytest.raises(ValueError, match=message("`cmap` must have at most 65536", "got 65537")):
        Visualizer(cmap=cmap)


def test_the_pixels_of_a_table_are_each_there_once(rng):
    for rgba in (rng.random((300, 4)).round(1), np.ones((5, 4)), rng.random((70, 4))):
        table = colormaps.LookupTable(rgba, "any")
        expected = list(dict.fromkeys([*map(tuple, (rgba[:, :3] * 255).astype(int)), (255,) * 3]))
        assert [tuple(color) for color in table.colors.astype(int)] == expected


def test_a_name_that_is_registered_again_changes_its_colours(rng):
    a = rng.standard_normal((1, 1, 5, 5))
    pictures = []
    for name in ("viridis", "magma"):
        mpl.colormaps.register(mpl.colormaps[name], name="changing", force=True)
        pictures.append(Visualizer(cmap="changing").render(a))
        np.testing.assert_array_equal(pictures[-1], Visualizer(cmap=name).render(a))
        mpl.colormaps.unregister("changing")
    assert (pictures[0] != pictures[1]).any()
    with pytest.raises(ValueError, match="`cmap`"):
        Visualizer(cmap="changing")


KNOWN = "\nimport matplotlib\nassert {'hotcold', 'cold'} <= set(matplotlib.colormaps)\n"


@pytest.mark.parametrize(
    "imports",
    [
        "import hotcold",
        "import matplotlib, hotcold",
        "import hotcold, matplotlib.colors",
        "import hotcold\nfrom matplotlib import pyplot",
        # Asking whether matplotlib is there is no import: the registration was lost by it once.
        "import hotcold, importlib.util\nassert importlib.util.find_spec('matplotlib')",
    ],
)
def test_matplotlib_knows_hotcold_whoever_is_imported_first(imports):
    run_python(imports + KNOWN)


def test_the_watch_leaves_nothing_behind():
    run_python(
        "import sys\nbefore = list(sys.meta_path)\nimport hotcold" + KNOWN + "import hotcold\n"
        "assert sys.meta_path == before\n"
        "assert 'hotcold' not in type(matplotlib.__loader__).__module__\n"
        "assert matplotlib.__spec__.loader is matplotlib.__loader__\n"
        "import importlib.resources\n"
        "assert importlib.resources.files('matplotlib').joinpath('mpl-data').is_dir()\n"
    )


def test_a_missing_matplotlib_stays_missing():
    run_python(
        "import sys, hotcold\n"
        "class Nothing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'matplotlib': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(1, Nothing())\n"
        "try:\n    import matplotlib\n"
        "except ModuleNotFoundError: pass\n"
        "else: raise AssertionError\n"
        "import numpy as np\n"
        "assert hotcold.normalize(np.ones((1, 1, 2, 2)), '01').shape == (1, 1, 2, 2)\n"
    )


@pytest.mark.parametrize(("name", "entries"), [("hotcold", 256), ("cold", 128)])
def test_colormap_is_found_when_it_was_removed(name, entries):
    mpl.colormaps.unregister(name)
    colormaps._builtin.pop(name, None)
    assert colormaps.lookup_table(name).rgba.shape == (entries, 4)
    assert name in mpl.colormaps


@pytest.mark.parametrize("entries", [128, 256])
@pytest.mark.parametrize("name", sorted(NAMES))
def test_colours_made_here_are_matplotlibs_to_the_last_bit(name, entries):
    theirs = mpl.colormaps[name].resampled(entries)(np.arange(entries))
    np.testing.assert_array_equal(segmented(name, entries), theirs)
    np.testing.assert_array_equal(
        colormaps.lookup_table(name).rgba, mpl.colormaps[name](range(256))
    )


def test_first_pictures_need_no_matplotlib(tmp_path):
    run_python(
        "import sys, numpy as np, hotcold\n"
        "maps, x = np.eye(4, dtype='f4')[None, None], np.zeros((1, 3, 4, 4), 'u1')\n"
        "for show in (hotcold.HeatmapVisualizer(), hotcold.MaskVisualizer(contours=0.5)):\n"
        f"    show(maps, x, output_file={str(tmp_path / 'a.png')!r}, imshow=False)\n"
        "for more in ({}, {'sign': 'negative'}, {'cmap': 'gray'}, {'normalization_type': '01'}):\n"
        f"    hotcold.Visualizer(**more)(maps, {str(tmp_path / 'b.png')!r}, imshow=False)\n"
        f"hotcold.render_files(hotcold.HeatmapVisualizer(), maps, x, output_dir={str(tmp_path)!r},"
        " overwrite=True, progress=False)\n"
        "assert 'matplotlib' not in sys.modules\n"
        "hotcold.Visualizer(cmap='viridis').render(maps)\n"
        "assert 'matplotlib' in sys.modules\n"
    )
