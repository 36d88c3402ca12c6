"""The built-in example: its promises, its meaning, and that it can be made again."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from hotcold.data import Example, load_example

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def example() -> Example:
    return load_example()


def face(a: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    top, bottom, left, right = box
    return a[..., top:bottom, left:right]


def test_example_shapes_and_dtypes(example):
    assert example.images.dtype == np.uint8
    assert example.attributions.dtype == np.float32
    assert example.images.shape == example.attributions.shape == (8, 3, 224, 224)
    assert len(set(example.labels)) == len(example.face_boxes) == len(example.methods) == 8


def test_channels_last_holds_the_same_values(example):
    last = load_example(dim_order="channels_last")
    for name in ("images", "attributions"):
        array = getattr(last, name)
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(np.moveaxis(array, 3, 1), getattr(example, name))


def test_unknown_dim_order_is_refused_by_name():
    with pytest.raises(ValueError, match=r"`dim_order` must be one of .*, got 'NCHW'"):
        load_example(dim_order="NCHW")


def test_arrays_are_new_in_every_call(example):
    other = load_example()
    other.images[:] = 0
    other.attributions[:] = 0
    assert load_example().images.any()
    np.testing.assert_array_equal(load_example().attributions, example.attributions)


def test_repr_lists_every_item(example):
    text = repr(example)
    assert all(label in text for label in example.labels)
    assert "float32 (8, 3, 224, 224)" in text


def test_images_are_two_photographs(example):
    assert len({image.tobytes() for image in example.images}) == 2
    # A photograph uses most of the 256 levels and varies in every channel.
    assert all(len(np.unique(image)) > 200 for image in example.images)
    assert (example.images.std(axis=(2, 3)) > 30).all()


def test_attributions_are_finite_signed_and_scaled(example):
    a = example.attributions
    assert np.isfinite(a).all()
    np.testing.assert_array_equal(np.abs(a).max(axis=(1, 2, 3)), 1)
    negative = a.min(axis=(1, 2, 3)) < 0
    never_negative = [">= 0" in method for method in example.methods]
    np.testing.assert_array_equal(negative, np.logical_not(never_negative))
    assert negative.sum() == 6


def test_colours_differ(example):
    # Grey maps copied to three channels would hide mistakes in combining channels.
    a = example.attributions
    assert (np.abs(a[:, 0] - a[:, 2]).max(axis=(1, 2)) > 0.1).all()


def test_maps_concentrate_on_the_face(example):
    for a, box, label in zip(example.attributions, example.face_boxes, example.labels, strict=True):
        strength = np.abs(a).sum(axis=0)
        inside = face(strength, box)
        outside = (strength.sum() - inside.sum()) / (strength.size - inside.size)
        # P-Net looks at the whole picture, so its floor is lower; uniform maps would give 1.
        assert inside.mean() > (1.5 if "proposals" in label else 10) * outside, label


def test_strongest_region_lies_on_the_face(example):
    window = np.ones(31) / 31
    for a, box, label in zip(example.attributions, example.face_boxes, example.labels, strict=True):
        smooth = a.mean(axis=0)
        for axis in (0, 1):
            smooth = np.apply_along_axis(np.convolve, axis, smooth, window, "same")
        assert face(smooth, box).max() == np.abs(smooth).max(), label


def test_mouth_map_lies_below_the_nose_map(example):
    rows = np.arange(224)[:, None]
    centre = {}
    for a, label in zip(example.attributions, example.labels, strict=True):
        positive = np.clip(a.mean(axis=0), 0, None) ** 2
        centre[label.split(",")[0]] = float((rows * positive).sum() / positive.sum())
    for name in ("Hopper", "Collins"):
        assert centre[f"{name}: mouth position"] > centre[f"{name}: nose channel"] + 5


def test_package_files_are_small_and_licences_stated():
    folder = files("hotcold.data")
    sizes = {f.name: len(f.read_bytes()) for f in folder.iterdir() if f.is_file()}
    assert {"example.npz", "example.json", "hopper.jpg", "collins.jpg", "README.md"} <= set(sizes)
    assert sum(sizes.values()) < 300_000
    notes = (folder / "README.md").read_text(encoding="utf-8")
    for words in ("public domain", "MIT", "facenet-pytorch", "make_example.py", "conv4"):
        assert words in notes


def test_stored_maps_are_float16_and_load_without_pickle():
    with (files("hotcold.data") / "example.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)["attributions"]
    assert stored.dtype == np.float16
    np.testing.assert_array_equal(stored.astype(np.float32), load_example().attributions)


def test_maps_can_be_made_again(example, tmp_path):
    for module in ("torch", "facenet_pytorch"):
        if importlib.util.find_spec(module) is None:
            why = f"{module} is missing: see the install lines in docs/make_example.py"
            pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    # Both gradient maps of one photograph, in seconds; in a process of its own, so that torch's
    # threads and warnings stay out of this one. The script's --check does all eight.
    code = """if True:
        import sys
        import numpy as np
        from make_example import NOSE_CHANNEL, ONet, PNet, as_input, stored
        from make_example import channel_map, find_windows, proposal_map
        photo = np.load(sys.argv[1])
        x, onet = as_input(photo), ONet()
        nose = channel_map(onet, x, find_windows(onet, x, 24), NOSE_CHANNEL)
        np.save(sys.argv[1], np.stack([stored(nose), stored(proposal_map(PNet(), x))]))
    """
    path = tmp_path / "photo.npy"
    np.save(path, load_example(dim_order="channels_last").images[0])
    environment = {**os.environ, "PYTHONPATH": str(DOCS)}
    subprocess.run([sys.executable, "-c", code, path], env=environment, check=True, timeout=300)
    again = np.load(path).astype(np.float32)
    # One step of the rounding: torch's last bits differ between machines.
    np.testing.assert_allclose(again, example.attributions[2:4], atol=1 / 64)
