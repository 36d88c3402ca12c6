"""Pictures side by side: a column a visualizer, a row an item, with labels and colour bars."""

from __future__ import annotations

from hotcold.panel.panel import Panel

__all__ = ["Panel"]
