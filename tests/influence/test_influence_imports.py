"""PyTorch is looked for only when there is a model of it; examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
from helpers import optional, run_python

import hotcold.influence
from hotcold.influence import (
    InternalChannelQoI,
    InternalInfluence,
    OutputCut,
    PointDoi,
    SupportsAttributions,
)


def test_importing_the_package_imports_no_framework():
    code = "import sys, hotcold.influence; print(*sorted(FOUND & set(sys.modules)))"
    code = code.replace("FOUND", "{'torch', 'keras', 'tensorflow', 'jax', 'flax', 'scipy'}")
    assert run_python(code).stdout.strip() == ""


def test_missing_torch_is_named_with_the_extra():
    code = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from hotcold.influence import InternalChannelQoI, InternalInfluence, PointDoi
try:
    InternalInfluence(object(), "conv", InternalChannelQoI(0), PointDoi())
except TypeError as error:
    print(error)
"""
    assert "PyTorch is not installed: pip install 'hotcold[torch]'" in run_python(code).stdout


def test_model_of_no_framework_is_refused():
    optional("torch")
    with pytest.raises(
        TypeError,
        match=r"must be a keras.Model, a torch.nn.Module, a flax .* got dict; .*`attributions\(x",
    ) as caught:
        InternalInfluence({}, "conv", InternalChannelQoI(0), PointDoi())
    assert "hotcold[torch]" not in str(caught.value)


class Own:
    def attributions(self, x):
        return np.zeros(x.shape)


def test_object_with_attributions_stands_in_and_is_no_model():
    assert isinstance(Own(), SupportsAttributions)
    assert not isinstance(object(), SupportsAttributions)
    with pytest.raises(TypeError, match="got Own, which has `attributions` itself"):
        InternalInfluence(Own(), "conv", InternalChannelQoI(0), PointDoi())


def test_influence_is_one_of_those_objects():
    torch = optional("torch")
    infl = InternalInfluence(torch.nn.Flatten(), OutputCut(), InternalChannelQoI(0), PointDoi())
    assert isinstance(infl, SupportsAttributions)


@pytest.mark.parametrize(
    "name",
    [
        module.name.removeprefix("hotcold.influence.")
        for module in pkgutil.walk_packages(hotcold.influence.__path__, "hotcold.influence.")
        # Those import what stays out of this process: see test_influence_frameworks.py.
        if not module.name.startswith(
            ("hotcold.influence.backends.keras", "hotcold.influence.backends.jax")
        )
    ],
)
def test_examples_in_docstrings_run(name):
    optional("torch")
    module = importlib.import_module(f"hotcold.influence.{name}")
    names = {**vars(hotcold.influence), **vars(module)}
    assert doctest.testmod(module, extraglobs=names).failed == 0


def test_public_names_are_those_of_all():
    public = {
        n
        for n, v in vars(hotcold.influence).items()
        if not n.startswith("_") and hasattr(v, "__module__")
    }
    assert public == set(hotcold.influence.__all__)
    assert all(getattr(hotcold.influence, name).__doc__ for name in hotcold.influence.__all__)
