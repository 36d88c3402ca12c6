"""Run the code of the pages that a newcomer reads first, with whatever hotcold is installed.

From anywhere but the source, with an environment that holds the package and what it depends on.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("index", "quickstart", "looking", "visualizers")
BLOCK = re.compile(r"^```\{show\}\n(?::[a-z-]+:[^\n]*\n)*(.*?)^```", re.M | re.S)

sys.path.insert(0, str(DOCS / "_ext"))
from running import elsewhere, evaluate, named_pictures  # noqa: E402


def main() -> None:
    """Run each page's blocks from top to bottom."""
    for page in PAGES:
        names: dict[str, object] = {}
        n_pictures = 0
        for code in BLOCK.findall((DOCS / f"{page}.md").read_text(encoding="utf-8")):
            with elsewhere():
                n_pictures += len(named_pictures(evaluate(code, names)) or ())
        assert n_pictures > 0, page
        print(f"{page}: {n_pictures} pictures")


if __name__ == "__main__":
    main()
