"""The visualizers: attributions (and images) in, pictures out."""

from hotcold.visualizers.channel_mask import ChannelMaskVisualizer
from hotcold.visualizers.heatmap import HeatmapVisualizer
from hotcold.visualizers.mask import MaskVisualizer
from hotcold.visualizers.plain import Visualizer

__all__ = ["ChannelMaskVisualizer", "HeatmapVisualizer", "MaskVisualizer", "Visualizer"]
