"""hotcold.compat.show_cam_on_image draws what pytorch-grad-cam draws."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from helpers import message, optional
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import without_torchvision

import hotcold
from hotcold import _core
from hotcold.compat import show_cam_on_image

MOST = 2  # levels


@pytest.fixture
def theirs(monkeypatch):
    without_torchvision(monkeypatch)
    return optional("pytorch_grad_cam.utils.image").show_cam_on_image


def example(item=0):
    """Return a photograph in [0, 1] and a map over it, also in [0, 1]."""
    data = hotcold.data.load_example(dim_order="channels_last")
    cam = np.maximum(data.attributions[item].mean(-1), 0)
    return (data.images[item] / 255).astype(np.float32), (cam / cam.max()).astype(np.float32)


def difference(a, b):
    assert a.dtype == b.dtype == np.uint8
    assert a.shape == b.shape
    return np.abs(a.astype(int) - b.astype(int)).max()


def twin(img, mask, table, weight):
    """Compute the picture from its definition; `table` holds 256 colours in [0, 1]."""
    entries = np.clip(255 * mask.astype(np.float64), 0, 255).astype(int)
    v = weight * img.astype(np.float64) + (1 - weight) * table[entries]
    return np.floor(255 * np.maximum(v, 0) / v.max()) if v.max() > 0 else np.zeros(v.shape)


@pytest.mark.filterwarnings("ignore")  # those of what it imports
def test_signature_is_theirs(theirs):
    ours, original = inspect.signature(show_cam_on_image), inspect.signature(theirs)
    assert list(ours.parameters) == list(original.parameters)
    for name, parameter in original.parameters.items():
        assert ours.parameters[name].default == parameter.default
        assert ours.parameters[name].kind == parameter.kind


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("item", [0, 3, 4, 6])
@pytest.mark.parametrize("use_rgb", [False, True])
@pytest.mark.parametrize("image_weight", [0.0, 0.3, 0.5, 1.0])
def test_picture_is_theirs(theirs, item, use_rgb, image_weight):
    img, mask = example(item)
    expected = theirs(img, mask, use_rgb=use_rgb, image_weight=image_weight)
    assert expected.std() > 10
    found = show_cam_on_image(img, mask, use_rgb=use_rgb, image_weight=image_weight)
    assert difference(found, expected) <= MOST


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("colormap", range(22))
def test_every_colormap_is_theirs(theirs, colormap):
    img, mask = example()
    ramp = np.linspace(0, 1, mask.size, dtype=np.float32).reshape(mask.shape)
    expected = theirs(img, ramp, colormap=colormap)
    assert difference(show_cam_on_image(img, ramp, colormap=colormap), expected) <= MOST


@pytest.mark.filterwarnings("ignore")
def test_dark_pictures_are_brightened_as_theirs_are(theirs):
    img, mask = example()
    for part in (0.5, 0.07, 0.05, 0.001):
        expected = theirs(part * img, 0 * mask)
        assert difference(show_cam_on_image(part * img, 0 * mask), expected) <= MOST


@pytest.mark.kernels
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_kernel_computes_the_definition(rows, columns, weight, seed, gaps):
    rng = np.random.default_rng(seed)
    img = rng.random((rows, columns, 3)).astype(np.float32)
    mask = rng.random((rows, columns)).astype(np.float32)
    mask[rng.random(mask.shape) < 0.2] = 0
    mask[rng.random(mask.shape) < 0.2] = 1
    table = hotcold.colormaps.lookup_table("viridis").rgba[:, :3]
    if gaps:  # memory that is not packed
        img, mask = np.repeat(img, 2, axis=1)[:, ::2], np.asfortranarray(mask)
    found = show_cam_on_image(img, mask, use_rgb=True, colormap="viridis", image_weight=weight)
    assert np.abs(found - twin(img, mask, table, weight)).max() <= 1  # cut in float32


@pytest.mark.kernels
@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 511, 65536, 65537, 131073])
def test_runs_and_blocks_meet_at_every_length(isa, rng, count):
    img = rng.random((1, count, 3)).astype(np.float32)
    mask = rng.random((1, count)).astype(np.float32)
    table = hotcold.colormaps.lookup_table("magma").rgba[:, :3]
    found = show_cam_on_image(img, mask, use_rgb=True, colormap="magma")
    assert np.abs(found - twin(img, mask, table, 0.5)).max() <= 1


@pytest.mark.kernels
@pytest.mark.parametrize("place", [0, 1, 254, 255, 256, 300])
@pytest.mark.parametrize("value", [-0.002, 1.002, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["img", "mask"])
def test_one_value_out_of_range_is_found_wherever_it_is(isa, name, value, place):
    arrays = {"img": np.ones((1, 301, 3), np.float32), "mask": np.ones((1, 301), np.float32)}
    arrays[name][0, place, ...] = value
    with pytest.raises(ValueError, match=message(f"`{name}` must be in [0, 1]")):
        show_cam_on_image(**arrays)
    arrays[name][0, place, ...] = 1.0005  # what rounding leaves
    assert show_cam_on_image(**arrays).max() == 255


def test_inputs_are_not_changed_and_may_be_tensors():
    torch = optional("torch")
    img, mask = example()
    before = img.copy(), mask.copy()
    expected = show_cam_on_image(img, mask)
    np.testing.assert_array_equal(img, before[0])
    np.testing.assert_array_equal(mask, before[1])
    np.testing.assert_array_equal(
        show_cam_on_image(torch.tensor(img), torch.tensor(mask, requires_grad=True)), expected
    )


def test_nothing_to_see_is_black():
    """There, 0 / 0."""
    picture = show_cam_on_image(np.zeros((4, 5, 3)), np.zeros((4, 5)), image_weight=1)
    assert not picture.any()


def test_names_of_matplotlib_are_colormaps_too():
    import matplotlib as mpl

    img, mask = example()
    expected = show_cam_on_image(img, mask, colormap=15)
    np.testing.assert_array_equal(show_cam_on_image(img, mask, colormap="plasma"), expected)
    cmap = mpl.colormaps["plasma"].resampled(64)
    assert difference(show_cam_on_image(img, mask, colormap=cmap), expected) < 20


NAN = float("nan")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"img": 255.0 * np.ones((4, 5, 3))}, ("`img` must be in [0, 1]", "255", "divide")),
        ({"img": np.full((4, 5, 3), NAN)}, ("`img` must be in [0, 1]", "nan")),
        ({"img": np.ones((4, 5))}, ("`img` must be (H, W, 3)", "(4, 5, 3)", "(4, 5)")),
        ({"img": np.ones((3, 4, 5))}, ("`img` must be (H, W, 3)", "(4, 5, 3)", "(3, 4, 5)")),
        ({"mask": 1.5 * np.ones((4, 5))}, ("`mask` must be in [0, 1]", "1.5", "scale it")),
        ({"mask": -np.ones((4, 5))}, ("`mask` must be in [0, 1]", "-1", "scale it")),
        ({"mask": np.full((4, 5), NAN)}, ("`mask` must be in [0, 1]", "nan")),
        ({"mask": np.ones((1, 4, 5))}, ("`mask` must be one map", "(1, 4, 5)")),
        ({"mask": np.ones((0, 5))}, ("`mask` must be one map", "(0, 5)")),
        ({"image_weight": 1.5}, ("`image_weight` must be", "1.5")),
        ({"use_rgb": "yes"}, ("`use_rgb`", "yes")),
        ({"colormap": "jett"}, ("`cmap`", "jett", "jet")),
        ({"colormap": 99}, ("`colormap`", "99")),
    ],
)
def test_bad_input_is_refused_with_a_sentence(change, parts):
    good = {"img": np.ones((4, 5, 3)), "mask": np.ones((4, 5))}
    with pytest.raises((TypeError, ValueError), match=message(*parts)):
        show_cam_on_image(**{**good, **change})


def test_strings_are_refused():
    with pytest.raises(TypeError, match="`img` must hold real numbers"):
        show_cam_on_image([[["a", "b", "c"]]], [[1.0]])


def test_without_opencv_its_own_colormaps_are_refused(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    from hotcold.compat.grad_cam import _numbered

    _numbered.cache_clear()
    with pytest.raises(ImportError, match=r"`colormap` 12 .* opencv-python"):
        show_cam_on_image(np.ones((4, 5, 3)), np.ones((4, 5)), colormap=12)


BOUNDARY = {
    "image": np.zeros((4, 5, 3), np.float32),
    "map": np.zeros((4, 5), np.float32),
    "table": np.zeros((256, 4), np.float32),
    "weight": 0.5,
    "slack": 0.0,
    "out": np.zeros((4, 5, 3), np.uint8),
}


def _read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.kernels
@pytest.mark.parametrize(
    ("name", "value", "error", "sentence"),
    [
        ("image", np.zeros((4, 5, 3)), TypeError, "`image` must be float32"),
        ("image", np.zeros((4, 6, 3), np.float32), ValueError, "`image` must have shape"),
        ("image", np.zeros((4, 10, 3), np.float32)[:, ::2], ValueError, "must be C-contiguous"),
        ("map", np.zeros((4, 5), np.int32), TypeError, "`map` must be float32"),
        ("map", np.zeros((0, 5), np.float32), ValueError, "`map` must have shape"),
        ("map", np.zeros(20, np.float32), ValueError, "`map` must have shape"),
        ("map", np.zeros(84, np.uint8)[1:81].view(np.float32).reshape(4, 5), ValueError, "C-cont"),
        ("table", np.zeros((256, 3), np.float32), ValueError, "`table` must have shape"),
        ("table", np.zeros((255, 4), np.float32), ValueError, "`table` must have shape"),
        ("out", np.zeros((4, 5, 3), np.int8), TypeError, "`out` must be uint8"),
        ("out", np.zeros((4, 5, 4), np.uint8), ValueError, "`out` must have shape"),
        ("out", _read_only(np.zeros((4, 5, 3), np.uint8)), ValueError, "`out` must be writeable"),
    ],
)
def test_extension_refuses_memory_that_does_not_fit(name, value, error, sentence):
    with pytest.raises(error, match=sentence):
        _core.cam_overlay(**{**BOUNDARY, name: value})


@pytest.mark.kernels
def test_extension_refuses_memory_that_overlaps():
    shared = np.zeros(4 * 5 * 3 * 4, np.uint8)
    image = shared.view(np.float32).reshape(4, 5, 3)
    with pytest.raises(ValueError, match=message("`out`", "`image`")):
        _core.cam_overlay(**{**BOUNDARY, "image": image, "out": shared[:60].reshape(4, 5, 3)})
