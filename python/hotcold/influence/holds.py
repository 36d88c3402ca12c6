"""A hold of nothing, for frameworks that need none."""

from __future__ import annotations

from types import TracebackType


class Nothing:
    """Holds nothing; see `protocols.Hold`."""

    def __enter__(self) -> None:
        """Hold nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give nothing back."""

    def release(self) -> None:
        """See `protocols.Hold`."""
