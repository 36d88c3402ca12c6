"""The visualisations of TruLens 0.x, whose signatures hotcold keeps, as a rival.

The package (`trulens==0.0.12.1`, used as it is published) no longer imports: it asks for names that
Python, scipy and matplotlib have dropped. The one file that draws is loaded here with stand-ins
for those names and for the rest of the package, none of which has a part in drawing.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import PackageNotFoundError, distribution
from types import ModuleType, SimpleNamespace
from unittest import mock

import matplotlib as mpl
import matplotlib.pyplot
import scipy.ndimage

VERSION = "0.0.12.1"
BACKEND = SimpleNamespace(dim_order="channels_first", channel_axis=1)


def load() -> ModuleType | None:
    """Return the module, or None where the package is not installed."""
    try:
        package = distribution("trulens")
    except PackageNotFoundError:
        return None
    if package.version != VERSION:
        return None
    path = package.locate_file("trulens/visualizations.py")
    spec = importlib.util.spec_from_file_location("reference_visualizations", path)
    module = importlib.util.module_from_spec(spec)
    with (
        mock.patch.dict(sys.modules, _stand_ins()),
        mock.patch.object(mpl.cm, "get_cmap", _get_cmap, create=True),
    ):
        spec.loader.exec_module(module)
    # Looked up again at each call, when the patch is over.
    module.cm = SimpleNamespace(get_cmap=_get_cmap)
    return module


def _get_cmap(name: str, entries: int | None = None) -> mpl.colors.Colormap:
    return mpl.colormaps[name].resampled(entries) if entries else mpl.colormaps[name]


def _stand_ins() -> dict[str, ModuleType]:
    names = {
        "tkinter": ["S"],
        "trulens": [],
        "trulens.nn": [],
        "trulens.nn.attribution": ["AttributionMethod", "InternalInfluence"],
        "trulens.nn.distributions": ["PointDoi"],
        "trulens.nn.models": [],
        "trulens.nn.models._model_base": ["ModelWrapper"],
        "trulens.nn.quantities": ["InternalChannelQoI"],
        "trulens.nn.slices": ["Cut", "InputCut"],
        "trulens.utils": ["tru_logger"],
        "trulens.utils.typing": ["KwargsLike", "ModelInputs", "Tensor"],
    }
    modules = {}
    for name, members in names.items():
        modules[name] = ModuleType(name)
        for member in members:
            setattr(modules[name], member, type(member, (), {}))
    modules["trulens.nn.backend"] = ModuleType("trulens.nn.backend")
    modules["trulens.nn.backend"].get_backend = lambda: BACKEND
    modules["scipy.ndimage.filters"] = ModuleType("scipy.ndimage.filters")
    modules["scipy.ndimage.filters"].gaussian_filter = scipy.ndimage.gaussian_filter
    return modules
