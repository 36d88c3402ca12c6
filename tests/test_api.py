"""The package as a whole: names, versions, stubs' twins, docstrings, what an import costs."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.metadata
import importlib.resources
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import message, optional, run_python

import hotcold

# These have doctests of their own beside their other tests.
ELSEWHERE = ("hotcold.influence", "hotcold.offline", "hotcold.cli")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(hotcold.__path__, "hotcold.")
    if not module.name.startswith((*ELSEWHERE, "hotcold._core"))
]
CALLABLES = [name for name in hotcold.__all__ if callable(getattr(hotcold, name))]


def test_all_names_exist_and_are_listed():
    assert sorted(hotcold.__all__) == sorted(set(hotcold.__all__))
    for name in hotcold.__all__:
        assert getattr(hotcold, name) is not None
        assert name in dir(hotcold)
    promised = {
        "gaussian_blur",
        "normalize",
        "percentile_mask",
        "tile",
        "NORMALIZATION_TYPES",
        "Visualizer",
        "HeatmapVisualizer",
        "MaskVisualizer",
        "ChannelMaskVisualizer",
        "Tiler",
        "build_info",
    }
    assert promised <= set(hotcold.__all__)


def test_star_import_brings_the_public_names_alone():
    names = {}
    exec("from hotcold import *", names)
    assert set(names) - {"__builtins__"} == set(hotcold.__all__)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'hotcold' has no attribute 'heatmap'"):
        hotcold.heatmap  # noqa: B018


def test_normalization_types_are_the_promised_nine():
    assert hotcold.NORMALIZATION_TYPES == (
        "unsigned_max",
        "unsigned_max_positive_centered",
        "magnitude_max",
        "magnitude_sum",
        "signed_max",
        "signed_max_positive_centered",
        "signed_sum",
        "01",
        "unnormalized",
    )


def test_version_is_that_of_the_package():
    assert hotcold.__version__ == importlib.metadata.version("hotcold")
    assert hotcold.__version__ == hotcold._core.__version__ == hotcold.build_info()["version"]
    project = Path(__file__).parents[1] / "pyproject.toml"
    stated = re.search(r'^version = "(.+)"$', project.read_text(), re.MULTILINE).group(1)
    assert hotcold.__version__ == stated


def test_build_info_tells_what_runs():
    info = hotcold.build_info()
    assert set(info) == {
        "version",
        "compiler",
        "build_type",
        "flags",
        "asserts",
        "isa",
        "isa_available",
        "n_threads",
    }
    assert info["isa"] in info["isa_available"]
    assert info["isa_available"][0] == "baseline"
    assert info["n_threads"] >= 1


def test_the_package_is_typed():
    assert importlib.resources.files("hotcold").joinpath("py.typed").is_file()
    assert importlib.resources.files("hotcold").joinpath("_core.pyi").is_file()


def test_stub_lists_what_the_extension_has():
    stub = ast.parse(importlib.resources.files("hotcold").joinpath("_core.pyi").read_text())
    listed = {
        node.name
        for node in stub.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    real = {
        name
        for name, value in vars(hotcold._core).items()
        if callable(value) and not name.startswith("_")
    }
    assert listed == real
    for node in stub.body:
        if isinstance(node, ast.FunctionDef):
            told = re.match(
                r"\w+\((.*?)\) ->", getattr(hotcold._core, node.name).__doc__, re.DOTALL
            )
            real_names = re.findall(r"(\w+): ", told.group(1))
            assert [argument.arg for argument in node.args.args] == real_names, node.name


# --- docstrings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    source = inspect.getsource(module)
    if re.search(r"import [^\n]*\btorch\b", source) and ">>>" in source:
        optional("torch")  # an example of a model
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(module, optionflags=options).failed == 0
    assert module.__doc__


@pytest.mark.parametrize("name", CALLABLES)
def test_every_public_name_has_an_example(name):
    thing = getattr(hotcold, name)
    doc = inspect.getdoc(thing)
    assert "Examples\n--------\n>>> " in doc
    example = doctest.DocTestFinder().find(thing, name)
    assert any(test.examples for test in example)


DOCUMENTED = {
    **{name: getattr(hotcold, name) for name in CALLABLES},
    **{
        f"{name}.{method}": getattr(getattr(hotcold, name), method)
        for name in CALLABLES
        for method in ("__call__", "render", "tile", "from_influence")
        if inspect.isclass(getattr(hotcold, name)) and method in vars(getattr(hotcold, name))
    },
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_parameter_is_documented(name):
    doc = inspect.getdoc(DOCUMENTED[name])
    for parameter in inspect.signature(DOCUMENTED[name]).parameters:
        if name != "Tiler.tile" and parameter != "self":  # that one refers to hotcold.tile
            assert re.search(rf"\b{parameter}\b", doc), parameter


# --- imports --------------------------------------------------------------------------------------


def test_import_brings_nothing_that_only_some_need():
    # Taken out before, since numpy or an editable install may have brought them. As long as they
    # came with it, `import hotcold` took four times as long.
    run_python(
        "import sys, numpy\n"
        "some = {'base64', 'concurrent.futures', 'decimal', 'fractions', 'hashlib',"
        " 'json', 'logging', 'lzma', 'numpy.typing', 'pathlib', 'shutil', 'tempfile',"
        " 'urllib.parse', 'zlib', 'hotcold.offline', 'hotcold.provenance', 'hotcold.influence'}\n"
        "for name in some: sys.modules.pop(name, None)\n"
        "import hotcold\n"
        "assert not some & set(sys.modules), some & set(sys.modules)\n"
    )


def test_import_brings_nothing_heavy():
    run_python(
        "import sys, hotcold\n"
        "heavy = {'matplotlib', 'matplotlib.pyplot', 'torch', 'scipy', 'PIL', 'IPython', 'click',"
        " 'tqdm', 'pandas', 'cv2'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )


def test_rendering_needs_no_torch_and_no_scipy():
    run_python(
        "import sys\n"
        "sys.modules.update(torch=None, scipy=None)\n"
        "import numpy as np, hotcold\n"
        "a = np.ones((1, 3, 8, 8))\n"
        "hotcold.HeatmapVisualizer().render(a, a)\n"
        "hotcold.MaskVisualizer()(a, a)\n"
    )


def test_a_core_that_does_not_load_is_explained():
    done = run_python(
        "import sys; sys.modules['hotcold._core'] = None; import hotcold", check=False
    )
    assert done.returncode == 1
    assert re.search(message("ImportError: hotcold's compiled core", "pip install"), done.stderr)


def test_numpys_error_settings_do_not_matter():
    a = np.array([0, 1e-300, 1e300, -1e300]).reshape(1, 1, 2, 2)
    with np.errstate(all="raise"):
        for mode in hotcold.NORMALIZATION_TYPES:
            hotcold.Visualizer(normalization_type=mode, blur=1)(a, imshow=False)
