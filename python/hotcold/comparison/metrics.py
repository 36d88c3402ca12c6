"""The metrics that maps are compared by, and which way each of them points."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from hotcold import _validate


class Metric(NamedTuple):
    """What a metric says, and between which values."""

    text: str
    lowest: float
    highest: float
    higher_is_alike: bool = True


# As the core calls them.
METRICS = {
    "rank": Metric("Spearman's correlation", -1, 1),
    "iou": Metric("intersection over union of the highest pixels", 0, 1),
    "ssim": Metric("structural similarity", -1, 1),
    "overlap": Metric("common part of the normalized magnitudes", 0, 1),
    "pearson": Metric("correlation of the values", -1, 1),
    "centroid": Metric("pixels between the centres of mass", 0, math.inf, higher_is_alike=False),
    "max_abs": Metric("largest difference", 0, math.inf, higher_is_alike=False),
}
DEFAULT = ("rank", "iou", "ssim", "overlap")


def check_metrics(name: str, value: Any) -> tuple[str, ...]:
    """Return metrics that are known, in their order and once each."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        msg = f"`{name}` must be a sequence of names such as ('rank', 'iou'), got {value!r}"
        raise TypeError(msg)
    names = tuple(dict.fromkeys(value))
    if not names:
        msg = f"`{name}` must hold at least one of {', '.join(METRICS)}"
        raise ValueError(msg)
    return tuple(check_metric(name, one) for one in names)


def check_metric(name: str, value: Any, known: Iterable[str] = METRICS) -> str:
    """Return the name of a metric that is known."""
    names = tuple(known)
    if value not in names:
        what = f"one of {', '.join(names)}"
        raise ValueError(_validate.unknown_name(name, value, names, what))
    return str(value)


def check_limit(name: str, metric: str, value: float) -> float:
    """Return a limit that values of a metric can have.

    No value is beyond NaN, so that such a gate would be open for good; beyond 80, meant as a
    percentage, is every value.
    """
    known = METRICS[metric]
    if not (math.isfinite(value) and known.lowest <= value <= known.highest):
        bounds = f"in [{known.lowest:g}, {known.highest:g}]"
        if known.highest == math.inf:
            bounds = f"finite and >= {known.lowest:g}"
        msg = f"`{name}` must be {bounds} for {metric}, got {metric}={value:g}"
        raise ValueError(msg)
    return value
