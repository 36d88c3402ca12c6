"""The metrics that maps are compared by, and which way each of them points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hotcold import _validate


class Metric(NamedTuple):
    """What a metric says."""

    text: str
    higher_is_alike: bool = True


# As the core calls them.
METRICS = {
    "rank": Metric("Spearman's correlation"),
    "iou": Metric("intersection over union of the highest pixels"),
    "ssim": Metric("structural similarity"),
    "overlap": Metric("common part of the normalized magnitudes"),
    "pearson": Metric("correlation of the values"),
    "centroid": Metric("pixels between the centres of mass", higher_is_alike=False),
    "max_abs": Metric("largest difference", higher_is_alike=False),
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
