"""Palette pictures, text chunks, and arguments that the encoder refuses."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from png_files import RAMP, assert_reads_back, by_opencv, by_pillow, chunks, encode

from hotcold import _core

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize("entries", [1, 2, 5, 200, 256])
def test_indices_mean_the_palettes_colours(isa, entries, rng):
    palette = rng.integers(0, 256, (entries, 3), dtype=np.uint8)
    indices = rng.integers(0, entries, (45, 67), dtype=np.uint8)
    for picture in (indices, np.sort(indices, axis=1), np.full_like(indices, entries - 1)):
        data = encode(picture, palette)
        np.testing.assert_array_equal(by_pillow(data), picture)
        np.testing.assert_array_equal(by_pillow(data, "RGB"), palette[picture])
        np.testing.assert_array_equal(by_opencv(data), palette[picture])


def test_expected_colours_become_a_palette(isa, rng):
    indices = np.uint8(127 + 100 * np.sin(np.arange(300)[:, None] / 30 + np.arange(400) / 50))
    picture = RAMP[indices]
    for n_threads in (1, 2, 5):
        data = encode(picture, RAMP, n_threads=n_threads)
        (header,) = (body for kind, body in chunks(data) if kind == "IHDR")
        assert header[9] == 3
        np.testing.assert_array_equal(by_pillow(data, "RGB"), picture)
        np.testing.assert_array_equal(by_opencv(data), picture)
    (palette,) = (body for kind, body in chunks(data) if kind == "PLTE")
    assert palette == RAMP[np.unique(indices)].tobytes()


def test_expected_colours_may_be_many_and_repeated(rng):
    colors = rng.integers(0, 256, (5000, 3), dtype=np.uint8)
    colors[100:200] = colors[50]
    picture = colors[rng.integers(30, 230, (50, 60))]
    data = encode(picture, colors)
    assert [kind for kind, _ in chunks(data)][1] == "PLTE"
    np.testing.assert_array_equal(by_pillow(data, "RGB"), picture)


@pytest.mark.parametrize("place", [(0, 0), (149, 0), (299, 399)])
def test_an_unexpected_colour_keeps_the_picture_rgb(place):
    picture = RAMP[np.zeros((300, 400), np.uint8)]
    picture[place] = (1, 2, 3)
    data = encode(picture, RAMP)
    assert data == encode(picture)
    assert_reads_back(picture, data)


def test_more_than_256_used_colours_keep_the_picture_rgb():
    colors = np.stack([np.arange(300) % 256, np.arange(300) // 256, np.zeros(300)], 1)
    colors = colors.astype(np.uint8)
    picture = colors[np.arange(300)][None]
    assert encode(picture, colors) == encode(picture)
    assert encode(picture[:, :256], colors) != encode(picture[:, :256])


def test_text_is_read_back_by_pillow():
    text = [
        ("Software", "hotcold 1.0"),
        ("Description", "two\nlines"),
        ("Comment", "Wärmebild \u2013 \u4e2d"),
        ("empty", ""),
    ]
    data = encode(np.zeros((2, 2, 3), np.uint8), text=text)
    image = Image.open(io.BytesIO(data))
    assert image.text == dict(text)
    kinds = [kind for kind, _ in chunks(data)]
    assert kinds == ["IHDR", "tEXt", "tEXt", "iTXt", "tEXt", "IDAT", "IEND"]


BAD = {
    "float": (dict(picture=np.zeros((2, 2, 3))), TypeError, "`picture` must have dtype uint8"),
    "two channels": (dict(picture=np.zeros((2, 2, 2), np.uint8)), ValueError, r"got \(2, 2, 2\)"),
    "empty": (dict(picture=np.zeros((0, 2), np.uint8)), ValueError, r"not empty, got \(0, 2\)"),
    "1-D": (dict(picture=np.zeros(2, np.uint8)), ValueError, r"got \(2,\)"),
    "channels first": (
        dict(picture=np.zeros((3, 4, 5), np.uint8).transpose(1, 2, 0)),
        ValueError,
        "next to each other",
    ),
    "every other pixel": (
        dict(picture=np.zeros((4, 8, 3), np.uint8)[:, ::2]),
        ValueError,
        "next to each other",
    ),
    "n_threads": (dict(n_threads=0), ValueError, "`n_threads` must be >= 1, got 0"),
    "palette of floats": (dict(palette=np.zeros((2, 3))), TypeError, "`palette` must have dtype"),
    "palette shape": (
        dict(palette=np.zeros((2, 4), np.uint8)),
        ValueError,
        r"`palette` must have shape \(n, 3\)",
    ),
    "palette empty": (dict(palette=np.zeros((0, 3), np.uint8)), ValueError, r"got \(0, 3\)"),
    "palette long": (
        dict(picture=np.zeros((2, 2), np.uint8), palette=np.zeros((257, 3), np.uint8)),
        ValueError,
        "n from 1 to 256",
    ),
    "palette strided": (
        dict(palette=np.zeros((4, 6), np.uint8)[:, ::2]),
        ValueError,
        "C-contiguous",
    ),
    "palette with alpha": (
        dict(picture=np.zeros((2, 2, 4), np.uint8), palette=RAMP),
        ValueError,
        "four channels",
    ),
    "index beyond": (
        dict(picture=np.full((2, 2), 3, np.uint8), palette=RAMP[:3]),
        ValueError,
        "below the palette's 3 entries, got 3",
    ),
    "keyword empty": (dict(text=[("", "x")]), ValueError, "keywords of 1 to 79"),
    "keyword long": (dict(text=[("k" * 80, "x")]), ValueError, "keywords of 1 to 79"),
    "keyword spaces": (dict(text=[("a  b", "x")]), ValueError, "keywords of 1 to 79"),
    "keyword accents": (dict(text=[("\u00e9", "x")]), ValueError, "keywords of 1 to 79"),
    "text NUL": (dict(text=[("a", "x\0y")]), ValueError, "no NUL"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_refused(name):
    change, error, message = BAD[name]
    arguments = {"picture": np.zeros((2, 2, 3), np.uint8), "palette": None, "text": []}
    with pytest.raises(error, match=message):
        _core.encode_png(**{**arguments, "compression": "default", "n_threads": 1, **change})
