"""Small networks, each with one trait that a cut must get right."""

from __future__ import annotations

import os

import pytest

if os.environ.get("CI"):
    import torch
else:
    torch = pytest.importorskip("torch")

from torch import Tensor, nn

# Results are compared to rounding: one thread sums in one order.
torch.set_num_threads(1)


def seeded(build: type[nn.Module], *args: object, seed: int = 0) -> nn.Module:
    """Build a network with the same random weights every time, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(*args).eval()


class SmallCnn(nn.Module):
    """Two convolutions with batch norm and dropout, then a classifier: 8x8 digits, 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.dropout = nn.Dropout(0.25)
        self.classifier = nn.Linear(16 * 4 * 4, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.features(x).flatten(1)))


class SmoothNet(nn.Module):
    """Infinitely differentiable, so that finite differences are exact to their order."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.act = nn.Tanh()
        self.head = nn.Linear(4 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.act(self.conv(x)).flatten(1))


class SharedLayer(nn.Module):
    """Calls one layer three times."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Linear(4, 4)
        self.act = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = self.act(self.step(x))
        return x


class Overwriting(nn.Module):
    """Overwrites its input, the convolution's output and, after it, the activation's."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x.mul_(2)
        y = self.act(self.conv(x))
        return y.mul_(0).flatten(1).sum(1, keepdim=True)


class Returning(nn.Module):
    """A layer, and a model, that return something other than one tensor."""

    class Layer(nn.Module):
        def __init__(self, how: str) -> None:
            super().__init__()
            self.how = how

        def forward(self, x: Tensor) -> object:
            return {
                "tuple": (x * 2, x * 3),
                "none first": (None, x * 3),
                "list": [x * 2, x * 3],
                "dict": {"a": x * 2},
                "two in a dict": {"a": x * 2, "b": x * 3},
                "text": "nothing",
            }[self.how]

    def __init__(self, how: str) -> None:
        super().__init__()
        self.layer = Returning.Layer(how)

    def forward(self, x: Tensor) -> object:
        return self.layer(x)


class SideTracks(nn.Module):
    """Has a layer that is never called and layers that the input does not reach."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Linear(4, 3)
        self.unused = nn.Linear(4, 3)
        self.constant = nn.Linear(4, 3)
        self.detached = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            frozen = self.detached(x)
        return self.main(x) + self.constant(torch.ones(x.shape[0], 4)) + frozen


class TwoInputs(nn.Module):
    """Weighs the first input by the second, adds a third that is not per item."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 3)

    def forward(self, x: Tensor, weight: Tensor, offset: Tensor | None = None) -> Tensor:
        y = self.lin(x * weight)
        return y if offset is None else y + offset


class Recurrent(nn.Module):
    """An LSTM: a sequence layer that returns nested tuples, channels on the last axis."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[0][:, -1]


class Failing(nn.Module):
    """Raises after its first layer."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 3)
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        self.lin(x)
        raise self.error


class TokenNet(nn.Module):
    """Patches as tokens behind a class token, a block on them, and back to maps of both layouts."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 6, 2, 2)
        self.token = nn.Parameter(torch.ones(1, 1, 6))
        self.norm = nn.LayerNorm(6)
        self.mlp = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6))
        self.drop = nn.Dropout(0.5)
        self.back = nn.Identity()
        self.last = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], 1)
        tokens = self.drop(tokens + self.mlp(self.norm(tokens)))
        maps = self.back(tokens[:, 1:].transpose(1, 2).reshape(len(x), 6, 4, 4))
        return self.last(maps.permute(0, 2, 3, 1)).mean((1, 2))


class Branches(nn.Module):
    """Takes inputs by keyword, in a dict and in a list; shares an encoder among two of them."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 5)
        self.head = nn.Linear(5, 3)

    def forward(
        self,
        left: Tensor,
        right: Tensor | None = None,
        *,
        more: dict[str, Tensor] | None = None,
        scale: float = 1.0,
    ) -> dict[str, Tensor]:
        if isinstance(left, list):
            left, right = left
        state = torch.tanh(self.encoder(left))
        if right is not None:
            state = state + torch.tanh(self.encoder(right))
        if more is not None:
            state = state * more["weight"]
        logits = self.head(state) * scale
        return {"logits": logits, "state": state, "boxes": [logits * 2, state]}
