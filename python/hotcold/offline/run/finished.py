"""Pictures that come to a job as pictures, with what their files are to say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotcold import _core
from hotcold.offline.run.telling import About
from hotcold.request import RenderRequest
from hotcold.visualizers import Visualizer


class Finished:
    """What a job asks of a visualizer, for strips that something else has drawn.

    Parameters
    ----------
    description : str
        Of what drew them, for people.
    head : dict
        What every file says; see `About`.
    """

    dim_order = "channels_last"
    tiler = None

    def __init__(self, description: str, head: Mapping[str, Any]) -> None:
        self._description = description
        self._notes: dict[int, Mapping[str, Any]] = {}
        self._show = Visualizer(normalization_type="unnormalized", dim_order=self.dim_order)
        self.about = About(head, self._take)

    def note(self, item: int, said: Mapping[str, Any]) -> None:
        """Keep what is to be said of an item until its file is made."""
        self._notes[item] = said

    def _take(self, item: int) -> Mapping[str, Any]:
        return self._notes.pop(item, {})

    def request(self, attributions: Any, x: Any = None) -> RenderRequest:
        """Return what shows the pixels as they are."""
        return self._show.request(attributions, x)

    def text_chunks(self) -> dict[str, str]:
        """Return what a file says for people."""
        return {"Software": f"hotcold {_core.__version__}", "Description": self._description}

    def describe(self) -> dict[str, Any]:
        """Return what tells these pictures from others, for the job file."""
        return {"pictures": self._description}
