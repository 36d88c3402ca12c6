"""Packages that others import and here never use, by empty names."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import warnings
from types import ModuleType


def without_torchvision(monkeypatch):
    """Give pytorch-grad-cam and zennit what they import from torchvision and here never call."""
    for module, names in (
        ("torchvision", ()),
        ("torchvision.models", ()),
        ("torchvision.models.resnet", ("BasicBlock", "Bottleneck")),
        ("torchvision.transforms", ("Compose", "Normalize", "ToTensor")),
        ("torchvision.transforms.functional", ("resize",)),
    ):
        empty = ModuleType(module)
        for name in names:
            setattr(empty, name, None)
        monkeypatch.setitem(sys.modules, module, empty)


@contextlib.contextmanager
def shap_image():
    """Give the real `shap.plots.image` without what the rest of SHAP needs, a compiler among it.

    None where SHAP is not installed; ``pip install --no-deps shap`` is enough.
    """
    before = {name: sys.modules.pop(name) for name in _of_shap()}
    try:
        spec = importlib.util.find_spec("shap")
        if spec is None:
            yield None
            return
        (root,) = spec.submodule_search_locations
        for name, folder, members in (
            ("shap", root, {}),
            ("shap._explanation", "", {"Explanation": type("Explanation", (), {})}),
            ("shap.utils", "", {"ordinal_str": None}),
            ("shap.utils._legacy", "", {"kmeans": None}),
            ("shap.plots", f"{root}/plots", {}),
        ):
            module = ModuleType(name)
            module.__path__ = [folder]
            vars(module).update(members)
            sys.modules[name] = module
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its colormaps are made with
            function = importlib.import_module("shap.plots._image").image
        yield function
    finally:
        for name in _of_shap():
            del sys.modules[name]
        sys.modules.update(before)


def _of_shap():
    return [name for name in sys.modules if name.partition(".")[0] == "shap"]
