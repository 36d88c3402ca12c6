"""The hotcold colormap, and that matplotlib knows it whoever is imported first."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from helpers import run_python

from hotcold import Visualizer, colormaps


def test_hotcold_is_binary_times_cool_then_hot():
    even = np.linspace(0, 1, 128)
    cold = mpl.colormaps["binary"](even) * mpl.colormaps["cool"](even)
    hot = mpl.colormaps["hot"](even)
    cmap = mpl.colormaps["hotcold"]
    assert cmap.N == 256
    assert cmap.name == "hotcold"
    np.testing.assert_array_equal(cmap(np.arange(256)), np.concatenate([cold, hot]))


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


KNOWN = "\nimport matplotlib\nassert 'hotcold' in matplotlib.colormaps\n"


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


def test_colormap_is_found_when_it_was_removed():
    mpl.colormaps.unregister("hotcold")
    colormaps._tables.pop("hotcold", None)
    assert colormaps.lookup_table("hotcold").rgba.shape == (256, 4)
    assert "hotcold" in mpl.colormaps
