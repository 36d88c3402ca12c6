"""MTCNN's first and last stage, a face detector, with published weights.

Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks", arXiv:1604.02878. The weights are the files of the PyPI package ``facenet-pytorch`` (MIT
licence). That package is not imported, since it needs torchvision; its layers are written out here.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional


def package_folder(name: str) -> Path:
    """Return the folder of an installed package without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {name}: see the install lines in make_example.py")
    return Path(spec.origin).parent


def conv(n_in: int, n_out: int, size: int) -> tuple[nn.Conv2d, nn.PReLU]:
    """Return a convolution and its activation, the repeated pair of every stage."""
    return nn.Conv2d(n_in, n_out, size), nn.PReLU(n_out)


class Stage(nn.Module):
    """A stage of MTCNN with its published weights, frozen."""

    def load(self, name: str) -> None:
        """Load the weights; every name and shape must match."""
        path = package_folder("facenet_pytorch") / "data" / f"{name}.pt"
        self.load_state_dict(torch.load(path, weights_only=True))
        self.requires_grad_(False).eval()


class PNet(Stage):
    """The first stage: proposes faces of 12 x 12 pixels at every second pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = conv(3, 10, 3)
        self.conv2, self.prelu2 = conv(10, 16, 3)
        self.conv3, self.prelu3 = conv(16, 32, 3)
        self.conv4_1 = nn.Conv2d(32, 2, 1)
        self.conv4_2 = nn.Conv2d(32, 4, 1)  # boxes: unused here, but part of the weights
        self.load("pnet")

    def forward(self, x: Tensor) -> Tensor:
        """Return the log-odds of a face at every place, (N, h, w)."""
        x = functional.max_pool2d(self.prelu1(self.conv1(x)), 2, 2, ceil_mode=True)
        x = self.conv4_1(self.prelu3(self.conv3(self.prelu2(self.conv2(x)))))
        return x[:, 1] - x[:, 0]


class ONet(Stage):
    """The last stage: judges one window of 48 x 48 pixels, and places box and landmarks."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = conv(3, 32, 3)
        self.conv2, self.prelu2 = conv(32, 64, 3)
        self.conv3, self.prelu3 = conv(64, 64, 3)
        self.conv4, self.prelu4 = conv(64, 128, 2)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1 = nn.Linear(256, 2)
        self.dense6_2 = nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)
        self.load("onet")

    def features(self, x: Tensor) -> Tensor:
        """Return the output of the last convolution after its activation, (N, 128, 3, 3)."""
        x = functional.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = functional.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = functional.max_pool2d(self.prelu3(self.conv3(x)), 2, 2, ceil_mode=True)
        out: Tensor = self.prelu4(self.conv4(x))
        return out

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the log-odds of a face (N,), box corrections (N, 4) and landmarks (N, 10)."""
        x = self.features(x).permute(0, 3, 2, 1).flatten(1)
        x = self.prelu5(self.dense5(x))
        face = self.dense6_1(x)
        return face[:, 1] - face[:, 0], self.dense6_2(x), self.dense6_3(x)
