"""Slow twins: what each operation means, written from its definition in float64.

Batches are (N, C, H, W) unless a function says otherwise. Nothing here is fast, threaded or clever.
"""

from __future__ import annotations

import math

import numpy as np

NORMALIZATION_TYPES = (
    "unsigned_max",
    "unsigned_max_positive_centered",
    "magnitude_max",
    "magnitude_sum",
    "signed_max",
    "signed_max_positive_centered",
    "signed_sum",
    "01",
    "unnormalized",
)

# Modes drawn from (-1, 1) and from (0, 1); the other three take their limits from the values.
LIMITS_ONE = ("unsigned_max", "signed_max")
LIMITS_ZERO_ONE = (
    "unsigned_max_positive_centered",
    "signed_max_positive_centered",
    "magnitude_max",
    "01",
)


def divide(a, by):
    """Return a / by, 0 where by is 0."""
    return a / by if by > 0 else np.zeros_like(a)


def gaussian_blur(a, sigma):
    """Blur the two spatial axes with SciPy's definition; `sigma` a number or (y, x)."""
    from scipy.ndimage import gaussian_filter

    pair = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    a = np.asarray(a, np.float64)
    blurred = [
        [gaussian_filter(channel, pair, mode="reflect", truncate=4.0) for channel in item]
        for item in a
    ]
    return np.array(blurred)


def upsample(a, size, kind="bilinear"):
    """Enlarge to (rows, columns) as PyTorch's interpolate does, in float64."""
    a = np.asarray(a, np.float64)
    for axis, n in ((2, size[0]), (3, size[1])):
        weights = {"nearest": _nearest, "bilinear": _bilinear, "bicubic": _bicubic}[kind]
        a = np.moveaxis(np.tensordot(weights(a.shape[axis], n), a, (1, axis)), 0, axis)
    return a


def _nearest(n_in, n):
    at = np.arange(n, dtype=np.float32) * (np.float32(n_in) / np.float32(n))
    return np.eye(n_in)[np.minimum(at.astype(int), n_in - 1)]


def _bilinear(n_in, n):
    at = np.maximum((np.arange(n) + 0.5) * (n_in / n) - 0.5, 0)
    first = np.floor(at).astype(int)
    fraction = (at - first)[:, None]
    second = np.minimum(first + 1, n_in - 1)
    return (1 - fraction) * np.eye(n_in)[first] + fraction * np.eye(n_in)[second]


def _bicubic(n_in, n, a=-0.75):
    at = (np.arange(n) + 0.5) * (n_in / n) - 0.5
    weights = np.zeros((n, n_in))
    for k in range(-1, 3):
        source = np.floor(at) + k
        d = np.abs(at - source)
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        clamped = np.clip(source, 0, n_in - 1).astype(int)
        np.add.at(weights, (np.arange(n), clamped), np.where(d <= 1, near, far))
    return weights


def blur_matrix(n, sigma):
    """Return the (n, n) matrix of SciPy's blur of an axis of n pixels: quick at any sigma.

    The reflected axis repeats every 2n pixels and shows pixel j at j and at -1 - j.
    """
    distance = np.arange(-int(4 * sigma + 0.5), int(4 * sigma + 0.5) + 1)
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    period = np.bincount(distance % (2 * n), weights / weights.sum(), minlength=2 * n)
    i, j = np.ogrid[:n, :n]
    return period[(j - i) % (2 * n)] + period[(-1 - j - i) % (2 * n)]


def normalize(a, mode):
    """Normalize each item on its own."""
    return np.array([_normalize_item(item, mode) for item in np.asarray(a, np.float64)])


def _normalize_item(item, mode):
    if mode.endswith("_positive_centered"):
        return _normalize_item(item, mode.removesuffix("_positive_centered")) / 2 + 0.5
    if mode == "unsigned_max":
        return divide(item, np.abs(item).max())
    if mode == "magnitude_max":
        return divide(np.abs(item), np.abs(item).max())
    if mode == "signed_max":
        return divide(np.maximum(item, 0), item.max()) + divide(np.minimum(item, 0), -item.min())
    if mode == "01":
        return divide(item - item.min(), item.max() - item.min())
    if mode == "magnitude_sum":
        return np.array([divide(np.abs(c), np.abs(c).sum()) for c in item])
    if mode == "signed_sum":
        positive, negative = np.maximum(item, 0), np.minimum(item, 0)
        return np.array(
            [
                divide(p, p.sum()) + divide(n, -n.sum())
                for p, n in zip(positive, negative, strict=True)
            ]
        )
    assert mode == "unnormalized"
    return item


def percentile_mask(a, threshold, masked_opacity=0.2):
    """1 above the item's percentile, else `masked_opacity`; the percentile in a's own dtype."""
    a = np.asarray(a)
    limits = [np.percentile(item, 100 * threshold) for item in a]
    return np.array(
        [np.where(item > p, 1.0, masked_opacity) for item, p in zip(a, limits, strict=True)],
        np.float64,
    )


def grid_shape(n, rows=None, cols=None):
    """Return the (rows, cols) of a grid for n items."""
    if rows is None:
        rows = int(math.sqrt(n)) if cols is None else math.ceil(n / cols)
    return rows, math.ceil(n / rows) if cols is None else cols


def tile(a, rows=None, cols=None, padding=0, fill=0):
    """Lay a batch out on a grid, channels last, one channel dropped."""
    a = np.asarray(a)
    n, c, h, w = a.shape
    rows, cols = grid_shape(n, rows, cols)
    sheet = np.full(
        (rows * h + (rows - 1) * padding, cols * w + (cols - 1) * padding, c), fill, a.dtype
    )
    for i in range(n):
        top, left = i // cols * (h + padding), i % cols * (w + padding)
        sheet[top : top + h, left : left + w] = a[i].transpose(1, 2, 0)
    return sheet[:, :, 0] if c == 1 else sheet


# --- pictures -------------------------------------------------------------------------------------


def color_limits(values, mode):
    """Return each item's (vmin, vmax) for normalized `values` of one channel."""
    if mode in LIMITS_ONE:
        return [(-1.0, 1.0)] * len(values)
    if mode in LIMITS_ZERO_ONE:
        return [(0.0, 1.0)] * len(values)
    if mode == "magnitude_sum":
        return [(0.0, float(item.max())) for item in values]
    if mode == "signed_sum":
        tops = [float(np.abs(item).max()) for item in values]
    else:
        tops = [float(np.abs(values).max())] * len(values)
    return [(-top, top) for top in tops]


def colors(values, mode, cmap, limits=None, **options):
    """Colour (N, 1, H, W) values as matplotlib does: (N, H, W, 3), uint8 with `bytes=True`."""
    import matplotlib as mpl
    from matplotlib.colors import Normalize

    table = mpl.colormaps[cmap] if isinstance(cmap, str) else cmap
    limits = limits or color_limits(values, mode)
    pictures = []
    for item, (low, high) in zip(values[:, 0], limits, strict=True):
        if low == high:  # Normalize gives 0 for everything; ours: the middle of symmetric limits
            t = np.full(item.shape, 0.5 if mode in ("signed_sum", "unnormalized") else 0.0)
        else:
            t = Normalize(low, high)(item)
        pictures.append(table(t, **options)[..., :3])
    return np.array(pictures)


def near_table_edge(values, limits, entries=256, within=1e-4):
    """Whether rounding may move a value across a table edge, (N, H, W); `within` in entries."""
    low, high = np.array(limits, np.float64).T[:, :, None, None]
    span = np.where(high > low, high - low, 1.0)
    position = (np.asarray(values, np.float64)[:, 0] - low) / span * entries
    return np.abs(position - np.round(position)) < within


def image01(x, image_range=None):
    """Return x on screen: float64 in [0, 1], scaled over whole items, uint8 by 255.

    Alpha is no colour: it has the scale of its type, as has an item of one colour.
    """
    x = np.asarray(x)
    full = {"f": 1, "b": 1}.get(x.dtype.kind, 65535 if x.dtype == np.uint16 else 255)
    if x.shape[1] == 4:
        alpha = np.clip(x[:, 3:].astype(np.float64) / full, 0, 1)
        return np.concatenate([image01(x[:, :3], image_range), alpha], axis=1)
    if image_range is None and x.dtype == np.uint8:
        image_range = (0, 255)
    if image_range is None and x.dtype == np.bool_:
        image_range = (0, 1)
    x = x.astype(np.float64)
    if image_range is None:
        constant = x.min(axis=(1, 2, 3), keepdims=True) == x.max(axis=(1, 2, 3), keepdims=True)
        return np.where(constant, np.clip(x / full, 0, 1), normalize(x, "01"))
    low, high = image_range
    return np.clip((x - low) / (high - low), 0, 1)


def unnormed(x, mean, std):
    """Return what normalised colours were before, float64 in [0, 1]; alpha as in `image01`."""
    x = np.asarray(x)
    if x.shape[1] == 4:
        return np.concatenate([unnormed(x[:, :3], mean, std), image01(x)[:, 3:]], axis=1)
    mean, std = (np.reshape(np.float64(part), (1, -1, 1, 1)) for part in (mean, std))
    return np.clip(x.astype(np.float64) * std + mean, 0, 1)


def grey(x01):
    """Return the colours of (N, C, H, W) as their grey in each channel; alpha is kept."""
    if x01.shape[1] == 1:
        return x01
    weights = np.array([0.2125, 0.7154, 0.0721])  # skimage.color.rgb2gray
    one = np.tensordot(x01[:, :3], weights, (1, 0))[:, None]
    return np.concatenate([one, one, one, x01[:, 3:]], axis=1)


def channels_last(a):
    """View (N, C, H, W) as (N, H, W, C)."""
    return np.moveaxis(np.asarray(a), 1, -1)


def blend(x01, rgb01, opacity):
    """Return 255 times the overlay of (N, H, W, 3) colours over an (N, C, H, W) image."""
    base = channels_last(x01)
    mixed = (1 - opacity) * base[..., :3] + opacity * rgb01  # one grey channel broadcasts
    if base.shape[-1] == 4:
        mixed = np.concatenate([mixed, base[..., 3:]], axis=-1)
    return 255 * mixed


def to_bytes(v255):
    """Round half up to uint8."""
    return np.floor(v255 + 0.5).astype(np.uint8)


def near_tie(v255, within=2e-4):
    """Whether rounding may go either way."""
    return np.abs(v255 + 0.5 - np.round(v255 + 0.5)) < within


def reduced(a, reduction):
    """Reduce the channels to one, which is kept as an axis, in float64."""
    a = np.asarray(a, np.float64)
    if reduction == "max_abs":
        return np.take_along_axis(a, np.abs(a).argmax(1, keepdims=True), 1)
    return {
        "mean": lambda: a.mean(1, keepdims=True),
        "sum": lambda: a.sum(1, keepdims=True),
        "sum_abs": lambda: np.abs(a).sum(1, keepdims=True),
        "norm": lambda: np.linalg.norm(a, axis=1, keepdims=True),
    }[reduction]()


def signed(a, sign):
    """Return the values of a map that count, the others as 0."""
    return {
        "all": lambda: a,
        "positive": lambda: np.maximum(a, 0),
        "negative": lambda: np.maximum(-a, 0),
        "absolute": lambda: np.abs(a),
    }[sign]()


def clipped(v, quantile=None, mass=None):
    """Return the values of one item between the limits beyond which they are outliers."""
    m = np.sort(np.abs(v), axis=None)
    if mass is not None:
        sums = np.cumsum(m, dtype=np.float64)
        high = m[np.argmax(sums >= mass * sums[-1])]
        low = -high
    elif np.ndim(quantile) == 0:
        # As an array: numpy 2.0 to 2.2 take a plain number in the precision of the values.
        high = np.quantile(m, np.array(quantile))
        low = -high
    else:
        low, high = np.quantile(v, np.array(quantile))
    return np.clip(v, low, high) if low < high else v


def combined(a):
    """Mean over the channels, axis kept."""
    return np.asarray(a, np.float64).mean(axis=1, keepdims=True)


def map_values(a, mode, *, combine, blur):
    """Return what `Visualizer` and `HeatmapVisualizer` compute before colouring."""
    a = combined(a) if combine else np.asarray(a, np.float64)
    return normalize(gaussian_blur(a, blur), mode)


def mask_opacity(
    a,
    *,
    combine,
    blur,
    threshold,
    masked_opacity,
    use_attr_as_opacity,
    positive_only,
    threshold_by="quantile",
    invert=False,
):
    """Return the opacity that `MaskVisualizer` gives each pixel."""
    a = gaussian_blur(combined(a) if combine else a, blur)
    if positive_only:
        a = np.maximum(a, 0)
    if use_attr_as_opacity:
        a = normalize(a, "01")
        return 1 - a if invert else a
    if threshold == "otsu" or threshold_by != "quantile":
        rule, number = ("otsu", 0) if threshold == "otsu" else (threshold_by, threshold)
        shown = np.array([kept(item, number, rule) for item in a])
    else:
        shown = percentile_mask(normalize(a, "01"), threshold, 0) == 1
    return np.where(shown != invert, 1.0, masked_opacity)


def masked(opacity, x01, background=0.0):
    """Return opacity times image over a background, a number or what broadcasts with the image.

    Alpha alone is multiplied where the image has one and the map is combined.
    """
    if x01.shape[1] == 4 and opacity.shape[1] == 1:
        return np.concatenate([x01[:, :3], x01[:, 3:] * opacity], axis=1)
    return opacity * x01 + (1 - opacity) * background


def kept(v, threshold, by):
    """Which values of one map a threshold keeps: the definitions of the four rules."""
    from skimage.filters import threshold_otsu

    if by == "quantile":
        return v > np.quantile(v, threshold)
    if by == "max":
        return v > v.dtype.type(threshold) * v.max() if v.max() > 0 else np.zeros(v.shape, bool)
    if by == "otsu":
        return v > threshold_otsu(v, 256)
    descending = np.sort(v[v > 0].astype(np.float64))[::-1]
    if threshold == 1 or not len(descending):
        return np.zeros(v.shape, bool)
    cumulated = np.cumsum(descending)
    enough = np.argmax(cumulated >= (1 - threshold) * cumulated[-1])
    return v >= descending[enough]


def strongest(v, shown, count, diagonal, by, min_area):
    """The strongest regions of one map, by scipy: boxes, masses, peaks, areas."""
    from scipy import ndimage

    labels, _ = ndimage.label(shown, np.ones((3, 3)) if diagonal else None)
    found = []
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        values = v[labels == label].astype(np.float64)
        box = (rows.start, columns.start, rows.stop, columns.stop)
        found.append((box, values.sum(), values.max(), values.size))
    key = {"mass": 1, "peak": 2, "area": 3}[by]
    found = sorted((f for f in found if f[3] >= min_area), key=lambda f: -f[key])[:count]
    found += [((-1, -1, -1, -1), 0.0, 0.0, 0)] * (count - len(found))
    return [np.array(column) for column in zip(*found, strict=True)]


def outline(shown, width):
    """Return the pixels of a region that its `width`-fold erosion by a cross does not keep."""
    from scipy import ndimage

    return shown & ~ndimage.binary_erosion(shown, iterations=width, border_value=1)


def marked(
    picture,
    v,
    contours=(),
    color=(255, 255, 255),
    width=1,
    boxes=0,
    box_color=(255, 255, 255),
    box_width=2,
    threshold=("quantile", 0.5),
):
    """Return a picture with the lines of one map (H, W): contours, and frames over them."""
    picture = picture.copy()
    color, box_color = (np.append(c, 255)[: picture.shape[-1]] for c in (color, box_color))
    for by, t in contours:
        picture[outline(kept(v, t, by), width)] = color
    if boxes:
        by, t = threshold
        found = strongest(v, kept(v, t, by), boxes, False, "mass", 1)[0]
        for y0, x0, y1, x1 in found:
            if y0 < 0:
                continue
            frame = np.zeros(v.shape, bool)
            frame[y0:y1, x0:x1] = True
            frame[y0 + box_width : y1 - box_width, x0 + box_width : x1 - box_width] = False
            picture[frame] = box_color
    return picture


def with_options(pictures, maps, settings):
    """Return pictures with the lines that a visualizer's settings say."""
    from matplotlib.colors import to_rgb

    def rule(t):
        return ("otsu", 0.0) if t == "otsu" else (settings.threshold_by, t)

    def rgb(color):
        return (np.array(to_rgb(color)) * 255 + 0.5).astype(np.uint8)

    contours = settings.contours
    if contours is None:
        contours = ()
    elif not isinstance(contours, tuple):
        contours = (contours,)
    options = {
        "contours": [rule(t) for t in contours],
        "color": rgb(settings.contour_color),
        "width": settings.contour_width,
        "boxes": settings.boxes or 0,
        "box_color": rgb(settings.box_color),
        "box_width": settings.box_width,
        "threshold": rule(settings.threshold),
    }
    pairs = zip(pictures, maps, strict=True)
    return np.stack([marked(picture, v[0], **options) for picture, v in pairs])
