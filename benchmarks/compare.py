"""Compare two records: python benchmarks/compare.py old.json new.json [--slowdown 1.15]

Ratios to a rival in the same run are compared, never times, so a slower machine is no regression.
Exit status 1 when a case has lost more than the set factor against every rival it shares.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--slowdown", type=float, default=1.15, help="factor that fails")
    arguments = parser.parse_args()
    old, new = (json.loads(path.read_text()) for path in (arguments.old, arguments.new))
    before, after = (machine(record) for record in (old, new))
    if before != after:
        print(f"two machines or levels, which favour rivals differently: {before}; {after}\n")
    lines, slower = compare(old, new, arguments.slowdown)
    print("\n".join(lines))
    if slower:
        print(f"\nslower by more than {arguments.slowdown:g}x: {', '.join(slower)}")
    return 1 if slower else 0


def machine(record: dict[str, Any]) -> str:
    """Return the processor of a record and the level at which hotcold ran there."""
    return f"{record['machine']['cpu']} at {record['machine']['hotcold']['isa']}"


def compare(
    old: dict[str, Any], new: dict[str, Any], slowdown: float
) -> tuple[list[str], list[str]]:
    """Return a line per case, and the names of the cases that got too slow.

    A rival that itself changed (another version, another load) moves one ratio; so a case counts as
    slower only when it lost against all the rivals that both records have.
    """
    lines = []
    slower = []
    for name in sorted(old["cases"].keys() | new["cases"].keys()):
        if name not in old["cases"] or name not in new["cases"]:
            lines.append(f"{name:52} only in the {'new' if name in new['cases'] else 'old'} record")
            continue
        before, after = old["cases"][name]["ratios"], new["cases"][name]["ratios"]
        factors = {rival: before[rival] / after[rival] for rival in before.keys() & after.keys()}
        if not factors:
            continue
        least = min(factors.values())
        verdict = "SLOWER" if least > slowdown else "faster" if least < 1 / slowdown else ""
        detail = ", ".join(
            f"{rival} {before[rival]:.2f}x -> {after[rival]:.2f}x" for rival in sorted(factors)
        )
        lines.append(f"{name:52} {verdict:6} {detail}")
        if least > slowdown:
            slower.append(name)
    return lines, slower


if __name__ == "__main__":
    sys.exit(main())
