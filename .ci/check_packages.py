"""Check what is in the files that are to be published: their sizes, members and symbols."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

MOST_BYTES = 8_000_000
# Members that an archive needs to build and test the package, and that a wheel must not hold.
IN_SOURCE = {"CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml", "cpp/bindings/module.cpp"}
NOT_IN_SOURCE = ("build/", "docs/_generated/", "docs/api/", ".git/")
IN_WHEEL = {f"hotcold/{name}" for name in ("__init__.py", "py.typed", "_core.pyi")}
IN_WHEEL |= {"hotcold/data/example.npz", "hotcold/data/README.md"}


def main() -> None:
    """Check each file of the command line."""
    for name in sys.argv[1:]:
        path = Path(name)
        size = path.stat().st_size
        assert size < MOST_BYTES, f"{path.name} has {size:,} bytes"
        if path.suffix == ".whl":
            check_wheel(path)
        else:
            check_source(path)
        print(f"{path.name}: {size:,} bytes")


def check_source(path: Path) -> None:
    """Require what a build takes, and nothing that one makes."""
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= IN_SOURCE, f"{path.name} lacks {IN_SOURCE - names}"
    found = [name for name in names if name.startswith(NOT_IN_SOURCE) or name.endswith(".so")]
    assert not found, f"{path.name} holds what is made: {found[:5]}"


def check_wheel(path: Path) -> None:
    """Require the package, its licence and one compiled core, and nothing beside them."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert names >= IN_WHEEL, f"{path.name} lacks {IN_WHEEL - names}"
        assert any(name.endswith("licenses/LICENSE") for name in names), "no licence"
        foreign = {n.split("/")[0] for n in names} - {"hotcold"}
        assert all(n.endswith(".dist-info") for n in foreign), f"beside the package: {foreign}"
        cores = [name for name in names if name.endswith(".so")]
        if sys.platform == "linux":
            assert len(cores) == 1, cores
            with tempfile.TemporaryDirectory() as folder:
                check_symbols(Path(archive.extract(cores[0], folder)))


def check_symbols(core: Path) -> None:
    """Require a stripped core that shares no name of ours with other libraries."""
    sections = output("readelf", "--section-headers", "--wide", str(core))
    assert not {".symtab", ".debug_info"} & set(sections.split()), "not stripped"
    defined = output("nm", "--dynamic", "--defined-only", "--format=posix", str(core)).splitlines()
    names = {line.split()[0].partition("@")[0] for line in defined}
    # Templates of the standard library over our types are the library's names, and always shared.
    of_std = ("_ZNSt", "_ZNKSt", "_ZSt", "_ZTISt", "_ZTSSt", "_ZTVSt")
    ours = {name for name in names if "hotcold" in name and not name.startswith(of_std)}
    assert not ours, f"not hidden: {sorted(ours)[:5]}"
    assert "PyInit__core" in names, "no module"


def output(*command: str) -> str:
    """Return what a program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
