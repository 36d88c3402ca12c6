"""Sphinx builds the documentation site from the pages of this folder.

From the repository's root, with ``pip install '.[docs]'``::

    sphinx-build -W docs build/site

Nothing is fetched, and nothing that a build makes is kept in the source: pictures come from the
code on the pages (`_ext/show.py`), the reference from docstrings (`_ext/reference.py`).
"""

import sys
from pathlib import Path

import hotcold

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "hotcold"
author = "the hotcold developers"
copyright = "2026, the hotcold developers"
version = release = hotcold.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "reference",
    "show",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_click",
]
exclude_patterns = ["_ext", "package-index.md"]
templates_path = ["_templates"]
smartquotes = False  # they make one dash of the two before an option

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# The reference's own pages list the members.
numpydoc_show_class_members = False
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say more

html_theme = "pydata_sphinx_theme"
html_title = "hotcold"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("index", "quickstart", "looking", "changelog")}
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
