"""hotcold.compat draws what captum.attr.visualization draws."""

from __future__ import annotations

import inspect
import io
import pickle

import matplotlib as mpl
import numpy as np
import pytest
from figures import pixels
from helpers import message, optional
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

import hotcold
from hotcold.compat import visualize_image_attr, visualize_image_attr_multiple
from hotcold.compat.captum import METHODS, SIGNS, _scaled

MOST = 2  # levels


@pytest.fixture(scope="module")
def theirs():
    return optional("captum.attr._utils.visualization")


def example(item=0):
    data = hotcold.data.load_example(dim_order="channels_last")
    return data.attributions[item].astype(np.float32), data.images[item]


def both(theirs, *arguments, **keywords):
    """Return our figure and theirs, outside of pyplot."""
    ours, _ = visualize_image_attr(*arguments, use_pyplot=False, **keywords)
    original, _ = theirs.visualize_image_attr(*arguments, use_pyplot=False, **keywords)
    return ours, original


def assert_same_figure(ours, original):
    a, b = pixels(ours), pixels(original)
    assert a.shape == b.shape
    assert b.std() > 10
    assert np.abs(a.astype(int) - b.astype(int)).max() <= MOST


@pytest.mark.parametrize("name", ["visualize_image_attr", "visualize_image_attr_multiple"])
def test_signature_is_theirs(theirs, name):
    ours = inspect.signature(getattr(hotcold.compat, name)).parameters
    original = inspect.signature(getattr(theirs, name)).parameters
    assert list(ours) == list(original)
    for key, parameter in original.items():
        assert ours[key].default == parameter.default
        assert ours[key].kind == parameter.kind


ONE_SIGN = ("masked_image", "alpha_scaling")  # both refuse these with sign="all"
WAYS = [(m, s) for m in METHODS for s in SIGNS if s != "all" or m not in ONE_SIGN]


@pytest.mark.parametrize(("method", "sign"), WAYS)
def test_figure_is_theirs(theirs, method, sign):
    for item in (0, 6):
        assert_same_figure(*both(theirs, *example(item), method, sign))


@pytest.mark.parametrize(
    "options",
    [
        {"outlier_perc": 0},
        {"outlier_perc": 20.5},
        {"cmap": "hot"},
        {"alpha_overlay": 0.2},
        {"show_colorbar": True, "title": "A title"},
        {"fig_size": (3, 5)},
    ],
    ids=lambda options: "-".join(options),
)
def test_options_are_theirs(theirs, options):
    assert_same_figure(*both(theirs, *example(4), "blended_heat_map", "all", **options))
    assert_same_figure(*both(theirs, *example(4), "original_image", "all", **options))


def test_float_images_and_maps_without_channels_are_theirs(theirs):
    attr, image = example(4)
    plain = attr.sum(axis=-1)
    assert_same_figure(*both(theirs, plain, image / 255, "blended_heat_map", "positive"))
    assert_same_figure(*both(theirs, attr, image / 255, "masked_image", "positive"))
    assert_same_figure(*both(theirs, attr))


def test_several_are_theirs(theirs):
    methods = ["original_image", "heat_map", "blended_heat_map", "alpha_scaling"]
    signs = ["all", "all", "negative", "positive"]
    arguments = (*example(4), methods, signs, ["a", "b", "c", "d"], (12, 4))
    ours, axes = visualize_image_attr_multiple(*arguments, use_pyplot=False, show_colorbar=True)
    original, _ = theirs.visualize_image_attr_multiple(
        *arguments, use_pyplot=False, show_colorbar=True
    )
    assert isinstance(axes, list)
    assert len(axes) == 4
    assert_same_figure(ours, original)


def test_one_of_several_has_axes_of_its_own():
    _, axes = visualize_image_attr_multiple(*example(), ["heat_map"], ["all"], use_pyplot=False)
    assert isinstance(axes, mpl.axes.Axes)


def test_pyplot_knows_the_figure_and_a_given_one_is_drawn_in(theirs):
    from matplotlib import pyplot as plt

    figure, axes = visualize_image_attr(*example())
    assert plt.gcf() is figure
    plt.close(figure)
    own = Figure()
    left, right = own.subplots(1, 2)
    found, axes = visualize_image_attr(
        *example(), plt_fig_axis=(own, right), use_pyplot=False, title="right"
    )
    assert found is own
    assert axes is right
    assert len(right.images) == 1
    assert not left.images


def test_tensors_are_taken():
    torch = optional("torch")
    attr, image = example()
    tensor = torch.from_numpy(attr).requires_grad_()
    ours, _ = visualize_image_attr(tensor, torch.from_numpy(image), use_pyplot=False)
    expected, _ = visualize_image_attr(attr, image, use_pyplot=False)
    np.testing.assert_array_equal(pixels(ours), pixels(expected))


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(SIGNS),
    st.floats(0, 100),
    st.integers(0, 2**32 - 1),
)
def test_scale_is_the_definition(rows, columns, sign, outlier_perc, seed):
    """The first magnitude, in ascending order, at which the sum reaches the wanted part of all."""
    rng = np.random.default_rng(seed)
    map_ = np.round(rng.standard_normal((rows, columns)), 1)
    value = {
        "positive": np.maximum(map_, 0),
        "negative": np.maximum(-map_, 0),
        "absolute_value": np.abs(map_),
        "all": map_,
    }[sign]
    ascending = sorted(abs(v) for v in value.ravel().tolist())
    total, top = 0.0, ascending[-1]
    wanted = (1 - outlier_perc / 100) * float(np.cumsum(ascending)[-1])
    for magnitude in ascending:
        total += magnitude
        if total >= wanted:
            top = magnitude
            break
    top = top or ascending[-1] or 1.0
    np.testing.assert_array_equal(_scaled(map_, sign, outlier_perc), np.clip(value / top, -1, 1))


class TestTheirDefects:
    """What is drawn wrongly there, or ends in an assertion."""

    def test_map_of_the_other_sign_is_drawn_as_zeros(self, theirs):
        attr, image = -np.abs(example()[0]), example()[1]
        with pytest.raises(AssertionError, match="scale factor = 0"):
            theirs.visualize_image_attr(attr, image, "heat_map", "positive", use_pyplot=False)
        figure, axes = visualize_image_attr(attr, image, "heat_map", "positive", use_pyplot=False)
        assert not axes.images[0].get_array().any()
        assert figure is not None

    def test_tiny_maps_are_drawn_like_others_without_a_warning(self, theirs):
        attr, image = example()
        with pytest.warns(UserWarning, match="approximately 0"):
            theirs.visualize_image_attr(1e-9 * attr, image, use_pyplot=False)
        tiny, _ = visualize_image_attr(1e-30 * attr.astype(float), image, use_pyplot=False)
        usual, _ = visualize_image_attr(attr.astype(float), image, use_pyplot=False)
        assert np.abs(pixels(tiny).astype(int) - pixels(usual)).max() <= 1

    def test_grey_images_are_grey(self, theirs):
        attr, image = example()
        _, axes = theirs.visualize_image_attr(
            attr, image[..., :1], "original_image", use_pyplot=False
        )
        assert axes.images[0].get_cmap().name == "viridis"
        for grey in (image[..., :1], image[..., 0]):
            for method in METHODS:
                _, axes = visualize_image_attr(attr, grey, method, use_pyplot=False)
                if method != "heat_map":
                    shown = axes.images[0].to_rgba(axes.images[0].get_array())
                    np.testing.assert_array_equal(shown[..., 0], shown[..., 1])

    def test_float_images_up_to_255_are_not_white(self, theirs):
        attr, image = example()
        figure, _ = theirs.visualize_image_attr(
            attr, image.astype(np.float32), "original_image", use_pyplot=False
        )
        expected = pixels(visualize_image_attr(attr, image, "original_image", use_pyplot=False)[0])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("matplotlib.image._log.warning", lambda *_: None)
            assert np.abs(pixels(figure).astype(int) - expected).max() > 100
        ours, _ = visualize_image_attr(
            attr, image.astype(np.float32), "original_image", use_pyplot=False
        )
        np.testing.assert_array_equal(pixels(ours), expected)

    def test_dark_images_stay_dark(self, theirs):
        attr, image = example()
        dark = (image > 100).astype(np.uint8)  # levels 0 and 1
        figure, _ = theirs.visualize_image_attr(attr, dark, "original_image", use_pyplot=False)
        assert figure.axes[0].images[0].get_array().max() == 255
        _, axes = visualize_image_attr(attr, dark, "original_image", use_pyplot=False)
        assert axes.images[0].get_array().max() == 1


ATTR, IMAGE = np.ones((4, 5, 3)), np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"method": "heatmap"}, ("`method` must be one of", "heatmap", "heat_map")),
        ({"sign": "both"}, ("`sign` must be one of", "both")),
        ({"method": "masked_image", "sign": "all"}, ("`sign` must be one sign", "masked_image")),
        (
            {"method": "masked_image", "original_image": None},
            ("`original_image` must be given", "masked_image"),
        ),
        ({"attr": np.ones((3, 4, 5))}, ("`attr` must have", "(4, 5)", "(3, 4)", "transpose")),
        ({"attr": np.ones(5)}, ("`attr` must be (H, W, C)", "(5,)")),
        ({"attr": np.full((4, 5), np.nan)}, ("`attr`", "non-finite")),
        ({"original_image": IMAGE - 1.5}, ("`original_image` must hold", "-1.5", "normalized")),
        ({"original_image": np.zeros((4, 5, 2))}, ("`original_image` must be (H, W, C)", "2")),
        ({"outlier_perc": 101}, ("`outlier_perc` must be in [0, 100]", "101")),
        ({"alpha_overlay": 2}, ("`alpha_overlay` must be in [0, 1]", "2")),
    ],
)
def test_bad_input_is_refused_with_a_sentence(change, parts):
    good = {"attr": ATTR, "original_image": IMAGE, "use_pyplot": False}
    with pytest.raises(ValueError, match=message(*parts)):
        visualize_image_attr(**{**good, **change})


def test_words_are_no_numbers():
    with pytest.raises(TypeError, match="`attr` must hold real numbers"):
        visualize_image_attr([["a"]])


def test_lengths_must_agree():
    with pytest.raises(ValueError, match=message("`signs` must have one for each of the 2", "1")):
        visualize_image_attr_multiple(ATTR, IMAGE, ["heat_map", "heat_map"], ["all"])
    with pytest.raises(ValueError, match="`titles` must have one"):
        visualize_image_attr_multiple(ATTR, IMAGE, ["heat_map"], ["all"], ["a", "b"])
    with pytest.raises(ValueError, match="at least one"):
        visualize_image_attr_multiple(ATTR, IMAGE, [], [])


@pytest.mark.parametrize("pyplot", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"format": "png"},
        {"dpi": 43},
        {"bbox_inches": "tight", "facecolor": "red"},
        {"transparent": True},
        {"metadata": {"Software": None, "Title": "a map"}},
        {"metadata": {"Title": "Ä"}},
        {"pil_kwargs": {"compress_level": 1}},
    ],
    ids=str,
)
def test_saved_figures_are_matplotlibs_but_for_the_encoder(tmp_path, options, pyplot):
    """The same pixels, size and text, in less time; figures of pyplot's too."""
    attr, image = example()
    figure, _ = visualize_image_attr(attr, image, "blended_heat_map", use_pyplot=pyplot)
    figure.savefig(tmp_path / "ours.png", **options)
    Figure.savefig(figure, tmp_path / "theirs.png", **options)
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)
    assert buffer.getvalue() == (tmp_path / "ours.png").read_bytes()
    with Image.open(tmp_path / "ours.png") as ours, Image.open(tmp_path / "theirs.png") as theirs:
        assert ours.mode == theirs.mode
        assert ours.info == theirs.info
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    if pyplot:
        plt.close(figure)


@pytest.mark.parametrize("name", ["f.pdf", "f.svg", "f.jpg"])
def test_other_formats_are_matplotlibs(tmp_path, name):
    attr, image = example()
    figure, _ = visualize_image_attr(attr, image, "heat_map", use_pyplot=False)
    figure.savefig(tmp_path / name)
    assert (tmp_path / name).stat().st_size > 1000
    with pytest.raises(FileNotFoundError):
        figure.savefig(tmp_path / "nowhere" / "f.png")


def test_saved_figures_can_be_pickled():
    attr, image = example()
    figure, _ = visualize_image_attr(attr, image, "heat_map", use_pyplot=False)
    again = pickle.loads(pickle.dumps(figure))
    buffers = [io.BytesIO(), io.BytesIO()]
    for one, buffer in zip((figure, again), buffers, strict=True):
        one.savefig(buffer)
    assert buffers[0].getvalue() == buffers[1].getvalue()
