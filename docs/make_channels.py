"""Run the code of docs/channels.md, from top to bottom, and keep the picture that it makes.

Run from anywhere, with hotcold and the packages named on the page installed::

    python docs/make_channels.py [FOLDER]       # default: docs/img
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    page = HERE / "channels.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    exec(compile("\n".join(blocks), str(page), "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "img").resolve())
