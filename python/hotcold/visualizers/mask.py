"""The image, with only its important regions left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold._arrays import Array
from hotcold.options import MaskSettings
from hotcold.request import RenderRequest
from hotcold.sheet import Tiler
from hotcold.visualizers.base import PathLike
from hotcold.visualizers.masking import MaskingVisualizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


class MaskVisualizer(MaskingVisualizer):
    """Darken the image wherever the attributions are low.

    The attributions are combined, blurred, clipped to >= 0, normalized with ``01``; the opacity of
    a pixel is then 1 above the item's percentile and `masked_opacity` elsewhere, or the map itself.

    Parameters
    ----------
    blur : float or (float, float), pixels, default 5
        Standard deviation of a Gaussian blur (y, x).
    threshold : float in [0, 1], default 0.5
        Quantile of the item that separates masked from unmasked.
    masked_opacity : float in [0, 1], default 0.2
        What is left of masked pixels.
    combine_channels : bool, default True
        Take the mean over the channels first; otherwise the attributions must have `x`'s channels.
    use_attr_as_opacity : bool, default False
        The normalized map is the opacity; `threshold` and `masked_opacity` are not used.
    positive_only : bool, default True
        Negative attributions count as 0, so no pixel of non-positive attribution is unmasked.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of the arguments is.
    tiler : Tiler, optional
        The grid for sheets; None: as near to a square as `Tiler` makes it.
    nonfinite : {"raise", "zero"}
        NaN and infinity are an error, or taken as 0.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.
    image_range : (float, float), optional
        Image values taken as 0 and 1. None: 0 to 255 for uint8, else each item's own minimum and
        maximum, so that hues survive.

    Notes
    -----
    The result is ``opacity * x01``; where the image has an alpha channel the opacity multiplies
    alpha alone.

    Examples
    --------
    >>> import hotcold
    >>> example = hotcold.data.load_example()
    >>> masked = hotcold.MaskVisualizer(threshold=0.8).render(example.attributions, example.images)
    >>> masked.dtype
    dtype('uint8')
    """

    def __init__(
        self,
        blur: float | tuple[float, float] = 5.0,
        threshold: float = 0.5,
        masked_opacity: float = 0.2,
        combine_channels: bool = True,
        use_attr_as_opacity: bool = False,
        positive_only: bool = True,
        *,
        dim_order: str = "channels_first",
        tiler: Tiler | None = None,
        nonfinite: str = "raise",
        n_threads: int | None = None,
        image_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(
            MaskSettings(
                blur,
                threshold,
                masked_opacity,
                combine_channels,
                use_attr_as_opacity,
                positive_only,
            ),
            dim_order=dim_order,
            tiler=tiler,
            nonfinite=nonfinite,
            n_threads=n_threads,
            image_range=image_range,
        )

    def __call__(
        self,
        attributions: Any,
        x: Any,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: Figure | None = None,
        return_tiled: bool = True,
        blur: float | tuple[float, float] | None = None,
        threshold: float | None = None,
        masked_opacity: float | None = None,
        combine_channels: bool | None = None,
        use_attr_as_opacity: bool | None = None,
        positive_only: bool | None = None,
    ) -> Array:
        """Mask a batch of images.

        Parameters
        ----------
        attributions : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
            Any number of channels when combined, else `x`'s; never modified.
        x : array-like or tensor, of the same N, H, W and 1, 3 or 4 channels
            The images, in the same `dim_order`; never modified.
        output_file, imshow, fig
            As in `Visualizer`.
        return_tiled : bool, default True
            Return the values on a grid (channels last) instead of as a batch.
        blur, threshold, masked_opacity, combine_channels, use_attr_as_opacity, positive_only
            As in the constructor; None takes the constructor's value.

        Returns
        -------
        ndarray, shape of `x`, or its grid
            ``opacity * x01``; float64 when either input is, else float32.

        Raises
        ------
        ValueError
            A shape, range or suffix that does not fit; NaN or infinity.
        TypeError
            Attributions or images that are not real numbers.
        """
        settings = self._merged(
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
            use_attr_as_opacity=use_attr_as_opacity,
            positive_only=positive_only,
        )
        request = self._request(attributions, x, settings)
        return self._call(request, settings, output_file, imshow, fig, return_tiled)

    def render(
        self,
        attributions: Any,
        x: Any,
        *,
        out: NDArray[np.uint8] | None = None,
        n_threads: int | None = None,
        blur: float | tuple[float, float] | None = None,
        threshold: float | None = None,
        masked_opacity: float | None = None,
        combine_channels: bool | None = None,
        use_attr_as_opacity: bool | None = None,
        positive_only: bool | None = None,
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
        blur, threshold, masked_opacity, combine_channels, use_attr_as_opacity, positive_only
            As in a call.

        Returns
        -------
        ndarray of uint8, shape (N, H, W, 3), or (N, H, W, 4) for images with alpha
            Channels last whatever the input.
        """
        settings = self._merged(
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
            use_attr_as_opacity=use_attr_as_opacity,
            positive_only=positive_only,
        )
        return self._render(self._request(attributions, x, settings), out, n_threads)

    def _request(self, attributions: Any, x: Any, settings: MaskSettings) -> RenderRequest:
        batch = self._attributions(attributions)
        return self._mask_request(batch, self._image(x, batch), settings)
