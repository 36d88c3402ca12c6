"""hotcold.compat beside the functions that it stands in for, which must draw the same.

    pip install captum && pip install --no-deps grad-cam==1.5.7 ttach==0.0.3 shap==0.51.0
    python benchmarks/run.py -k bench_compat --output benchmarks/results/compat.json

What comes as a figure of matplotlib takes the time that matplotlib takes for a figure, for all; a
PNG file of one is encoded here.
"""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import workloads
from figures import pixels
from harness import race
from matplotlib import pyplot as plt
from stand_ins import shap_image, without_torchvision

from hotcold import compat

LEVELS = 2
# Of figures next to nothing is ours: the gate asks for no loss, less what a busy machine does.
FIGURE_FLOOR = 0.7


def close(ours, theirs):
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= LEVELS


@pytest.fixture
def inputs():
    """Maps and images with channels last, in memory of their own as these libraries have them."""
    attributions = np.ascontiguousarray(workloads.maps(8).transpose(0, 2, 3, 1))
    return attributions, np.ascontiguousarray(workloads.photographs(8))


@pytest.fixture
def grad_cam(monkeypatch):
    without_torchvision(monkeypatch)
    module = pytest.importorskip("pytorch_grad_cam.utils.image")
    yield module.show_cam_on_image
    for name in [name for name in sys.modules if name.startswith("pytorch_grad_cam")]:
        del sys.modules[name]  # it holds what stands in for torchvision


@pytest.mark.benchmark(group="compat_grad_cam")
@pytest.mark.parametrize("size", [224, 1024])
def test_show_cam_on_image(benchmark, grad_cam, size):
    cam = np.abs(workloads.maps(1, size)[0]).mean(axis=0)
    cam /= cam.max()
    image = np.ascontiguousarray(workloads.photographs(1, size)[0] / np.float32(255))
    race(
        benchmark,
        lambda: compat.show_cam_on_image(image, cam, use_rgb=True),
        {"pytorch-grad-cam": lambda: grad_cam(image, cam, use_rgb=True)},
        check=lambda ours, answers: close(ours, answers["pytorch-grad-cam"]),
        floors={"pytorch-grad-cam": 2.0},
        rounds=51,
    )


@pytest.mark.benchmark(group="compat_captum")
@pytest.mark.parametrize(
    ("method", "what"),
    [("heat_map", "figure"), ("blended_heat_map", "figure"), ("blended_heat_map", "PNG file")],
)
def test_visualize_image_attr(benchmark, inputs, method, what):
    theirs = pytest.importorskip("captum.attr._utils.visualization")
    attributions, images = inputs

    def draw(function):
        figure, _ = function(attributions[0], images[0], method, "absolute_value", use_pyplot=False)
        if what == "PNG file":
            figure.savefig(io.BytesIO())
        return figure

    race(
        benchmark,
        lambda: draw(compat.visualize_image_attr),
        {"captum": lambda: draw(theirs.visualize_image_attr)},
        check=lambda ours, answers: close(pixels(ours), pixels(answers["captum"])),
        floors={"captum": FIGURE_FLOOR},
        rounds=9,
    )


@pytest.mark.benchmark(group="compat_shap")
@pytest.mark.parametrize("n", [2, 8])
def test_image(benchmark, inputs, n):
    attributions, images = inputs
    values = [attributions[:n], -attributions[:n]]

    def draw(function):
        function(values, images[:n], show=False)
        figure = plt.gcf()
        plt.close(figure)
        return figure

    with shap_image() as theirs:
        if theirs is None:
            pytest.skip("shap is not installed")
        race(
            benchmark,
            lambda: draw(compat.image),
            {"shap": lambda: draw(theirs)},
            check=lambda ours, answers: close(pixels(ours), pixels(answers["shap"])),
            floors={"shap": FIGURE_FLOOR},
            rounds=9,
            items=n,
        )
