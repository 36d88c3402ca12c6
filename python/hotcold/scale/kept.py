"""One scale for many maps: what was measured of them, kept apart from the maps themselves."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hotcold import _atomic, _core
from hotcold.plan import RenderSpec

# The smallest and the largest number of some values; plain numbers, so that JSON holds them.
Extent = tuple[float, float]

_FORMAT = "hotcold scale"
_VERSION = 1
_EACH = ("low", "high", "values", "n_items", "settings")


class Shared(NamedTuple):
    """What items share, as a recipe takes it."""

    extremes: Extent | None  # of their maps, outliers aside; None where each keeps its own
    limits: Extent | None = None  # of their colours, where those depend on the values

    def applied(self, spec: RenderSpec) -> RenderSpec:
        """Return the recipe that draws by it."""
        rows: dict[str, Any] = {}
        if self.extremes is not None:
            rows.update(extremes=self.extremes, clip=None)
        if spec.limits is None and spec.table is not None:
            rows["limits"] = self.limits
        return dataclasses.replace(spec, **rows)


class Found(NamedTuple):
    """What was measured of items together."""

    extremes: Extent | None  # of their maps, outliers aside
    values: Extent | None = None  # of what is normalized, where colour limits depend on it

    def shared(self, spec: RenderSpec) -> Shared:
        """Return what items of a recipe share."""
        limits = None if self.values is None else spec.extent_limits(self.values)
        return Shared(self.extremes, limits)


@dataclass(frozen=True)
class Scale:
    """One scale for many maps, as `hotcold.measure` finds it: for `scale` of a visualizer.

    Parameters
    ----------
    low, high : float
        Attributions between which all maps lie, after their sign is taken and outliers are clipped.
    values : (float, float) or None
        Between what numbers the normalized maps lie, for the modes whose colour limits depend on
        it.
    n_items : int
        How many maps were measured.
    settings : dict
        How the maps were made: `combine`, `upsample`, `blur` and so on. A visualizer that makes
        them in another way does not take the scale.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> maps = np.stack([np.full((1, 4, 4), 0.5), np.full((1, 4, 4), 2.0)])
    >>> scale = hotcold.measure(hotcold.Visualizer(), maps, progress=False)
    >>> scale.low, scale.high
    (0.5, 2.0)
    >>> hotcold.Visualizer(scale=scale)(maps, imshow=False)[:, 0, 0, 0]
    array([0.25, 1.  ])
    """

    low: float
    high: float
    values: Extent | None
    n_items: int
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        ends = (self.low, self.high, *(self.values or ()))
        if not all(isinstance(end, float | int) and math.isfinite(end) for end in ends):
            msg = f"`low`, `high` and `values` must be finite numbers, got {ends}"
            raise ValueError(msg)
        if self.low > self.high:
            msg = f"`low` must not be above `high`, got {self.low!r} and {self.high!r}"
            raise ValueError(msg)

    def __hash__(self) -> int:
        return hash((self.low, self.high, self.values, self.n_items))

    def __repr__(self) -> str:
        return f"<Scale {self.low:g} to {self.high:g}, of {self.n_items} items>"

    def merge(self, *others: Scale) -> Scale:
        """Return the scale of the maps of all, as if they had been measured together.

        Raises
        ------
        ValueError
            One was measured with other settings; or outliers are clipped, whose ranks among all
            cannot be told from those among parts: measure the parts together.

        Examples
        --------
        >>> import numpy as np, hotcold
        >>> maps = np.random.default_rng(0).normal(size=(6, 1, 8, 8))
        >>> show = hotcold.Visualizer()
        >>> parts = [hotcold.measure(show, part, progress=False) for part in (maps[:2], maps[2:])]
        >>> parts[0].merge(parts[1]) == hotcold.measure(show, maps, progress=False)
        True
        """
        merged = self
        for other in others:
            _refuse_other_settings(merged.settings, other.settings, "the scales to merge")
            clip = _clipping(merged.settings)
            if clip:
                msg = (
                    f"scales with {clip} cannot be merged: which values are outliers among all "
                    "cannot be told from parts; measure the parts together (hotcold.measure "
                    "streams a list of files)"
                )
                raise ValueError(msg)
            values = _core.merge_extents(merged.values, other.values)
            low, high = min(merged.low, other.low), max(merged.high, other.high)
            n_items = merged.n_items + other.n_items
            merged = Scale(low, high, values, n_items, merged.settings)
        return merged

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a JSON file, which appears whole or not at all; see `load`."""
        _atomic.write_atomically(path, (self.to_json() + "\n").encode())

    def to_json(self) -> str:
        """Return it as JSON, all numbers to the last bit."""
        import json

        content = {name: getattr(self, name) for name in _EACH}
        return json.dumps({"format": _FORMAT, "version": _VERSION, **content}, indent=2)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Scale:
        """Return the scale of a file that `save` wrote.

        Raises
        ------
        OSError
            The file cannot be read.
        ValueError
            It holds no scale.

        Examples
        --------
        >>> import pathlib, tempfile, numpy as np, hotcold
        >>> scale = hotcold.measure(hotcold.Visualizer(), np.eye(4)[None, None], progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "scale.json"
        ...     scale.save(path)
        ...     hotcold.Scale.load(path) == scale
        True
        """
        import json
        from pathlib import Path

        text = Path(path).read_bytes()
        try:
            content = json.loads(text)
            if content["format"] != _FORMAT:
                raise KeyError("format")
            if content["version"] != _VERSION:
                msg = f"`scale` must be of version {_VERSION}, got {content['version']!r} in {path}"
                raise ValueError(msg)
            values = content["values"]
            settings = {name: _plain(value) for name, value in dict(content["settings"]).items()}
            return Scale(
                float(content["low"]),
                float(content["high"]),
                None if values is None else (float(values[0]), float(values[1])),
                int(content["n_items"]),
                settings,
            )
        except (KeyError, TypeError, IndexError, UnicodeError, json.JSONDecodeError) as error:
            msg = f"`scale` must be a file that `hotcold scale` or Scale.save wrote, got {path}"
            raise ValueError(msg) from error

    def fits(self, spec: RenderSpec, channels: int) -> Shared:
        """Return what items share that are drawn by a recipe, of so many channels.

        Raises
        ------
        ValueError
            The recipe makes maps in another way than those that were measured.
        """
        _refuse_other_settings(self.settings, settings_of(spec, channels), "this visualizer")
        extremes = (self.low, self.high)
        if spec.normalization_type == "unnormalized":
            return Found(extremes, extremes).shared(spec)
        values = self.values if _needs_values(spec.normalization_type) else None
        return Found(extremes, values).shared(spec)


def settings_of(spec: RenderSpec, channels: int) -> dict[str, Any]:
    """Return how a recipe makes maps of so many channels, in the words of the options."""
    # One channel is its own mean, sum and value of largest magnitude.
    alone = channels == 1 and spec.reduction in ("mean", "sum", "max_abs")
    by, low, high = spec.clip or (None, 0.0, 0.0)
    return {
        "combine": None if alone or spec.reduction == "none" else spec.reduction,
        "upsample": None if spec.upsample == "none" else spec.upsample,
        "blur": _plain(spec.sigma if spec.sigma[0] != spec.sigma[1] else spec.sigma[0]),
        "sign": spec.sign,
        "clip_quantile": {"quantile": high, "quantiles": (low, high)}.get(str(by)),
        "clip_mass": high if by == "mass" else None,
        "normalization_type": spec.normalization_type,
    }


def _needs_values(normalization_type: str) -> bool:
    return _core.normalization_traits(normalization_type)["fixed_limits"] is None


def _clipping(settings: Mapping[str, Any]) -> str:
    given = [n for n in ("clip_quantile", "clip_mass") if settings.get(n) is not None]
    return given[0] if given else ""


def _refuse_other_settings(
    measured: Mapping[str, Any], wanted: Mapping[str, Any], whose: str
) -> None:
    """Raise where maps are made in two ways; the mode matters where its limits depend on values."""
    mode = str(wanted["normalization_type"])
    differ = [
        f"{name}={measured.get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if _plain(measured.get(name)) != _plain(value)
        and (name != "normalization_type" or (_needs_values(mode) and mode != "unnormalized"))
    ]
    if differ:
        msg = (
            f"`scale` must be of maps made as {whose} makes them; it was measured with "
            f"{'; '.join(differ)}. Measure again with this visualizer"
        )
        raise ValueError(msg)


def _plain(value: Any) -> Any:
    """Return a setting as it is however JSON brought it back."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(float(one) for one in value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
