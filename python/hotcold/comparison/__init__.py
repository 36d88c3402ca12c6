"""What changed between two versions of the same maps: metrics of every item, and their table."""

from __future__ import annotations

from hotcold.comparison.comparer import Comparer, Comparison, compare
from hotcold.comparison.metrics import METRICS, check_metrics

__all__ = ["METRICS", "Comparer", "Comparison", "check_metrics", "compare"]
