"""The image, with only its important regions left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold._arrays import Array
from hotcold.options import MaskOptions
from hotcold.request import RenderRequest
from hotcold.visualizers.base import PathLike
from hotcold.visualizers.masking import MaskingVisualizer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from hotcold.drawing import FigureLike
    from hotcold.keywords import MaskCallKeywords, MaskKeywords


class MaskVisualizer(MaskingVisualizer[MaskOptions], options=MaskOptions):
    """Darken the image wherever the attributions are low.

    The attributions are combined, blurred, clipped to >= 0 (or as `sign` says) and normalized with
    ``01``; the opacity of a pixel is then 1 above the item's percentile and `masked_opacity`
    elsewhere, or the map itself.

    Parameters
    ----------
    <options>

    Notes
    -----
    The result is ``opacity * x01 + (1 - opacity) * background``; where the image has an alpha
    channel, or a transparent background gives it one, the opacity multiplies alpha alone.

    Examples
    --------
    >>> import hotcold
    >>> example = hotcold.data.load_example()
    >>> masked = hotcold.MaskVisualizer(threshold=0.8).render(example.attributions, example.images)
    >>> masked.dtype
    dtype('uint8')
    """

    command = "mask"
    command_help = "the image where the attributions are high"

    def __init__(
        self,
        blur: float | tuple[float, float] = 5.0,
        threshold: float | str = 0.5,
        masked_opacity: float = 0.2,
        combine_channels: bool = True,
        use_attr_as_opacity: bool = False,
        positive_only: bool = True,
        **options: Unpack[MaskKeywords],
    ) -> None:
        super().__init__(
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
            use_attr_as_opacity=use_attr_as_opacity,
            positive_only=positive_only,
            **options,
        )

    def __call__(
        self,
        attributions: Any,
        x: Any,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: FigureLike | None = None,
        return_tiled: bool = True,
        blur: float | tuple[float, float] | None = None,
        threshold: float | str | None = None,
        masked_opacity: float | None = None,
        combine_channels: bool | None = None,
        use_attr_as_opacity: bool | None = None,
        positive_only: bool | None = None,
        **options: Unpack[MaskCallKeywords],
    ) -> Array:
        """Mask a batch of images.

        Parameters
        ----------
        attributions : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
            Any number of channels when combined, else `x`'s; never modified.
        x : array-like or tensor, of the same N, H, W and 1, 3 or 4 channels
            The images, in the same `dim_order`; one (N = 1) serves for all maps. Never modified.
        output_file, imshow, fig
            As in `Visualizer`.
        return_tiled : bool, default True
            Return the values on a grid (channels last) instead of as a batch.
        <names>
            As in the constructor; None takes the constructor's value.

        Returns
        -------
        ndarray, shape of `x` with N items (or four channels: transparent background), or its grid
            ``opacity * x01 + (1 - opacity) * background``; float64 when either input is, else
            float32.

        Raises
        ------
        ValueError
            A shape, range or suffix that does not fit; NaN or infinity.
        TypeError
            Attributions or images that are not real numbers.
        """
        changed = self._changed(
            options,
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
            use_attr_as_opacity=use_attr_as_opacity,
            positive_only=positive_only,
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
        blur: float | tuple[float, float] | None = None,
        threshold: float | str | None = None,
        masked_opacity: float | None = None,
        combine_channels: bool | None = None,
        use_attr_as_opacity: bool | None = None,
        positive_only: bool | None = None,
        **options: Unpack[MaskCallKeywords],
    ) -> NDArray[np.uint8]:
        """Return the masked image of each item, untiled, in one fused pass.

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
            Channels last whatever the input; four over a transparent background too.
        """
        changed = self._changed(
            options,
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
            use_attr_as_opacity=use_attr_as_opacity,
            positive_only=positive_only,
        )
        return self._render(self._request(attributions, x, changed), out, n_threads)

    def _request(self, attributions: Any, x: Any, options: MaskOptions, /) -> RenderRequest:
        batch = self._attributions(attributions, x)
        return self._mask_request(batch, self._image(x, batch, options), options)
