"""How many maps are measured together, in passes over them that need no memory for their values.

Extremes take one pass. Quantiles and masses take two for float32 and four for float64, and are
exact: floats sort like their bits, so each pass counts values by 16 more of these, from the top,
where the last one told to look. Which maps a pass meets in what order, and in what parts, changes
no bit: counts and sums of bits are whole numbers.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotcold import _core
from hotcold.plan import RenderSpec
from hotcold.scale.kept import Extent, Found

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGIT = 16  # bits of a key that a pass looks at


class Query(NamedTuple):
    """Which values a pass counts, by which of their bits; see `RankQuery` of the core."""

    magnitudes: bool
    sums: bool  # of what is below these bits too
    digit: int
    prefixes: tuple[int, ...]


class Task(NamedTuple):
    """What a pass does with every batch: measure its maps, or count their values."""

    rows: tuple[tuple[str, Any], ...]  # what is changed in the recipe of the maps
    query: Query | None = None

    def recipe(self, spec: RenderSpec) -> RenderSpec:
        """Return the recipe of the maps that are looked at, given that of the pictures."""
        return dataclasses.replace(spec, **dict(self.rows))


class Part(NamedTuple):
    """What a pass found in some of the items."""

    extent: Extent | None = None
    counts: NDArray[np.uint64] | None = None  # (1 or with sums 3, prefixes, 65536)
    bits: int = 0  # of a key, where values were counted
    n_items: int = 0


Passes = Generator[Task, Part, Found]


def search(passes: Passes, look: Callable[[Task], Part]) -> Found:
    """Return what is found by passes, each of which is one call of `look`."""
    try:
        task = next(passes)
        while True:
            task = passes.send(look(task))
    except StopIteration as end:
        found: Found = end.value
        return found


def merged(parts: Iterable[Part]) -> Part:
    """Return what was found in all of the items."""
    all_of_them = Part()
    for part in parts:
        all_of_them = _both(all_of_them, part)
    return all_of_them


def _both(a: Part, b: Part) -> Part:
    if a.bits and b.bits and a.bits != b.bits:
        msg = (
            "`attributions` and `x` must be of one precision to share a scale, got float64 in some "
            "batches and less in others"
        )
        raise ValueError(msg)
    counts = a.counts if b.counts is None else b.counts
    if a.counts is not None and b.counts is not None:
        counts = a.counts + b.counts
    extent = _core.merge_extents(a.extent, b.extent)
    return Part(extent, counts, a.bits or b.bits, a.n_items + b.n_items)


def passes(spec: RenderSpec, *, shares_scale: bool) -> Passes:
    """Find what items share: yield what to do with all of them, and be sent what came of it.

    Parameters
    ----------
    spec : RenderSpec
        The recipe of every item.
    shares_scale : bool
        Whether they share the statistics of the mode and of clipping, or colour limits alone.

    Returns
    -------
    Found
        As the value of the generator.
    """
    # Whether values are drawn by a threshold or not must not decide when their sign is taken.
    base = {"limits": None, "opacity": "map", "contours": (), "boxes": 0}
    if not shares_scale:
        found = yield _task(base)
        return Found(None, found.extent)
    bare = {**base, "clip": None, "extremes": None, "normalization_type": "unnormalized"}
    if spec.clip is None:
        part = yield _task(bare)
        extremes = part.extent or (0.0, 0.0)
    else:
        extremes = yield from _clipped_extremes(bare, spec.clip)
    if _core.normalization_traits(spec.normalization_type)["fixed_limits"] is not None:
        return Found(extremes)
    if spec.normalization_type == "unnormalized":
        return Found(extremes, extremes)
    found = yield _task({**base, "clip": None, "extremes": extremes})
    return Found(extremes, found.extent)


def _task(rows: Mapping[str, Any], query: Query | None = None) -> Task:
    return Task(tuple(rows.items()), query)


def _clipped_extremes(
    bare: Mapping[str, Any], clip: tuple[str, float, float]
) -> Generator[Task, Part, Extent]:
    """Return between what numbers the values lie once outliers are clipped."""
    by, low, high = clip
    first = Query(by != "quantiles", by == "mass", 0, (0,))
    part = yield _task(bare, first)
    if part.extent is None or part.counts is None:
        return 0.0, 0.0
    if by == "mass":
        t = yield from _value_at_mass(bare, part, high)
        ends = -t, t
    elif by == "quantile":
        (t,) = yield from _quantiles(bare, first, part, (high,))
        ends = -t, t
    else:
        below, above = yield from _quantiles(bare, first, part, (low, high))
        ends = below, above
    least, most = part.extent
    if not ends[0] < ends[1]:  # would leave a single number: nothing is clipped
        return least, most
    return min(max(least, ends[0]), ends[1]), max(min(most, ends[1]), ends[0])


def _quantiles(
    bare: Mapping[str, Any], first: Query, part: Part, fractions: tuple[float, ...]
) -> Generator[Task, Part, list[float]]:
    """Return numpy's quantiles of all values, of which `part` counted the upper bits."""
    assert part.counts is not None
    n = int(part.counts[0].sum())
    places = []
    for fraction in fractions:
        # As the core has it for one item, to the last bit.
        place = float(n - 1) * ((100.0 * fraction) / 100.0)
        below = min(int(place), n - 1)
        places.append((below, min(below + 1, n - 1), place - below))
    ranks = sorted({rank for below, above, _ in places for rank in (below, above)})
    keys = yield from _keys(bare, first, part, ranks)
    value = dict(zip(ranks, _values(keys, part.bits), strict=True))
    return [_between(value[below], value[above], t) for below, above, t in places]


def _keys(
    bare: Mapping[str, Any], query: Query, part: Part, ranks: list[int]
) -> Generator[Task, Part, list[int]]:
    """Return the keys of the values of these ranks, counted from 0."""
    left = [(0, rank) for rank in ranks]  # what is known of a key; its rank among those alike
    for digit in itertools.count():
        assert part.counts is not None
        upto = np.cumsum(part.counts[0], axis=1)
        for i, (prefix, rank) in enumerate(left):
            row = upto[query.prefixes.index(prefix)]
            at = int(np.searchsorted(row, np.uint64(rank), side="right"))
            left[i] = (prefix << _DIGIT | at, rank - (int(row[at - 1]) if at else 0))
        if (digit + 1) * _DIGIT == part.bits:
            return [key for key, _ in left]
        known = tuple(sorted({prefix for prefix, _ in left}))
        query = query._replace(digit=digit + 1, prefixes=known)
        part = yield _task(bare, query)
    raise AssertionError


def _value_at_mass(
    bare: Mapping[str, Any], part: Part, fraction: float
) -> Generator[Task, Part, float]:
    """Return the first magnitude, from the smallest, at which their sum reaches its goal."""
    from fractions import Fraction  # and with it decimal: a third of what `import hotcold` takes

    share = Fraction(fraction)
    prefix, before, goal = 0, 0, Fraction(0)
    for digit in itertools.count():
        assert part.counts is not None
        below = part.bits - (digit + 1) * _DIGIT
        bins = np.flatnonzero(part.counts[0, 0])
        sums = [
            _sum_of(part.counts[:, 0, at], (prefix << _DIGIT | int(at)) << below, part.bits)
            for at in bins
        ]
        if digit == 0:
            goal = share * sum(sums)
        upto = before
        for at, mass in zip(bins.tolist(), sums, strict=True):
            found, before = at, upto
            upto += mass
            if upto >= goal:
                break
        prefix = prefix << _DIGIT | found
        if below == 0:
            return float(_values([prefix], part.bits)[0])
        part = yield _task(bare, Query(True, True, digit + 1, (prefix,)))
    raise AssertionError


def _sum_of(counted: NDArray[np.uint64], key: int, bits: int) -> int:
    """Return the sum of magnitudes whose keys begin like `key`, in the least float's units.

    `counted` are how many there are, and the sums of what follows in their keys.
    """
    mantissa = 23 if bits == 32 else 52
    count, low, high = (int(number) for number in counted)
    magnitude = key & ((1 << (bits - 1)) - 1)
    exponent, start = magnitude >> mantissa, magnitude & ((1 << mantissa) - 1)
    rest = low + (high << 24)
    if exponent == 0:
        return count * start + rest
    return (count * (start + (1 << mantissa)) + rest) << (exponent - 1)


def _values(keys: list[int], bits: int) -> list[np.floating[Any]]:
    """Return the floats of keys."""
    sign, whole = 1 << (bits - 1), (1 << bits) - 1
    patterns = [key ^ sign if key & sign else key ^ whole for key in keys]
    kind, real = (np.uint32, np.float32) if bits == 32 else (np.uint64, np.float64)
    return list(np.array(patterns, kind).view(real))


def _between(below: np.floating[Any], above: np.floating[Any], t: float) -> float:
    """Return numpy's linear interpolation, in the precision of the values."""
    kind = type(below)
    with np.errstate(over="ignore"):
        difference = above - below
    if not np.isfinite(difference):
        return float(below * kind(1.0 - t) + above * kind(t))
    if t < 0.5:
        return float(below + difference * kind(t))
    return float(above - difference * kind(1.0 - t))
