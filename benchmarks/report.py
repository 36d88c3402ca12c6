"""The README's performance section, from a committed record.

python benchmarks/report.py benchmarks/results/reference.json           # print it
python benchmarks/report.py benchmarks/results/reference.json README.md # and replace it there
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

START, END = "<!-- performance: made by benchmarks/report.py -->", "<!-- performance end -->"

# Case of the record, rival in it, and how the README says it.
ROWS = [
    ("gaussian_blur: exact[5]", "cv2", "blur, sigma 5", "`cv2.GaussianBlur`"),
    ("gaussian_blur: exact[10]", "cv2", "blur, sigma 10", "`cv2.GaussianBlur`"),
    ("gaussian_blur: exact[30]", "cv2", "blur, sigma 30", "`cv2.GaussianBlur`"),
    ("gaussian_blur: exact[5]", "scipy", "blur, sigma 5", "`scipy.ndimage.gaussian_filter`"),
    ("gaussian_blur: exact[10]", "scipy", "blur, sigma 10", "`scipy.ndimage.gaussian_filter`"),
    ("gaussian_blur: exact[30]", "scipy", "blur, sigma 30", "`scipy.ndimage.gaussian_filter`"),
    (
        "gaussian_blur_fast: fast_cost_does_not_grow",
        "fast, sigma 10",
        "fast blur, sigma 30",
        "itself, sigma 10",
    ),
    ("percentile_mask: median[noise]", "numpy", "`percentile_mask`", "numpy, percentile + compare"),
    (
        "render_heatmap: heatmap[images channels last]",
        "cv2",
        "`HeatmapVisualizer.render`",
        "the same chain in OpenCV",
    ),
    ("render_mask: mask", "numpy and cv2", "`MaskVisualizer.render`", "numpy + OpenCV"),
    ("threads: two_threads", "ours, one thread", "heat maps, two threads", "itself, one thread"),
    (
        "files_overlay_png: two_threads[disk]",
        "cv2 and fpng",
        "overlays as PNG files, two threads",
        "OpenCV + fpng, two threads",
    ),
    (
        "files_overlay_png: two_threads[memory]",
        "cv2 and fpng",
        "the same into a file system in memory",
        "OpenCV + fpng, two threads",
    ),
    (
        "files_overlay_png: job_against_a_figure_an_item[2]",
        "reference module",
        "a job of 64 overlays, two threads",
        "the reference module (TruLens 0.x)",
    ),
    (
        "files_overlay_png: job_against_a_figure_an_item[1]",
        "reference module",
        "a job of 64 overlays, one thread",
        "the reference module",
    ),
    (
        "files_overlay_png: against_a_figure_an_item",
        "reference module",
        "one overlay to a PNG file, a call an item",
        "the reference module",
    ),
    ("encode_png: encoder[overlay]", "fpng", "PNG encoder, overlays", "fpng"),
    ("encode_png: encoder[mask]", "fpng", "PNG encoder, masks", "fpng"),
    ("encode_png: encoder[heat map]", "fpng", "PNG encoder, plain heat maps", "fpng"),
    ("encode_png: encoder[overlay]", "pillow", "PNG encoder, overlays", "Pillow's default"),
    ("import: import", "numpy alone", "`import hotcold` after numpy", "`import numpy`"),
]


def section(record: dict[str, Any], name: str) -> str:
    """Return the section as Markdown."""
    machine = record["machine"]
    lines = [
        START,
        f"Medians of interleaved runs in one process, {machine['cpu']} (2 cores, "
        f"{machine['hotcold']['isa']}), 224 x 224 float32, one thread unless said. "
        f"[Record](benchmarks/results/{name}.json), "
        f"[plot](benchmarks/results/{name}.png); `python benchmarks/run.py` makes yours.",
        "",
        "| work | microseconds an item | against | times faster | target |",
        "| --- | --- | --- | --- | --- |",
    ]
    for case_name, rival, work, against in ROWS:
        case = record["cases"].get(case_name)
        if case is None:
            continue
        target = case["targets"].get(rival)
        lines.append(
            f"| {work} | {case['us_per_item']:.0f} | {against} | {case['ratios'][rival]:.1f} | "
            f"{f'{target:.3g}' if target else ''} |"
        )
    lines.append(END)
    return "\n".join(lines)


def main() -> int:
    source = Path(sys.argv[1])
    text = section(json.loads(source.read_text()), source.stem)
    print(text)
    if len(sys.argv) > 2:
        readme = Path(sys.argv[2])
        before = readme.read_text()
        pattern = re.escape(START) + ".*?" + re.escape(END)
        readme.write_text(re.sub(pattern, lambda _: text, before, count=1, flags=re.DOTALL))
    return 0


if __name__ == "__main__":
    sys.exit(main())
