"""Run the code of docs/channels.md, or another page, and keep the pictures that it makes.

Run from anywhere, with hotcold and the packages named on the page installed::

    python docs/make_channels.py [FOLDER] [PAGE]       # default: docs/img, both pages

The pages run from top to bottom, each in a process of its own.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


PAGES = ("channels.md", "channels-keras-flax.md")


def main(folder: Path, page: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    exec(compile("\n".join(blocks), str(page), "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "img").resolve()
    if len(sys.argv) > 2:
        main(folder, HERE / sys.argv[2])
    else:
        for name in PAGES:
            subprocess.run([sys.executable, __file__, str(folder), name], check=True)
