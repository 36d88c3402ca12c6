"""One scale for many maps: `kept` holds what was measured, `passes` say how, `limits` read it."""

from __future__ import annotations

from hotcold.scale.kept import Scale

__all__ = ["Scale"]
