"""What the visualizers that mask an image share: from attributions and options to a request."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.options import BACKGROUNDS, MaskOptions, background_row
from hotcold.request import RenderRequest
from hotcold.visualizers.base import BaseVisualizer

M = TypeVar("M", bound=MaskOptions)


class MaskingVisualizer(BaseVisualizer[M], Generic[M]):
    """A visualizer with `MaskOptions`, wherever its attributions come from."""

    def _mask_request(self, batch: Array, image: Array, options: M, **rows: Any) -> RenderRequest:
        """Return the request for (N, C, H, W) views of the same items; `rows` add to the plan."""
        if options.reduction == "none":
            _validate.same_channels(batch.shape, image.shape)
            if options.has_lines:
                _validate.one_channel_for_lines(batch.shape, options.boxes)
        planes = batch.shape[1] if options.reduction == "none" else 1
        background = background_row(options.background)
        _validate.background_over(image.shape[1], planes, options.background, background)
        if image.shape[1] == 4:
            rows["background"] = BACKGROUNDS["black"]  # transparent as it is
        return self._made(self._spec(options, image, paint="mask", **rows), options, batch, image)
