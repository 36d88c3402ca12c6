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


def check_pairs(attributions: Source, x: Source | None) -> None:
    """Refuse maps and images that bear the same names, but not one beside the other.

    Names that have nothing in common say nothing.

    Raises
    ------
    ValueError
        The order differs, or one lacks what the other has; the message names the first.
    """
    if not isinstance(attributions, IndexedSource) or not isinstance(x, IndexedSource):
        return
    maps, images = attributions.item_names, x.item_names
    if maps is None or images is None or maps == images or (len(images) == 1 < len(maps)):
        return
    of_maps, of_images = set(maps), set(images)
    if not of_maps & of_images:
        return
    advice = "; order=[...] (--order FILE) says which picture belongs to which map"
    if of_maps == of_images and len(maps) == len(images):
        place = next(i for i, (a, b) in enumerate(zip(maps, images, strict=True)) if a != b)
        msg = (
            f"`{x.name}` must be in the order of `{attributions.name}`, got {images[place]} beside "
            f"{maps[place]} as item {place}: numbers are counted by order='natural' "
            f"(--order natural){advice}"
        )
        raise ValueError(msg)
    lacking = next((name for name in maps if name not in of_images), None)
    if lacking is not None:
        msg = f"`{x.name}` must hold an image for every map, got none for {lacking}"
    else:
        lacking = next((name for name in images if name not in of_maps), images[0])
        msg = f"`{attributions.name}` must hold a map for every image, got none for {lacking}"
    raise ValueError(msg + advice)
