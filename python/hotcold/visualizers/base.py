"""What all visualizers share: configuration, and the steps of a call in their order."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from hotcold import _core, _validate, files
from hotcold._arrays import Array, as_batch, masked_as_zero, one_for_all, with_channel_axis
from hotcold.colormaps import lookup_table
from hotcold.declared import Table, complete, document, override, table_of
from hotcold.options import MapOptions, default_cmap
from hotcold.plan import RenderSpec
from hotcold.request import RenderRequest
from hotcold.scale import Scale
from hotcold.sheet import USUAL_TILER, Tiler

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from hotcold.drawing import FigureLike

PathLike = str | os.PathLike[str]
O = TypeVar("O", bound=MapOptions)  # noqa: E741 - the options of a visualizer

# What of the images a recipe depends on: their channels, and their dtype.
Look = tuple[int, np.dtype[Any]]
# Recipes that a visualizer keeps: of few looks, but colormaps may be changed for ever.
_MOST_RECIPES = 8

# Value ranges that an image's dtype implies; other dtypes are scaled item by item.
_IMAGE_RANGES = {np.dtype(np.uint8): (0.0, 255.0), np.dtype(np.bool_): (0.0, 1.0)}

# The visualizers that declare options of their own, by name.
KINDS: dict[str, type[BaseVisualizer[Any]]] = {}


class BaseVisualizer(Generic[O]):
    """Configuration that every visualizer has; instances are immutable, picklable, thread-safe.

    A subclass names its options (`hotcold.options`) and turns them into a `RenderSpec`; everything
    after that is here. Written out in its methods are the options that can be given by position:
    the others come as ``**options``, and signature and docstring are completed from their fields.
    """

    # Whether `render` has a second argument, and whether it may be None.
    takes_images: ClassVar[bool] = True
    needs_images: ClassVar[bool] = True
    # Whether it is given attributions; otherwise images, of which it computes some.
    takes_attributions: ClassVar[bool] = True

    command: ClassVar[str | None] = None  # its name on the command line, and what it draws
    command_help: ClassVar[str] = ""
    _kind: ClassVar[type[MapOptions]] = MapOptions
    _table: ClassVar[Table] = table_of(MapOptions)
    _positional: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, options: type[MapOptions] | None = None, **more: Any) -> None:
        super().__init_subclass__(**more)
        if options is None:
            return
        KINDS[cls.__name__] = cls
        cls._kind = options
        cls._table = table = table_of(options)
        code = cls.__init__.__code__
        cls._positional = tuple(
            n for n in code.co_varnames[: code.co_argcount] if n in table.options
        )
        document(cls, options, cls._positional, constructs=True)
        for name, member in vars(cls).items():
            function = getattr(member, "__func__", member)  # a classmethod's
            if name in ("__init__", "__call__", "render") or function is not member:
                constructs = name not in ("__call__", "render")
                complete(function, options, constructs=constructs)
                document(function, options, cls._positional, constructs=constructs)

    def __init__(self, **options: Any) -> None:
        self._refuse_unknown(options, self._table.options)
        self._options: O = self._kind(**options)  # type: ignore[assignment]

    @classmethod
    def declared(cls) -> Table:
        """Return what is declared of its options."""
        return cls._table

    def _refuse_unknown(self, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        for name in given:
            if name not in known:
                owners = [other for other, kind in KINDS.items() if name in kind._table.options]
                listed = [other for other in self._names() if other in known]
                maker = type(self).__name__
                raise TypeError(_validate.unexpected_option(maker, name, listed, owners))

    @property
    def dim_order(self) -> str:
        """Where the channel axis of the arguments is."""
        return self._options.dim_order

    @property
    def tiler(self) -> Tiler | None:
        """The grid for sheets; None: as near to a square as `Tiler` makes it."""
        return self._options.tiler

    @property
    def settings(self) -> O:
        """The visualizer's options, a frozen dataclass."""
        return self._options

    def _request(self, attributions: Any, x: Any, options: O, /) -> RenderRequest:
        """Return the checked inputs for the two arguments of `render`; the subclass's logic."""
        raise NotImplementedError

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
        if not self.takes_images:
            if x is not None:
                msg = f"`x` must be None: {type(self).__name__} draws over no images"
                raise TypeError(msg)
        elif x is None and self.needs_images:
            msg = f"`x` must be given: {type(self).__name__} draws over images"
            raise TypeError(msg)
        return self._request(attributions, x, self._options)

    def map_request(self, attributions: Any, x: Any = None) -> RenderRequest:
        """Return what makes the maps of `request`, whatever they are painted with.

        Images are needed only where maps are brought to their size.

        Parameters
        ----------
        attributions, x
            As for `request`; `x` may be None for every visualizer without `upsample`.

        Returns
        -------
        hotcold.request.RenderRequest
            Of which the maps are of use, not the pictures.

        Raises
        ------
        TypeError, ValueError
            As in `request`.
        """
        if x is not None or not (self.takes_images and self.needs_images):
            return self.request(attributions, x)
        options = self._options
        if options.upsample is not None:
            msg = f"`x` must be given: upsample={options.upsample!r} brings maps to its size"
            raise TypeError(msg)
        batch = self._attributions(attributions)
        if options.reduction == "none":
            order = options.dim_order
            _validate.drawable_channels(batch.shape, "attributions", order, "to be drawn")
        mode = options.mode("unsigned_max")
        rows: dict[str, Any] = {"paint": "channels"}
        if options.reduction != "none" or batch.shape[1] == 1:
            rows = {"paint": "table", "table": lookup_table(default_cmap(mode))}
        spec = self._spec(options, None, normalization_type=mode, **rows)
        spec = _scaled(options, spec, batch.shape[1])
        return RenderRequest(spec, batch, None, shares_scale=options.scale == "shared")

    def limits(self, attributions: Any, x: Any = None) -> NDArray[np.float64]:
        """Return the attributions at both ends of the colours, item by item.

        Parameters
        ----------
        attributions, x
            As for `render`; `x` may be left out but with `upsample`.

        Returns
        -------
        ndarray of float64, shape (N, 2)
            (low, high) of each item. For modes with a zero in the middle, low is minus high. Both
            are 0 where a map is 0 everywhere, and all of its values are drawn as zero. Of channels
            that are drawn as RGB they are those of the levels 0 and 255.

        Raises
        ------
        TypeError, ValueError
            As in `render`; ``magnitude_sum`` and ``signed_sum`` with several channels, each of
            which has limits of its own.

        Examples
        --------
        >>> import numpy as np, hotcold
        >>> maps = np.array([[[[-1.0, 3.0]]], [[[0.0, 0.5]]]])
        >>> hotcold.Visualizer().limits(maps)
        array([[-3. ,  3. ],
               [-0.5,  0.5]])
        >>> hotcold.Visualizer(scale="shared", sign="positive").limits(maps)
        array([[0., 3.],
               [0., 3.]])
        """
        return self.map_request(attributions, x).limits(self._options.n_threads)

    def __replace__(self, **changes: Any) -> Self:
        """Return a visualizer with other options, as `copy.replace` of Python 3.13 does."""
        self._refuse_unknown(changes, self._table.options)
        twin = copy.copy(self)
        twin._options = self._kind(**{**self._options.__getstate__(), **changes})  # type: ignore[assignment]
        return twin

    def describe(self) -> dict[str, Any]:
        """Return, by name, everything that changes the pictures of an item."""
        known = self._table.options
        return {n: getattr(self._options, n) for n in self._names() if known[n].in_picture}

    def _names(self) -> list[str]:
        """Return the options' names, those with a position first."""
        return list(dict.fromkeys((*self._positional, *self._table.options)))

    def __repr__(self) -> str:
        return self._repr(self._options)

    def _repr(self, options: O) -> str:
        """Tell the options that have a position, and of the others those that were chosen."""
        defaults = self._table.defaults
        told = [
            f"{name}={_told(getattr(options, name))}"
            for name in self._names()
            if name in self._positional or getattr(options, name) != defaults[name]
        ]
        maker, leading = self._made_by()
        return f"{maker}({', '.join([*leading, *told])})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def _made_by(self) -> tuple[str, list[str]]:
        """Return what makes such an object, and its arguments before the options, for `repr`."""
        return type(self).__name__, []

    def text_chunks(self, options: O | None = None) -> dict[str, str]:
        """Return what a picture file says of how it was made."""
        described = self._repr(self._options if options is None else options)
        return {"Software": f"hotcold {_core.__version__}", "Description": described}

    def _told(
        self, request: RenderRequest, options: O, extents: NDArray[np.float64] | None
    ) -> dict[str, str]:
        """Return what a file of these pictures, drawn by these options, says of itself."""
        told = self.text_chunks(options)
        if extents is not None:
            from hotcold.provenance.describe import KEYWORD, call_told, clip_told

            by = copy.copy(self)
            by._options = options
            numbers = request.numbers(extents, clip_told(by))
            told[KEYWORD] = call_told(by, request.spec, numbers)
        return told

    def _changed(self, keywords: Mapping[str, Any], **written: Any) -> O:
        """Return the options of one call: None takes the constructor's value."""
        if keywords:
            self._refuse_unknown(keywords, self._table.called)
            written.update(keywords)
        for value in written.values():
            if value is not None:
                return override(self._options, written)
        return self._options

    def _attributions(self, value: Any, x: Any = None) -> Array:
        dim_order = self._options.dim_order
        return as_batch(with_channel_axis(value, x, dim_order), "attributions", dim_order)

    def _image(self, x: Any, attributions: Array, options: O) -> Array:
        """Return the images as (N, C, H, W), checked against the maps; one serves for all."""
        image = one_for_all(self._drawable(x), len(attributions))
        if options.upsample is None:
            _validate.same_items(attributions.shape, image.shape)
        else:
            _validate.enlargeable(attributions.shape, image.shape)
        return image

    def _drawable(self, x: Any) -> Array:
        dim_order = self._options.dim_order
        if self._options.nonfinite != "raise":
            x = masked_as_zero(x)
        image = as_batch(x, "x", dim_order)
        _validate.drawable_channels(image.shape, "x", dim_order, "to be shown")
        return image

    def _recipe(self, options: O, planes: int, image: Look | None, /, *more: Any) -> RenderSpec:
        """Return the recipe for attributions of so many channels, or raise; the subclass's logic.

        It is kept, so nothing but these arguments may decide about it.
        """
        raise NotImplementedError

    def _spec(self, options: O, image: Look | None, **rows: Any) -> RenderSpec:
        """Return the recipe: the options' rows, and those that depend on the arguments."""
        if image is not None and options.image_norm is not None:
            _validate.norm_fits(options.rows["image_norm"], image[0])
        elif image is not None and options.image_range is None:
            rows["image_range"] = _IMAGE_RANGES.get(image[1])
        follows = {
            "reduction": options.reduction,
            "sign": options.sign_taken,
            "clip": options.clip,
            **options.threshold_rows,
        }
        return RenderSpec.of(follows, options.rows, rows)

    def _made(
        self, options: O, attributions: Array, image: Array | None, *more: Any
    ) -> RenderRequest:
        """Return the request for views (N, C, H, W); `more` is for `_recipe`."""
        look = None if image is None else (image.shape[1], image.dtype)
        key = (attributions.shape[1], look, *more)
        kept = options.recipes
        spec = kept.get(key)
        if spec is None:
            spec = self._recipe(options, *key)
            spec = _scaled(options, spec, attributions.shape[1])
            if len(kept) >= _MOST_RECIPES:
                kept.clear()
            kept[key] = spec
        return RenderRequest(spec, attributions, image, 0, options.scale == "shared")

    def _render(
        self, request: RenderRequest, out: NDArray[np.uint8] | None, n_threads: int | None
    ) -> NDArray[np.uint8]:
        return request.render(out, self._options.n_threads if n_threads is None else n_threads)

    def _call(
        self,
        request: RenderRequest,
        options: O,
        output_file: PathLike | None,
        imshow: bool,
        fig: FigureLike | None,
        return_tiled: bool,
    ) -> Array:
        check_targets(output_file, fig)
        tiler = options.tiler or USUAL_TILER
        if output_file is not None:
            suffix = files.known_suffix(output_file)
            files.check_quality(options.quality, suffix)
            cell = request.picture_shape[:2]
            files.check_size(suffix, *tiler.sheet(request.n_items, cell).shape)
        request = request.alone(options.n_threads)
        wants_sheet = output_file is not None or imshow or fig is not None
        says = output_file is not None and files.known_suffix(output_file) == ".png"
        extents = request.new_extents() if says else None
        values, sheet = request.values_and_sheet(
            tiler, True, wants_sheet, options.dim_order, options.n_threads, extents
        )
        tiled = tiler.tile(values, dim_order=options.dim_order) if return_tiled else values
        if output_file is not None:
            files.save_picture(
                output_file,
                sheet,
                self._told(request, options, extents),
                request.colors,
                _validate.n_threads(options.n_threads),
                options.compression,
                options.quality,
            )
        if imshow or fig is not None:
            from hotcold import drawing

            drawing.show(sheet, fig, imshow, request.color_scale(values))
        return tiled


def _scaled(options: MapOptions, spec: RenderSpec, planes: int) -> RenderSpec:
    """Return the recipe by the scale that the options name, if it is known."""
    scale = options.scale
    return scale.fits(spec, planes).applied(spec) if isinstance(scale, Scale) else spec


def check_targets(output_file: PathLike | None, fig: FigureLike | None) -> None:
    """Require an output file that can be written and a figure that can be drawn in, or None."""
    if output_file is not None:
        files.known_suffix(output_file)
    if fig is not None:
        from hotcold import drawing

        drawing.check_fig(fig)


def _told(value: Any) -> str:
    """Return a setting's repr, with a colormap's name in place of its address in memory."""
    if isinstance(value, str) or not hasattr(value, "N"):
        return repr(value)
    return f"<{type(value).__name__} {value.name!r}, {value.N} entries>"
