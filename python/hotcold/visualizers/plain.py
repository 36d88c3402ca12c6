"""Attributions, or images, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.colormaps import LookupTable, chosen_table, lookup_table
from hotcold.options import PlainOptions, default_cmap
from hotcold.plan import RenderSpec
from hotcold.request import RenderRequest
from hotcold.visualizers.base import BaseVisualizer, Look, PathLike

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from hotcold.colormaps import ColormapLike
    from hotcold.drawing import FigureLike
    from hotcold.keywords import PlainCallKeywords, PlainKeywords


class Visualizer(BaseVisualizer[PlainOptions], options=PlainOptions):
    """Draw attributions as colours: combine, blur, take the sign, normalize, colour.

    One channel goes through the colormap; three or four are drawn as RGB or RGBA, clipped to
    [0, 1]. With ``normalization_type="unnormalized"`` it also shows images; uint8 ones as 0 to 255.

    Parameters
    ----------
    <options>

    Notes
    -----
    Colour limits are fixed by the mode, never stretched to the data: (-1, 1) or (0, 1); for
    ``magnitude_sum`` (0, the item's max), for ``signed_sum`` (-m, m) with m the item's max abs, for
    ``unnormalized`` (-m, m) with m the batch's max abs, or the given `limits`. With a `sign` those
    around 0 begin at 0.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> maps = np.linspace(-1, 1, 2 * 8 * 8).reshape(2, 1, 8, 8)
    >>> hotcold.Visualizer().render(maps).shape
    (2, 8, 8, 3)
    """

    command = "plain"
    command_help = "colours alone"
    takes_images = False

    def __init__(
        self,
        combine_channels: bool = False,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] = 0.0,
        cmap: ColormapLike | None = None,
        **options: Unpack[PlainKeywords],
    ) -> None:
        super().__init__(
            combine_channels=combine_channels,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
            **options,
        )

    def __call__(
        self,
        attributions: Any,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: FigureLike | None = None,
        return_tiled: bool = False,
        combine_channels: bool | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
        **options: Unpack[PlainCallKeywords],
    ) -> Array:
        """Draw a batch.

        Parameters
        ----------
        attributions : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
            C is 1, 3 or 4 unless combined; never modified.
        output_file : path-like, optional
            The sheet of pictures goes there: png, jpg, jpeg, webp, tif, tiff, bmp, gif hold one
            array element per pixel; pdf, svg, eps go through a figure.
        imshow : bool, default True
            Show the sheet with matplotlib where there is a screen or a notebook.
        fig : matplotlib Figure, SubFigure or Axes, optional
            Draw there instead of in a new one: on these axes, or the only ones of a figure, or new
            ones. In a figure with several, those that hold an earlier picture; otherwise pass the
            axes. A picture drawn there before is replaced, all else stays. `Axes.images` hold the
            picture with the map's own colormap and limits, for ``figure.colorbar``.
        return_tiled : bool, default False
            Return the values on a grid (channels last) instead of as a batch.
        <names>
            As in the constructor; None takes the constructor's value.

        Returns
        -------
        ndarray
            What was computed before colouring: the normalized values in the input's layout,
            (N, 1, H, W) when combined; float64 for float64 input, else float32.

        Raises
        ------
        ValueError
            A shape, range, name or suffix that does not fit; NaN or infinity.
        TypeError
            Attributions that are not real numbers.
        """
        changed = self._changed(
            options,
            combine_channels=combine_channels,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        request = self._request(attributions, None, changed)
        return self._call(request, changed, output_file, imshow, fig, return_tiled)

    def render(
        self,
        attributions: Any,
        *,
        out: NDArray[np.uint8] | None = None,
        n_threads: int | None = None,
        combine_channels: bool | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
        **options: Unpack[PlainCallKeywords],
    ) -> NDArray[np.uint8]:
        """Return the picture of each item, untiled, in one fused pass.

        Parameters
        ----------
        attributions
            As in a call.
        out : ndarray of uint8, shape of the result, optional
            Written and returned; must not share memory with the input.
        n_threads : int >= 1, optional
            None takes the constructor's value.
        <names>
            As in a call.

        Returns
        -------
        ndarray of uint8, shape (N, H, W, 3), or (N, H, W, 4) for four channels
            Channels last whatever the input.
        """
        changed = self._changed(
            options,
            combine_channels=combine_channels,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        return self._render(self._request(attributions, None, changed), out, n_threads)

    def _request(self, attributions: Any, x: None, options: PlainOptions, /) -> RenderRequest:
        batch = self._attributions(attributions)
        if options.reduction == "none":
            order = options.dim_order
            _validate.drawable_channels(batch.shape, "attributions", order, "to be drawn")
        # Masked bytes have become numbers with NaN among them.
        of_bytes = np.uint8 in (batch.dtype, getattr(attributions, "dtype", None))
        return self._made(options, batch, None, chosen_table(options.cmap), of_bytes)

    def _recipe(
        self,
        options: PlainOptions,
        planes: int,
        image: Look | None,
        chosen: LookupTable | None,
        of_bytes: bool,
        /,
    ) -> RenderSpec:
        # One channel is its own mean and sum, and keeps the byte image's grey.
        changes_one = options.reduction in ("sum_abs", "norm")
        combine = options.reduction != "none" and (planes > 1 or changes_one)
        if options.has_lines and not combine:
            _validate.one_channel_for_lines(planes, options.boxes)
        one_channel = combine or planes == 1
        mode = options.mode("unsigned_max" if one_channel else "unsigned_max_positive_centered")
        # An image of bytes has a scale of its own, and is grey without a table: a colormap's 256
        # greys are cut to bytes, which makes some of them one step too dark.
        bytes_image = mode == "unnormalized" and of_bytes
        through_table = one_channel and not (bytes_image and options.cmap is None)
        table = None
        if through_table:
            table = chosen or lookup_table(default_cmap(mode, options.sign_taken))
        return self._spec(
            options,
            None,
            reduction=options.reduction if combine else "none",
            normalization_type=mode,
            paint="table" if through_table else "channels",
            limits=options.limits or ((0.0, 255.0) if bytes_image else None),
            table=table,
        )
