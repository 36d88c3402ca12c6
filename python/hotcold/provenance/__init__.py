"""What picture files say of themselves, and the numbers that can be read back from them."""

from __future__ import annotations

from hotcold.provenance.chunk import read_provenance
from hotcold.provenance.values import read_values

__all__ = ["read_provenance", "read_values"]
