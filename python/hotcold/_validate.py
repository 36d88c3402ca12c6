"""Every check a user can fail, and its message: argument, rule, value, what to do."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

from hotcold import _core

_ORDERS = {
    "channels_first": ("(N, C, H, W)", 1, "channels_last"),
    "channels_last": ("(N, H, W, C)", 3, "channels_first"),
}
DRAWABLE_CHANNELS = (1, 3, 4)
LARGEST_GRID = 2**31 - 1  # rows, columns, padding


def dim_order(value: object) -> str:
    """Return a known dim_order."""
    return one_of("dim_order", value, _ORDERS)


def one_of(name: str, value: object, choices: Iterable[str]) -> str:
    """Return `value` if it is one of the names in `choices`."""
    listed = tuple(choices)
    if isinstance(value, str) and value in listed:
        return value
    msg = f"`{name}` must be one of {_quoted(listed)}, got {value!r}{_closest(value, listed)}"
    raise ValueError(msg)


def normalization_type(value: object) -> str:
    """Return a known normalization type; the message lists the nine."""
    return one_of("normalization_type", value, _core.NORMALIZATION_TYPES)


def batch_shape(shape: Sequence[int], name: str, order: str) -> None:
    """Require four non-empty axes."""
    if len(shape) == 4 and 0 not in shape and isinstance(order, str) and order in _ORDERS:
        return  # without the names of axes, at every call
    axes = _ORDERS[dim_order(order)][0]
    if len(shape) != 4:
        hint = ""
        if len(shape) == 3:
            hint = _missing_axis(shape, name, order)
        elif len(shape) == 2:
            index = "None, None" if order == "channels_first" else "None, ..., None"
            what = "grey image" if name == "x" else "map"
            hint = f"; for one {what} add the batch and channel axes: {name}[{index}]"
        elif len(shape) > 4:
            rest = ", ".join(str(extent) for extent in shape[-3:])
            hint = (
                f"; to draw each frame as an item join the first axes: {name}.reshape(-1, {rest})"
            )
        msg = f"`{name}` must be 4-D {axes} for dim_order={order!r}, got shape {tuple(shape)}{hint}"
        raise ValueError(msg)
    if 0 in shape:
        msg = f"`{name}` must have no empty axis, got shape {tuple(shape)} for {axes}"
        raise ValueError(msg)


def _missing_axis(shape: Sequence[int], name: str, order: str) -> str:
    """Say how three axes become four, the likelier way first."""
    first = order == "channels_first"
    channels = shape[0 if first else 2]
    likely = channels in DRAWABLE_CHANNELS
    of = f" of {channels} channels" if likely else ""
    one = f"for one item{of} add the batch axis: {name}[None]"
    index = ":, None" if first else "..., None"
    what = "grey images" if name == "x" else "maps of one channel"
    many = f"for {shape[0]} {what} add the channel axis: {name}[{index}]"
    if likely:
        return f"; {one}; {many}"
    if shape[2 if first else 0] in (3, 4):
        other = _ORDERS[order][2]
        return f"; for one item with dim_order={other!r} add the batch axis: {name}[None]; {many}"
    return f"; {many}; {one}"


def same_shapes(shapes: Sequence[Sequence[int]], name: str) -> None:
    """Require the items of a list to agree in their shapes."""
    for index, shape in enumerate(shapes):
        if tuple(shape) != tuple(shapes[0]):
            msg = (
                f"`{name}` must hold items of one shape, got {tuple(shapes[0])} for item 0 and "
                f"{tuple(shape)} for item {index}; resize them to one size, or draw those of "
                "each size in a call of their own"
            )
            raise ValueError(msg)


def not_real(name: str, dtype: object) -> str:
    """Return the message for values that are not real numbers."""
    return (
        f"`{name}` must hold real numbers, got dtype {dtype}; "
        "convert it first, for instance with .astype(numpy.float32)"
    )


def drawable_channels(shape: Sequence[int], name: str, order: str, what: str) -> None:
    """Require 1, 3 or 4 channels of an (N, C, H, W) `shape`."""
    channels = shape[1]
    if channels in DRAWABLE_CHANNELS:
        return
    _, axis, other = _ORDERS[order]
    hint = ""
    # The shape as the user gave it, and where the channels would be in the other order.
    given = tuple(shape) if order == "channels_first" else (shape[0], *shape[2:], shape[1])
    if given[_ORDERS[other][1]] in DRAWABLE_CHANNELS:
        hint = f"; is it dim_order={other!r}?"
    elif name == "attributions":
        hint = "; combine the channels (combine_channels=True) to draw them as one map"
    msg = (
        f"`{name}` must have 1, 3 or 4 channels {what}, got {channels} on axis {axis} "
        f"of shape {given} (dim_order={order!r}){hint}"
    )
    raise ValueError(msg)


def same_items(attributions: Sequence[int], x: Sequence[int]) -> None:
    """Require two (N, C, H, W) shapes to agree in all but the channels."""
    if attributions[0] == x[0] and attributions[2:] == x[2:]:
        return
    ours = (attributions[0], *attributions[2:])
    theirs = (x[0], *x[2:])
    msg = (
        "`x` must have the items, rows and columns of `attributions` "
        f"(N, H, W) = {ours}, got {theirs}; {_how_to_agree(ours, theirs)}"
    )
    raise ValueError(msg)


def enlargeable(attributions: Sequence[int], x: Sequence[int]) -> None:
    """Require two (N, C, H, W) shapes to agree in N, and no more rows or columns in the first."""
    ours = (attributions[0], *attributions[2:])
    theirs = (x[0], *x[2:])
    if ours[0] != theirs[0] or ours[1] > theirs[1] or ours[2] > theirs[2]:
        msg = (
            "`x` must have the items of `attributions` and no fewer rows and columns to be drawn "
            f"with upsample, (N, H, W) = {tuple(ours)}, got {tuple(theirs)}; "
            f"{_how_to_agree(ours, theirs)}"
        )
        raise ValueError(msg)


def _how_to_agree(ours: Sequence[int], theirs: Sequence[int]) -> str:
    """Say what to do about the (N, H, W) of maps and of images that do not fit."""
    if ours[0] != theirs[0]:
        if ours[0] == 1:
            return (
                "to lay one map over all images repeat it, which takes no memory: "
                f"numpy.broadcast_to(attributions, ({theirs[0]}, *attributions.shape[1:]))"
            )
        return "check that each map has its image; one image (N = 1) serves for all maps"
    if ours[1] > theirs[1] or ours[2] > theirs[2]:
        return (
            "check that both are in the same dim_order; maps larger than their images must be "
            'made smaller first, for instance by torch.nn.functional.interpolate(..., mode="area") '
            "or cv2.resize(..., interpolation=cv2.INTER_AREA), or the images larger"
        )
    return (
        "check that both are in the same dim_order, or resize one to the other: heat maps and "
        'masks enlarge smaller maps with upsample="bilinear"'
    )


def same_channels(attributions: int, x: int) -> None:
    """Require as many channels of both, for masks that are not combined."""
    if attributions != x:
        msg = (
            f"`attributions` must have the {x} channels of `x` when channels are not combined, "
            f"got {attributions}; pass combine_channels=True"
        )
        raise ValueError(msg)


def item_names(names: Sequence[str], n_items: int) -> None:
    """Require a name for each item."""
    if isinstance(names, str):
        msg = f"`names` must be a sequence of names, got the string {names!r}"
        raise TypeError(msg)
    if len(names) != n_items:
        msg = f"`names` must hold {n_items} names, one per item, got {len(names)}"
        raise ValueError(msg)


def given_attributions(name: str, visualizer: Any) -> None:
    """Require a visualizer of attributions, not one that computes them of images."""
    if not visualizer.takes_attributions:
        msg = (
            f"`{name}` must be given attributions, which {type(visualizer).__name__} computes "
            "itself: save them, and take a MaskVisualizer with its options"
        )
        raise TypeError(msg)


def one_channel_for_limits(normalization_type: str) -> None:
    """Refuse to tell the limits of several channels, each of which has its own."""
    if normalization_type.endswith("_sum"):
        msg = (
            "`attributions` must have one channel to have limits in the mode "
            f"{normalization_type!r}: every channel has its own; combine them "
            "(combine_channels=True)"
        )
        raise ValueError(msg)


def one_channel_for_lines(channels: int, boxes: int | None) -> None:
    """Require one channel for lines around regions."""
    if channels != 1:
        msg = (
            f"`{'contours' if boxes is None else 'boxes'}` must be left out unless maps have one "
            f"channel, got {channels}; combine them (combine_channels=True)"
        )
        raise ValueError(msg)


def fraction(name: str, value: Any) -> float:
    """Return a number in [0, 1]."""
    number = _number(name, value, "a number in [0, 1]")
    if not 0.0 <= number <= 1.0:
        msg = f"`{name}` must be in [0, 1], got {value!r}"
        raise ValueError(msg)
    return number


def threshold(name: str, value: Any) -> float | str:
    """Return a number in [0, 1], or "otsu"."""
    if not isinstance(value, str):
        return fraction(name, value)
    if value != "otsu":
        msg = f"`{name}` must be a number in [0, 1] or 'otsu', got {value!r}"
        raise ValueError(msg + _closest(value, ("otsu",)))
    return value


def fractions(name: str, value: Any) -> tuple[float, float]:
    """Return (low, high), in [0, 1] and increasing."""
    rule = "a pair (low, high) with 0 <= low < high <= 1"
    pair = tuple(value)
    if len(pair) != 2:
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg)
    low, high = (_number(name, part, rule) for part in pair)
    if not 0.0 <= low < high <= 1.0:
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg)
    return low, high


def background(name: str, value: Any, names: Iterable[str]) -> Any:
    """Return one of the names, or three numbers in [0, 1] as a tuple."""
    listed = tuple(names)
    rule = f"one of {_quoted(listed)}, or (red, green, blue) of numbers in [0, 1]"
    if isinstance(value, str) and value in listed:
        return value
    try:
        parts = () if isinstance(value, str | bytes) else tuple(value)
    except TypeError:
        parts = ()
    if len(parts) != 3:
        msg = f"`{name}` must be {rule}, got {value!r}{_closest(value, listed)}"
        raise ValueError(msg)
    color = tuple(_number(name, part, rule) for part in parts)
    if not all(0.0 <= part <= 1.0 for part in color):
        bytes_ = all(0.0 <= part <= 255.0 for part in color)
        hint = "; divide bytes by 255" if bytes_ else ""
        msg = f"`{name}` must be {rule}, got {value!r}{hint}"
        raise ValueError(msg)
    return color


def background_over(channels: int, planes: int, value: Any, background: object) -> None:
    """Require a background that images of so many channels, under so many maps, can have.

    `value` is what was given for it, `background` what it is: a colour or a word.
    """
    if background == "transparent" and planes > 1:
        msg = (
            "`background` must not be 'transparent' where each channel has its own opacity: a "
            "picture has one alpha; pass combine_channels=True"
        )
        raise ValueError(msg)
    if channels == 4 and background not in ((0.0, 0.0, 0.0), "transparent"):
        msg = (
            f"`background` must be 'black' or 'transparent' over images with alpha, got {value!r}: "
            "their masked pixels are transparent; give `x` without its alpha channel to have a "
            "background"
        )
        raise ValueError(msg)
    if channels == 1 and isinstance(background, tuple) and len(set(background)) > 1:
        msg = (
            f"`background` must be grey over images of one channel, got {value!r}; repeat the "
            "channel of `x` to three to have it in colour"
        )
        raise ValueError(msg)


def sigma(name: str, value: Any) -> tuple[float, float]:
    """Return a blur's (y, x) standard deviations in pixels, from one number or a pair."""
    rule = "finite and >= 0 pixels, one number or a pair (y, x)"
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2:
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg)
    sigma_y, sigma_x = (_number(name, part, rule) for part in pair)
    if not (0.0 <= sigma_y < math.inf and 0.0 <= sigma_x < math.inf):
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg)
    return sigma_y, sigma_x


def value_range(name: str, value: Any) -> tuple[float, float]:
    """Return (low, high), finite and increasing."""
    rule = "a pair (low, high) of finite numbers with low < high"
    try:
        low, high = value
    except (TypeError, ValueError):
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg) from None
    low, high = _number(name, low, rule), _number(name, high, rule)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg)
    return low, high


def image_norm(name: str, value: Any, names: Iterable[str]) -> Any:
    """Return one of `names`, or (means, deviations) as tuples of one or three finite numbers."""
    known = tuple(names)
    rule = f"a pair (mean, std) or one of {_quoted(known)}"
    if isinstance(value, str):
        if value in known:
            return value
        raise ValueError(unknown_name(name, value, known, rule))
    try:
        mean, std = value
    except (TypeError, ValueError):
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise ValueError(msg) from None
    means, deviations = (_colors(name, part, what) for part, what in ((mean, "mean"), (std, "std")))
    if not all(math.isfinite(number) for number in means + deviations):
        msg = f"`{name}` must be a pair (mean, std) of finite numbers, got {value!r}"
        raise ValueError(msg)
    if min(deviations) <= 0:
        msg = f"`{name}` must be a pair (mean, std) with every std > 0, got std {std!r}"
        raise ValueError(msg)
    return means, deviations


def _colors(name: str, value: Any, what: str) -> tuple[float, ...]:
    """Return one number, or one for each of three colours, as a tuple."""
    rule = f"a pair (mean, std), each a number or one for each of R, G and B; {what}"
    if hasattr(value, "tolist"):  # an array or tensor of any axes
        value = value.reshape(-1).tolist()
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        return (_number(name, value, rule),)
    if len(value) not in (1, 3):
        msg = f"`{name}` must be {rule} has {len(value)} numbers: {value!r}"
        raise ValueError(msg)
    return tuple(_number(name, part, rule) for part in value)


def norm_fits(norm: Any, channels: int) -> None:
    """Require a norm of one number for images of one channel, which are no colours."""
    if channels == 1 and any(len(set(part)) > 1 for part in norm):
        msg = (
            "`image_norm` must have one mean and one std for images of 1 channel, got "
            f"{norm[0]} and {norm[1]}; pass numbers, such as image_norm=(0.45, 0.22)"
        )
        raise ValueError(msg)


def flag(name: str, value: Any) -> bool:
    """Return a truth value; strings, which are all true, are refused."""
    if isinstance(value, str):
        msg = f"`{name}` must be True or False, got {value!r}"
        raise TypeError(msg)
    return bool(value)


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return a whole number >= `least` and <= `most`; truth values are none."""
    try:
        number = _index(value)
    except TypeError:
        msg = f"`{name}` must be a whole number >= {least}, got {value!r}"
        raise TypeError(msg) from None
    if number < least:
        msg = f"`{name}` must be >= {least}, got {value!r}"
        raise ValueError(msg)
    if most is not None and number > most:
        msg = f"`{name}` must be <= {most}, got {value!r}"
        raise ValueError(msg)
    return number


def integer(name: str, value: Any) -> int:
    """Return an integer of any sign; floats, strings and truth values are none."""
    try:
        return _index(value)
    except TypeError:
        msg = f"`{name}` must be an integer, got {type(value).__name__} {value!r}"
        raise TypeError(msg) from None


def n_threads(value: Any) -> int:
    """Return a thread count >= 1; None stands for all CPUs this process may use."""
    if value is None:
        return _core.default_threads()
    return min(whole("n_threads", value, 1), 2**31 - 1)


def finite(fault: tuple[str, int, int] | None, first_item: int = 0) -> None:
    """Raise for the (argument, item, count) of a kernel; items are counted from `first_item`."""
    if fault is not None:
        raise ValueError(not_finite(fault, first_item))


def not_finite(fault: tuple[str, int, int], first_item: int = 0) -> str:
    """Return the message for the (argument, item, count) of a kernel."""
    name, item, count = fault
    return (
        f"`{name}` must be finite: {name}[{item + first_item}] holds {count} non-finite "
        f"value{'s' if count != 1 else ''} (NaN, infinity or masked); clean it, or pass a "
        'visualizer nonfinite="zero" to draw them as 0, or "transparent" to leave them out'
    )


def not_finite_values(name: str, count: int) -> str:
    """Return the message for an array that is no batch."""
    values = "value" if count == 1 else "values"
    return f"`{name}` must be finite, got {count} non-finite {values} (NaN or infinity)"


def unknown_name(name: str, value: object, choices: Iterable[str], what: str) -> str:
    """Return the message for a name that is not among many: the closest are listed."""
    return f"`{name}` must be {what}, got {value!r}{_closest(value, choices)}"


def _index(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def unexpected_option(maker: str, name: str, known: Iterable[str], owners: Sequence[str]) -> str:
    """Return the message for an option that `maker` lacks; `owners` are those that have it."""
    listed = tuple(known)
    hint = f"; it is an option of {' and '.join(owners)}" if owners else _closest(name, listed)
    return (
        f"{maker} got an unexpected keyword argument {name!r}{hint}; "
        f"{maker} takes {', '.join(listed)}"
    )


def _number(name: str, value: Any, rule: str) -> float:
    if isinstance(value, str | bytes | bool):
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise TypeError(msg)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        msg = f"`{name}` must be {rule}, got {value!r}"
        raise TypeError(msg) from None


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _closest(value: object, choices: Iterable[str]) -> str:
    import difflib  # for messages alone

    near = difflib.get_close_matches(value, list(choices), n=3) if isinstance(value, str) else []
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
