"""Attributions, or images, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.colormaps import lookup_table
from hotcold.options import PlainSettings, default_cmap
from hotcold.request import RenderRequest
from hotcold.sheet import Tiler
from hotcold.visualizers.base import BaseVisualizer, PathLike, sigma_pair

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hotcold.colormaps import ColormapLike


class Visualizer(BaseVisualizer):
    """Draw attributions as colours: combine, blur, normalize, colour.

    One channel goes through the colormap; three or four are drawn as RGB or RGBA, clipped to
    [0, 1]. With ``normalization_type="unnormalized"`` it also shows images; uint8 ones as 0 to 255.

    Parameters
    ----------
    combine_channels : bool, default False
        Take the mean over the channels first (the axis is kept).
    normalization_type : str, optional
        One of `hotcold.NORMALIZATION_TYPES`. None: ``unsigned_max`` for one channel,
        ``unsigned_max_positive_centered`` for several.
    blur : float or (float, float), pixels, default 0
        Standard deviation of a Gaussian blur (y, x).
    cmap : str or matplotlib Colormap, optional
        None: ``hotcold`` for modes with a sign, ``hot`` for ``magnitude_*`` and ``01``, none for
        unnormalized uint8 images of one channel, which are shown grey as they are.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of the arguments is.
    tiler : Tiler, optional
        The grid for sheets; None: as near to a square as `Tiler` makes it.
    nonfinite : {"raise", "zero"}
        NaN and infinity are an error, or taken as 0.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.

    Notes
    -----
    Colour limits are fixed by the mode, never stretched to the data: (-1, 1) or (0, 1); for
    ``magnitude_sum`` (0, the item's max), for ``signed_sum`` (-m, m) with m the item's max abs, for
    ``unnormalized`` (-m, m) with m the batch's max abs.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> maps = np.linspace(-1, 1, 2 * 8 * 8).reshape(2, 1, 8, 8)
    >>> hotcold.Visualizer().render(maps).shape
    (2, 8, 8, 3)
    """

    _takes_images = False

    def __init__(
        self,
        combine_channels: bool = False,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] = 0.0,
        cmap: ColormapLike | None = None,
        *,
        dim_order: str = "channels_first",
        tiler: Tiler | None = None,
        nonfinite: str = "raise",
        n_threads: int | None = None,
    ) -> None:
        super().__init__(
            PlainSettings(combine_channels, normalization_type, blur, cmap),
            dim_order=dim_order,
            tiler=tiler,
            nonfinite=nonfinite,
            n_threads=n_threads,
        )

    def __call__(
        self,
        attributions: Any,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: Figure | None = None,
        return_tiled: bool = False,
        combine_channels: bool | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
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
        fig : matplotlib Figure, optional
            Draw there instead of in a new one.
        return_tiled : bool, default False
            Return the values on a grid (channels last) instead of as a batch.
        combine_channels, normalization_type, blur, cmap
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
        settings = self._merged(
            combine_channels=combine_channels,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        request = self._request(attributions, settings)
        return self._call(request, settings, output_file, imshow, fig, return_tiled)

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
    ) -> NDArray[np.uint8]:
        """Return the picture of each item, untiled, in one fused pass.

        Parameters
        ----------
        attributions, combine_channels, normalization_type, blur, cmap
            As in a call.
        out : ndarray of uint8, shape of the result, optional
            Written and returned; must not share memory with the input.
        n_threads : int >= 1, optional
            None takes the constructor's value.

        Returns
        -------
        ndarray of uint8, shape (N, H, W, 3), or (N, H, W, 4) for four channels
            Channels last whatever the input.
        """
        settings = self._merged(
            combine_channels=combine_channels,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        return self._render(self._request(attributions, settings), out, n_threads)

    def _request(self, attributions: Any, settings: PlainSettings) -> RenderRequest:
        batch = self._attributions(attributions)
        combine = settings.combine_channels and batch.shape[1] > 1
        if not combine:
            _validate.drawable_channels(batch.shape, "attributions", self._dim_order, "to be drawn")
        one_channel = combine or batch.shape[1] == 1
        mode = settings.normalization_type or (
            "unsigned_max" if one_channel else "unsigned_max_positive_centered"
        )
        # An image of bytes has a scale of its own, and is grey without a table: a colormap's 256
        # greys are cut to bytes, which makes some of them one step too dark.
        bytes_image = mode == "unnormalized" and batch.dtype == np.uint8
        through_table = one_channel and not (bytes_image and settings.cmap is None)
        spec = self._spec(
            reduction="mean" if combine else "none",
            sigma=sigma_pair(settings.blur),
            normalization_type=mode,
            paint="table" if through_table else "channels",
            limits=(0.0, 255.0) if bytes_image else None,
            table=lookup_table(settings.cmap or default_cmap(mode)) if through_table else None,
        )
        return RenderRequest(spec, batch, None)
