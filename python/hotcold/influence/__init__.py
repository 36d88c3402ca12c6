"""Internal influence: which parts of the input drive a channel, a neuron or a class of a network.

>>> from hotcold.influence import Cut, InputCut, InternalChannelQoI, InternalInfluence, PointDoi

Only numpy is imported; a framework is used when a model of it is given.
"""

from hotcold.influence.cuts import Cut, InputCut, OutputCut
from hotcold.influence.distributions import LinearDoi, PointDoi
from hotcold.influence.internal_influence import InternalInfluence, attributions
from hotcold.influence.layer_list import LayerList, layers
from hotcold.influence.protocols import Layer, SupportsAttributions
from hotcold.influence.quantities import ClassQoI, InternalChannelQoI, MaxClassQoI

__all__ = [
    "ClassQoI",
    "Cut",
    "InputCut",
    "InternalChannelQoI",
    "InternalInfluence",
    "Layer",
    "LayerList",
    "LinearDoi",
    "MaxClassQoI",
    "OutputCut",
    "PointDoi",
    "SupportsAttributions",
    "attributions",
    "layers",
]
