"""Pictures on screen: in the caller's figure, in a window, in a notebook, or nowhere."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import window_backend
from helpers import message, optional, run_python
from matplotlib.figure import Figure

from hotcold import ChannelMaskVisualizer, HeatmapVisualizer, MaskVisualizer, Visualizer, drawing


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


def test_axes_are_drawn_in(maps):
    figure, (left, middle, right) = plt.subplots(1, 3)
    for axes, visualizer, arrays in (
        (left, Visualizer(), (maps,)),
        (middle, HeatmapVisualizer(), (maps, maps)),
        (right, MaskVisualizer(), (maps, maps)),
    ):
        visualizer(*arrays, fig=axes)
        (shown,) = axes.images
        np.testing.assert_array_equal(
            shown.get_array(), np.concatenate(visualizer.render(*arrays), 1)
        )
    assert figure.axes == [left, middle, right]


def test_a_figure_of_many_axes_is_asked_for_one(maps, tmp_path):
    figure, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError, match=message("`fig`", "3 axes", "fig=fig.axes[0]")):
        Visualizer()(maps, tmp_path / "a.png", fig=figure)
    with pytest.raises(TypeError, match=message("`fig`", "got ndarray", "fig=axes[0]")):
        Visualizer()(maps, tmp_path / "a.png", fig=axes)
    assert not any(one.images for one in axes)
    assert list(tmp_path.iterdir()) == []  # checked before any work


@pytest.mark.parametrize("fig", [1, "figure", plt, object()])
def test_what_is_no_figure_is_refused_before_any_work(maps, tmp_path, fig):
    for visualizer, arrays in ((Visualizer(), (maps,)), (MaskVisualizer(), (maps, maps))):
        with pytest.raises(TypeError, match=message("`fig` must be a matplotlib Figure")):
            visualizer(*arrays, tmp_path / "a.png", fig=fig)
    assert list(tmp_path.iterdir()) == []


def test_a_model_does_not_run_for_what_is_no_figure(maps):
    class Model:
        def attributions(self, x):
            raise AssertionError

    visualizer = ChannelMaskVisualizer.from_influence(Model())
    with pytest.raises(TypeError, match=message("`fig` must be a matplotlib Figure")):
        visualizer(maps, fig=1)


def test_axes_that_cannot_hold_a_picture_are_refused(maps):
    figure = Figure()
    removed = figure.add_subplot()
    removed.remove()
    with pytest.raises(ValueError, match=message("`fig`", "axes in no figure")):
        Visualizer()(maps, fig=removed)
    with pytest.raises(ValueError, match=message("`fig`", "projection 'polar'")):
        Visualizer()(maps, fig=figure.add_subplot(projection="polar"))


def test_titles_and_whatever_else_is_on_the_axes_stay(maps):
    figure, axes = plt.subplots()
    axes.set_title("mine")
    (line,) = axes.plot([1, 2])
    for _ in range(2):
        Visualizer()(maps, fig=figure)
        assert axes.get_title() == "mine"
        assert list(axes.lines) == [line]
        assert len(axes.images) == 1


def test_users_images_stay(maps):
    axes = plt.figure().add_subplot()
    mine = axes.imshow(np.zeros((4, 4)))
    for _ in range(2):
        Visualizer()(maps, fig=axes)
    assert axes.images[0] is mine
    assert len(axes.images) == 2


# --- colour bars ----------------------------------------------------------------------------------


def bar_of(figure, axes):
    bar = figure.colorbar(axes.images[0], ax=axes)
    figure.canvas.draw()
    return bar


@pytest.mark.parametrize(
    ("mode", "limits"),
    [
        ("unsigned_max", (-1, 1)),
        ("unsigned_max_positive_centered", (0, 1)),
        ("magnitude_max", (0, 1)),
        ("signed_max", (-1, 1)),
        ("signed_max_positive_centered", (0, 1)),
        ("01", (0, 1)),
    ],
)
@pytest.mark.parametrize("visualizer", [Visualizer, HeatmapVisualizer])
def test_a_colour_bar_has_the_maps_colours_and_limits(maps, visualizer, mode, limits):
    figure, axes = plt.subplots()
    arrays = (maps,) if visualizer is Visualizer else (maps, maps)
    visualizer(normalization_type=mode, cmap="coolwarm")(*arrays, fig=figure)
    bar = bar_of(figure, axes)
    assert (bar.vmin, bar.vmax) == limits
    np.testing.assert_array_equal(
        bar.cmap(np.arange(256)), mpl.colormaps["coolwarm"](np.arange(256))
    )
    # A value on the bar has the colour that it has in the picture.
    if visualizer is Visualizer and mode != "01":
        values = visualizer(normalization_type=mode)(maps, imshow=False)[:, 0]
        through_bar = bar.cmap(bar.norm(values), bytes=True)[..., :3]
        picture = visualizer(normalization_type=mode, cmap="coolwarm").render(maps)
        assert (through_bar != picture).any(axis=-1).mean() < 0.05  # table edges


def test_limits_that_depend_on_the_maps(maps):
    figure, axes = plt.subplots()
    top = np.abs(maps).max()
    Visualizer(normalization_type="unnormalized")(maps, fig=figure)
    bar = bar_of(figure, axes)
    assert (bar.vmin, bar.vmax) == pytest.approx((-top, top))
    one = maps[:1]
    for mode, low in (("magnitude_sum", 0), ("signed_sum", -1)):
        # Of one item in its own numbers; of several in parts of each one's largest. The bar that
        # is there follows.
        values = Visualizer(normalization_type=mode)(one, fig=figure)
        top = np.abs(values).max()
        assert (bar.vmin, bar.vmax) == pytest.approx((low * top, top))
        Visualizer(normalization_type=mode)(maps, fig=figure)
        assert (bar.vmin, bar.vmax) == (low, 1)
    Visualizer(normalization_type="unnormalized")(maps * 0, fig=figure)
    assert (bar.vmin, bar.vmax) == (-1, 1)


def test_missing_values_have_no_part_in_a_colour_bar(maps):
    maps[0, 0, 0, 0] = np.nan
    figure, axes = plt.subplots()
    visualizer = Visualizer(normalization_type="unnormalized", nonfinite="transparent")
    visualizer(maps, fig=figure)
    bar = bar_of(figure, axes)
    assert bar.vmax == pytest.approx(np.nanmax(np.abs(maps)))


def test_bytes_that_are_an_image_have_a_bar_of_bytes(rng):
    figure, axes = plt.subplots()
    x = rng.integers(0, 256, (1, 1, 5, 6)).astype(np.uint8)
    Visualizer(normalization_type="unnormalized")(x, fig=figure)
    bar = bar_of(figure, axes)
    assert (bar.vmin, bar.vmax) == (0, 255)
    assert bar.cmap.name == "gray"


def test_the_picture_is_found_again_beside_its_colour_bar(maps):
    figure, axes = plt.subplots()
    Visualizer()(maps, fig=figure)
    bar = bar_of(figure, axes)
    HeatmapVisualizer(cmap="magma")(maps[:1], maps[:1], fig=figure)
    assert len(figure.axes) == 2
    assert len(axes.images) == 1
    assert axes.images[0].get_array().shape == (8, 6, 3)
    assert axes.get_xlim() == (-0.5, 5.5)
    assert axes.get_ylim() == (7.5, -0.5)
    assert bar.cmap.name == "magma"


def test_the_drawn_pixels_are_those_of_render(maps):
    figure = Figure(figsize=(1.2, 0.8), dpi=10)  # a screen pixel for each
    axes = figure.add_axes((0, 0, 1, 1))
    Visualizer()(maps, fig=axes)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=10)
    screen = np.frombuffer(buffer.getvalue(), np.uint8).reshape(8, 12, 4)
    np.testing.assert_array_equal(screen[..., :3], np.concatenate(Visualizer().render(maps), 1))


def test_fig_keeps_one_picture_over_many_calls(maps):
    figure = Figure()
    for _ in range(3):
        calls(maps, fig=figure)
    assert len(figure.axes) == 1
    assert len(figure.axes[0].images) == 1


@pytest.mark.parametrize("imshow", [False, True])
def test_subfigures_are_figures(maps, imshow):
    figure = plt.figure()
    left, right = figure.subfigures(1, 2)
    Visualizer()(maps, fig=right, imshow=imshow)
    Visualizer()(maps, fig=right.axes[0], imshow=imshow)
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
    window_backend.waited.clear()
    yield window_backend.shown
    plt.close("all")
    plt.switch_backend("agg")


def test_a_window_is_shown_once(maps, windows):
    Visualizer()(maps)
    (figure,) = windows
    assert window_backend.waited == []
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
    # That of the picture alone: what the user has not finished is neither shown nor closed.
    (shown,) = windows
    assert shown not in (other, current)
    assert {other.number, current.number} <= set(plt.get_fignums())


@pytest.mark.parametrize("interactive", [False, True])
def test_a_program_waits_until_its_window_is_closed(maps, windows, monkeypatch, interactive):
    # As for pyplot.show(); with an event loop already running, nobody waits.
    monkeypatch.setattr(window_backend.FigureCanvas, "required_interactive_framework", "tk")
    with plt.rc_context({"interactive": interactive}):
        Visualizer()(maps)
    assert window_backend.waited == ([] if interactive else windows)
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


def test_notebook_leaves_the_users_unfinished_figure_alone(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    _, _, cell = run_notebook(
        "%matplotlib inline",
        SETUP + "\nimport matplotlib.pyplot as plt",
        "fig, axes = plt.subplots(1, 3, num=7); axes[0].set_title('mine')\n"
        "hotcold.Visualizer()(a)\n"
        "print(plt.get_fignums(), axes[0].get_title(), [len(x.images) for x in axes])\n"
        "plt.close(fig)",
    )
    assert [output.output_type for output in cell] == ["display_data", "stream"]
    assert cell[1].text == "[7] mine [0, 0, 0]\n"


def test_widgets_show_each_call_once(monkeypatch):
    """Under %matplotlib widget, each call after the first showed the first figure again."""
    optional("ipympl")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    _, _, first, second, beside, count = run_notebook(
        "%matplotlib widget",
        SETUP + "\nimport matplotlib.pyplot as plt",
        "hotcold.Visualizer()(a);",
        "hotcold.HeatmapVisualizer()(a, a);",
        "mine = plt.figure(); mine.suptitle('mine')\nhotcold.Visualizer()(a);",
        "print(plt.get_fignums(), mine.axes)",
    )
    widget = "application/vnd.jupyter.widget-view+json"
    ids = [
        [output.data[widget]["model_id"] for output in cell if widget in output.get("data", {})]
        for cell in (first, second, beside)
    ]
    assert [len(found) for found in ids] == [1, 1, 2]  # the last with the user's own
    assert len({one for found in ids for one in found}) == 4
    assert count[0].text == "[1] []\n"


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
