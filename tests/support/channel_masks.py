"""What the tests of ChannelMaskVisualizer share."""

from __future__ import annotations

from hotcold.influence import Cut, InputCut, InternalChannelQoI, InternalInfluence, PointDoi

LAYER, CHANNEL = "features.3", 5
# A layer of the published network whose map is 28 by 28, and a channel of it.
BLOCK = "_blocks.4"


def by_hand(x, model, layer=LAYER, channel=CHANNEL, axis=None, agg_fn=None, doi=None):
    """Return the attributions step by step, as channel_mask() defines them."""
    return InternalInfluence(
        model,
        (InputCut(), Cut(layer)),
        InternalChannelQoI(channel, axis, agg_fn),
        doi or PointDoi(),
    ).attributions(x)


def values(visualizer, *arrays, **overrides):
    return visualizer(*arrays, imshow=False, **overrides)


class Stored:
    """Stands in for an influence with attributions computed before, and keeps what it was given."""

    def __init__(self, result):
        self.result = result
        self.given = []

    def attributions(self, x, **options):
        self.given.append((x, options))
        return self.result
