"""hotcold: attribution maps of neural networks turned into pictures.

Kernels: `gaussian_blur`, `normalize`, `percentile_mask`, `tile`.
Visualizers: `Visualizer`, `HeatmapVisualizer`, `MaskVisualizer`, `ChannelMaskVisualizer`, laid out
by a `Tiler`, or side by side in a `Panel`. `render_files` draws very many items to files, `measure`
finds one `Scale` for them; `boxes` finds the regions that speak, `compare` what changed between two
versions of maps. `animate` plays pictures one after the other. `read_provenance` tells what a
picture file shows, and `read_values` turns a heat map back into numbers.
`tokens_to_maps` lays tokens of transformers out as maps.
`hotcold.influence` computes attributions of PyTorch models; `hotcold.data` holds a real example;
`hotcold.compat` has calls of other libraries, with their names and pictures; `hotcold.testing`
compares pictures in tests.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

try:
    from hotcold import _core
except ImportError as error:
    if "subinterpreter" in str(error):  # nothing is wrong with the build
        msg = (
            "hotcold does not support subinterpreters, as numpy does not: import it in the main "
            "interpreter, and use threads or processes instead"
        )
        raise ImportError(msg) from error
    msg = (
        f"hotcold's compiled core could not be imported ({error}). Install the package with "
        "`pip install .`; running from the source folder without installing does not build it."
    )
    raise ImportError(msg) from error

from hotcold.colormaps import register_when_matplotlib_loads
from hotcold.ops import NORMALIZATION_TYPES, gaussian_blur, normalize, percentile_mask, tile
from hotcold.scale import Scale
from hotcold.sheet import Tiler
from hotcold.tokens import tokens_to_maps
from hotcold.visualizers import (
    ChannelMaskVisualizer,
    HeatmapVisualizer,
    MaskVisualizer,
    Visualizer,
)

if TYPE_CHECKING:
    from hotcold import compat, data, influence, testing
    from hotcold.animation import animate
    from hotcold.comparison import Comparison, compare
    from hotcold.offline import RenderReport, measure, render_files
    from hotcold.panel import Panel
    from hotcold.provenance import read_provenance, read_values
    from hotcold.regions import Boxes, boxes

__all__ = [
    "NORMALIZATION_TYPES",
    "Boxes",
    "ChannelMaskVisualizer",
    "Comparison",
    "HeatmapVisualizer",
    "MaskVisualizer",
    "Panel",
    "RenderReport",
    "Scale",
    "Tiler",
    "Visualizer",
    "__version__",
    "animate",
    "boxes",
    "build_info",
    "compare",
    "compat",
    "data",
    "gaussian_blur",
    "influence",
    "measure",
    "normalize",
    "percentile_mask",
    "read_provenance",
    "read_values",
    "render_files",
    "testing",
    "tile",
    "tokens_to_maps",
]

__version__: str = _core.__version__

# Imported when first used: a module, or "module:name" for a member of one.
_LAZY = {
    "Boxes": "hotcold.regions:Boxes",
    "Comparison": "hotcold.comparison:Comparison",
    "Panel": "hotcold.panel:Panel",
    "RenderReport": "hotcold.offline:RenderReport",
    "animate": "hotcold.animation:animate",
    "boxes": "hotcold.regions:boxes",
    "compare": "hotcold.comparison:compare",
    "compat": "hotcold.compat",
    "data": "hotcold.data",
    "influence": "hotcold.influence",
    "measure": "hotcold.offline:measure",
    "read_provenance": "hotcold.provenance:read_provenance",
    "read_values": "hotcold.provenance:read_values",
    "render_files": "hotcold.offline:render_files",
    "testing": "hotcold.testing",
}

register_when_matplotlib_loads()


def build_info() -> dict[str, Any]:
    """Return what this build is and what it runs on.

    Returns
    -------
    dict
        ``version``, ``compiler``, ``build_type``, ``flags``, ``asserts``; ``isa``, the instruction
        set level in force, and ``isa_available``, those of this machine (``HOTCOLD_ISA`` forces
        one); ``n_threads``, what ``n_threads=None`` stands for.

    Examples
    --------
    >>> import hotcold
    >>> hotcold.build_info()["isa"] in ("baseline", "avx2", "avx512")
    True
    """
    return _core.build_info()


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module, _, member = _LAZY[name].partition(":")
        found = importlib.import_module(module)
        value = getattr(found, member) if member else found
        # Asked for once: Python 3.10 takes a lock each time, which a forked child may find locked.
        globals()[name] = value
        return value
    msg = f"module 'hotcold' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
