"""Pictures one after the other: attributions over epochs, layers or time."""

from __future__ import annotations

from hotcold.animation.frames import ColorsWarning, animate, known_suffix

__all__ = ["ColorsWarning", "animate", "known_suffix"]
