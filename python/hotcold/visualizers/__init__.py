"""The visualizers: attributions (and images) in, pictures out."""

from hotcold.visualizers.heatmap import HeatmapVisualizer
from hotcold.visualizers.mask import MaskVisualizer
from hotcold.visualizers.plain import Visualizer

__all__ = ["HeatmapVisualizer", "MaskVisualizer", "Visualizer"]
