"""hotcold.compat.image_plot draws what shap.plots.image draws."""

from __future__ import annotations

import inspect
import os
from types import SimpleNamespace

import numpy as np
import pytest
from figures import pixels
from helpers import message
from matplotlib import pyplot as plt
from stand_ins import shap_image

import hotcold
from hotcold.compat import image, image_plot

MOST = 2  # levels


@pytest.fixture(scope="module")
def theirs():
    with shap_image() as function:
        if function is None:
            if os.environ.get("CI"):
                pytest.fail("shap is not installed: pip install --no-deps shap")
            pytest.skip("shap is not installed")
        yield function


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def example(n=2, size=40):
    """Return values and images of n items, the size of thumbnails: figures take their time."""
    data = hotcold.data.load_example(dim_order="channels_last")
    step = 224 // size
    return data.attributions[:n, ::step, ::step].astype(np.float64), data.images[:n, ::step, ::step]


def figure_of(function, *arguments, **keywords):
    function(*arguments, show=False, **keywords)
    return pixels(plt.gcf())


def assert_same_figure(theirs, *arguments, **keywords):
    original = figure_of(theirs, *arguments, **keywords)
    ours = figure_of(image, *arguments, **keywords)
    assert ours.shape == original.shape
    assert original.std() > 10
    assert np.abs(ours.astype(int) - original.astype(int)).max() <= MOST


def test_two_names_and_the_signature_are_theirs(theirs):
    assert image_plot is image
    ours, original = inspect.signature(image).parameters, inspect.signature(theirs).parameters
    assert list(ours) == list(original)
    for name, parameter in original.items():
        assert ours[name].kind == parameter.kind
        if name != "cmap":  # theirs is an object, which is made when it is wanted here
            assert ours[name].default == parameter.default


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_figure_is_theirs(theirs, n_outputs):
    values, images = example()
    assert_same_figure(theirs, [values / (k + 1) for k in range(n_outputs)], images)
    assert_same_figure(theirs, values, images / 255)


def test_grey_images_and_maps_are_theirs(theirs):
    values, images = example()
    grey, plain = images.mean(axis=-1, keepdims=True), values.sum(axis=-1, keepdims=True)
    assert_same_figure(theirs, [plain], grey)
    assert_same_figure(theirs, [plain], -grey)  # as their examples do
    # Maps without an axis for channels end in an error there.
    expected = figure_of(image, plain, grey)
    np.testing.assert_array_equal(figure_of(image, plain[..., 0], grey), expected)


def test_one_image_is_theirs(theirs):
    values, images = example()
    assert_same_figure(theirs, values[0], images[0])


@pytest.mark.parametrize(
    "options",
    [
        {"labels": ["one", "two"]},
        {"labels": [["a", "b"], ["c", "d"]], "true_labels": ["x", "y"], "labelpad": 12},
        {"width": 5, "aspect": 0.5, "hspace": 0.6},
        {"hspace": "auto"},
        {"cmap": "coolwarm", "vmax": 0.3},
    ],
    ids=lambda options: "-".join(options),
)
@pytest.mark.filterwarnings("ignore:.*tight_layout")
def test_options_are_theirs(theirs, options):
    values, images = example()
    assert_same_figure(theirs, [values, -values], images, **options)


def test_explanations_are_taken():
    values, images = example()
    two = np.stack([values, -values], axis=-1)
    explained = SimpleNamespace(values=two, data=images, output_names=["a", "b"])
    found = figure_of(image, explained)
    expected = figure_of(image, [values, -values], images, labels=["a", "b"])
    np.testing.assert_array_equal(found, expected)
    single = SimpleNamespace(values=values, data=images, output_names=None)
    np.testing.assert_array_equal(figure_of(image, single), figure_of(image, values, images))


def test_missing_values_are_left_out_as_theirs_are(theirs):
    values, images = example()
    values[0, 3:9, 3:9] = np.nan
    assert_same_figure(theirs, values, images)


def test_maps_of_zeros_are_theirs(theirs):
    values, images = example(1)
    assert_same_figure(theirs, 0 * values, images)


def test_figure_is_pyplots_current_one():
    assert image(*example(1), show=False) is None
    assert len(plt.get_fignums()) == 1
    image(*example(1))
    assert len(plt.get_fignums()) == 2


class TestTheirDefects:
    """What is drawn wrongly there."""

    def test_float_images_up_to_255_are_not_white(self, theirs, caplog):
        values, images = example(1)
        expected = figure_of(image, values, images)
        white = figure_of(theirs, values, images.astype(np.float32))
        assert np.abs(white.astype(int) - expected).max() > 100
        found = figure_of(image, values, images.astype(np.float32))
        np.testing.assert_array_equal(found, expected)


VALUES, IMAGES = np.ones((2, 4, 5, 3)), np.zeros((2, 4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("change", "error", "parts"),
    [
        ({"pixel_values": None}, TypeError, ("`pixel_values` must be given",)),
        ({"shap_values": []}, ValueError, ("`shap_values` must have at least one output",)),
        (
            {"shap_values": np.ones((2, 3, 4, 5))},
            ValueError,
            ("`shap_values` must be", "(2, 4, 5)", "(2, 3, 4, 5)", "channels come last"),
        ),
        ({"shap_values": np.ones((4, 5))}, ValueError, ("`shap_values` must be", "(4, 5)")),
        ({"shap_values": np.full((2, 4, 5), "a")}, TypeError, ("`shap_values` must hold real",)),
        ({"pixel_values": IMAGES - 1.5}, ValueError, ("`pixel_values` must hold", "-1.5")),
        ({"pixel_values": np.ones((2, 4, 5, 4))}, ValueError, ("1 or 3 channels", "4", "three")),
        ({"labels": ["a", "b", "c"]}, ValueError, ("`labels` must name the 1 outputs", "3")),
        ({"true_labels": ["a"]}, ValueError, ("`true_labels` must have one for each", "1")),
        ({"vmax": 0}, ValueError, ("`vmax` must be above 0", "0")),
    ],
)
def test_bad_input_is_refused_before_a_figure_is_made(change, error, parts):
    good = {"shap_values": VALUES, "pixel_values": IMAGES, "show": False}
    with pytest.raises(error, match=message(*parts)):
        image(**{**good, **change})
    assert not plt.get_fignums()


def test_axes_of_an_explanation_must_fit():
    explained = SimpleNamespace(values=np.ones((2, 4, 5, 3, 2, 2)), data=IMAGES, output_names=None)
    with pytest.raises(ValueError, match=message("one for the outputs", "(2, 4, 5, 3, 2, 2)")):
        image(explained)
