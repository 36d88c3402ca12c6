"""Count instructions an item in each kernel, by valgrind: no load on the machine moves them.

    cmake --preset release -Dhotcold_PYTHON=OFF -Dhotcold_TESTS=ON && cmake --build --preset release
    python benchmarks/instructions.py                       # against the committed record
    python benchmarks/instructions.py --output mine.json    # a record of one's own

Counts depend on the compiler and the level, so a record of another compiler is shown and not held
against a build. Valgrind runs no AVX-512: the levels avx2 and baseline can be counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CASES = (
    "blur_5",
    "blur_10",
    "blur_30",
    "blur_10_fast",
    "percentile_mask",
    "render_heatmap",
    "render_heatmap_planes",
    "render_mask",
    "render_mask_planes",
    "encode_png",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=HERE.parent / "build" / "release")
    parser.add_argument("--level", default="avx2", choices=("avx2", "baseline"))
    parser.add_argument("--against", type=Path, default=HERE / "results" / "instructions.json")
    parser.add_argument("--output", type=Path, help="write a record instead of comparing")
    parser.add_argument("--growth", type=float, default=1.05, help="factor that fails")
    arguments = parser.parse_args()
    program = arguments.build / "cpp" / "tests" / "count_kernels"
    record = {
        "compiler": compiler_of(arguments.build),
        "level": arguments.level,
        "instructions_per_item": {
            case: instructions_per_item(program, case, arguments.level) for case in CASES
        },
    }
    if arguments.output:
        arguments.output.write_text(json.dumps(record, indent=1) + "\n")
        print(f"record: {arguments.output}")
        return 0
    lines, grown = compare(json.loads(arguments.against.read_text()), record, arguments.growth)
    print("\n".join(lines))
    if grown:
        print(f"\nmore instructions by over {arguments.growth:g}x: {', '.join(grown)}")
    return 1 if grown else 0


def instructions_per_item(program: Path, case: str, level: str) -> int:
    """Return what an item adds: two numbers of items, so that preparations cancel out."""
    one, three = (count(program, case, items, level) for items in (1, 3))
    return (three - one) // 2


def count(program: Path, case: str, items: int, level: str) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    run = subprocess.run(
        [*command, str(program), case, str(items)],
        env={**os.environ, "HOTCOLD_ISA": level},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected\s*:\s*(\d+)", run.stderr)
    if run.returncode != 0 or found is None:
        raise SystemExit(f"{program} {case} {items} under valgrind failed:\n{run.stderr}")
    return int(found.group(1))


def compiler_of(build: Path) -> str:
    cache = (build / "CMakeCache.txt").read_text()
    found = re.search(r"^CMAKE_CXX_COMPILER:[A-Z]+=(.+)$", cache, re.MULTILINE)
    compiler = found.group(1) if found else "c++"
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    return version.stdout.splitlines()[0]


def compare(old: dict[str, Any], new: dict[str, Any], growth: float) -> tuple[list[str], list[str]]:
    """Return a line per case, and the names of the cases that take too many instructions."""
    comparable = all(old[key] == new[key] for key in ("compiler", "level"))
    lines = [f"instructions an item, {new['level']}, {new['compiler']}"]
    if not comparable:
        lines.append(f"(the record is of {old['level']}, {old['compiler']}: shown, not judged)")
    grown = []
    before, after = old["instructions_per_item"], new["instructions_per_item"]
    for case in sorted(before.keys() | after.keys()):
        if case not in before or case not in after:
            lines.append(f"{case:20} only in the {'new' if case in after else 'old'} record")
            continue
        factor = after[case] / before[case]
        verdict = "MORE" if comparable and factor > growth else ""
        lines.append(f"{case:20} {before[case]:>10} -> {after[case]:>10}  {factor:6.3f}x {verdict}")
        if verdict:
            grown.append(case)
    return lines, grown


if __name__ == "__main__":
    sys.exit(main())
