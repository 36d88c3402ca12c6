"""The attribution map laid over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.colormaps import lookup_table
from hotcold.options import UPSAMPLE, HeatmapSettings, default_cmap
from hotcold.request import RenderRequest
from hotcold.sheet import Tiler
from hotcold.visualizers.base import BaseVisualizer, PathLike, sigma_pair

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hotcold.colormaps import ColormapLike


class HeatmapVisualizer(BaseVisualizer):
    """Draw attributions as a heat map over the image they explain.

    The channels are combined (mean), blurred, normalized and coloured; the colours are blended over
    the image with `overlay_opacity`.

    Parameters
    ----------
    overlay_opacity : float in [0, 1], default 0.5
        How much of the heat map is seen; 1 hides the image.
    normalization_type : str, optional
        One of `hotcold.NORMALIZATION_TYPES`; None: ``unsigned_max``.
    blur : float or (float, float), pixels, default 10
        Standard deviation of a Gaussian blur (y, x).
    cmap : str or matplotlib Colormap, default "jet"
        None: as `Visualizer` chooses for the mode.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of the arguments is.
    tiler : Tiler, optional
        The grid for sheets; None: as near to a square as `Tiler` makes it.
    nonfinite : {"raise", "zero"}
        NaN and infinity are an error, or taken as 0.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.
    image_range : (float, float), optional
        Image values drawn as black and white. None: 0 to 255 for uint8, else each item's own
        minimum and maximum, so that hues survive.
    upsample : {"bilinear"}, optional
        Maps with fewer rows or columns than the image, such as class activation maps, are enlarged
        to its size before the blur. None: such maps are a `ValueError`.

    Notes
    -----
    A pixel is ``floor(255 * ((1 - o) * x01 + o * rgb01) + 0.5)``. An alpha channel of the image
    passes through unchanged. ``upsample="bilinear"`` is PyTorch's
    ``interpolate(mode="bilinear", align_corners=False)``.

    Examples
    --------
    >>> import hotcold
    >>> example = hotcold.data.load_example()
    >>> overlays = hotcold.HeatmapVisualizer().render(example.attributions, example.images)
    >>> overlays.shape == (*example.images.shape[:1], *example.images.shape[2:], 3)
    True
    """

    _KEYWORDS: ClassVar[dict[str, Any]] = {**BaseVisualizer._KEYWORDS, "upsample": None}

    def __init__(
        self,
        overlay_opacity: float = 0.5,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] = 10.0,
        cmap: ColormapLike | None = "jet",
        *,
        dim_order: str = "channels_first",
        tiler: Tiler | None = None,
        nonfinite: str = "raise",
        n_threads: int | None = None,
        image_range: tuple[float, float] | None = None,
        upsample: str | None = None,
    ) -> None:
        super().__init__(
            HeatmapSettings(overlay_opacity, normalization_type, blur, cmap),
            dim_order=dim_order,
            tiler=tiler,
            nonfinite=nonfinite,
            n_threads=n_threads,
            image_range=image_range,
        )
        if upsample is not None:
            _validate.one_of("upsample", upsample, UPSAMPLE)
        self._upsample = upsample

    def __call__(
        self,
        attributions: Any,
        x: Any,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: Figure | None = None,
        return_tiled: bool = False,
        overlay_opacity: float | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
    ) -> Array:
        """Draw a batch over its images.

        Parameters
        ----------
        attributions : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
            Any number of channels, and fewer rows and columns with `upsample`; never modified.
        x : array-like or tensor, of the same N, H, W and 1, 3 or 4 channels
            The images, in the same `dim_order`; never modified.
        output_file, imshow, fig, return_tiled
            As in `Visualizer`.
        overlay_opacity, normalization_type, blur, cmap
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
        settings = self._merged(
            overlay_opacity=overlay_opacity,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
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
        overlay_opacity: float | None = None,
        normalization_type: str | None = None,
        blur: float | tuple[float, float] | None = None,
        cmap: ColormapLike | None = None,
    ) -> NDArray[np.uint8]:
        """Return the overlay of each item, untiled, in one fused pass.

        Parameters
        ----------
        attributions, x, overlay_opacity, normalization_type, blur, cmap
            As in a call.
        out : ndarray of uint8, shape of the result, optional
            Written and returned; must not share memory with the inputs.
        n_threads : int >= 1, optional
            None takes the constructor's value.

        Returns
        -------
        ndarray of uint8, shape (N, H, W, 3), or (N, H, W, 4) for images with alpha
            Channels last whatever the input.
        """
        settings = self._merged(
            overlay_opacity=overlay_opacity,
            normalization_type=normalization_type,
            blur=blur,
            cmap=cmap,
        )
        return self._render(self._request(attributions, x, settings), out, n_threads)

    def _image(self, x: Any, attributions: Array) -> Array:
        if self._upsample is None:
            return super()._image(x, attributions)
        image = self._shown(x)
        _validate.enlargeable(attributions.shape, image.shape)
        return image

    def _request(self, attributions: Any, x: Any, settings: HeatmapSettings) -> RenderRequest:
        batch = self._attributions(attributions)
        image = self._image(x, batch)
        mode = settings.normalization_type or "unsigned_max"
        spec = self._spec(
            reduction="mean",
            upsample=self._upsample or "none",
            sigma=sigma_pair(settings.blur),
            normalization_type=mode,
            paint="overlay",
            table=lookup_table(settings.cmap or default_cmap(mode)),
            overlay_opacity=settings.overlay_opacity,
            image_range=self._range_of(image),
        )
        return RenderRequest(spec, batch, image)
