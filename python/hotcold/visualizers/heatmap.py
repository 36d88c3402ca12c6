"""The attribution map laid over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _core
from hotcold._arrays import Array
from hotcold.colormaps import LookupTable, chosen_table, faded, lookup_table
from hotcold.options import HeatmapOptions, default_cmap
from hotcold.plan import RenderSpec
from hotcold.request import RenderRequest
from hotcold.visualizers.base import BaseVisualizer, Look, PathLike

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from hotcold.colormaps import ColormapLike
    from hotcold.drawing import FigureLike
    from hotcold.keywords import HeatmapCallKeywords, HeatmapKeywords


class HeatmapVisualizer(BaseVisualizer[HeatmapOptions], options=HeatmapOptions):
    """Draw attributions as a heat map over the image they explain.

    The channels are combined (mean), blurred, normalized and coloured; the colours are blended over
    the image with `overlay_opacity`.

    Parameters
    ----------
    <options>

    Notes
    -----
    A pixel is ``floor(255 * ((1 - o) * x01 + o * rgb01) + 0.5)``; with `grayscale`, x01 is
    ``0.2125 R + 0.7154 G + 0.0721 B`` of the image's colours, and a pixel at most one level off. An
    alpha channel of the image passes through unchanged. `upsample` is PyTorch's
    ``interpolate(mode=upsample, align_corners=False)``.

    Examples
    --------
    >>> import hotcold
    >>> example = hotcold.data.load_example()
    >>> overlays = hotcold.HeatmapVisualizer().render(example.attributions, example.images)
    >>> overlays.shape == (*example.images.shape[:1], *example.images.shape[2:], 3)
    True
    """

    command = "heatmap"
    command_help = "a heat map over the image"

    def __init__(
        self,
        overlay_opacity: float = 0.5,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] = 10.0,
        cmap: ColormapLike | None = "jet",
        **options: Unpack[HeatmapKeywords],
    ) -> None:
        super().__init__(
            overlay_opacity=overlay_opacity,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
            **options,
        )

    def __call__(
        self,
        attributions: Any,
        x: Any,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: FigureLike | None = None,
        return_tiled: bool = False,
        overlay_opacity: float | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
        **options: Unpack[HeatmapCallKeywords],
    ) -> Array:
        """Draw a batch over its images.

        Parameters
        ----------
        attributions : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
            Any number of channels, and fewer rows and columns with `upsample`; never modified. Maps
            (N, H, W) may go without a channel axis beside the N images.
        x : array-like or tensor, of the same N, H, W and 1, 3 or 4 channels
            The images, in the same `dim_order`; one (N = 1) serves for all maps. Never modified.
        output_file, imshow, fig, return_tiled
            As in `Visualizer`.
        <names>
            As in the constructor; None takes the constructor's value.

        Returns
        -------
        ndarray, shape (N, 1, H, W) or (N, H, W, 1)
            The normalized map before colouring, of the image's size; float64 when either input is,
            else float32.

        Raises
        ------
        ValueError
            A shape, range, name or suffix that does not fit; NaN or infinity.
        TypeError
            Attributions or images that are not real numbers.
        """
        changed = self._changed(
            options,
            overlay_opacity=overlay_opacity,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        request = self._request(attributions, x, changed)
        return self._call(request, changed, output_file, imshow, fig, return_tiled)

    def render(
        self,
        attributions: Any,
        x: Any,
        *,
        out: NDArray[np.uint8] | None = None,
        n_threads: int | None = None,
        overlay_opacity: float | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
        **options: Unpack[HeatmapCallKeywords],
    ) -> NDArray[np.uint8]:
        """Return the overlay of each item, untiled, in one fused pass.

        Parameters
        ----------
        attributions, x
            As in a call.
        out : ndarray of uint8, shape of the result, optional
            Written and returned; must not share memory with the inputs.
        n_threads : int >= 1, optional
            None takes the constructor's value.
        <names>
            As in a call.

        Returns
        -------
        ndarray of uint8, shape (N, H, W, 3), or (N, H, W, 4) for images with alpha
            Channels last whatever the input.
        """
        changed = self._changed(
            options,
            overlay_opacity=overlay_opacity,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        return self._render(self._request(attributions, x, changed), out, n_threads)

    def _request(self, attributions: Any, x: Any, options: HeatmapOptions, /) -> RenderRequest:
        batch = self._attributions(attributions, x)
        image = self._image(x, batch, options)
        return self._made(options, batch, image, chosen_table(options.cmap))

    def _recipe(
        self,
        options: HeatmapOptions,
        planes: int,
        image: Look | None,
        chosen: LookupTable | None,
        /,
    ) -> RenderSpec:
        mode = options.mode("unsigned_max")
        table = _table(options, mode, chosen)
        return self._spec(options, image, normalization_type=mode, paint="overlay", table=table)


def _table(options: HeatmapOptions, mode: str, chosen: LookupTable | None) -> LookupTable:
    table = chosen or lookup_table(default_cmap(mode, options.sign_taken))
    if options.opacity != "map":
        return table
    # Modes without limits of their own have them around 0, whatever the values.
    limits = options.limits or _core.extent_limits(mode, (-1.0, 1.0), options.sign_taken != "all")
    zero = 0.5 if mode.endswith("positive_centered") else 0.0
    return faded(table, limits, zero, options.opacity_range)
