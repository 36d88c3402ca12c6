"""The reference lists what the package says is public, so that no page has to be kept in step.

Before anything is read, ``api/index.md`` is written from ``hotcold.__all__`` and that of
the public modules; autosummary makes a page of each name from its docstring.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import hotcold
from hotcold.visualizers.base import BaseVisualizer

# Modules that are public beside the package itself, where they are there, and what they hold.
MODULES = {
    "hotcold.compat": "Calls of other libraries",
    "hotcold.data": "The built-in example",
    "hotcold.influence": "Attributions of models",
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
    return f"```{{eval-rst}}\n.. autosummary::\n   :toctree: .\n\n{listed}\n```\n"


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
        public = [f"{name}.{member}" for member in names_of(module)]
        if public:
            parts += [f"## `{name}`: {title[0].lower()}{title[1:]}\n", summary(public)]
    return "\n".join(parts)


def write(app, config):
    folder = Path(app.srcdir, "api")
    folder.mkdir(exist_ok=True)
    path, text = folder / "index.md", page()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("config-inited", write)  # before anything looks for pages
    return {"parallel_read_safe": True}
