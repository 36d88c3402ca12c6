"""Run all benchmarks against the installed hotcold and write a record and its plot.

    pip install '.[bench]'
    python benchmarks/run.py                    # benchmarks/results/latest.json and .png
    python benchmarks/run.py --output mine.json # elsewhere
    python benchmarks/run.py -k gaussian_blur   # some of them

It tests whatever hotcold is installed, so users can run it against a wheel. Under ten minutes on
two cores. Compare two records with `python benchmarks/compare.py old.json new.json`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from plot import plot_record

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=HERE / "results" / "latest.json")
    parser.add_argument("-k", dest="keyword", default="", help="as pytest's -k")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.json"
        command = [sys.executable, "-m", "pytest", str(HERE), "-q", "-p", "no:cacheprovider"]
        command += [f"--benchmark-json={raw}", "--benchmark-quiet"]
        if arguments.keyword:
            command += ["-k", arguments.keyword]
        status = subprocess.run(command, cwd=HERE.parent, check=False).returncode
        if not raw.exists() or raw.stat().st_size == 0:
            return status or 1
        record = reduce(json.loads(raw.read_text()))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    plot_record(record, arguments.output.with_suffix(".png"))
    print(table(record))
    print(f"\nrecord: {arguments.output}\nplot:   {arguments.output.with_suffix('.png')}")
    return status


def reduce(raw: dict[str, Any]) -> dict[str, Any]:
    """Keep of pytest-benchmark's output what a reader or `compare` needs."""
    machine = raw["machine_info"]
    kept = ("hotcold", "multiply_add_peak_g_lanes", "copy_gb_per_s", "libraries")
    cases = {}
    for bench in raw["benchmarks"]:
        info = bench.get("extra_info") or {}
        if "us_per_item" not in info:
            continue
        cases[f"{bench['group']}: {bench['name'].removeprefix('test_')}"] = {
            "group": bench["group"],
            "params": bench.get("params") or {},
            "rounds": bench["stats"]["rounds"],
            "spread": bench["stats"]["iqr"] / bench["stats"]["median"],
            **info,
        }
    return {
        "date": raw["datetime"],
        "commit": raw["commit_info"].get("id"),
        "machine": {
            "cpu": machine.get("cpu", {}).get("brand_raw"),
            "python": machine["python_version"],
            "system": f"{machine['system']} {machine['machine']}",
            **{name: machine[name] for name in kept},
        },
        "cases": cases,
    }


def table(record: dict[str, Any]) -> str:
    """Return the record as lines to read: ours, the ratios, the targets, per cent of limit."""
    lines = [
        f"{record['machine']['cpu']}, {record['machine']['hotcold']['isa']}, multiply-add peak "
        f"{record['machine']['multiply_add_peak_g_lanes']:.1f} G lanes/s, copy "
        f"{record['machine']['copy_gb_per_s']:.1f} GB/s, one core",
        f"{'case':52} {'us an item':>10}  ratio to rivals, and that of the first runs",
    ]
    for name, case in record["cases"].items():
        ratios = []
        for rival, ratio in case["ratios"].items():
            target = case["targets"].get(rival)
            wanted = f" (target {target:g})" if target else ""
            first = case["first_ratios"][rival]
            ratios.append(f"{rival} {ratio:.2f}x, first {first:.2f}x{wanted}")
        if "percent_of_peak" in case:
            ratios.append(f"{case['percent_of_peak']:.0f} % of peak")
        lines.append(f"{name:52} {case['us_per_item']:10.1f}  {'; '.join(ratios)}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
