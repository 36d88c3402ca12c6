"""Pictures on screen: in the caller's figure, in a window, in a notebook, or nowhere."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import window_backend
from helpers import optional, run_python
from matplotlib.figure import Figure

from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer, drawing


@pytest.fixture
def maps(rng):
    return rng.standard_normal((2, 1, 8, 6))


@pytest.fixture(autouse=True)
def _no_figures():
    """No test starts with a figure, and none is left behind by what is tested."""
    plt.close("all")
    yield
    plt.close("all")


def calls(maps, **options):
    """Call every visualizer."""
    Visualizer()(maps, **options)
    HeatmapVisualizer()(maps, maps, **options)
    MaskVisualizer()(maps, maps, **options)


# --- no screen ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend", ["agg", "pdf", "svg", "ps", "module://matplotlib.backends.backend_agg"]
)
def test_without_a_screen_nothing_is_shown_leaked_or_warned_about(maps, backend):
    plt.switch_backend(backend)
    calls(maps)
    assert plt.get_fignums() == []
    plt.switch_backend("agg")


def test_pyplot_is_not_imported_without_imshow():
    run_python(
        "import sys, numpy as np, hotcold\n"
        "from matplotlib.figure import Figure\n"
        "a = np.ones((2, 1, 5, 5))\n"
        "def run(**options):\n"
        "    hotcold.Visualizer()(a, imshow=False, **options)\n"
        "    hotcold.HeatmapVisualizer()(a, a, imshow=False, **options)\n"
        "    hotcold.MaskVisualizer()(a, a, imshow=False, **options)\n"
        "run(); run(fig=Figure())\n"
        "hotcold.HeatmapVisualizer().render(a, a)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )


def test_saving_does_not_import_pyplot(tmp_path):
    run_python(
        "import sys, numpy as np, hotcold\n"
        "for suffix in ('png', 'jpg', 'pdf', 'svg', 'eps'):\n"
        f"    path = {str(tmp_path)!r} + '/a.' + suffix\n"
        "    hotcold.Visualizer()(np.ones((2, 1, 5, 5)), output_file=path, imshow=False)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )


# --- the caller's figure --------------------------------------------------------------------------


@pytest.mark.parametrize("imshow", [False, True])
def test_fig_is_drawn_in(maps, imshow):
    figure = Figure()
    Visualizer()(maps, fig=figure, imshow=imshow)
    (axes,) = figure.axes
    (shown,) = axes.images
    np.testing.assert_array_equal(shown.get_array(), np.concatenate(Visualizer().render(maps), 1))
    assert not axes.axison
    assert plt.get_fignums() == []


def test_fig_is_used_and_not_the_current_figure(maps):
    mine = plt.figure()
    current = plt.figure()
    kept = current.add_subplot()
    calls(maps, fig=mine)
    assert len(mine.axes) == 1
    assert current.axes == [kept]
    assert not kept.images
    assert plt.gcf() is current
    assert plt.get_fignums() == [mine.number, current.number]


def test_fig_is_drawn_in_its_current_axes(maps):
    figure, (left, right) = plt.subplots(1, 2)
    right.plot([1, 2])
    figure.sca(right)
    Visualizer()(maps, fig=figure)
    assert figure.axes == [left, right]
    assert len(right.images) == 1
    assert not right.lines
    assert not left.images


def test_fig_keeps_one_picture_over_many_calls(maps):
    figure = Figure()
    for _ in range(3):
        calls(maps, fig=figure)
    assert len(figure.axes) == 1
    assert len(figure.axes[0].images) == 1


def test_subfigures_are_figures(maps):
    figure = Figure()
    left, right = figure.subfigures(1, 2)
    Visualizer()(maps, fig=right)
    assert not left.axes
    assert len(right.axes) == 1


def test_users_settings_do_not_turn_the_picture_over(maps):
    figure = Figure()
    with mpl.rc_context({"image.origin": "lower", "image.aspect": "auto"}):
        Visualizer()(maps, fig=figure)
    (axes,) = figure.axes
    bottom, top = axes.get_ylim()
    assert bottom > top  # row 0 is the top
    assert axes.get_aspect() == 1


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 1, 5000), (1, 1, 3000, 1)])
def test_figures_of_any_shape_can_be_made(shape):
    picture = Visualizer().render(np.ones(shape))[0]
    figure = drawing.new_figure(picture)
    figure.canvas.draw()
    assert plt.get_fignums() == []


# --- windows --------------------------------------------------------------------------------------


@pytest.fixture
def windows():
    """Return a backend that has windows; holds what was shown."""
    plt.switch_backend("module://window_backend")
    window_backend.shown.clear()
    yield window_backend.shown
    plt.close("all")
    plt.switch_backend("agg")


def test_a_window_is_shown_once(maps, windows):
    Visualizer()(maps)
    ((figure,),) = windows
    (axes,) = figure.axes
    np.testing.assert_array_equal(
        axes.images[0].get_array(), np.concatenate(Visualizer().render(maps), 1)
    )
    assert not axes.axison


def test_no_window_without_imshow(maps, windows):
    calls(maps, imshow=False)
    calls(maps, fig=Figure())
    assert windows == []
    assert plt.get_fignums() == []


def test_a_new_window_leaves_the_current_figure_current(maps, windows):
    other, current = plt.figure(), plt.figure()
    plt.figure(other.number)
    plt.figure(current.number)
    Visualizer()(maps)
    assert plt.gcf() is current
    assert not current.axes
    assert len(windows) == 1


# --- notebooks ------------------------------------------------------------------------------------


def run_notebook(*cells):
    """Run cells in a real kernel; return each cell's outputs."""
    nbclient, nbformat = optional("nbclient"), optional("nbformat")
    optional("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def assert_one_image(outputs):
    (output,) = outputs
    assert output.output_type == "display_data"
    assert "image/png" in output.data


SETUP = "import numpy as np, hotcold; a = np.random.rand(2, 1, 8, 8)"


def test_notebook_shows_each_call_once(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    _, _, plain, overlay, own, hidden, count = run_notebook(
        "%matplotlib inline",
        SETUP,
        "hotcold.Visualizer()(a);",
        "hotcold.HeatmapVisualizer()(a, a);",
        "import matplotlib.pyplot as plt\nfig = plt.figure()\nhotcold.Visualizer()(a, fig=fig);",
        "hotcold.Visualizer()(a, imshow=False);",
        "print(plt.get_fignums())",
    )
    assert_one_image(plain)
    assert_one_image(overlay)
    assert_one_image(own)
    assert hidden == []
    assert count[0].text == "[]\n"


def test_notebook_without_magic_shows_the_picture(monkeypatch):
    # IPython learns to show figures when the inline backend is loaded, which nothing had done yet.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    _, outputs = run_notebook(SETUP, "hotcold.Visualizer()(a);")
    assert_one_image(outputs)


def test_inline_backend_outside_a_notebook_is_silent():
    optional("matplotlib_inline")
    done = run_python(
        SETUP + "\nhotcold.Visualizer()(a)", MPLBACKEND="module://matplotlib_inline.backend_inline"
    )
    assert done.stdout == ""
