"""Packages that only some users need."""

from __future__ import annotations

import importlib
from types import ModuleType


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional package, or say which extra brings it.

    Raises
    ------
    ImportError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = f"{module} is needed {purpose}: pip install 'hotcold[{extra}]' ({error})"
        raise ImportError(msg) from error
