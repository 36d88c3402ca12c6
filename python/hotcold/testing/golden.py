"""Golden pictures: kept beside the tests, compared, and written anew when that is asked for."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import files
from hotcold.testing.pictures import (
    MOST_NAMED,
    Tolerance,
    as_pictures,
    difference_of_one,
    levels_apart,
    read_picture,
    without_single_channel,
)

if TYPE_CHECKING:
    from hotcold.testing.pictures import Pictures

_NUMBERED = re.compile(r"\d+\.png")


@dataclass
class GoldenPictures:
    """Pictures that a test keeps; what the fixture `hotcold_golden` is.

    Called with pictures and, where a test has several of them, a name: passes when they are those
    kept, fails when they are not, and keeps them instead under ``pytest --hotcold-update``.

    A single picture is kept as ``<test>.png`` or ``<test>-<name>.png``, a batch as a folder of that
    name with ``0.png``, ``1.png`` and so on, so that one item too few is noticed.

    Attributes
    ----------
    folder : Path
        Where this test's pictures are kept.
    output : Path
        Where expected, actual and difference are written when they differ.
    test : str
        The test's own name, a plain file name.
    update : bool, default False
        Keep instead of comparing.
    written : list of Path
        Files that were written or removed under `update`.

    Examples
    --------
    >>> import tempfile, pathlib, hotcold
    >>> from hotcold.testing import GoldenPictures
    >>> example = hotcold.data.load_example()
    >>> pictures = hotcold.HeatmapVisualizer(blur=4).render(example.attributions, example.images)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     root = pathlib.Path(folder)
    ...     keep = GoldenPictures(root / "golden", root / "output", "overlays", update=True)
    ...     keep(pictures)
    ...     same = GoldenPictures(root / "golden", root / "output", "overlays")
    ...     same(pictures)
    """

    folder: Path
    output: Path
    test: str
    update: bool = False
    written: list[Path] = field(default_factory=list)
    _used: set[str] = field(default_factory=set, repr=False)

    def __call__(
        self,
        pictures: Any,
        name: str | None = None,
        *,
        max_level: int = 0,
        max_share: float = 0.0,
    ) -> None:
        """Compare pictures with those kept, or keep them.

        Parameters
        ----------
        pictures : array-like of uint8, shape (H, W), (H, W, C) or (N, H, W, C)
            What `render` returns, for instance.
        name : str, optional
            Tells several calls of a test apart; each name once a test.
        max_level, max_share
            As in `assert_pictures_equal`.

        Raises
        ------
        AssertionError
            They differ, or none are kept: says where expected, actual and difference are.
        TypeError, ValueError
            As in `assert_pictures_equal`; a name that is no file name, or was used before.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        tolerance = Tolerance(max_level, max_share)
        actual = as_pictures("pictures", pictures)
        is_batch = actual.ndim == 4
        if not len(actual):
            msg = "`pictures` must hold a picture, got a batch of 0"
            raise ValueError(msg)
        items = [without_single_channel(one) for one in actual] if is_batch else [actual]
        name = self._claim(name)
        if self.update:
            self._keep(name, items, is_batch)
            return
        found = self._found(name, items, is_batch, tolerance)
        if found is not None:
            raise AssertionError(found)

    def _claim(self, name: str | None) -> str:
        """Return the name of a call's pictures, from now on taken."""
        full = self.test if name is None else f"{self.test}-{name}"
        if name is not None and (not name or any(sign in name for sign in '/\\:*?"<>|\0')):
            msg = f"`name` must be a plain file name, without a suffix, got {name!r}"
            raise ValueError(msg)
        # Two names that differ in case are one file on some systems.
        if full.casefold() in self._used:
            msg = f"`name` must be another one for each call of a test, got {name!r} again"
            raise ValueError(msg)
        self._used.add(full.casefold())
        return full

    def _kept(self, name: str, is_batch: bool) -> list[Path]:
        """Return the files kept of a picture or of a batch, in order."""
        if not is_batch:
            path = self.folder / f"{name}.png"
            return [path] if path.is_file() else []
        of_batch = (self.folder / name).glob("*.png")
        numbered = [path for path in of_batch if _NUMBERED.fullmatch(path.name)]
        return sorted(numbered, key=lambda path: int(path.stem))

    def _keep(self, name: str, items: list[Pictures], is_batch: bool) -> None:
        if is_batch:
            wanted = [self.folder / name / f"{item}.png" for item in range(len(items))]
        else:
            wanted = [self.folder / f"{name}.png"]
        wanted[0].parent.mkdir(parents=True, exist_ok=True)
        for path, picture in zip(wanted, items, strict=True):
            # A file that is right stays as it is, however it was compressed.
            if path.is_file() and _same(path, picture):
                continue
            _save(path, picture)
            self.written.append(path)
        for path in set(self._kept(name, is_batch)).difference(wanted):
            path.unlink()
            self.written.append(path)

    def _found(
        self, name: str, items: list[Pictures], is_batch: bool, tolerance: Tolerance
    ) -> str | None:
        """Return what is wrong, and write the files to look at; None if nothing is."""
        kept = self._kept(name, is_batch)
        output = self.output / name
        if output.is_dir():
            shutil.rmtree(output)  # of an earlier run
        if not kept:
            self._show(output, None, items)
            return (
                f"no picture {name!r} is kept in {self.folder}. Look at the actual one in "
                f"{output}; if it is right, keep it with pytest --hotcold-update"
            )
        wrong = [f"{len(items)} pictures, {len(kept)} kept"] if len(items) != len(kept) else []
        bad = list(range(min(len(items), len(kept)), len(items)))
        shown: dict[int, Pictures] = {}
        for item, (path, picture) in enumerate(zip(kept, items, strict=False)):
            expected = read_picture(path, picture.shape)
            words = difference_of_one(picture, expected, tolerance)
            if words is not None:
                wrong.append(f"item {item}: {words}" if is_batch else words)
                shown[item] = expected
                bad.append(item)
        if not wrong:
            return None
        self._show(output, shown, items, sorted(bad))
        if len(wrong) > MOST_NAMED:
            wrong[MOST_NAMED:] = [f"and {len(wrong) - MOST_NAMED} more"]
        return "\n  ".join(
            [
                f"{name!r} is not what is kept in {self.folder} (actual and expected):",
                *wrong,
                f"expected, actual and difference: {output}",
                "if the actual ones are right, keep them with pytest --hotcold-update",
            ]
        )

    @staticmethod
    def _show(
        output: Path,
        expected: dict[int, Pictures] | None,
        items: list[Pictures],
        which: list[int] | None = None,
    ) -> None:
        """Write the pictures `which` of `items`, and what was expected where it is known."""
        output.mkdir(parents=True)
        for item in range(len(items)) if which is None else which:
            number = f"{item}-" if len(items) > 1 else ""
            _save(output / f"{number}actual.png", items[item])
            kept = None if expected is None else expected.get(item)
            if kept is None:
                continue
            _save(output / f"{number}expected.png", kept)
            if kept.shape == items[item].shape:
                _save(output / f"{number}difference.png", _stretched(kept, items[item]))


def _same(path: Path, picture: Pictures) -> bool:
    try:
        return np.array_equal(read_picture(path, picture.shape), picture)
    except (OSError, ValueError):  # damaged, or of another kind: written anew
        return False


def _stretched(a: Pictures, b: Pictures) -> Pictures:
    """Return how far pixels are apart as gray, the farthest white: a level shows as well."""
    apart = levels_apart(a, b)
    most = max(int(apart.max(initial=0)), 1)
    return (apart.astype(np.uint16) * 255 // most).astype(np.uint8)


def _save(path: Path, picture: Pictures) -> None:
    if picture.ndim == 2:
        picture = picture[..., np.newaxis]
    if picture.shape[-1] < 3:  # gray, with alpha or without
        from PIL import Image

        mode = "L" if picture.shape[-1] == 1 else "LA"
        shown = picture[..., 0] if mode == "L" else picture
        Image.fromarray(np.ascontiguousarray(shown), mode=mode).save(path)
        return
    files.save_picture(path, picture, compression="small")
