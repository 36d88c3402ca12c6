"""The reference lists what the package says is public, so that no page has to be kept in step.

Before anything is read, ``api/index.md`` is written from ``hotcold.__all__`` and that of the public
modules; autosummary makes a page of each name from its docstring. In the reference of commands,
which sphinx-click makes of their help, what stands line by line there is code here.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import hotcold
from hotcold.visualizers.base import BaseVisualizer

# Modules that are public beside the package itself, where they are there, and what they hold.
MODULES = {
    "hotcold.compat": "Calls of other libraries",
    "hotcold.data": "The built-in example",
    "hotcold.influence": "Attributions of models",
    "hotcold.offline": "Very many items",
    "hotcold.offline.dask": "Jobs on a cluster",
    "hotcold.testing": "Pictures in tests",
}


def kind(value):
    if inspect.isclass(value):
        return "Visualizers" if issubclass(value, BaseVisualizer) else "Other classes"
    return "Functions" if callable(value) else "Values"


def names_of(module):
    return sorted(getattr(module, "__all__", ()), key=str.lower)


def summary(names):
    listed = "\n".join(f"   {name}" for name in names)
    return (
        f"```{{eval-rst}}\n.. autosummary::\n   :toctree: .\n   :nosignatures:\n\n{listed}\n```\n"
    )


def page():
    groups = {"Visualizers": [], "Functions": [], "Other classes": []}
    for name in names_of(hotcold):
        value = getattr(hotcold, name)
        if not inspect.ismodule(value) and kind(value) in groups:
            groups[kind(value)].append(f"hotcold.{name}")
    parts = ["# Python\n"]
    for title, names in groups.items():
        parts += [f"## {title}\n", summary(names)]
    for name, title in MODULES.items():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name:  # not part of this version
                continue
            raise
        public = [
            f"{name}.{member}"
            for member in names_of(module)
            if getattr(module, member) is not getattr(hotcold, member, None)
        ]
        if public:
            parts += [f"## `{name}`: {title[0].lower()}{title[1:]}\n", summary(public)]
    return "\n".join(parts)


def write(app, config):
    folder = Path(app.srcdir, "api")
    folder.mkdir(exist_ok=True)
    path, text = folder / "index.md", page()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def lines_as_code(app, context, lines):
    """Turn line blocks, click's way to keep lines apart, into blocks of code below their heads."""
    found, in_block = [], False
    for line in lines:
        text = line.removeprefix("| ")
        if not line.startswith("| "):
            in_block = False
            found.append(line)
        elif not text.startswith(" "):  # the head: "Examples:"
            in_block = False
            found.append(text)
        else:
            if not in_block:
                found += ["", ".. code-block:: none", ""]
                in_block = True
            found.append(f"    {text.strip()}")
    lines[:] = found


def plain_paths(app, context, lines):
    """Say ``hotcold-demo`` where a default is a path."""
    lines[:] = [re.sub(r"PosixPath\('([^']*)'\)", r"\1", line) for line in lines]


def setup(app):
    app.setup_extension("sphinx_click")
    app.connect("sphinx-click-process-description", lines_as_code)
    app.connect("sphinx-click-process-epilog", lines_as_code)
    app.connect("sphinx-click-process-options", plain_paths)
    app.connect("config-inited", write)  # before anything looks for pages
    return {"parallel_read_safe": True}
