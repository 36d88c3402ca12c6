"""What picture files say of themselves: of which item they are, and how it was drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from hotcold.offline.input import Source
from hotcold.offline.output.names import Names
from hotcold.provenance.describe import (
    VERSION,
    clip_told,
    drawn_told,
    to_json,
    visualizer_told,
)
from hotcold.request import ItemTexts, RenderRequest


class About(NamedTuple):
    """What is to be said of pictures that come to a job as pictures.

    Attributes
    ----------
    head : dict
        Of all of them: `drawn` and `visualizer`, in place of the job's own.
    item : callable
        From an item to what is said of it.
    """

    head: Mapping[str, Any]
    item: Callable[[int], Mapping[str, Any]]


@dataclass(frozen=True)
class Teller:
    """Makes the JSON object of each picture file of a job.

    Parameters
    ----------
    names : Names
        Of the files.
    attributions, x : Source
        Where the items come from.
    visualizer : str
        What draws them, as JSON.
    clip : str
        As in `ItemTexts`.
    about : About, optional
        What is known of pictures that are drawn already.
    caption : callable, optional
        From an item to its caption.
    """

    names: Names
    attributions: Source
    x: Source | None
    visualizer: str
    clip: str
    about: About | None = None
    caption: Callable[[int], str] | None = None

    @classmethod
    def of(
        cls,
        visualizer: Any,
        names: Names,
        attributions: Source,
        x: Source | None,
        caption: Callable[[int], str] | None = None,
    ) -> Teller:
        """Return what tells of a visualizer's pictures."""
        told = to_json(visualizer_told(visualizer))
        about = getattr(visualizer, "about", None)
        return cls(names, attributions, x, told, clip_told(visualizer), about, caption)

    def texts(self, request: RenderRequest) -> ItemTexts:
        """Return what the files of consecutive items say, a file each."""
        head = self.head(request)
        first = request.first_item
        objects = [self._begun(head, item) for item in range(first, first + request.n_items)]
        return ItemTexts(objects, self.clip)

    def picture(self, item: int, head: str, numbers: str) -> str:
        """Return the object of an item's file, with the numbers of `RenderRequest.render_told`."""
        return f"{self._begun(head, item)},{numbers}}}"

    def sheet(self, unit: int, head: str, cells: Sequence[tuple[int, str]]) -> str:
        """Return the object of a sheet, of whose items the numbers are known."""
        told = ",".join(f"{{{self._of_item(item)},{numbers}}}" for item, numbers in cells)
        return f'{head},"name":{_quoted(self.names.stem(unit))},"cells":[{told}]}}'

    def head(self, request: RenderRequest) -> str:
        """Return the beginning of the object of every picture of a request's recipe."""
        if self.about is not None:
            return to_json({"version": VERSION, **self.about.head})[:-1]
        drawn = drawn_told(request.spec)
        return f'{{"version":{VERSION},"drawn":{drawn},"visualizer":{self.visualizer}'

    def _begun(self, head: str, item: int) -> str:
        return f'{head},"name":{_quoted(self.names.stem(item))},{self._of_item(item)}'

    def _of_item(self, item: int) -> str:
        """Return the members of an object that are about an item."""
        if self.about is not None:
            return to_json({"item": item, **self.about.item(item)})[1:-1]
        told = f'"item":{item},{_place("source", self.attributions, item, item)}'
        if self.caption is not None:
            told = f'{told},"caption":{_quoted(self.caption(item))}'
        if self.x is None:
            return told + ',"image":null'
        # One image serves for all.
        return f"{told},{_place('image', self.x, 0 if self.x.n_items == 1 else item, item)}"


def said_of(name: str, source: Source, item: int) -> dict[str, Any]:
    """Return where an item is, as members of an object; one image serves for all."""
    place = source.place(0 if source.n_items == 1 else item)
    if place.item in (None, item) or place.file is None:
        return {name: place.file}
    return {name: place.file, f"{name}_item": place.item}


def _place(name: str, source: Source, at: int, item: int) -> str:
    """Return the same as JSON, at the speed that every item needs."""
    place = source.place(at)
    told = f'"{name}":{"null" if place.file is None else _quoted(place.file)}'
    if place.item in (None, item) or place.file is None:
        return told
    return f'{told},"{name}_item":{place.item}'


def _quoted(text: str) -> str:
    if text.isascii():
        quoted: str = encode_basestring(text)
        return quoted
    return to_json(text)
