"""Which image belongs to which map, and what the two are called."""

from __future__ import annotations

from hotcold.offline.input.base import IndexedSource, ItemNames, Source


def item_names(attributions: Source, x: Source | None) -> ItemNames | None:
    """Return what pictures are called, unless the user says otherwise; None: by their index."""
    for source in (x, attributions):
        if (
            isinstance(source, IndexedSource)
            and source.gives_names
            and source.n_items == attributions.n_items
        ):
            return source.item_names
    return None


_ADVICE = "; order=[...] (--order FILE) says which picture belongs to which map"


def check_pairs(first: Source, second: Source | None, advice: str = _ADVICE) -> None:
    """Refuse two inputs whose items bear the same names, but not one beside the other.

    Names that have nothing in common say nothing.

    Parameters
    ----------
    first, second : Source
        Maps and images, or two versions of the maps.
    advice : str
        What to do, the end of the sentence.

    Raises
    ------
    ValueError
        The order differs, or one lacks what the other has; the message names the first.
    """
    if not isinstance(first, IndexedSource) or not isinstance(second, IndexedSource):
        return
    names, others = first.item_names, second.item_names
    if names is None or others is None or names == others or (len(others) == 1 < len(names)):
        return
    known, known_to_other = set(names), set(others)
    if not known & known_to_other:
        return
    if known == known_to_other and len(names) == len(others):
        place = next(i for i, (a, b) in enumerate(zip(names, others, strict=True)) if a != b)
        hint = ": numbers are counted by order='natural' (--order natural)" if advice else ""
        msg = (
            f"`{second.name}` must be in the order of `{first.name}`, got {others[place]} beside "
            f"{names[place]} as item {place}{hint}"
        )
        raise ValueError(msg + advice)
    whole, part = second, first
    lacking = next((name for name in names if name not in known_to_other), None)
    if lacking is None:
        whole, part = first, second
        lacking = next((name for name in others if name not in known), others[0])
    msg = f"`{whole.name}` must hold an item for each of `{part.name}`, got none for {lacking}"
    raise ValueError(msg + advice)
