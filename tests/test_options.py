"""Options that are refused: the same error from the constructor and from an override."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import message

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer

VISUALIZERS = [Visualizer, HeatmapVisualizer, MaskVisualizer]


def call(cls, maps, **overrides):
    inputs = (maps,) if cls is Visualizer else (maps, maps)
    return cls().render(*inputs, **overrides)


def everywhere(cls, maps, option, value, error, expected):
    """The same error from the constructor and from an override."""
    with pytest.raises(error, match=expected):
        cls(**{option: value})
    with pytest.raises(error, match=expected):
        call(cls, maps, **{option: value})


@pytest.mark.parametrize("value", ["max", "", "UNSIGNED_MAX", 3, ["01"]])
@pytest.mark.parametrize("cls", [Visualizer, HeatmapVisualizer])
def test_unknown_normalization_type_lists_the_nine(maps, cls, value):
    expected = message(*hotcold.NORMALIZATION_TYPES, f"got {value!r}")
    everywhere(cls, maps, "normalization_type", value, ValueError, expected)
    with pytest.raises(ValueError, match=expected):
        hotcold.normalize(maps, value)


def test_close_name_is_suggested(maps):
    with pytest.raises(ValueError, match=message("did you mean", "'unsigned_max'")):
        hotcold.normalize(maps, "unsignedmax")


@pytest.mark.parametrize("value", [-1, -1e-9, np.nan, np.inf, (1, -2), (np.inf, 1), (1, 2, 3), ()])
@pytest.mark.parametrize("cls", VISUALIZERS)
def test_negative_or_infinite_blur_raises(maps, cls, value):
    expected = message("`blur` must be finite and >= 0 pixels", f"got {value!r}")
    everywhere(cls, maps, "blur", value, ValueError, expected)
    with pytest.raises(ValueError, match=message("`sigma` must be finite", f"got {value!r}")):
        hotcold.gaussian_blur(maps, value)


def test_blur_too_large_for_a_float_raises(maps):
    with pytest.raises(ValueError, match="`sigma` must be finite"):
        hotcold.gaussian_blur(maps, 10**400)


@pytest.mark.parametrize("value", ["5", None, 1j, True])
def test_blur_of_another_kind_raises_type_error(maps, value):
    with pytest.raises(TypeError, match=message("`sigma` must be finite", f"got {value!r}")):
        hotcold.gaussian_blur(maps, value)


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan, np.inf, -np.inf, 50])
@pytest.mark.parametrize(
    ("cls", "option"),
    [
        (HeatmapVisualizer, "overlay_opacity"),
        (MaskVisualizer, "threshold"),
        (MaskVisualizer, "masked_opacity"),
    ],
)
def test_fractions_outside_0_1_raise(maps, cls, option, value):
    expected = message(f"`{option}` must be in [0, 1], got {value!r}")
    everywhere(cls, maps, option, value, ValueError, expected)
    if cls is MaskVisualizer:
        arguments = {"threshold": 0.5, option: value}
        with pytest.raises(ValueError, match=expected):
            hotcold.percentile_mask(maps, **arguments)


@pytest.mark.parametrize("value", ["channel_last", "NCHW", None, 1])
def test_unknown_dim_order_raises(entry, maps, value):
    expected = message("`dim_order` must be one of 'channels_first', 'channels_last'", f"{value!r}")
    with pytest.raises(ValueError, match=expected):
        entry(maps, maps, dim_order=value)
    with pytest.raises(ValueError, match=expected):
        hotcold.Tiler().tile(maps, dim_order=value)


@pytest.mark.parametrize("cls", VISUALIZERS)
def test_other_constructor_options_are_checked(cls):
    with pytest.raises(ValueError, match=message("`nonfinite` must be one of 'raise', 'zero'")):
        cls(nonfinite="ignore")
    with pytest.raises(TypeError, match=message("`tiler` must be a hotcold.Tiler", "got tuple")):
        cls(tiler=(2, 2))
    with pytest.raises(ValueError, match=message("`n_threads` must be >= 1, got 0")):
        cls(n_threads=0)
    with pytest.raises(TypeError, match=message("`n_threads` must be a whole number", "1.5")):
        cls(n_threads=1.5)


@pytest.mark.parametrize("value", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1), 3, (1, 2, 3), "ab"])
@pytest.mark.parametrize("cls", [HeatmapVisualizer, MaskVisualizer])
def test_wrong_image_range_raises(cls, value):
    error = TypeError if value == "ab" else ValueError
    with pytest.raises(error, match=message("`image_range` must be a pair (low, high)")):
        cls(image_range=value)


@pytest.mark.parametrize(
    "option", ["combine_channels", "use_attr_as_opacity", "positive_only", "invert"]
)
def test_flags_refuse_strings(maps, option):
    everywhere(MaskVisualizer, maps, option, "no", TypeError, f"`{option}` must be True or False")


@pytest.mark.parametrize("cls", [Visualizer, HeatmapVisualizer])
def test_unknown_colormap_raises(maps, cls):
    expected = message("`cmap`", "'vridis'", "did you mean", "'viridis'")
    everywhere(cls, maps, "cmap", "vridis", ValueError, expected)
    everywhere(cls, maps, "cmap", 3, TypeError, message("`cmap`", "colormap or its name, got int"))


@pytest.mark.parametrize("value", [0, -1])
def test_thread_counts_below_one_raise(maps, value):
    for call in (
        lambda: hotcold.gaussian_blur(maps, 1, n_threads=value),
        lambda: hotcold.normalize(maps, "01", n_threads=value),
        lambda: hotcold.percentile_mask(maps, 0.5, n_threads=value),
        lambda: Visualizer().render(maps, n_threads=value),
    ):
        with pytest.raises(ValueError, match=f"`n_threads` must be >= 1, got {value}"):
            call()


def test_absurd_thread_count_is_taken(maps):
    np.testing.assert_array_equal(
        hotcold.gaussian_blur(maps, 1, n_threads=10**30), hotcold.gaussian_blur(maps, 1)
    )


# --- grids ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"rows": 0}, ValueError, "`rows` must be >= 1, got 0"),
        ({"cols": -1}, ValueError, "`cols` must be >= 1, got -1"),
        ({"padding": -1}, ValueError, "`padding` must be >= 0, got -1"),
        ({"rows": 1.5}, TypeError, "`rows` must be a whole number >= 1, got 1.5"),
        ({"padding": None}, TypeError, "`padding` must be a whole number >= 0, got None"),
        ({"rows": 10**30}, ValueError, "`rows` must be <= 2147483647, got 1000"),
        ({"cols": 2**31}, ValueError, "`cols` must be <= 2147483647, got 2147483648"),
        (
            {"padding": 2**63},
            ValueError,
            "`padding` must be <= 2147483647, got 9223372036854775808",
        ),
        ({"rows": 1, "cols": 2}, ValueError, "must have room for 3 items, got 1 x 2 = 2"),
    ],
)
def test_wrong_grids_are_refused(maps, options, error, expected):
    with pytest.raises(error, match=message(expected)):
        hotcold.tile(maps, **options)
    with pytest.raises(error, match=message(expected)):
        Visualizer(tiler=hotcold.Tiler(**options))(maps, imshow=False, return_tiled=True)


@pytest.mark.parametrize(
    ("kind", "fill", "error"),
    [
        ("f4", "x", TypeError),
        ("f4", "3", TypeError),
        ("f4", None, TypeError),
        ("u1", 1j, TypeError),
        ("f4", [1, 2], ValueError),
        ("u1", -1, ValueError),
        ("u1", 256, ValueError),
        ("u1", 0.5, ValueError),
        ("u1", np.nan, ValueError),
        ("i8", 10**30, ValueError),
        ("f4", 1e300, ValueError),
        ("f2", 70000, ValueError),
        ("?", 2, ValueError),
    ],
)
def test_fill_that_does_not_fit_is_refused(maps, kind, fill, error):
    with pytest.raises(error, match=message("`fill` must be one number that fits dtype")):
        hotcold.tile(maps.astype(kind), fill=fill)


@pytest.mark.parametrize(
    ("kind", "fill"),
    [("f4", np.nan), ("f4", -np.inf), ("f4", 0.1), ("f4", 10**30), ("i8", 2**62 + 1), ("u1", 7.0)],
)
def test_fill_that_fits_is_taken(maps, kind, fill):
    tiled = hotcold.tile(maps.astype(kind)[:, :1], rows=2, fill=fill)
    np.testing.assert_array_equal(tiled[-1, -1], np.asarray(fill).astype(kind))


def test_a_recipe_is_made_of_rows_that_there_are():
    from hotcold.plan import RenderSpec

    made = RenderSpec.of({"sigma": (1.0, 2.0), "sign": "negative"}, {"sign": "positive"})
    assert made == RenderSpec(sigma=(1.0, 2.0), sign="positive")
    assert hash(made) == hash(RenderSpec(sigma=(1.0, 2.0), sign="positive"))
    with pytest.raises(TypeError, match=r"no rows.*sgn"):
        RenderSpec.of({"sgn": "positive"})
