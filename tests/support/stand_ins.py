"""Packages that others import and here never use, by empty names."""

from __future__ import annotations

import sys
from types import ModuleType


def without_torchvision(monkeypatch):
    """Give pytorch-grad-cam the names that it imports from torchvision and here never calls."""
    for module, names in (
        ("torchvision", ()),
        ("torchvision.transforms", ("Compose", "Normalize", "ToTensor")),
        ("torchvision.transforms.functional", ("resize",)),
    ):
        empty = ModuleType(module)
        for name in names:
            setattr(empty, name, None)
        monkeypatch.setitem(sys.modules, module, empty)
