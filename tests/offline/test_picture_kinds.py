"""Pictures of every kind are read as they are meant, or refused by name; nothing hidden appears."""

from __future__ import annotations

import os

import numpy as np
import pytest
from offline_inputs import assert_same_pictures, render_quietly
from picture_files import png_bytes
from PIL import Image, ImageOps

import hotcold
from hotcold.offline.input import BadItem, open_source

HEIGHT, WIDTH = 5, 7


@pytest.fixture
def grey(rng):
    """Grey samples of 16 bits."""
    return rng.integers(0, 1 << 16, (HEIGHT, WIDTH), np.uint16)


def read_one(folder):
    """The only picture of a folder, (H, W, 3 or 4)."""
    source = open_source(folder, "x", "channels_last")
    assert source.n_items == 1
    batch = source.read(0, 1)
    assert batch.shape == source.shape
    return batch[0]


def of_257(samples):
    """What 16-bit samples are as bytes, by the definition."""
    return np.round(samples / 257.0).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bits_are_divided_by_257(tmp_path, grey, suffix):
    Image.fromarray(grey).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_one(tmp_path), np.repeat(of_257(grey)[..., None], 3, 2))


def test_sixteen_bits_made_of_bytes_give_these_bytes(tmp_path, rng):
    colours = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    (tmp_path / "a.png").write_bytes(png_bytes(colours.astype(np.uint16) * 257, 16, 2))
    np.testing.assert_array_equal(read_one(tmp_path), colours)


def test_the_picture_of_a_sixteen_bit_folder_is_that_of_its_bytes(tmp_path, rng):
    photos = tmp_path / "photos"
    photos.mkdir()
    grey = rng.integers(0, 256, (3, 12, 10), np.uint8)
    for i, image in enumerate(grey):
        Image.fromarray(image.astype(np.uint16) * 257).save(photos / f"{i}.png")
    maps = rng.standard_normal((3, 1, 12, 10)).astype(np.float32)
    visualizer = hotcold.HeatmapVisualizer()
    render_quietly(visualizer, maps, photos, output_dir=tmp_path / "out")
    images = np.repeat(grey[:, None], 3, axis=1)
    assert_same_pictures(tmp_path / "out", visualizer.render(maps, images))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.linspace(0, 1, 35, dtype=np.float32).reshape(HEIGHT, WIDTH), "floating point"),
        (np.arange(35, dtype=np.int32).reshape(HEIGHT, WIDTH), "32-bit integers"),
    ],
)
def test_numbers_without_a_range_are_refused_by_name(tmp_path, array, said):
    Image.fromarray(array).save(tmp_path / "bad.tif")
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "good.png")
    source = open_source(tmp_path, "x")
    with pytest.raises(BadItem, match=rf"bad.tif: its mode is .*{said}"):
        source.read(0, 1)


def test_lab_is_refused_by_name(tmp_path):
    Image.new("LAB", (WIDTH, HEIGHT)).save(tmp_path / "bad.tif")
    with pytest.raises(ValueError, match=r"bad.tif: its mode is LAB \(Lab\)"):
        open_source(tmp_path, "x")


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("1", ".png"),
        ("L", ".png"),
        ("P", ".png"),
        ("P", ".gif"),
        ("RGB", ".bmp"),
        ("RGB", ".webp"),
        ("CMYK", ".tif"),
        ("CMYK", ".jpg"),
        ("YCbCr", ".tif"),
        ("L", ".jpg"),
    ],
)
def test_opaque_kinds_are_the_colours_that_pillow_shows(tmp_path, rng, mode, suffix):
    colours = Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    path = tmp_path / f"a{suffix}"
    colours.convert(mode).save(path)
    with Image.open(path) as file:
        expected = np.asarray(file.convert("RGB"))
    np.testing.assert_array_equal(read_one(tmp_path), expected)


def test_cmyk_is_what_the_inks_leave_of_white(tmp_path, rng):
    inks = rng.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    Image.fromarray(inks, "CMYK").save(tmp_path / "a.tif")
    left = 255.0 - inks
    expected = left[..., :3] * left[..., 3:] / 255
    np.testing.assert_allclose(read_one(tmp_path), expected, atol=1.0)


TRANSPARENT = {
    "RGBA": lambda rgba: Image.fromarray(rgba),
    "LA": lambda rgba: Image.fromarray(rgba).convert("LA"),
    "webp": lambda rgba: Image.fromarray(rgba),
}


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_transparency_is_kept_as_the_fourth_channel(tmp_path, rng, kind):
    rgba = rng.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    rgba[..., 3] = rng.choice([0, 128, 255], (HEIGHT, WIDTH))
    path = tmp_path / ("a.webp" if kind == "webp" else "a.png")
    TRANSPARENT[kind](rgba).save(path, **({"lossless": True} if kind == "webp" else {}))
    found = read_one(tmp_path)
    assert found.shape == (HEIGHT, WIDTH, 4)
    np.testing.assert_array_equal(found[..., 3], rgba[..., 3])
    if kind == "RGBA":
        np.testing.assert_array_equal(found, rgba)


def test_transparent_entries_of_a_palette(tmp_path, rng):
    indices = rng.integers(0, 4, (HEIGHT, WIDTH), np.uint8)
    palette = rng.integers(0, 256, (4, 3), np.uint8)
    alphas = np.array([0, 90, 255, 255], np.uint8)
    extra = [(b"PLTE", palette.tobytes()), (b"tRNS", alphas[:2].tobytes())]
    (tmp_path / "a.png").write_bytes(png_bytes(indices, 2, 3, extra=extra))
    expected = np.dstack([palette[indices], alphas[indices]])
    np.testing.assert_array_equal(read_one(tmp_path), expected)


def test_transparent_colour_of_a_gif(tmp_path, rng):
    indices = rng.integers(0, 4, (HEIGHT, WIDTH), np.uint8)
    picture = Image.fromarray(indices, "P")
    picture.putpalette(rng.integers(0, 256, 12, np.uint8).tobytes())
    picture.save(tmp_path / "a.gif", transparency=2)
    found = read_one(tmp_path)
    np.testing.assert_array_equal(found[..., 3] == 0, indices == 2)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_value_that_stands_for_nothing(tmp_path, rng, depth):
    top = (1 << depth) - 1
    samples = rng.integers(0, top + 1, (HEIGHT, WIDTH)).astype(np.uint16)
    key = int(samples[2, 3])
    samples[0, 0] = top - key  # and one that is seen
    extra = [(b"tRNS", key.to_bytes(2, "big"))]
    (tmp_path / "a.png").write_bytes(png_bytes(samples, depth, 0, extra=extra))
    found = read_one(tmp_path)
    np.testing.assert_array_equal(found[..., 3] == 0, samples == key)
    seen = samples != key
    np.testing.assert_array_equal(found[seen][:, 0], np.round(samples[seen] * (255 / top)))


def test_colour_that_stands_for_nothing(tmp_path, rng):
    colours = rng.integers(0, 2, (HEIGHT, WIDTH, 3)).astype(np.uint8) * 200
    key = colours[1, 1]
    extra = [(b"tRNS", key.astype(">u2").tobytes())]
    (tmp_path / "a.png").write_bytes(png_bytes(colours, 8, 2, extra=extra))
    np.testing.assert_array_equal(read_one(tmp_path)[..., 3] == 0, (colours == key).all(2))


def test_colour_of_sixteen_bits_that_stands_for_nothing_is_refused(tmp_path):
    colours = np.full((HEIGHT, WIDTH, 3), 0x1234, np.uint16)
    extra = [(b"tRNS", colours[0, 0].astype(">u2").tobytes())]
    (tmp_path / "a.png").write_bytes(png_bytes(colours, 16, 2, extra=extra))
    with pytest.raises(ValueError, match=r"a\.png: it is transparent by a key of 16 bits"):
        open_source(tmp_path, "x")


def test_a_transparent_folder_is_drawn_as_its_rgba_arrays(tmp_path, rng):
    photos = tmp_path / "photos"
    photos.mkdir()
    rgba = rng.integers(0, 256, (3, 12, 10, 4), np.uint8)
    rgba[2, ..., 3] = 255  # an opaque one among them
    for i, image in enumerate(rgba):
        picture = Image.fromarray(image)
        (picture if i < 2 else picture.convert("RGB")).save(photos / f"{i}.png")
    maps = rng.standard_normal((3, 1, 12, 10)).astype(np.float32)
    visualizer = hotcold.HeatmapVisualizer()
    render_quietly(visualizer, maps, photos, output_dir=tmp_path / "out")
    expected = visualizer.render(maps, rgba.transpose(0, 3, 1, 2))
    assert expected.shape[-1] == 4
    assert_same_pictures(tmp_path / "out", expected)


def test_transparency_among_opaque_pictures_is_one_bad_item(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGBA", (10, 12), (9, 9, 9, 255)).save(photos / "a.png")
    Image.new("RGBA", (10, 12), (9, 9, 9, 0)).save(photos / "b.png")
    Image.new("RGB", (10, 12)).save(photos / "c.png")
    report = render_quietly(
        hotcold.HeatmapVisualizer(),
        np.ones((3, 1, 12, 10)),
        photos,
        output_dir=tmp_path / "out",
        on_error="record",
    )
    assert [failure.index for failure in report.failures] == [1]
    assert "b.png has transparent pixels" in report.failures[0].error
    assert report.n_files == 2


def exif_with(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(tmp_path, rng, orientation, suffix):
    picture = Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    picture.save(tmp_path / f"a{suffix}", exif=exif_with(orientation))
    with Image.open(tmp_path / f"a{suffix}") as file:
        expected = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    np.testing.assert_array_equal(read_one(tmp_path), expected)
    assert expected.shape[0] == (HEIGHT if orientation < 5 else WIDTH)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x09\x01\x12",
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x02\x00\x03\x00\x00\x00ab\x00\x00",
        b"Exif\x00\x00garbage",
    ],
)
def test_exif_that_cannot_be_read_turns_nothing(tmp_path, exif):
    picture = Image.new("RGB", (WIDTH, HEIGHT), (1, 2, 3))
    picture.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_one(tmp_path), np.asarray(picture))


def test_a_pipe_among_the_pictures_costs_its_item_and_waits_for_nobody(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (10, 12)).save(photos / "a.png")
    os.mkfifo(photos / "z.png")
    (photos / "y.png").symlink_to("nowhere.png")
    report = render_quietly(
        hotcold.HeatmapVisualizer(),
        np.ones((3, 1, 12, 10)),
        photos,
        output_dir=tmp_path / "out",
        on_error="record",
    )
    assert [failure.index for failure in report.failures] == [1, 2]
    assert "y.png" in report.failures[0].error
    assert "not a regular file" in report.failures[1].error


def test_a_pipe_instead_of_a_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "maps.npy")
    with pytest.raises(ValueError, match="must be a regular file or a folder"):
        open_source(tmp_path / "maps.npy", "attributions")


def test_files_that_systems_leave_in_folders_are_passed_over(tmp_path):
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "a.png")
    for name in ("._a.png", ".DS_Store", "Thumbs.db", "desktop.ini", "a.xmp", "a.png.json"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    assert open_source(tmp_path, "x").paths == (tmp_path / "a.png",)


def test_no_warning_filter_is_changed_by_reading(tmp_path, monkeypatch):
    import warnings

    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # 35 pixels: Pillow warns
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "a.png")
    entered = []
    monkeypatch.setattr(
        warnings.catch_warnings, "__enter__", lambda self: entered.append(self), raising=True
    )
    with pytest.raises(ValueError, match="DecompressionBombWarning"):  # an error in this suite
        open_source(tmp_path, "x")
    assert not entered
