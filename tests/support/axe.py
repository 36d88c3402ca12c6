"""What axe-core, the accessibility checker, finds in a page of a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import helpers

# Of the package only the checker's script is used: it needs neither Playwright nor a network.
_SCRIPT = "axe.min.js"


def serious_findings(page):
    """Return what is found of impact serious or critical: a line a rule, with elements."""
    package = helpers.optional("importlib.util").find_spec("axe_playwright_python")
    if package is None:
        helpers.optional("axe_playwright_python")  # skips, or fails where CI is set
    source = (Path(package.submodule_search_locations[0]) / _SCRIPT).read_text(encoding="utf-8")
    page.run(source + ";undefined")
    page.run("axe.run().then((found) => { window.axeFound = JSON.stringify(found); }); undefined")
    page.wait_for("window.axeFound !== undefined", seconds=60)
    found = json.loads(page.run("window.axeFound"))
    page.run("delete window.axeFound")
    assert found["passes"], "nothing was checked"
    return [
        f"{rule['impact']} {rule['id']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
