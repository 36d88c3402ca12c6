"""Check that objects compiled for an instruction set define nothing that others may end up calling.

An inline function that such a file shares with the rest of the program (a standard container, say)
exists in several copies, of which the linker keeps one, perhaps the one that an older processor
cannot run. So whatever these files define must lie in their level's own namespace.

    python .ci/check_levels.py build/no-python
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# nm's letters of symbols that other files can see.
SHARED = set("TDBRVWGSui")
LEVELS = ("avx2", "avx512")


def strangers(library: Path, level: str) -> list[str]:
    """Return what the objects of a level define outside its namespace."""
    found = []
    for path in sorted(library.rglob("*.o")):
        listing = subprocess.run(
            ["nm", "--demangle", "--defined-only", str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in listing.splitlines():
            _, letter, name = line.split(maxsplit=2)
            if letter in SHARED and f"hotcold::{level}::" not in name:
                found.append(f"{path.name}: {letter} {name}")
    return found


def main() -> int:
    """Look at the objects of every level below the build folder that is given."""
    build = Path(sys.argv[1])
    failed = False
    for level in LEVELS:
        library = build / "CMakeFiles" / f"hotcold_level_{level}.dir"
        objects = list(library.rglob("*.o"))
        if not objects:
            print(f"{level}: no objects in {library}")
            return 1
        found = strangers(library, level)
        failed |= bool(found)
        print(f"{level}: {len(objects)} objects, {len(found)} symbols outside their namespace")
        print("\n".join(f"  {line}" for line in found), end="\n" if found else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
