"""The image, with only the regions left that drive one channel inside a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold._arrays import Array, one_for_all
from hotcold.options import ChannelMaskOptions
from hotcold.request import RenderRequest
from hotcold.visualizers.base import PathLike, check_targets
from hotcold.visualizers.masking import MaskingVisualizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from hotcold.drawing import FigureLike
    from hotcold.influence import Cut, OutputCut, SupportsAttributions
    from hotcold.influence.protocols import Distribution
    from hotcold.keywords import ChannelMaskCallKeywords, ChannelMaskKeywords
    from hotcold.visualizers.channel_source import Source


class ChannelMaskVisualizer(MaskingVisualizer[ChannelMaskOptions], options=ChannelMaskOptions):
    """Darken the image wherever it does not drive a channel of a model.

    The attributions are the internal influence of the image on the channel (gradient times input,
    see `hotcold.influence.InternalInfluence`); they are drawn as by `MaskVisualizer`.

    Parameters
    ----------
    model : torch.nn.Module, keras.Model or flax module
        The trained model, used where it is and left as it was. For any other source of attributions
        see `from_influence`.
    layer : str, int or Cut
        A layer's name, an index into the model's leaf layers, or a `Cut`;
        `hotcold.influence.layers` lists them.
    channel : int or sequence of int
        The channel; several are summed.
    channel_axis : int, optional
        Which axis of the layer's tensor holds the channels; None: the framework's own.
    agg_fn : {"sum", "mean", "max"} or callable, optional
        How the channel's map becomes one number per item; None: the sum.
    doi : PointDoi or LinearDoi, optional
        At which inputs the gradient is taken; None: `PointDoi()`.
    <options>

    Raises
    ------
    TypeError
        `model` is of no known framework, or an argument is of the wrong kind.
    ValueError
        An unknown layer name (the closest are listed), or a setting out of range; an `IndexError`
        for a layer index out of range.

    Notes
    -----
    Objects hold configuration only, pickle if the model does, and can be shared by threads: calls
    on one model wait for each other while it runs.

    Examples
    --------
    >>> import numpy as np, torch
    >>> import hotcold
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU())
    >>> show = hotcold.ChannelMaskVisualizer(model, "1", 5, blur=1, threshold=0.8)
    >>> show.render(np.random.default_rng(0).random((2, 3, 16, 16))).shape
    (2, 16, 16, 3)
    """

    needs_images = False
    takes_attributions = False  # the second argument is `x_preprocessed`

    def __init__(
        self,
        model: Any,
        layer: str | int | Cut | OutputCut,
        channel: int | Sequence[int],
        channel_axis: int | None = None,
        agg_fn: str | Callable[[Any], Any] | None = None,
        doi: Distribution | None = None,
        blur: float | tuple[float, float] | None = None,
        threshold: float | str = 0.5,
        masked_opacity: float = 0.2,
        combine_channels: bool = True,
        use_attr_as_opacity: bool | None = None,
        positive_only: bool | None = None,
        **options: Unpack[ChannelMaskKeywords],
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
        from hotcold.visualizers.channel_source import channel_source

        self._source: Source = channel_source(model, layer, channel, channel_axis, agg_fn, doi)

    @classmethod
    def from_influence(
        cls,
        influence: SupportsAttributions,
        blur: float | tuple[float, float] | None = None,
        threshold: float | str = 0.5,
        masked_opacity: float = 0.2,
        combine_channels: bool = True,
        use_attr_as_opacity: bool | None = None,
        positive_only: bool | None = None,
        **options: Unpack[ChannelMaskKeywords],
    ) -> ChannelMaskVisualizer:
        """Return a visualizer of any object's attributions.

        Parameters
        ----------
        influence : object with ``attributions(x)``
            An `InternalInfluence`, or what stands in for one: another framework, another library.
            It is called with `x_preprocessed` or `x` exactly as given, in whatever layout, and
            returns an array or tensor of the shape of `x`. Anything else is a `TypeError`.
        <names>
            As in the constructor.

        Returns
        -------
        ChannelMaskVisualizer
            Drawn from `influence` in place of a model, a layer and a channel.

        Examples
        --------
        >>> import numpy as np
        >>> import hotcold
        >>> class Brightness:
        ...     def attributions(self, x):
        ...         return x - x.mean()
        >>> show = hotcold.ChannelMaskVisualizer.from_influence(Brightness(), threshold=0.8)
        >>> show.render(np.random.default_rng(0).random((2, 3, 16, 16))).shape
        (2, 16, 16, 3)
        """
        from hotcold.visualizers.channel_source import given_source

        visualizer = cls.__new__(cls)
        super(ChannelMaskVisualizer, visualizer).__init__(
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
            use_attr_as_opacity=use_attr_as_opacity,
            positive_only=positive_only,
            **options,
        )
        visualizer._source = given_source(influence)
        return visualizer

    def __call__(
        self,
        x: Any,
        x_preprocessed: Any = None,
        output_file: PathLike | None = None,
        blur: float | tuple[float, float] | None = None,
        threshold: float | str | None = None,
        masked_opacity: float | None = None,
        combine_channels: bool | None = None,
        *,
        imshow: bool = True,
        fig: FigureLike | None = None,
        return_tiled: bool = False,
        **options: Unpack[ChannelMaskCallKeywords],
    ) -> Array:
        """Mask a batch of images by what drives the channel in each.

        Parameters
        ----------
        x : array-like or tensor, shape (N, C, H, W) or (N, H, W, C), of 1, 3 or 4 channels
            The images as people should see them; one serves for all of `x_preprocessed`. Never
            modified.
        x_preprocessed : array-like or tensor, shape (N, C, H, W) or (N, H, W, C), optional
            The same batch as the model takes it, of any number of channels and no more rows and
            columns than `x`: smaller maps are enlarged to the picture, bilinearly. None: `x`. A
            tuple holds several inputs of the model, a dict names them: the first is attributed,
            the others are passed on.
        output_file, imshow, fig, return_tiled
            As in `Visualizer`.
        <names>
            As in the constructor; None takes the constructor's value.

        Returns
        -------
        ndarray, shape of `x` with N items (or four channels: transparent background), or its grid
            ``opacity * x01 + (1 - opacity) * background``; float64 when `x` is, else float32.

        Raises
        ------
        ValueError
            A shape, range or suffix that does not fit; NaN or infinity; a layer that is never
            reached or does not depend on the input.
        TypeError
            Images that are not real numbers.
        IndexError
            The layer has too few channels (the message has the count).
        Exception
            What the model's forward pass raises keeps its type, with the shapes in front.
        """
        check_targets(output_file, fig)  # before the model runs
        changed = self._changed(
            options,
            blur=blur,
            threshold=threshold,
            masked_opacity=masked_opacity,
            combine_channels=combine_channels,
        )
        request = self._request(x, x_preprocessed, changed)
        return self._call(request, changed, output_file, imshow, fig, return_tiled)

    def render(
        self,
        x: Any,
        x_preprocessed: Any = None,
        *,
        out: NDArray[np.uint8] | None = None,
        n_threads: int | None = None,
        blur: float | tuple[float, float] | None = None,
        threshold: float | str | None = None,
        masked_opacity: float | None = None,
        combine_channels: bool | None = None,
        **options: Unpack[ChannelMaskCallKeywords],
    ) -> NDArray[np.uint8]:
        """Return the masked image of each item, untiled.

        Parameters
        ----------
        x, x_preprocessed
            As in a call.
        out : ndarray of uint8, shape of the result, optional
            Written and returned; must not share memory with the inputs.
        n_threads : int >= 1, optional
            Of the rendering, not of the model. None takes the constructor's value.
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
        )
        return self._render(self._request(x, x_preprocessed, changed), out, n_threads)

    def _request(
        self, x: Any, x_preprocessed: Any, options: ChannelMaskOptions, /
    ) -> RenderRequest:
        from hotcold.visualizers.channel_source import Inputs

        image = self._drawable(x)
        inputs = Inputs(
            image, x, x_preprocessed, options.dim_order, options.nonfinite, options.batch_size
        )
        maps = self._source.attributions(inputs)
        # What the model sees may be smaller than the picture.
        rows = {} if maps.shape[2:] == image.shape[2:] else {"upsample": "bilinear"}
        return self._mask_request(maps, one_for_all(image, len(maps)), options, **rows)

    def _made_by(self) -> tuple[str, list[str]]:
        return self._source.made_by()
