"""What the visualizers that mask an image share: from attributions and settings to a request."""

from __future__ import annotations

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.options import MaskSettings
from hotcold.request import RenderRequest
from hotcold.visualizers.base import BaseVisualizer, sigma_pair


class MaskingVisualizer(BaseVisualizer):
    """A visualizer with `MaskSettings`, wherever its attributions come from."""

    def _mask_request(self, batch: Array, image: Array, settings: MaskSettings) -> RenderRequest:
        """Return the request for (N, C, H, W) views that agree in all but the channels."""
        combine = settings.combine_channels
        if not combine:
            _validate.same_channels(batch.shape, image.shape)
        spec = self._spec(
            reduction="mean" if combine else "none",
            sigma=sigma_pair(settings.blur),
            sign="positive" if settings.positive_only else "all",
            normalization_type="01",
            paint="mask",
            opacity="map" if settings.use_attr_as_opacity else "percentile",
            threshold=settings.threshold,
            masked_opacity=settings.masked_opacity,
            image_range=self._range_of(image),
        )
        return RenderRequest(spec, batch, image)
