"""The performance pages, from the two committed records: six rows in the README, all in docs/.

    python benchmarks/report.py          # README.md and docs/benchmarks.md, written anew
    python benchmarks/report.py --check  # exit status 1 where they are not what the records say

The records are `results/avx512.json` and `results/avx2.json`, made by `run.py` on one day.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
PAGE = HERE.parent / "docs" / "benchmarks.md"
RECORDS = {"AVX-512": "avx512", "AVX2": "avx2"}
START, END = "<!-- performance: made by benchmarks/report.py -->", "<!-- performance end -->"

# What a user waits for: case of the record, rival in it, and how the README says it.
ROWS = [
    (
        "render_heatmap: heatmap[images channels first]",
        "cv2",
        "heat maps over photographs",
        "reduce, blur, colour and blend in OpenCV",
    ),
    ("render_mask: mask", "numpy and cv2", "masked photographs", "the same in numpy and OpenCV"),
    (
        "gaussian_blur: exact[10]",
        "scipy",
        "blurred maps, sigma 10",
        "`scipy.ndimage.gaussian_filter`",
    ),
    (
        "files_overlay_png: two_threads[disk]",
        "cv2 and fpng",
        "overlays as PNG files, two threads",
        "OpenCV and the fast encoder fpng",
    ),
    (
        "files_overlay_png: job_against_a_figure_an_item[2]",
        "matplotlib",
        "the same, a job",
        "a matplotlib figure each",
    ),
]
IMPORT = "import: import"


def load(name: str) -> dict[str, Any]:
    """Return a committed record."""
    record: dict[str, Any] = json.loads((HERE / "results" / f"{name}.json").read_text())
    return record


def a_second(case: dict[str, Any]) -> str:
    """Return how many items a second that is, to two digits."""
    count = 1e6 / case["us_per_item"]
    step = 10 ** (len(str(int(count))) - 2)
    return f"{int(round(count / step) * step):,}"


def told(ratio: float) -> str:
    """Return a ratio with as many digits as it deserves."""
    return f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}"


def readme_section(records: dict[str, dict[str, Any]]) -> str:
    """Return the README's part as Markdown."""
    machines = {label: record["machine"] for label, record in records.items()}
    one = next(iter(machines.values()))
    lines = [
        START,
        f"Items a second, and how many times as many as by other means in the same run, on two "
        f"cores of an {one['cpu']}; 224 x 224 float32, one thread unless said.",
        "",
        "| | with AVX-512 | with AVX2 alone | compared with |",
        "| --- | --- | --- | --- |",
    ]
    for name, rival, work, against in ROWS:
        cells = []
        for record in records.values():
            case = record["cases"][name]
            cells.append(f"{a_second(case)}, {told(case['ratios'][rival])} x")
        lines.append(f"| {work} | {' | '.join(cells)} | {against} |")
    cells = []
    for record in records.values():
        case = record["cases"][IMPORT]
        ours = case["us_per_item"] / 1000
        cells.append(f"{ours:.0f} ms")
    numpy = case["us_per_item"] * case["ratios"]["numpy alone"] / 1000
    lines.append(
        f"| `import hotcold` | {' | '.join(cells)} | on top of numpy's own import, {numpy:.0f} ms |"
    )
    lines += ["", "[All races](docs/benchmarks.md), won and lost.", END]
    return "\n".join(lines)


def page(records: dict[str, dict[str, Any]]) -> str:
    """Return docs/benchmarks.md."""
    lines = [
        "# Benchmarks",
        "",
        "Every race of `benchmarks/`, from two records of one machine: at the instruction set",
        "level that it has, and told to keep to AVX2 (`HOTCOLD_ISA=avx2`; the rivals keep what",
        "they use). In a race the answers are compared first; then all run in turn, in one",
        "process, each twice a turn, and the medians of the second runs are divided: the time",
        "of the other over ours, so that more than 1 means that hotcold is faster. Machines",
        "that rent out cores are noisy: ratios of one run mostly hold within a tenth, times do",
        "not. A run of `benchmarks/run.py` makes a record of your machine, one of",
        "`benchmarks/report.py` this page.",
        "",
    ]
    for label, record in records.items():
        machine = record["machine"]
        name = RECORDS[label]
        lines += [
            f"## {label}",
            "",
            f"{machine['cpu']}, two cores, {record['date'][:10]}, commit `{record['commit'][:7]}`, "
            f"{machine['hotcold']['compiler']}, OpenCV {machine['libraries']['opencv']}, SciPy "
            f"{machine['libraries']['scipy']}, Pillow {machine['libraries']['pillow']}; "
            f"[record](../benchmarks/results/{name}.json), "
            f"[plot](../benchmarks/results/{name}.png).",
            "",
            "| race | us an item | times faster than | aimed at |",
            "| --- | --- | --- | --- |",
        ]
        for case_name, case in record["cases"].items():
            for rival, ratio in case["ratios"].items():
                target = case["targets"].get(rival)
                aim = "" if not target else f"{target:.3g}"
                shown = case_name.replace("|", "/")
                lines.append(
                    f"| {shown} | {case['us_per_item']:.0f} | {rival}: {ratio:.2f} | {aim} |"
                )
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    records = {label: load(name) for label, name in RECORDS.items()}
    before = README.read_text()
    pattern = re.escape(START) + ".*?" + re.escape(END)
    section = readme_section(records)
    after = re.sub(pattern, lambda _: section, before, count=1, flags=re.DOTALL)
    wanted = {README: after, PAGE: page(records)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if arguments.check:
        print("\n".join(f"{path.name} is not what the records say" for path in stale))
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text)
    print(section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
