"""What the visualizers that mask an image share: from attributions and options to a request."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.options import BACKGROUNDS, MaskOptions, background_row
from hotcold.plan import RenderSpec
from hotcold.request import RenderRequest
from hotcold.visualizers.base import BaseVisualizer, Look

M = TypeVar("M", bound=MaskOptions)


class MaskingVisualizer(BaseVisualizer[M], Generic[M]):
    """A visualizer with `MaskOptions`, wherever its attributions come from."""

    def _mask_request(self, batch: Array, image: Array, options: M, **rows: Any) -> RenderRequest:
        """Return the request for (N, C, H, W) views of the same items; `rows` add to the plan."""
        return self._made(options, batch, image, *rows.items())

    def _recipe(
        self, options: M, planes: int, image: Look | None, /, *added: tuple[str, Any]
    ) -> RenderSpec:
        assert image is not None
        rows, channels = dict(added), image[0]
        if options.reduction == "none":
            _validate.same_channels(planes, channels)
            if options.has_lines:
                _validate.one_channel_for_lines(planes, options.boxes)
        else:
            planes = 1
        background = background_row(options.background)
        _validate.background_over(channels, planes, options.background, background)
        if channels == 4:
            rows["background"] = BACKGROUNDS["black"]  # transparent as it is
        return self._spec(options, image, paint="mask", **rows)
