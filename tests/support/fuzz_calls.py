"""A call from a number: the extension's functions and the public ones, whatever the arguments.

`python fuzz_calls.py FIRST LAST` makes the calls of these numbers and writes each number before its
call, so that whoever started it knows which one ended the process. A result must have the right
shape; an exception must be one that is documented.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import matplotlib.colors  # noqa: F401 - before any call: an import that is ended stays half done
import numpy as np
from core_calls import FIELDS
from fuzz_arguments import MEMORY_MAY_RUN_OUT, REAL, Arguments

import hotcold
from hotcold import _core, files
from hotcold.comparison import METRICS
from hotcold.compat import show_cam_on_image

DOCUMENTED = (ValueError, TypeError, MemoryError, OverflowError)
# A giant may take for ever: such a call is ended as by Ctrl-C, and must end soon then.
MOST_SECONDS = 0.25
MOST_SECONDS_AFTERWARDS = 10.0
PAINTS = ("table", "channels", "overlay", "mask")
BACKGROUNDS = ("checker", "blur", "transparent")
THRESHOLDS = ("quantile", "mass", "max", "otsu")


class TimeUp(BaseException):
    """The call was ended."""


class Wrong(Exception):
    """A result that is none."""


def require(condition, what):
    if not condition:
        raise Wrong(what)


def shape_of(a):
    return a.shape if isinstance(a, np.ndarray) else (1, 1, 2, 2)


def float_kind(a):
    return "f8" if isinstance(a, np.ndarray) and a.dtype == np.float64 else "f4"


# --- the extension --------------------------------------------------------------------------------


def core_blur(g):
    a = g.array()
    _core.gaussian_blur(
        a, g.number(), g.number(), g.flag(), g.output(shape_of(a), float_kind(a)), g.count()
    )


def core_method(g):
    extents = (1, 5, 300, 2**20)
    wrong = (0, -1, 2**48, 2**63, 2**64, 1.5, None)
    sizes = g.usual_or(extents, wrong), g.usual_or(extents, wrong)
    method = _core.gaussian_blur_method(*sizes, g.number(), g.number(), g.flag(), g.flag())
    require(method in ("identity", "fir", "nodes", "nodes with tail"), method)


def core_normalize(g):
    a = g.array()
    mode = g.name(_core.NORMALIZATION_TYPES)
    _core.normalize(a, mode, g.output(shape_of(a), float_kind(a)), g.count())


def core_percentile(g):
    a = g.array()
    out = g.output(shape_of(a), float_kind(a))
    _core.percentile_mask(a, g.fraction(), g.fraction(), out, g.count())


def core_cam(g):
    shape = g.pick(((4, 5), (1, 1), (16, 17), (3, 300)))
    image, out = g.array((*shape, 3), "f4"), g.output((*shape, 3), "u1")
    table = g.array((256, 4), "f4")
    _core.cam_overlay(image, g.array(shape, "f4"), table, g.fraction(), g.number(), out)


def core_tile(g):
    a = g.array()
    fill = np.zeros((), a.dtype) if isinstance(a, np.ndarray) else g.array(())
    sheet = _core.tile(a, g.count(), g.count(), g.usual_or((0, 1, 3), (-1, 2**40, None)), fill)
    require(sheet.ndim == 3 and sheet.dtype == a.dtype, sheet.shape)


def core_empty(g):
    shape = tuple(g.usual_or((1, 3, 100), (0, -1, 2**62, 2**63, 1.5)) for _ in range(3))
    if not MEMORY_MAY_RUN_OUT and max(map(float, shape)) > 1000:
        shape = (2**62, 2**62)
    dtype = np.dtype(g.usual_or(("f4", "f8", "u1"), ("O", "V0", "S5", "c8", "M8[s]", "i4,O")))
    require(_core.empty_array(shape, dtype).shape == shape, shape)


def core_regions(g):
    a = g.array((2, 1, 9, 11))
    by = g.name(THRESHOLDS)
    match int(g.rng.integers(3)):
        case 0:
            by_what = g.name(("mass", "peak", "area"))
            _core.boxes(a, g.count(), g.fraction(), by, g.flag(), by_what, g.count(), g.count())
        case 1:
            _core.threshold_limits(a, g.fraction(), by, g.count())
        case _:
            _core.outlines(a, g.fraction(), by, g.count(), g.count())


def core_compare(g):
    a, b = g.array((2, 1, 9, 11)), g.array((2, 1, 9, 11))
    metrics = [g.name(tuple(METRICS)) for _ in range(int(g.rng.integers(4)))]
    table, *_ = _core.compare(a, b, metrics, g.fraction(), g.count())
    require(table.shape == (len(a), len(metrics)), table.shape)


def core_encode(g):
    picture = g.array((5, 7, int(g.pick((1, 3, 4)))), "u1")
    palette = g.pick((None, np.zeros((3, 3), np.uint8))) if g.chance(0.7) else g.array((9, 3), "u1")
    texts = g.usual_or(([], [("Title", "a")]), ([("", "a")], [("a\0", "b")], None, [("é", "é")]))
    compression = g.name(files.COMPRESSIONS)
    if g.chance(0.3):
        require(_core.encode_strip(picture, compression, g.count())[:2] == b"\x78\x01", "header")
    data = _core.encode_png(picture, palette, texts, compression, g.count())
    require(data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82"), data[-20:])


def names(g, n):
    wrong = ([], [(b"", b"")], [(b"a", b"b\0")], None, [("a", "b")], [(b".x", b"x" * 300)])
    return g.usual_or(([(b".%d.part" % i, b"%d.png" % i) for i in range(n)],), wrong)


def core_write(g):
    pictures = g.array((2, 5, 7, 3), "u1")
    folder = g.usual_or((b".",), (b"missing", b"", b"a\0b", ".", None))
    try:
        _core.write_png(
            pictures, None, [], g.name(files.COMPRESSIONS), g.count(), folder, names(g, 2)
        )
    except OSError:
        require(folder != b"." or g.wild > 0, "a folder that is there")


def plan(g, paint, channels):
    table = None
    if paint in ("table", "overlay") or g.chance(g.wild):
        table = np.random.default_rng(0).random((g.rng.integers(1, 300), 4))
        table[:, 3] = 1
    reductions = ("mean", "sum", "sum_abs", "max_abs", "norm")
    if channels == 1 or paint == "channels":
        reductions = ("none",)
    fields = {
        "reduction": g.name(reductions),
        "upsample": g.name(("none", "bilinear")),
        "sigma": g.usual_or(
            ((0.0, 0.0), (1.0, 2.0), (20.0, 9.0)), ((g.number(), g.number()), None)
        ),
        "sign": g.name(("all", "positive", "negative", "absolute")),
        "clip": g.usual_or(
            (None, ("quantile", 0.0, 0.9), ("quantiles", 0.1, 0.9), ("mass", 0.0, 0.98)),
            (("mass", g.number(), g.number()), ("quantiles", 0.9, 0.1), ("other", 0.0, 1.0), 3),
        ),
        "normalization_type": g.name(_core.NORMALIZATION_TYPES),
        "extremes": g.usual_or((None, (-0.5, 2.0), (0.0, 0.0)), (g.pair(), (-1e308, 1e308), 1)),
        "paint": paint if not g.chance(g.wild) else g.name(PAINTS),
        "limits": g.usual_or((None, (0.0, 1.0), (-1e308, 1e308)), (g.pair(), (0.0, 5e-324))),
        "table": table if not g.chance(g.wild / 2) else g.array((7, 4), "f8"),
        "overlay_opacity": g.fraction(),
        "opacity": g.name(("threshold", "map", "constant")),
        "threshold_by": g.name(THRESHOLDS),
        "threshold": g.fraction(),
        "masked_opacity": g.fraction(),
        "invert": g.flag(),
        "background": g.usual_or(
            (*BACKGROUNDS, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (1.0, 0.0, 0.2)),
            ((g.fraction(),) * 3, None, "red"),
        ),
        "background_sigma": g.usual_or(((0.0, 0.0), (3.0, 9.0)), ((g.number(), g.number()), None)),
        "contours": g.usual_or(
            ((), (("quantile", 0.8),), (("otsu", 0.0), ("mass", 0.3))),
            ((("rank", 0.5),), (("max", g.number()),), 3, ((),)),
        ),
        "contour_color": g.usual_or(((1.0, 0.0, 0.0),), ((g.fraction(),) * 3, (1.0, 2.0), "red")),
        "contour_width": g.usual_or((1, 2, 9), (0, -1, 2**31, 2**70, 1.5)),
        "boxes": g.usual_or((0, 1, 5), (-1, 2**40, 2**70, None)),
        "box_color": g.usual_or(((1.0, 1.0, 0.0),), ((g.fraction(),) * 3, (-1.0, 0.0, 0.0), None)),
        "box_width": g.usual_or((1, 2, 9), (0, -1, 2**31, 2**70, None)),
        "image_range": g.usual_or((None, (0.0, 255.0)), (g.pair(), (-1e308, 1e308))),
        "channel_order": g.name(("rgb", "bgr")),
        "image_norm": g.usual_or((None, ((0.5,) * 3, (0.2,) * 3)), (g.pair(), ((1e308,) * 3,) * 2)),
        "grayscale": g.flag(),
    }
    # Fields that came later keep their usual values.
    return _core.RenderPlan(**{**FIELDS, **fields})


def render_arguments(g, with_image):
    a = g.drawable()
    n, c, h, w = shape_of(a) if len(shape_of(a)) == 4 else (1, 1, 2, 2)
    image = None
    if with_image != g.chance(g.wild):
        rows, columns = (h, w) if g.chance(0.8) else (h + 3, w + 1)
        image = g.output((n, int(g.pick((1, 3, 4))), rows, columns), g.pick(REAL))
    return a, image, (n, c, h, w)


def core_render(g):
    paint = g.pick(PAINTS)
    a, image, (n, c, h, w) = render_arguments(g, paint in ("overlay", "mask"))
    wanted = plan(g, paint, c)
    if g.chance(g.wild / 5):
        wanted = _core.RenderPlan.__new__(_core.RenderPlan)
    giant = n * c * h * w > 10**6
    values = picture = None
    if not giant and g.chance(0.5):
        channels = image.shape[1] if paint == "mask" and np.ndim(image) == 4 else 1
        channels = c if paint == "channels" else channels
        channels = 4 if paint == "mask" and g.chance(0.2) else channels
        values = g.output((n, channels, h, w), g.pick((float_kind(a), float_kind(image))))
    if not giant and g.chance(0.7):
        channels = image.shape[1] if np.ndim(image) == 4 else 3
        picture = g.output((n, h, w, 4 if channels == 4 or g.chance(0.2) else 3), "u1")
    extents = g.output((n, 4), "f8") if n < 10**6 and g.chance(0.5) else None
    _core.render(wanted, a, image, values, picture, g.count(), extents)
    if extents is not None:
        tell(g, wanted, extents)


def tell(g, wanted, extents):
    """Ask for what is told of items, whatever was measured of them."""
    if g.chance(0.3):
        extents = np.array([[g.number() for _ in range(4)] for _ in range(3)], np.float64)
    limits = _core.attribution_limits(wanted, extents)
    require(limits.shape == (len(extents), 2), limits.shape)
    planes = g.usual_or((1, 3), (0, -1, 2**70, None))
    texts = _core.item_numbers(wanted, extents, planes, g.name(("", "ends", "magnitude")))
    require(len(texts) == len(extents), texts)
    for text, pair in zip(texts, limits, strict=True):
        told = json.loads("{" + text + "}")["limits"]
        if told is not None and np.isfinite(pair).all():
            require([float(number) for number in told] == pair.tolist(), (text, pair))


def core_render_png(g):
    paint = g.pick(PAINTS)
    a, image, (n, c, *_) = render_arguments(g, paint in ("overlay", "mask"))
    wanted = names(g, min(n, 40))
    objects = g.usual_or(([], ['{"item":1'] * min(n, 40)), (["{\0"], ["{", "{"], None, [b"{"]))
    way, clip = g.name(files.COMPRESSIONS), g.name(("", "ends", "magnitude"))
    recipe, stop = plan(g, paint, c), g.flag()
    try:
        _core.render_png(
            recipe, a, image, None, [], way, g.count(), b".", wanted, stop, objects, clip
        )
    except OSError:
        require(g.wild > 0, "a folder that is there")


def core_measure(g):
    paint = g.pick(PAINTS)
    a, image, (n, c, *_) = render_arguments(g, paint in ("overlay", "mask"))
    wanted = plan(g, paint, c)
    if g.chance(0.5):
        pairs = _core.measure_each(wanted, a, image, g.count())
        require(pairs.shape == (n, 2), pairs.shape)
        return
    digit = g.usual_or((0, 1), (3, 4, -1, 2**40, None))
    prefixes = g.usual_or(([0], [0x8000, 0xBF80]), ([], [2**63], [-1], list(range(40)), None))
    sums = g.flag()
    counts, _, bits = _core.count_ranks(
        wanted, a, image, g.flag(), sums, digit, prefixes, g.count()
    )
    require(counts.shape == (3 if sums else 1, len(prefixes), 65536), counts.shape)
    require(bits in (32, 64), bits)


def core_rest(g):
    match int(g.rng.integers(3)):
        case 0:
            _core.set_isa(g.name(_core.build_info()["isa_available"]))
        case 1:
            _core.cgroup_cpus(g.usual_or(("", "."), ("\0", None, 3, "missing")))
        case _:
            _core.measure_multiply_add_peak(g.usual_or((0.0, 1e-4), (-1.0, np.nan, np.inf, None)))


# --- the public functions -------------------------------------------------------------------------


def same_shape(result, a):
    if isinstance(a, np.ndarray):
        require(result.shape == a.shape, (result.shape, a.shape))
    require(result.dtype in (np.float32, np.float64), result.dtype)


def order(g):
    return g.name(("channels_first", "channels_last"))


def blur(g):
    a = g.array()
    sigma = g.number() if g.chance(0.5) else g.pair()
    accuracy = g.name(("exact", "fast"))
    result = hotcold.gaussian_blur(
        a, sigma, accuracy=accuracy, dim_order=order(g), n_threads=g.count()
    )
    same_shape(result, a)


def normalize(g):
    a = g.array()
    mode = g.name(hotcold.NORMALIZATION_TYPES)
    same_shape(hotcold.normalize(a, mode, dim_order=order(g), n_threads=g.count()), a)


def percentile(g):
    a = g.array()
    same_shape(hotcold.percentile_mask(a, g.fraction(), g.fraction(), n_threads=g.count()), a)


def cam(g):
    shape = g.pick(((4, 5), (1, 1), (16, 17)))
    image, map_ = g.array((*shape, 3)), g.array(shape)
    colormap = g.usual_or((2, 15, "jet"), ("nothing", 1.5, None))
    picture = show_cam_on_image(image, map_, g.flag(), colormap, g.fraction())
    require(picture.dtype == np.uint8 and picture.shape[-1] == 3, picture.shape)


def tile(g):
    a = g.array()
    grid = {"rows": g.pick((None, g.count())), "cols": g.pick((None, g.count()))}
    padding = g.usual_or((0, 1, 3), (-1, 2**20, 2**40, 1.5, None))
    sheet = hotcold.tile(a, **grid, padding=padding, fill=g.number(), dim_order=order(g))
    require(sheet.ndim in (2, 3), sheet.shape)


def boxes(g):
    a = g.array((2, 1, 9, 11))
    found = hotcold.boxes(
        a,
        count=g.count(),
        threshold=g.fraction(),
        threshold_by=g.name(THRESHOLDS),
        by=g.name(("mass", "peak", "area")),
        min_area=g.count(),
    )
    require(found.bbox.shape[-1] == 4, found.bbox.shape)


def compare(g):
    a, b = g.array((2, 1, 9, 11)), g.array((2, 1, 9, 11))
    metrics = [g.name(tuple(METRICS)) for _ in range(int(g.rng.integers(1, 4)))]
    found = hotcold.compare(a, b, metrics=metrics, top=g.fraction())
    require(found.table.shape == (len(found), len(found.metrics)), found.table.shape)
    # No limit of a gate is passed by NaN. The difference of the largest values may be infinite.
    require(not np.isnan(found.table).any(), found.table)


def picture_of(pictures, a):
    require(pictures.dtype == np.uint8 and pictures.ndim == 4, pictures.shape)
    if isinstance(a, np.ndarray):
        require(len(pictures) == len(a), (pictures.shape, a.shape))


def options(g):
    return {
        "normalization_type": g.pick((None, g.name(hotcold.NORMALIZATION_TYPES))),
        "blur": g.usual_or((0.0, 1.0, 9.0), (g.number(), g.pair())),
        "dim_order": order(g),
        "nonfinite": g.name(("raise", "zero")),
    }


def visualizer(g):
    a = g.drawable()
    plain = hotcold.Visualizer(
        g.flag(), cmap=g.pick((None, "hot")) if not g.chance(g.wild) else "nothing", **options(g)
    )
    if g.chance(0.3):
        plain(a, imshow=False, return_tiled=g.flag())
    else:
        picture_of(plain.render(a, n_threads=g.count()), a)


def overlay(g):
    a, image, _ = render_arguments(g, True)
    upsample = {
        "upsample": g.pick((None, g.name(("bilinear",)))),
        "image_range": g.usual_or((None, (0.0, 255.0)), (g.pair(), (0.0, 1e300))),
        "channel_order": g.name(("rgb", "bgr")),
        "grayscale": g.flag(),
    }
    if upsample["image_range"] is None:
        upsample["image_norm"] = g.usual_or((None, "inception", (0.5, 0.2)), (g.pair(), "clop"))
    heatmap = hotcold.HeatmapVisualizer(g.fraction(), **upsample, **options(g))
    picture_of(heatmap.render(a, image, n_threads=g.count()), a)


def mask(g):
    a, image, _ = render_arguments(g, True)
    some = options(g)
    del some["normalization_type"]
    masked = hotcold.MaskVisualizer(
        threshold=g.usual_or((g.fraction(), "otsu"), (g.number(), "osu")),
        threshold_by=g.name(THRESHOLDS[:3]),
        masked_opacity=g.fraction(),
        combine_channels=g.flag(),
        use_attr_as_opacity=g.flag(),
        positive_only=g.flag(),
        invert=g.flag(),
        background=g.usual_or(
            (*BACKGROUNDS, "black", "white", (1, 0, 0.2)), ("blak", (g.number(),) * 3, 3)
        ),
        **some,
    )
    picture_of(masked.render(a, image, n_threads=g.count()), a)


def encode(g):
    picture = g.laid_out(g.values((5, 7, int(g.pick((3, 4)))), "u1"))
    data = files.encode(picture, ".png", {"Title": "a"}, None, n_threads=g.count())
    require(data.startswith(b"\x89PNG"), data[:20])


CALLS = (
    core_blur, core_method, core_normalize, core_percentile, core_cam, core_tile, core_empty,
    core_regions, core_encode, core_write, core_render, core_render, core_render_png, core_rest,
    core_measure, blur, normalize, percentile, cam, tile, boxes, visualizer, overlay, mask, encode,
    core_compare, compare,
)  # fmt: skip


def end_call(*_):
    raise TimeUp


def make_call(number):
    """Make one call; an AssertionError tells what is wrong with what came of it."""
    wild = (0.0, 0.05, 0.2, 0.5)[number // len(CALLS) % 4]
    call = CALLS[number % len(CALLS)]
    begin = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        call(Arguments(number, wild))
    except (*DOCUMENTED, TimeUp):
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    took = time.perf_counter() - begin
    require(took < MOST_SECONDS + MOST_SECONDS_AFTERWARDS, f"{took:.1f} s")


def main(first, last):
    signal.signal(signal.SIGALRM, end_call)
    if MEMORY_MAY_RUN_OUT:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    for number in range(first, last):
        os.write(1, b"%d\n" % number)
        make_call(number)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
