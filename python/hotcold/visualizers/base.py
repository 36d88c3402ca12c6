"""What all visualizers share: configuration, and the steps of a call in their order."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hotcold import _core, _validate, files
from hotcold._arrays import Array, as_batch
from hotcold.options import NONFINITE, RenderSpec, override
from hotcold.request import RenderRequest
from hotcold.sheet import Tiler

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

PathLike = str | os.PathLike[str]

# Value ranges that an image's dtype implies; other dtypes are scaled item by item.
_IMAGE_RANGES = {np.dtype(np.uint8): (0.0, 255.0), np.dtype(np.bool_): (0.0, 1.0)}


class BaseVisualizer:
    """Configuration that every visualizer has; instances are immutable, picklable, thread-safe.

    A subclass keeps its own options in a settings dataclass (`hotcold.options`) and turns them into
    a `RenderSpec`; everything after that is here.
    """

    _request: Callable[..., RenderRequest]  # (the arguments of `render`, settings), of the subclass
    # Whether `render` has a second argument, and whether it may be None.
    _takes_images = True
    _needs_images = True

    # Keyword-only arguments and their defaults; `repr` tells those that differ.
    _KEYWORDS: ClassVar[dict[str, Any]] = {
        "dim_order": "channels_first",
        "tiler": None,
        "nonfinite": "raise",
        "n_threads": None,
        "image_range": None,
    }

    def __init__(
        self,
        settings: Any,
        *,
        dim_order: str,
        tiler: Tiler | None,
        nonfinite: str,
        n_threads: int | None,
        image_range: tuple[float, float] | None = None,
    ) -> None:
        self._settings = settings
        self._dim_order = _validate.dim_order(dim_order)
        if tiler is not None and not isinstance(tiler, Tiler):
            msg = f"`tiler` must be a hotcold.Tiler or None, got {type(tiler).__name__}"
            raise TypeError(msg)
        self._tiler = tiler
        self._nonfinite = _validate.one_of("nonfinite", nonfinite, NONFINITE)
        if n_threads is not None:
            _validate.n_threads(n_threads)
        self._n_threads = n_threads
        self._image_range = (
            None if image_range is None else _validate.value_range("image_range", image_range)
        )

    @property
    def dim_order(self) -> str:
        """Where the channel axis of the arguments is."""
        return self._dim_order

    @property
    def settings(self) -> Any:
        """The visualizer's own options, a frozen dataclass."""
        return self._settings

    def request(self, attributions: Any, x: Any = None) -> RenderRequest:
        """Return the checked inputs of `render`, with the constructor's settings.

        This, `text_chunks` and `dim_order` are all that offline rendering asks of a visualizer:
        hand it a batch, get a `hotcold.request.RenderRequest`.

        Parameters
        ----------
        attributions, x
            The two arguments of `render`, by position; `x` is None for visualizers without images.

        Returns
        -------
        hotcold.request.RenderRequest
            Views of the inputs and the recipe; nothing is rendered yet.

        Raises
        ------
        TypeError
            `x` missing where it is needed, or given where it is not; values not real numbers.
        ValueError
            As in `render`.
        """
        if not self._takes_images:
            if x is not None:
                msg = f"`x` must be None: {type(self).__name__} draws over no images"
                raise TypeError(msg)
            return self._request(attributions, self._settings)
        if x is None and self._needs_images:
            msg = f"`x` must be given: {type(self).__name__} draws over images"
            raise TypeError(msg)
        return self._request(attributions, x, self._settings)

    def describe(self) -> dict[str, Any]:
        """Return, by name, everything that changes the pictures of an item."""
        settings = {
            field.name: getattr(self._settings, field.name)
            for field in dataclasses.fields(self._settings)
        }
        keywords = {name: getattr(self, f"_{name}") for name in self._KEYWORDS}
        for name in ("tiler", "n_threads", "batch_size"):  # how, not what
            keywords.pop(name, None)
        return {**settings, **keywords}

    @property
    def tiler(self) -> Tiler | None:
        """The grid for sheets; None: as near to a square as `Tiler` makes it."""
        return self._tiler

    def __repr__(self) -> str:
        options = [
            f"{field.name}={_told(getattr(self._settings, field.name))}"
            for field in dataclasses.fields(self._settings)
        ]
        for name, default in self._KEYWORDS.items():
            value = getattr(self, f"_{name}")
            if value != default:
                options.append(f"{name}={value!r}")
        maker, leading = self._made_by()
        return f"{maker}({', '.join([*leading, *options])})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def _made_by(self) -> tuple[str, list[str]]:
        """Return what makes such an object, and its arguments before the settings, for `repr`."""
        return type(self).__name__, []

    def text_chunks(self, settings: Any = None) -> dict[str, str]:
        """Return what a picture file says of how it was made."""
        described = repr(self)
        if settings is not None and settings != self._settings:
            described = repr(self._with(settings))
        return {"Software": f"hotcold {_core.__version__}", "Description": described}

    def _with(self, settings: Any) -> BaseVisualizer:
        twin = object.__new__(type(self))
        twin.__dict__.update(vars(self), _settings=settings)
        return twin

    def _merged(self, **overrides: Any) -> Any:
        return override(self._settings, **overrides)

    def _attributions(self, value: Any) -> Array:
        return as_batch(value, "attributions", self._dim_order)

    def _image(self, x: Any, attributions: Array) -> Array:
        image = self._shown(x)
        _validate.same_items(attributions.shape, image.shape)
        return image

    def _shown(self, x: Any) -> Array:
        image = as_batch(x, "x", self._dim_order)
        _validate.drawable_channels(image.shape, "x", self._dim_order, "to be shown")
        return image

    def _range_of(self, image: Array) -> tuple[float, float] | None:
        return self._image_range or _IMAGE_RANGES.get(image.dtype)

    def _spec(self, **fields: Any) -> RenderSpec:
        return RenderSpec(zero_nonfinite=self._nonfinite == "zero", **fields)

    def _render(
        self, request: RenderRequest, out: NDArray[np.uint8] | None, n_threads: int | None
    ) -> NDArray[np.uint8]:
        return request.render(out, self._n_threads if n_threads is None else n_threads)

    def _call(
        self,
        request: RenderRequest,
        settings: Any,
        output_file: PathLike | None,
        imshow: bool,
        fig: Figure | None,
        return_tiled: bool,
    ) -> Array:
        if output_file is not None:
            files.known_suffix(output_file)
        tiler = self._tiler or Tiler()
        wants_sheet = output_file is not None or imshow or fig is not None
        values, sheet = request.values_and_sheet(
            tiler, True, wants_sheet, self._dim_order, self._n_threads
        )
        tiled = tiler.tile(values, dim_order=self._dim_order) if return_tiled else values
        if output_file is not None:
            files.save_picture(
                output_file,
                sheet,
                self.text_chunks(settings),
                request.colors,
                _validate.n_threads(self._n_threads),
            )
        if imshow or fig is not None:
            from hotcold import drawing

            drawing.show(sheet, fig, imshow)
        return tiled


def _told(value: Any) -> str:
    """Return a setting's repr, with a colormap's name in place of its address in memory."""
    if isinstance(value, str) or not hasattr(value, "N"):
        return repr(value)
    return f"<{type(value).__name__} {value.name!r}, {value.N} entries>"


def sigma_pair(blur: float | tuple[float, float]) -> tuple[float, float]:
    """Return a checked blur setting as (y, x)."""
    return blur if isinstance(blur, tuple) else (blur, blur)
