"""Who may know whom: arrows point one way, and only some may draw, compute or start threads."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "hotcold"

# From the bottom up: a module imports from rows below its own, and from its own package.
LAYERS = (
    {"_atomic", "_core", "_extras", "_once", "_segments"},
    {"_validate"},
    {"_arrays", "colormaps", "declared"},
    {"drawing"},
    {"ops", "files", "plan", "tokens"},
    {"scale", "sheet"},
    {"options", "keywords", "provenance", "request", "data"},
    {"influence"},
    {"visualizers"},
    {"panel", "regions"},
    {"animation", "comparison"},
    {"compat", "offline", "testing"},
    {"cli"},
)
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
SOURCES = sorted(path for path in PACKAGE.rglob("*.py"))


def name_of(path):
    """Return the layer's name of a source file: its module, or the package that it is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Yield the full name of everything that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ids(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_imports_point_downwards(path):
    name = name_of(path)
    if name == "__init__":
        return  # the table of contents
    assert name in HEIGHT, f"a new module needs its place in LAYERS: {name}"
    for full in imports(path):
        parts = full.split(".")
        if parts[0] != "hotcold" or len(parts) == 1:
            continue
        if parts[1] in HEIGHT and parts[1] != name:
            assert HEIGHT[parts[1]] < HEIGHT[name], f"{name} imports {full}"


# The same inside hotcold.offline: what comes in, what goes out, and what is between.
OFFLINE = (
    ("threads",),
    ("input",),
    ("output",),
    ("run",),
    ("item_table",),
    ("gallery",),
    ("api", "scales", "tables"),
    ("comparison", "panels", "series"),
    ("dask",),
    ("__init__",),
)
OFFLINE_HEIGHT = {name: height for height, layer in enumerate(OFFLINE) for name in layer}


@pytest.mark.parametrize("path", sorted((PACKAGE / "offline").rglob("*.py")), ids=ids)
def test_offline_imports_point_downwards(path):
    def room(parts):
        return parts[0].removesuffix(".py")

    own = room(path.relative_to(PACKAGE / "offline").parts)
    for full in imports(path):
        parts = full.split(".")
        if parts[:2] == ["hotcold", "offline"] and len(parts) > 2 and parts[2] in OFFLINE_HEIGHT:
            other = parts[2]
            assert other == own or OFFLINE_HEIGHT[other] < OFFLINE_HEIGHT[own], full


def modules():
    """Return {name: path} of every module of the package."""
    named = {}
    for path in SOURCES:
        parts = ("hotcold", *path.relative_to(PACKAGE).with_suffix("").parts)
        named[".".join(parts).removesuffix(".__init__")] = path
    return named


def test_no_imports_go_round_in_a_circle():
    named = modules()
    del named["hotcold"]  # the table of contents
    waits_for = {name: set() for name in named}
    for name, path in named.items():
        for full in imports(path):
            found = full if full in named else full.rpartition(".")[0]
            if found in named and found != name:
                waits_for[name].add(found)
    while free := {name for name, others in waits_for.items() if not others}:
        waits_for = {name: others - free for name, others in waits_for.items() if name not in free}
    assert not waits_for, "in a circle, or importing from one"


FOLDERS = sorted({path.parent for room in (PACKAGE, ROOT / "cpp") for path in room.rglob("*.*")})
MOST_FILES = 20


@pytest.mark.parametrize("folder", FOLDERS, ids=ids)
def test_no_folder_holds_more_than_one_sees_at_a_glance(folder):
    files = [p for p in folder.iterdir() if p.is_file() and p.suffix not in (".so", ".pyd", ".pyc")]
    assert len(files) <= MOST_FILES


# Signatures that are written out with an option of the same name and default as a visualizer's.
# Those of the visualizers themselves are held to their fields by test_declared.py.
WRITTEN_OUT = {
    ("data", "load_example", "dim_order"),
    ("offline", "open_source", "dim_order"),
    ("ops", "gaussian_blur", "dim_order"),
    ("ops", "normalize", "dim_order"),
    ("ops", "percentile_mask", "masked_opacity"),
    ("ops", "tile", "dim_order"),
    ("regions", "boxes", "threshold_by"),
    ("sheet", "tile", "dim_order"),
}
# The same word for another thing: which pixels are a region, which cells share a scale, what is
# between the cells.
OTHER_MEANING = {
    ("animation", "animate", "background"),
    ("panel", "__init__", "background"),
    ("panel", "__init__", "scale"),
    ("regions", "boxes", "threshold"),
}


def written_defaults(path):
    """Yield (function, parameter, default) of every default that is written as a constant."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args]
            defaults = [*node.args.defaults, *node.args.kw_defaults]
            named = [*arguments[len(arguments) - len(node.args.defaults) :], *node.args.kwonlyargs]
            for argument, default in zip(named, defaults, strict=True):
                if isinstance(default, ast.Constant) and default.value is not None:
                    yield node.name, argument.arg, default.value


def test_defaults_are_declared_once():
    from hotcold.visualizers.base import KINDS

    declared = {}
    for kind in KINDS.values():
        for name, option in kind.declared().options.items():
            if option.in_picture:
                declared.setdefault(name, set()).add(kind.declared().defaults[name])
    found = set()
    for path in SOURCES:
        room = name_of(path)
        if room in ("options", "visualizers", "compat"):  # the last has those of others
            continue
        for function, name, default in written_defaults(path):
            place = room, function, name
            if name in declared and place not in OTHER_MEANING:
                assert place in WRITTEN_OUT, f"{place}: import the default from hotcold.options"
                assert default in declared[name], place
                found.add(place)
    assert found == WRITTEN_OUT


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_only_drawing_imports_pyplot(path):
    found = [full for full in imports(path) if "pyplot" in full]
    assert not found or name_of(path) == "drawing"


BACKENDS = PACKAGE / "influence" / "backends"
# What each may import; Keras runs on the others.
BACKEND_OF = {
    "__init__.py": set(),
    "jax": {"jax", "flax"},
    "keras": {"keras", "torch", "tensorflow"},
    "torch": {"torch"},
}


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_frameworks_are_imported_by_their_backends_and_readers_alone(path):
    frameworks = {"torch", "tensorflow", "jax", "flax", "keras", "scipy"}
    found = {full.split(".")[0] for full in imports(path)} & frameworks
    assert "scipy" not in found
    if path.is_relative_to(BACKENDS):
        assert found <= BACKEND_OF[path.relative_to(BACKENDS).parts[0]]
    else:
        assert not found or name_of(path) in ("offline", "data")


INFLUENCE = sorted(PACKAGE.glob("influence/**/*.py"))


def test_influence_imports_no_circle():
    def module(path):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        return ".".join(("hotcold", *parts)).removesuffix(".__init__")

    known = {module(path) for path in INFLUENCE} - {"hotcold.influence"}
    arrows = {}
    for path in INFLUENCE:
        found = {full if full in known else full.rpartition(".")[0] for full in imports(path)}
        arrows[module(path)] = found & known - {module(path)}
    while free := {name for name, found in arrows.items() if not found & arrows.keys()}:
        arrows = {name: found for name, found in arrows.items() if name not in free}
    assert not arrows, "these import each other, or what does"


@pytest.mark.parametrize("path", INFLUENCE, ids=ids)
def test_influence_reaches_a_framework_through_its_backend_alone(path):
    if not path.is_relative_to(BACKENDS):
        assert not any(".backends." in full for full in imports(path))


# What numpy may be asked for where pixels must not be computed with: types, memory, nothing more.
MEMORY_ONLY = {
    "asarray",
    "bool_",
    "broadcast_to",
    "dtype",
    "empty",
    "errstate",
    "float32",
    "float64",
    "may_share_memory",
    "ndarray",
    "uint8",
}
ALSO = {
    "_arrays.py": {"from_dlpack", "ma", "stack"},
    # Looks at what goes into a model, before there is anything for a kernel to look at.
    "channel_source.py": {"nan_to_num"},
}
NO_ARITHMETIC = [
    path
    for path in SOURCES
    if name_of(path) in ("ops", "request", "sheet", "visualizers", "_arrays", "_validate")
]


@pytest.mark.parametrize("path", NO_ARITHMETIC, ids=ids)
def test_python_does_no_arithmetic_on_pixels(path):
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "np"
    }
    assert used <= MEMORY_ONLY | ALSO.get(path.name, set())


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


# What each room of cpp/ may include beside its own files.
CPP_BELOW = {
    "runtime": (),
    "simd": ("runtime",),
    "kernels": ("simd", "runtime"),
    "png": ("simd", "runtime"),
    "bindings": ("kernels", "png", "simd", "runtime"),
    "tests": ("kernels", "png", "simd", "runtime"),
}
CPP = sorted(path for path in (ROOT / "cpp").rglob("*.[ch]pp"))


@pytest.mark.parametrize("path", [p for p in CPP if "bindings" not in p.parts], ids=ids)
def test_kernels_and_runtime_know_no_python(path):
    for header in includes(path):
        assert not re.search(r"Python\.h|pybind11|numpy|bindings", header), header


@pytest.mark.parametrize("path", CPP, ids=ids)
def test_cpp_arrows_point_one_way(path):
    layer = path.relative_to(ROOT / "cpp").parts[0]
    for header in includes(path):
        first = header.split("/")[0]
        if first in CPP_BELOW:
            assert first == layer or first in CPP_BELOW.get(layer, ()), header


@pytest.mark.parametrize("path", CPP, ids=ids)
def test_only_the_runtime_starts_threads(path):
    threads = {"thread", "pthread.h", "future", "condition_variable"} & set(includes(path))
    assert not threads or path.relative_to(ROOT / "cpp").parts[:2] == ("runtime", "parallel.cpp")


# From the bottom up: a kernel includes from rows above its own in this list, and its own folder.
KERNELS = (
    {"load"},
    {"blur", "geometry", "normalize"},
    {"paint", "percentile"},
    {"compare", "regions"},
    {"render"},
)
KERNEL_HEIGHT = {name: height for height, row in enumerate(KERNELS) for name in row}


@pytest.mark.parametrize("path", [p for p in CPP if "kernels" in p.parts], ids=ids)
def test_kernels_include_what_stands_below_them(path):
    room = path.relative_to(ROOT / "cpp" / "kernels").parts[0]
    assert room in KERNEL_HEIGHT, f"a new kernel needs its place in KERNELS: {room}"
    for header in includes(path):
        parts = header.split("/")
        if parts[0] == "kernels" and parts[1] != room:
            assert KERNEL_HEIGHT[parts[1]] < KERNEL_HEIGHT[room], header


@pytest.mark.parametrize("path", CPP, ids=ids)
def test_level_code_is_included_by_level_code_alone(path):
    """Elsewhere it would be compiled for one level and linked into another."""
    level_code = path.name.endswith((".simd.cpp", "-inl.hpp"))
    assert level_code or not [header for header in includes(path) if header.endswith("-inl.hpp")]


def test_headers_include_no_circle():
    names = {str(path.relative_to(ROOT / "cpp")): path for path in CPP}
    arrows = {name: set(includes(path)) & names.keys() for name, path in names.items()}
    while free := {name for name, found in arrows.items() if not found & arrows.keys()}:
        arrows = {name: found for name, found in arrows.items() if name not in free}
    assert not arrows, "these include each other, or what does"
