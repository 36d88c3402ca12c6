"""The visualizers as objects: signatures, defaults, overrides, repr, pickle, equality."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest
from helpers import message, parameters

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Tiler, Visualizer

EMPTY = inspect.Parameter.empty
SHARED = {
    "dim_order": "channels_first",
    "tiler": None,
    "nonfinite": "raise",
    "n_threads": None,
    "compression": "default",
    "quality": None,
}
CONSTRUCTORS = {
    Visualizer: {
        "combine_channels": False,
        "normalization_type": None,
        "blur": 0.0,
        "cmap": None,
    },
    HeatmapVisualizer: {
        "overlay_opacity": 0.5,
        "normalization_type": None,
        "blur": 10.0,
        "cmap": "jet",
    },
    MaskVisualizer: {
        "blur": 5.0,
        "threshold": 0.5,
        "masked_opacity": 0.2,
        "combine_channels": True,
        "use_attr_as_opacity": False,
        "positive_only": True,
    },
}
# Keyword-only options of the map, which calls take too.
MAP = {
    **dict.fromkeys(("combine", "sign", "clip_quantile", "clip_mass", "scale")),
    "threshold_by": "quantile",
    **{"contours": None, "contour_color": "white", "contour_width": 1},
    **{"boxes": None, "box_color": "white", "box_width": 2},
}
# Those over images, of colours that stand for values, of heat maps and of masks alone.
IMAGE = {"channel_order": "rgb", "image_norm": None}
OVER_IMAGES = {"upsample": None, **IMAGE}
COLORS = {"limits": None, "threshold": 0.9}
HEATMAP = {"opacity": "constant", "opacity_range": (0.0, 1.0), "grayscale": False}
MASKING = {"invert": False, "background": "black", "background_blur": 10.0}
OWN = {
    Visualizer: {**COLORS},
    HeatmapVisualizer: {**OVER_IMAGES, **COLORS, **HEATMAP},
    MaskVisualizer: {**OVER_IMAGES, **MASKING},
}
DRAWING = {"output_file": None, "imshow": True, "fig": None, "return_tiled": False}
CALLS = {
    Visualizer: {
        "attributions": EMPTY,
        **DRAWING,
        "combine_channels": None,
        "normalization_type": None,
        "blur": None,
        "cmap": None,
    },
    HeatmapVisualizer: {
        "attributions": EMPTY,
        "x": EMPTY,
        **DRAWING,
        "overlay_opacity": None,
        "normalization_type": None,
        "blur": None,
        "cmap": None,
    },
    MaskVisualizer: {
        "attributions": EMPTY,
        "x": EMPTY,
        **DRAWING,
        "return_tiled": True,
        "blur": None,
        "threshold": None,
        "masked_opacity": None,
        "combine_channels": None,
        "use_attr_as_opacity": None,
        "positive_only": None,
    },
}
CLASSES = tuple(CONSTRUCTORS)
# A value unlike the default for each option; every one of them changes the picture.
OTHER = {
    "combine_channels": True,
    "normalization_type": "magnitude_max",
    "blur": 1.5,
    "cmap": "viridis",
    "overlay_opacity": 0.9,
    "threshold": 0.8,
    "masked_opacity": 0.6,
    "use_attr_as_opacity": True,
    "positive_only": False,
}
OPTIONS = [(cls, option) for cls, options in CONSTRUCTORS.items() for option in options]


def other(cls, option):
    """Return a value for `option` that differs from the class's default."""
    if (cls, option) == (MaskVisualizer, "combine_channels"):
        return False
    return OTHER[option]


def inputs(cls, rng):
    a = rng.standard_normal((3, 3, 12, 14)).astype(np.float32)
    return (a,) if cls is Visualizer else (a, rng.random((3, 3, 12, 14), np.float32))


@pytest.mark.parametrize("cls", CLASSES)
def test_constructor_signature_is_the_promised_one(cls):
    positional = parameters(cls.__init__, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    keywords = parameters(cls.__init__, inspect.Parameter.KEYWORD_ONLY)
    assert list(positional.items()) == list(CONSTRUCTORS[cls].items())
    assert SHARED.items() <= keywords.items()
    image_range = {} if cls is Visualizer else {"image_range": None}
    assert keywords == {**SHARED, **MAP, **image_range, **OWN[cls]}


@pytest.mark.parametrize("cls", CLASSES)
def test_call_signature_is_the_promised_one(cls):
    positional = parameters(cls.__call__, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert list(positional.items()) == list(CALLS[cls].items())


@pytest.mark.parametrize("cls", CLASSES)
def test_render_takes_the_same_overrides(cls):
    keywords = parameters(cls.render, inspect.Parameter.KEYWORD_ONLY)
    positional = parameters(cls.render, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert set(keywords) == {"out", "n_threads", *CONSTRUCTORS[cls], *MAP, *OWN[cls]}
    assert set(keywords.values()) == {None}
    assert list(positional) == ["attributions", "x"][: 1 if cls is Visualizer else 2]


def test_tiler_signature_is_the_promised_one():
    positional = parameters(Tiler, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert positional == {"rows": None, "cols": None, "padding": 0, "fill": 0}
    assert list(inspect.signature(Tiler().tile).parameters) == ["a", "dim_order"]


def test_kernel_signatures_are_the_promised_ones():
    keyword = {"dim_order": "channels_first", "n_threads": None}
    expected = {
        hotcold.gaussian_blur: (
            {"a": EMPTY, "sigma": EMPTY},
            {"accuracy": "exact", **keyword},
        ),
        hotcold.normalize: ({"a": EMPTY, "normalization_type": EMPTY}, keyword),
        hotcold.percentile_mask: (
            {"a": EMPTY, "threshold": EMPTY, "masked_opacity": 0.2},
            {"n_threads": None},
        ),
        hotcold.tile: (
            {"a": EMPTY},
            {"rows": None, "cols": None, "padding": 0, "fill": 0, "dim_order": "channels_first"},
        ),
    }
    for function, (positional, keywords) in expected.items():
        assert parameters(function, inspect.Parameter.POSITIONAL_OR_KEYWORD) == positional
        assert parameters(function, inspect.Parameter.KEYWORD_ONLY) == keywords


@pytest.mark.parametrize(("cls", "option"), OPTIONS)
def test_every_option_works_in_constructor_and_call_alike(cls, option, rng):
    arrays = inputs(cls, rng)
    value = other(cls, option)
    constructed = cls(**{option: value}).render(*arrays)
    overridden = cls().render(*arrays, **{option: value})
    np.testing.assert_array_equal(constructed, overridden)
    # Without options of its own that say otherwise, each of them can be seen.
    base = {"cmap": {"combine_channels": True}}.get(option, {}) if cls is Visualizer else {}
    changed = cls(**base).render(*arrays, **{option: value})
    assert (changed != cls(**base).render(*arrays)).any() or changed.shape[-1] != 3


@pytest.mark.parametrize(("cls", "option"), OPTIONS)
def test_override_left_none_takes_the_constructors_value(cls, option, rng):
    arrays = inputs(cls, rng)
    visualizer = cls(**{option: other(cls, option)})
    np.testing.assert_array_equal(
        visualizer.render(*arrays, **{option: None}), visualizer.render(*arrays)
    )
    np.testing.assert_array_equal(
        visualizer(*arrays, imshow=False, **{option: None}), visualizer(*arrays, imshow=False)
    )


@pytest.mark.parametrize(("cls", "option"), [o for o in OPTIONS if o[1] not in ("cmap",)])
def test_falsy_override_is_an_override(cls, option, rng):
    falsy = {"normalization_type": "unnormalized"}.get(option, 0)
    truthy = {"normalization_type": "01", "blur": 2.0}.get(option, 1)
    arrays = inputs(cls, rng)
    np.testing.assert_array_equal(
        cls(**{option: truthy}).render(*arrays, **{option: falsy}),
        cls(**{option: falsy}).render(*arrays),
    )


@pytest.mark.parametrize("cls", CLASSES)
def test_overrides_do_not_stay(cls, rng):
    arrays = inputs(cls, rng)
    visualizer = cls()
    before = visualizer.render(*arrays)
    changes = {option: other(cls, option) for option in CONSTRUCTORS[cls]}
    visualizer.render(*arrays, **changes)
    np.testing.assert_array_equal(visualizer.render(*arrays), before)
    assert visualizer == cls()


@pytest.mark.parametrize("cls", CLASSES)
def test_options_keep_their_place_when_passed_by_position(cls, rng):
    arrays = inputs(cls, rng)
    values = [other(cls, option) for option in CONSTRUCTORS[cls]]
    by_name = cls(**dict(zip(CONSTRUCTORS[cls], values, strict=True)))
    assert cls(*values) == by_name
    called = cls()(*arrays, None, False, None, False, *values)
    np.testing.assert_array_equal(called, by_name(*arrays, imshow=False, return_tiled=False))


@pytest.mark.parametrize("cls", CLASSES)
def test_settings_have_the_constructors_defaults(cls):
    assert type(cls().settings)() == cls().settings


@pytest.mark.parametrize(("cls", "option"), OPTIONS)
def test_repr_tells_every_option(cls, option):
    value = other(cls, option)
    text = repr(cls(**{option: value}))
    assert text.startswith(f"{cls.__name__}(")
    assert f"{option}={value!r}" in text


@pytest.mark.parametrize("cls", CLASSES)
def test_repr_makes_an_equal_visualizer(cls):
    changes = {option: other(cls, option) for option in CONSTRUCTORS[cls]}
    visualizer = cls(
        **changes,
        dim_order="channels_last",
        tiler=Tiler(cols=2, padding=1),
        nonfinite="zero",
        n_threads=2,
        **({} if cls is Visualizer else {"image_range": (0, 255)}),
    )
    assert eval(repr(visualizer), vars(hotcold)) == visualizer
    assert eval(repr(cls()), vars(hotcold)) == cls()


def test_repr_names_a_colormap_object():
    import matplotlib as mpl

    text = repr(Visualizer(cmap=mpl.colormaps["viridis"].resampled(9)))
    assert "viridis" in text
    assert " at 0x" not in text


@pytest.mark.parametrize("cls", CLASSES)
def test_visualizers_are_compared_by_configuration(cls):
    assert cls() == cls()
    assert cls() != cls(nonfinite="zero")
    assert cls() != cls(n_threads=1)
    assert cls(blur=1) == cls(blur=1.0) == cls(blur=(1, 1))
    assert cls(blur=1) != cls(blur=(1, 2))
    assert cls() != next(c for c in CLASSES if c is not cls)()
    assert cls() != "a visualizer"


@pytest.mark.parametrize("cls", CLASSES)
def test_visualizers_pickle_small_and_copy(cls, rng):
    import matplotlib as mpl

    arrays = inputs(cls, rng)
    options = {"blur": (1, 2), "tiler": Tiler(rows=1)}
    if cls is not MaskVisualizer:
        options["cmap"] = mpl.colormaps["viridis"]
    visualizer = cls(**options)
    expected = visualizer.render(*arrays)  # what a call leaves behind must not be pickled
    assert len(pickle.dumps(cls())) < 1000
    for twin in (
        pickle.loads(pickle.dumps(visualizer)),
        copy.copy(visualizer),
        copy.deepcopy(visualizer),
    ):
        assert twin == visualizer
        np.testing.assert_array_equal(twin.render(*arrays), expected)


@pytest.mark.parametrize("cls", CLASSES)
def test_settings_cannot_be_changed_by_accident(cls):
    visualizer = cls()
    with pytest.raises(AttributeError):
        visualizer.settings.blur = 3
    with pytest.raises(AttributeError):
        visualizer.dim_order = "channels_last"
    with pytest.raises(TypeError, match=message("unexpected keyword argument")):
        cls(sigma=3)
