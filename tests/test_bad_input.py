"""What is refused, with which type and words: every rule that arrays must keep."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from entries import ENTRIES, SHAPE
from helpers import message, optional

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer

# --- refused: kinds -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        np.ones(SHAPE, np.complex64),
        np.ones(SHAPE, object),
        np.full(SHAPE, "1"),
        np.full(SHAPE, b"1"),
        np.zeros(SHAPE, "datetime64[s]"),
        np.zeros(SHAPE, "timedelta64[s]"),
        np.zeros(SHAPE, [("a", "f4")]),
        np.full(SHAPE, Decimal(1)).tolist(),
        None,
        "saliency.npy",
    ],
    ids=lambda values: getattr(getattr(values, "dtype", None), "name", type(values).__name__),
)
def test_values_that_are_not_real_numbers_raise_type_error(entry, maps, values):
    with pytest.raises(TypeError, match=message("must hold real numbers, got dtype", "astype")):
        entry(values, maps)


@pytest.mark.filterwarnings("ignore:ComplexHalf")
@pytest.mark.parametrize("name", ["complex32", "complex64"])
def test_complex_torch_tensor_raises_type_error(maps, name):
    torch = optional("torch")
    tensor = torch.tensor(maps).to(getattr(torch, name))
    with pytest.raises(TypeError, match="must hold real numbers"):
        hotcold.normalize(tensor, "01")


def test_image_that_is_not_real_is_named(maps):
    with pytest.raises(TypeError, match=message("`x` must hold real numbers, got dtype complex64")):
        HeatmapVisualizer().render(maps, maps.astype(np.complex64))


def test_ragged_list_raises_value_error():
    with pytest.raises(ValueError, match=message("`a` must be a regular array")):
        hotcold.normalize([[[[1.0, 2.0], [3.0]]]], "01")


def test_unreadable_dlpack_object_raises_type_error():
    class Unreadable:
        def __dlpack__(self, **options):
            raise BufferError("bfloat16 cannot be exported")

        def __dlpack_device__(self):
            return (1, 0)

    with pytest.raises(TypeError, match=message("`a`", "bfloat16 cannot be exported", "convert")):
        hotcold.normalize(Unreadable(), "01")


# --- refused: shapes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "order", "hint"),
    [
        ((), "channels_first", ""),
        ((6,), "channels_first", ""),
        ((6, 7), "channels_first", "[None, None]"),
        ((6, 7), "channels_last", "[None, ..., None]"),
        ((3, 6, 7), "channels_first", "[None]"),
        ((6, 7, 3), "channels_last", "[None]"),
        ((1, 1, 3, 6, 7), "channels_first", ""),
    ],
)
def test_arrays_that_are_not_4d_raise(entry, shape, order, hint):
    axes = "(N, C, H, W)" if order == "channels_first" else "(N, H, W, C)"
    with pytest.raises(ValueError, match=message(f"must be 4-D {axes}", f"{shape}", hint)):
        entry(np.ones(shape), np.ones(shape), dim_order=order)


def test_the_hint_for_a_3d_array_works(maps):
    with pytest.raises(ValueError, match=message("for one item of 3 channels add the batch axis")):
        Visualizer().render(maps[0])
    assert Visualizer().render(maps[0][None]).shape == (1, 6, 7, 3)
    with pytest.raises(ValueError, match=message("attributions[None, None]")):
        Visualizer().render(maps[0, 0])
    assert Visualizer().render(maps[0, 0][None, None]).shape == (1, 6, 7, 3)


@pytest.mark.parametrize(
    ("shape", "order", "hints"),
    [
        ((3, 6, 7), "channels_first", ["of 3 channels", "[None]", "for 3 maps", "[:, None]"]),
        ((9, 6, 7), "channels_first", ["for 9 maps of one channel", "[:, None]"]),
        ((9, 6, 7), "channels_last", ["for 9 maps of one channel", "[..., None]"]),
        ((6, 7, 3), "channels_first", ["dim_order='channels_last'", "[None]"]),
        ((2, 5, 3, 6, 7), "channels_first", ["attributions.reshape(-1, 3, 6, 7)"]),
        ((2, 1, 5, 3, 6, 7), "channels_last", ["attributions.reshape(-1, 3, 6, 7)"]),
    ],
)
def test_the_hint_tells_maps_from_channels_and_frames_from_items(shape, order, hints):
    with pytest.raises(ValueError, match=message(*hints)):
        Visualizer(dim_order=order).render(np.ones(shape))


def test_the_hint_for_grey_images(maps):
    with pytest.raises(ValueError, match=message("for 3 grey images", "x[:, None]")):
        HeatmapVisualizer().render(maps, maps[:, 0])
    with pytest.raises(ValueError, match=message("for one grey image", "x[None, None]")):
        HeatmapVisualizer().render(maps, maps[0, 0])


@pytest.mark.parametrize("upsample", [None, "bilinear"])
def test_one_image_for_many_maps_and_one_map_for_many_images(maps, upsample):
    visualizer = HeatmapVisualizer(upsample=upsample)
    x = maps[:1]
    np.testing.assert_array_equal(
        visualizer.render(maps, x), visualizer.render(maps, x.repeat(3, 0))
    )
    with pytest.raises(ValueError, match=message("numpy.broadcast_to(attributions, (3, *")):
        visualizer.render(maps[:1], maps)
    with pytest.raises(ValueError, match=message("each map has its image")):
        visualizer.render(maps[:2], maps)


@pytest.mark.parametrize("upsample", [None, "bilinear"])
def test_maps_larger_than_their_images(maps, upsample):
    with pytest.raises(ValueError, match=message("made smaller first", "INTER_AREA")):
        HeatmapVisualizer(upsample=upsample).render(maps.repeat(2, 2), maps)


@pytest.mark.parametrize("kind", ["torch", "numpy"])
def test_lists_of_two_shapes(maps, kind):
    items = [maps[0], maps[1][:, :-1]]
    if kind == "torch":
        items = [optional("torch").from_numpy(item.copy()) for item in items]
    told = message("`attributions` must hold items of one shape", "(3, 6, 7) for item 0", "item 1")
    with pytest.raises(ValueError, match=told):
        Visualizer().render(items)


@pytest.mark.parametrize("axis", range(4))
def test_empty_axes_raise(entry, axis, dim_order):
    shape = list(SHAPE)
    shape[axis] = 0
    empty = np.ones(shape)
    with pytest.raises(ValueError, match=message("must have no empty axis, got shape", "0")):
        entry(empty, empty, dim_order=dim_order)


@pytest.mark.parametrize("channels", [2, 5, 64])
@pytest.mark.parametrize("order", ["channels_first", "channels_last"])
def test_channel_counts_that_are_no_colours_raise(channels, order):
    axis = 1 if order == "channels_first" else 3
    shape = [2, 9, 9, 9]
    shape[axis] = channels
    a = np.ones(shape, np.float32)
    expected = message(
        "`attributions` must have 1, 3 or 4 channels",
        f"got {channels} on axis {axis}",
        str(shape[0]),
    )
    with pytest.raises(ValueError, match=expected) as caught:
        Visualizer(dim_order=order).render(a)
    assert "combine_channels=True" in str(caught.value)
    assert Visualizer(combine_channels=True, dim_order=order).render(a).shape == (2, 9, 9, 3)
    with pytest.raises(
        ValueError, match=message("`x` must have 1, 3 or 4 channels", f"{channels}")
    ):
        HeatmapVisualizer(dim_order=order).render(a, a)
    with pytest.raises(
        ValueError, match=message("`x` must have 1, 3 or 4 channels", f"{channels}")
    ):
        MaskVisualizer(dim_order=order).render(a, a)


@pytest.mark.parametrize("order", ["channels_first", "channels_last"])
@pytest.mark.parametrize("name", ["attributions", "x"])
def test_the_other_dim_order_is_suggested(order, name):
    other = {"channels_first": "channels_last", "channels_last": "channels_first"}[order]
    shape = (2, 8, 9, 3) if order == "channels_first" else (2, 3, 8, 9)
    a = np.ones(shape, np.float32)
    visualizer = HeatmapVisualizer if name == "x" else Visualizer
    inputs = (a, a) if name == "x" else (a,)
    with pytest.raises(ValueError, match=message(f"`{name}`", f"is it dim_order='{other}'?")):
        visualizer(dim_order=order).render(*inputs)


@pytest.mark.parametrize("axis", [0, 2, 3])
@pytest.mark.parametrize("visualizer", [HeatmapVisualizer(), MaskVisualizer()])
def test_images_of_another_shape_raise(maps, axis, visualizer):
    shape = list(SHAPE)
    shape[axis] += 1
    expected = message("`x` must have the items, rows and columns", "(3, 6, 7)", f"{shape[axis]}")
    with pytest.raises(ValueError, match=expected):
        visualizer.render(maps, np.ones(shape))


def test_uncombined_mask_needs_the_channels_of_the_image(maps):
    with pytest.raises(ValueError, match=message("the 3 channels of `x`", "got 1", "combine")):
        MaskVisualizer(combine_channels=False).render(maps[:, :1], maps)


# --- NaN and infinity -----------------------------------------------------------------------------


COMPUTING = {name: entry for name, entry in ENTRIES.items() if name != "tile"}  # it only moves


@pytest.mark.parametrize("name", COMPUTING)
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "g", ">f4"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nonfinite_values_name_the_first_item_and_count(name, rng, kind, bad):
    a = rng.standard_normal((5, 3, 6, 7)).astype(kind)
    x = a.copy()
    a[4, 0, 0, 0] = bad
    a[2, :, 1, 1:5] = bad
    argument = "a" if name in ("gaussian_blur", "normalize") else "attributions"
    pattern = message(f"`{argument}` must be finite: {argument}[2] holds 12 non-finite", '"zero"')
    with pytest.raises(ValueError, match=pattern):
        COMPUTING[name](a, x)


def test_first_nonfinite_item_is_the_same_for_every_thread_count(rng):
    a = rng.standard_normal((40, 1, 64, 64)).astype(np.float32)
    a[11:, 0, 0, 0] = np.nan
    a[11, 0, 5] = np.inf
    for threads in (1, 2, 3, 7):
        for _ in range(5):
            with pytest.raises(ValueError, match=message("attributions[11] holds 65 ")):
                Visualizer(n_threads=threads).render(a)


def test_tile_moves_nonfinite_values(maps):
    maps[0, 0, 0] = np.nan
    np.testing.assert_array_equal(hotcold.tile(maps)[0, :7, 0], np.full(7, np.nan))


def test_percentile_mask_names_nonfinite_items(maps):
    maps[1, 2, 3, 4] = np.nan
    with pytest.raises(ValueError, match=message("a[1] holds 1 non-finite value (NaN")):
        hotcold.percentile_mask(maps, 0.5)


def test_nonfinite_image_is_named(maps):
    x = maps.copy()
    x[2, 1, 0, :] = np.inf
    for visualizer in (HeatmapVisualizer(), MaskVisualizer(), MaskVisualizer(image_range=(0, 1))):
        with pytest.raises(ValueError, match=message("x[2] holds 7 non-finite values")):
            visualizer.render(maps, x)
        with pytest.raises(ValueError, match=message("x[2] holds 7 non-finite values")):
            visualizer(maps, x, imshow=False)


def test_attributions_are_named_before_the_image(maps):
    bad = maps.copy()
    bad[2] = np.nan
    with pytest.raises(ValueError, match=message("attributions[2] holds 126")):
        HeatmapVisualizer().render(bad, bad)


@pytest.mark.skipif(np.finfo("g").max == np.finfo("f8").max, reason="long double is double")
def test_extended_precision_beyond_float64_is_not_finite():
    a = np.ones(SHAPE, "g")
    a[1, 0, 0, 0] = np.finfo("g").max
    with pytest.raises(ValueError, match=message("a[1] holds 1 non-finite value")):
        hotcold.normalize(a, "01")
