"""The plot of a record: ratios per case, and the blur's time against sigma and image size."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {"ours": "#d1495b", "cv2": "#30638e", "scipy": "#7a9e9f"}


def plot_record(record: dict[str, Any], path: Path) -> None:
    """Write the plot of `record` to a PNG."""
    bars = _bars(record)
    # Tall enough for a line of text a bar.
    figure = Figure(figsize=(12, max(8, 0.125 * len(bars))), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.2, 1))
    _ratios(bars, left.subplots())
    top, bottom = right.subplots(2, 1)
    _times(record, top, "gaussian_blur", "sigma", "sigma, pixels (224 x 224, exact)")
    _times(record, bottom, "gaussian_blur_size", "size", "image side, pixels (sigma 10, exact)")
    machine = record["machine"]
    figure.suptitle(
        f"hotcold {machine['hotcold']['version']}, {machine['cpu']}, {machine['hotcold']['isa']}, "
        "one thread unless said; medians of interleaved runs",
        fontsize=9,
    )
    figure.savefig(path, dpi=100)


def _bars(record: dict[str, Any]) -> list[tuple[str, float, float | None]]:
    """Return label, ratio and target of each bar, from the bottom."""
    bars = [
        (
            f"{name.split(': ')[-1]}  vs {rival}  ({case['group']})",
            ratio,
            case["targets"].get(rival),
        )
        for name, case in record["cases"].items()
        for rival, ratio in case["ratios"].items()
        if not rival.startswith("ours") and case["group"] != "gaussian_blur_size"
    ]
    return bars[::-1]


def _ratios(bars: list[tuple[str, float, float | None]], axes: Axes) -> None:
    axes.barh(range(len(bars)), [ratio for _, ratio, _ in bars], color=COLOURS["ours"], height=0.7)
    for place, (_, ratio, target) in enumerate(bars):
        if target:
            axes.plot([target, target], [place - 0.45, place + 0.45], color="black", lw=1.5)
        # Above a mark that lies behind it.
        blank = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        text = f"{ratio:.1f}"
        axes.text(ratio * 1.05, place, text, va="center", fontsize=6, bbox=blank, zorder=3)
    axes.set_yticks(range(len(bars)), [label for label, _, _ in bars], fontsize=6)
    axes.set_xscale("log")
    axes.set_xlim(right=2 * max(ratio for _, ratio, _ in bars))  # room for the longest's figure
    axes.set_ylim(-0.7, len(bars) - 0.3)
    axes.axvline(1, color="grey", lw=0.8)
    axes.set_xlabel("times faster than the rival (black mark: target)", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)


def _times(record: dict[str, Any], axes: Axes, group: str, parameter: str, label: str) -> None:
    cases = sorted(
        (case for case in record["cases"].values() if case["group"] == group),
        key=lambda case: case["params"][parameter],
    )
    if not cases:  # a record of some cases only
        axes.set_axis_off()
        return
    places = [case["params"][parameter] for case in cases]
    axes.plot(places, [c["us_per_item"] for c in cases], "o-", color=COLOURS["ours"], label="ours")
    for rival in ("cv2", "scipy"):
        times = [case["rivals_us_per_item"][rival] for case in cases]
        axes.plot(places, times, "o-", color=COLOURS[rival], label=rival)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(places, [str(place) for place in places], fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel(label, fontsize=8)
    axes.set_ylabel("microseconds a plane", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


if __name__ == "__main__":
    import json

    source = Path(sys.argv[1])
    plot_record(json.loads(source.read_text()), source.with_suffix(".png"))
