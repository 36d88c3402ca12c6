"""What may be passed in, and that it stays as it is; what is refused is in test_bad_input.py."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest
from entries import ENTRIES, SHAPE
from helpers import from_order, optional, to_order
from layouts import LAYOUTS, broadcasts

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer


class OnlyDLPack:
    """What a library offers that knows the exchange protocol and nothing of numpy."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


class OnlyArray:
    """What a library offers that knows numpy alone."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array if dtype is None else self._array.astype(dtype)


class OnADevice:
    """Memory that has to be asked for a host copy, as CuPy's and JAX's GPU arrays have."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        raise TypeError("implicit conversion to a host array is not allowed")

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        if dl_device is None:
            raise BufferError("this memory is on another device")
        return self._array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


# --- kinds ----------------------------------------------------------------------------------------


def test_lists_and_tuples_are_taken(entry, maps):
    np.testing.assert_array_equal(
        entry(maps.tolist(), tuple(maps.tolist())),
        entry(maps.astype(np.float64), maps.astype(np.float64)),
    )


def test_memory_map_is_taken(entry, maps, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    mapped = np.load(tmp_path / "maps.npy", mmap_mode="r")
    np.testing.assert_array_equal(entry(mapped, mapped), entry(maps, maps))


@pytest.mark.parametrize("wrap", [OnlyDLPack, OnlyArray, OnADevice])
def test_array_protocols_are_taken(entry, maps, wrap):
    np.testing.assert_array_equal(entry(wrap(maps), wrap(maps)), entry(maps, maps))


def test_torch_tensor_that_requires_grad_is_taken(entry, maps):
    torch = optional("torch")
    tensor = torch.tensor(maps, requires_grad=True)
    np.testing.assert_array_equal(entry(tensor, tensor), entry(maps, maps))
    computed = tensor * 2  # not a leaf
    np.testing.assert_array_equal(entry(computed, computed), entry(maps * 2, maps * 2))


def test_torch_tensor_without_a_copy_in_memory_order_is_taken(entry, maps):
    torch = optional("torch")
    tensor = torch.tensor(maps).permute(0, 1, 3, 2)[:, :, 1:, ::2]
    same = maps.transpose(0, 1, 3, 2)[:, :, 1:, ::2]
    assert not tensor.is_contiguous()
    np.testing.assert_array_equal(entry(tensor, tensor), entry(same, same))


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2", "float16", "int8", "bool"])
def test_torch_dtypes_are_taken(entry, maps, name):
    torch = optional("torch")
    tensor = torch.tensor(maps * 3).to(getattr(torch, name))
    same = tensor.float().numpy() if "float" in name else tensor.numpy()
    if name != "float16":
        np.testing.assert_array_equal(entry(tensor, tensor), entry(same, same))
    else:
        np.testing.assert_array_equal(entry(tensor, tensor), entry(tensor.numpy(), tensor.numpy()))


def test_torch_negative_view_is_taken(maps):
    torch = optional("torch")
    tensor = torch.tensor(maps) * 1j
    lazy = tensor.conj().imag  # numbers whose sign is only a flag
    assert lazy.is_neg()
    np.testing.assert_array_equal(hotcold.normalize(lazy, "unnormalized"), -maps)


def test_list_of_torch_tensors_is_taken(entry, maps):
    torch = optional("torch")
    items = [torch.tensor(item, requires_grad=True) for item in maps]
    np.testing.assert_array_equal(entry(items, items), entry(maps, maps))


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "int4"])
def test_ml_dtypes_are_taken(entry, maps, name):
    ml_dtypes = optional("ml_dtypes")
    narrow = (maps * 3).astype(getattr(ml_dtypes, name))
    same = narrow.astype(np.float32)
    np.testing.assert_array_equal(entry(narrow, narrow), entry(same, same))


# --- layouts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u1", "i8", "?"])
def test_every_memory_layout_gives_the_same_bits(entry, rng, layout, kind):
    a = (rng.standard_normal(SHAPE) * 50).astype(np.int16).astype(kind)
    stored = layout(a)
    np.testing.assert_array_equal(stored, a)
    np.testing.assert_array_equal(entry(stored, stored), entry(a, a))
    np.testing.assert_array_equal(stored, a)


def test_zero_strides_give_the_same_bits(entry, maps):
    for _, view, copy in broadcasts(maps):
        np.testing.assert_array_equal(entry(view, view), entry(copy, copy))


def test_one_record_of_a_packed_structure_is_taken(entry):
    # numpy calls this array aligned: the odd stride is never taken. Once refused by the core.
    records = np.zeros(1, [("a", "f4", (3, 4, 5)), ("flag", "u1")])
    a = records["a"]
    a[...] = np.arange(60).reshape(3, 4, 5)
    assert a.flags.aligned
    assert a.strides[0] % 4 != 0
    np.testing.assert_array_equal(entry(a, a), entry(np.array(a), np.array(a)))


def test_dim_order_says_where_the_channels_are(maps, dim_order):
    for name, entry in ENTRIES.items():
        expected = entry(maps, maps)
        a = to_order(maps, dim_order)
        got = entry(a, a, dim_order=dim_order)
        if got.dtype != np.uint8 and got.ndim == 4:
            got = from_order(got, dim_order)
        np.testing.assert_array_equal(got, expected, err_msg=name)


@pytest.mark.parametrize("size", [1, 3, 4])
def test_dim_order_is_never_guessed(size):
    # All axes alike: any guess from the sizes would have to be wrong for one of the orders.
    a = np.arange(size**4, dtype=np.float32).reshape((size,) * 4)
    first = Visualizer(dim_order="channels_first").render(a)
    last = Visualizer(dim_order="channels_last").render(a.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(first, last)


# --- result types ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4"])
def test_everything_but_float64_computes_in_float32(rng, kind):
    a = rng.integers(0, 100, SHAPE).astype(kind)
    assert hotcold.gaussian_blur(a, 1).dtype == np.float32
    assert hotcold.normalize(a, "01").dtype == np.float32
    assert hotcold.percentile_mask(a, 0.5).dtype == np.float32
    assert hotcold.tile(a).dtype == a.dtype
    assert Visualizer()(a, imshow=False).dtype == np.float32
    same = a.astype(np.float32)
    np.testing.assert_array_equal(hotcold.gaussian_blur(a, 1), hotcold.gaussian_blur(same, 1))


@pytest.mark.parametrize("kind", ["f8", ">f8", "g"])
def test_float64_computes_in_float64(maps, kind):
    a = maps.astype(kind)
    assert hotcold.gaussian_blur(a, 1).dtype == np.float64
    assert hotcold.normalize(a, "01").dtype == np.float64
    assert hotcold.percentile_mask(a, 0.5).dtype == np.float64
    assert Visualizer()(a, imshow=False).dtype == np.float64
    assert HeatmapVisualizer()(a, maps, imshow=False).dtype == np.float64
    assert MaskVisualizer()(a, maps, imshow=False).dtype == np.float64
    assert MaskVisualizer()(maps, a, imshow=False).dtype == np.float64


def test_integers_are_not_truncated_by_a_blur():
    a = np.zeros((1, 1, 1, 9), np.int64)
    a[..., 4] = 1
    blurred = hotcold.gaussian_blur(a, 1)
    assert 0 < blurred[0, 0, 0, 3] < 1


def test_integers_wider_than_float32_stay_in_order():
    a = np.array([2**53, -(2**53), 0, 2**40]).reshape(1, 1, 2, 2)
    np.testing.assert_array_equal(
        hotcold.normalize(a, "unsigned_max").ravel(), np.float32([1, -1, 0, 2.0**-13])
    )


# --- inputs stay as they are ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["f4", "f8", "u1"])
def test_inputs_are_never_modified(entry, rng, kind):
    a = (rng.standard_normal(SHAPE) * 50).astype(np.int16).astype(kind)
    x = a[:, ::-1].copy()
    before = a.copy(), x.copy()
    entry(a, x)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(x, before[1])


def test_results_share_no_memory_with_inputs(maps):
    one = maps[:1, :1]
    for result in (
        hotcold.gaussian_blur(maps, 0),
        hotcold.normalize(maps, "unnormalized"),
        hotcold.tile(one),
        Visualizer(normalization_type="unnormalized")(maps, imshow=False),
    ):
        assert not np.shares_memory(result, maps)


@pytest.mark.parametrize("kind", ["u1", "f2", "f4"])
@pytest.mark.parametrize("order", ["channels_first", "channels_last"])
def test_memory_map_is_not_copied(tmp_path, kind, order):
    shape = (64, 3, 64, 128) if order == "channels_first" else (64, 64, 128, 3)
    file = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", kind, shape)
    file[:, ::2] = 1
    file.flush()
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    out = np.empty((64, 64, 128, 3), np.uint8)
    visualizer = HeatmapVisualizer(dim_order=order, n_threads=1)
    visualizer.render(mapped[:1], mapped[:1])  # tables and plans are made once
    tracemalloc.start()
    visualizer.render(mapped, mapped, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < mapped.nbytes / 50


def test_matrices_follow_numpy_and_masked_arrays_without_a_masked_value_their_data(maps):
    masked = np.ma.masked_array(maps, np.zeros_like(maps, bool))
    for same in (masked, np.ma.masked_array(maps), maps.view(type("Own", (np.ndarray,), {}))):
        np.testing.assert_array_equal(hotcold.normalize(same, "01"), hotcold.normalize(maps, "01"))


def test_native_byte_order_that_is_spelled_out_is_native():
    # zarr's arrays have such dtypes; the core took "<" for foreign on little-endian machines.
    spelled = np.dtype(np.float32).newbyteorder("<" if sys.byteorder == "little" else ">")
    a = np.arange(6.0).reshape(1, 1, 2, 3)
    assert spelled.byteorder != "="
    np.testing.assert_array_equal(
        hotcold.gaussian_blur(a.astype(spelled), 1), hotcold.gaussian_blur(a.astype("f4"), 1)
    )
