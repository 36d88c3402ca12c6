"""Open every page of the built site in a browser without a network, narrow and wide.

Nothing may fail to load or run, and no page may be wider than its window.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from chromium import browser

WINDOWS = ((390, 844, "dark"), (1400, 900, "light"))
FAILURES = ("Log.entryAdded", "Network.loadingFailed", "Runtime.exceptionThrown")


def main() -> None:
    """Look at the site in the folder of the command line."""
    site = Path(sys.argv[1])
    pages = [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]
    problems = []
    # A helper process of the browser may still write into its profile when that is removed.
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with folder as profile, browser(profile) as page:
        for width, height, scheme in WINDOWS:
            page.prefer(scheme)
            page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=width < 600,
            )
            for path in pages:
                page.open(path)
                name = f"{path.relative_to(site)}, {width} pixels, {scheme}"
                wide = page.run("document.documentElement.scrollWidth")
                if wide > width:
                    problems.append(f"{name}: {wide} pixels wide")
                failed = [event for event in page.events if event.get("method") in FAILURES]
                problems += [f"{name}: {event['params']}" for event in failed]
    if problems:
        sys.exit("\n".join(problems[:20]))
    print(f"{len(pages)} pages looked at, {len(WINDOWS)} windows")


if __name__ == "__main__":
    main()
