"""Picture files: exact pixels, whole or not at all, said what they are."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from helpers import message, read_picture, run_python

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Tiler, Visualizer, _atomic, files

RASTER = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
}
LOSSLESS = (".png", ".webp", ".tif", ".tiff", ".bmp")
WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")
VECTOR = (".pdf", ".svg", ".eps")


@pytest.fixture
def maps(rng):
    return rng.standard_normal((3, 1, 12, 9)).astype(np.float32)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 4, 12, 9)).astype(np.uint8)


def sheet_of(visualizer, *arrays, **layout):
    return Tiler(fill=255, **layout).tile(visualizer.render(*arrays), dim_order="channels_last")


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


# --- pixels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_lossless_files_hold_the_exact_pixels(tmp_path, rng, maps, images, suffix):
    noise = rng.integers(0, 256, (3, 3, 12, 9)).astype(np.uint8)
    for visualizer, arrays in (
        (Visualizer(), (maps,)),
        (HeatmapVisualizer(), (maps, noise)),
        (MaskVisualizer(), (maps, noise)),
    ):
        path = tmp_path / f"sheet{suffix}"
        visualizer(*arrays, output_file=path, imshow=False)
        np.testing.assert_array_equal(read_picture(path), sheet_of(visualizer, *arrays))


@pytest.mark.parametrize("suffix", WITH_ALPHA)
def test_alpha_is_kept_and_colours_under_alpha_0_too(tmp_path, maps, images, suffix):
    images[:, 3, :4] = 0
    images[0, 3] = 255
    path = tmp_path / f"sheet{suffix}"
    for visualizer in (HeatmapVisualizer(), MaskVisualizer(masked_opacity=0)):
        visualizer(maps, images, output_file=path, imshow=False)
        np.testing.assert_array_equal(read_picture(path), sheet_of(visualizer, maps, images))


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".gif"])
def test_formats_without_alpha_lie_on_white(tmp_path, maps, images, suffix):
    images[:, 3] = 0
    path = tmp_path / f"sheet{suffix}"
    HeatmapVisualizer()(maps, images, output_file=path, imshow=False)
    assert (read_picture(path, "RGB") == 255).all()


def test_jpeg_is_close_to_the_pixels(tmp_path):
    smooth = np.linspace(-1, 1, 64 * 64).reshape(1, 1, 64, 64)
    Visualizer(cmap="gray")(smooth, output_file=tmp_path / "a.jpg", imshow=False)
    off = read_picture(tmp_path / "a.jpg").astype(int) - Visualizer(cmap="gray").render(smooth)[0]
    assert np.abs(off).max() <= 3


def test_gif_is_exact_up_to_256_colours(tmp_path, rng):
    a = rng.standard_normal((1, 1, 64, 64))
    Visualizer()(a, output_file=tmp_path / "a.gif", imshow=False)
    np.testing.assert_array_equal(
        read_picture(tmp_path / "a.gif", "RGB"), Visualizer().render(a)[0]
    )


@pytest.mark.parametrize("suffix", RASTER)
def test_one_array_element_is_one_pixel_in_every_format(tmp_path, maps, suffix):
    from PIL import Image

    tiler = Tiler(cols=2, padding=5)
    path = tmp_path / f"sheet{suffix.upper()}"
    Visualizer(tiler=tiler)(maps, output_file=path, imshow=False)
    with Image.open(path) as image:
        assert image.format == RASTER[suffix]
        assert image.size == (2 * 9 + 5, 2 * 12 + 5)


def test_unused_cells_and_padding_are_white(tmp_path, maps):
    Visualizer(tiler=Tiler(cols=2, padding=2, fill=0))(
        maps, output_file=tmp_path / "a.png", imshow=False
    )
    sheet = read_picture(tmp_path / "a.png")
    assert (sheet[12:14] == 255).all()
    assert (sheet[:, 9:11] == 255).all()
    assert (sheet[14:, 11:] == 255).all()
    assert (sheet[:12, :9] != 255).any()


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 1, 1, 7), (5, 1, 3, 1)])
@pytest.mark.parametrize("suffix", [*RASTER, *VECTOR])
def test_smallest_pictures_can_be_saved(tmp_path, shape, suffix):
    a = np.arange(np.prod(shape), dtype=float).reshape(shape)
    Visualizer()(a, output_file=tmp_path / f"a{suffix}", imshow=False)
    assert (tmp_path / f"a{suffix}").stat().st_size > 0


# --- vector formats -------------------------------------------------------------------------------


def test_vector_files_are_of_their_format(tmp_path, maps, images):
    for suffix in VECTOR:
        HeatmapVisualizer()(maps, images, output_file=tmp_path / f"a{suffix}", imshow=False)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "a.pdf").read_bytes().rstrip().endswith(b"%%EOF")
    assert (tmp_path / "a.eps").read_text("latin-1").startswith("%!PS-Adobe-3.0 EPSF")
    assert ET.parse(tmp_path / "a.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_svg_holds_the_pixels_unresampled_and_fills_the_page(tmp_path, maps):
    import base64
    import io

    import matplotlib as mpl

    with mpl.rc_context({"savefig.bbox": "tight", "savefig.pad_inches": 1.0}):
        Visualizer()(maps, output_file=tmp_path / "a.svg", imshow=False)
    root = ET.parse(tmp_path / "a.svg").getroot()
    (image,) = root.iter("{http://www.w3.org/2000/svg}image")
    data = image.get("{http://www.w3.org/1999/xlink}href").split("base64,")[1]
    pixels = read_picture(io.BytesIO(base64.b64decode(data)), "RGB")
    np.testing.assert_array_equal(pixels, sheet_of(Visualizer(), maps))
    page = [float(v) for v in root.get("viewBox").split()[2:]]
    assert page[0] / page[1] == pytest.approx(27 / 12)


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["picture", "picture.", "a.npy", "a.png.txt", ".png", "a.svgz", ""]
)
def test_unknown_suffix_raises_before_any_work(tmp_path, monkeypatch, maps, name):
    def work(*args):
        raise AssertionError("rendered first")

    monkeypatch.setattr(hotcold._core, "render", work)
    expected = message("`output_file` must end in one of .png, .jpg", ".eps, got", repr(name)[1:-1])
    with pytest.raises(ValueError, match=expected):
        Visualizer()(maps, output_file=tmp_path / name if name else name, imshow=False)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_may_be_strings_or_path_like(tmp_path, maps, kind):
    Visualizer()(maps, output_file=kind(tmp_path / "a.png"), imshow=False)
    assert left_in(tmp_path) == ["a.png"]


@pytest.mark.parametrize("name", ["a.png", "./a.png", "a.png/", "a.png/.", "b/../a.png", "..png"])
@pytest.mark.parametrize("core_writes", [False, *([True] if files.CORE_WRITES else [])])
def test_paths_mean_what_they_mean_to_pathlib(tmp_path, monkeypatch, maps, name, core_writes):
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "CORE_WRITES", core_writes)
    monkeypatch.setattr(_atomic, "CORE_WRITES", core_writes)
    Visualizer()(maps, output_file=name, imshow=False)
    assert left_in(tmp_path) == sorted(["b", Path(name).name])
    with pytest.raises(FileNotFoundError, match=message(str(tmp_path / "none"))):
        Visualizer()(maps, output_file=f"none/{name}", imshow=False)


def test_files_replace_older_ones(tmp_path, maps):
    path = tmp_path / "a.png"
    path.write_text("an older file, longer than a picture" * 1000)
    Visualizer()(maps, output_file=path, imshow=False)
    np.testing.assert_array_equal(read_picture(path), sheet_of(Visualizer(), maps))
    assert left_in(tmp_path) == ["a.png"]


def test_missing_folder_is_named(tmp_path, maps):
    expected = message("the folder of the file to write must exist", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match=expected):
        Visualizer()(maps, output_file=tmp_path / "none" / "a.png", imshow=False)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".svg"])
def test_a_folder_in_the_way_is_an_error_and_leaves_nothing(tmp_path, maps, suffix):
    (tmp_path / f"a{suffix}").mkdir()
    with pytest.raises(OSError, match=message(f"a{suffix}")):
        Visualizer()(maps, output_file=tmp_path / f"a{suffix}", imshow=False)
    assert left_in(tmp_path) == [f"a{suffix}"]
    assert left_in(tmp_path / f"a{suffix}") == []


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are POSIX")
@pytest.mark.parametrize("suffix", [".png", ".tif", ".pdf"])
def test_a_write_that_fails_half_way_keeps_the_old_file(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    run_python(
        "import resource, numpy as np, hotcold\n"
        "a = np.random.default_rng(0).standard_normal((1, 3, 99, 99))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        f"    hotcold.Visualizer()(a, output_file={str(path)!r}, imshow=False)\n"
        "except OSError as error:\n"
        "    assert 'too large' in str(error), error\n"
        "else:\n"
        "    raise AssertionError('written')\n"
    )
    assert left_in(tmp_path) == [path.name]
    assert path.read_text() == "old"


def test_a_picture_that_cannot_be_encoded_leaves_nothing(tmp_path):
    wide = np.ones((1, 1, 1, 17_000))  # WebP ends at 16383 pixels
    with pytest.raises(ValueError, match="16383"):
        Visualizer()(wide, output_file=tmp_path / "a.webp", imshow=False)
    assert left_in(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
@pytest.mark.parametrize(
    ("suffix", "most"), [("webp", 16383), ("jpg", 65500), ("gif", 65535), ("bmp", None)]
)
def test_what_a_format_cannot_hold_is_refused_before_any_work(tmp_path, suffix, most):
    from PIL import Image

    rows = (most or 66000) + 1
    maps = np.zeros((1, 1, rows, 2), np.float32)
    maps[0, 0, 0] = np.nan, 1  # which would be the next thing to be refused
    said = "NaN" if most is None else f"at most {most} pixels a side.* {rows} x 2.*png"
    with pytest.raises(ValueError, match=said):
        Visualizer()(maps, tmp_path / f"one.{suffix}", imshow=False)
    with pytest.raises(ValueError, match=said):
        hotcold.render_files(
            Visualizer(), maps, output_dir=tmp_path / "high", format=suffix, progress=False
        )
    assert list(tmp_path.glob("*.*")) == []
    assert (tmp_path / "high").exists() == (most is None)  # NaN ends a job once it runs
    # And what is said is what the library takes.
    picture = np.zeros((rows - 1, 2, 3), np.uint8)
    files.save_picture(tmp_path / f"most.{suffix}", picture)
    with Image.open(tmp_path / f"most.{suffix}") as image:
        assert image.size == (2, rows - 1)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path, maps, mask):
    before = os.umask(mask)
    try:
        Visualizer()(maps, output_file=tmp_path / "a.png", imshow=False)
    finally:
        after = os.umask(before)
    assert after == mask
    assert (tmp_path / "a.png").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.skipif(os.name != "posix", reason="links need no privilege on POSIX")
def test_links_are_followed(tmp_path, maps):
    (tmp_path / "store").mkdir()
    (tmp_path / "a.png").symlink_to(tmp_path / "store" / "real.png")
    Visualizer()(maps, output_file=tmp_path / "a.png", imshow=False)
    assert (tmp_path / "a.png").is_symlink()
    assert left_in(tmp_path / "store") == ["real.png"]


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "\N{SNOWMAN}" * 80 + ".png", " .a b.png"])
def test_names_as_long_as_the_file_system_allows(tmp_path, maps, name):
    Visualizer()(maps, output_file=tmp_path / name, imshow=False)
    assert left_in(tmp_path) == [name]


# --- what a file says of itself -------------------------------------------------------------------


def test_png_says_what_was_drawn_and_how(tmp_path, maps, images):
    from PIL import Image

    visualizer = HeatmapVisualizer(overlay_opacity=0.25, dim_order="channels_first")
    visualizer(maps, images, output_file=tmp_path / "a.png", imshow=False, blur=3)
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        text = image.text
    assert text["Software"] == f"hotcold {hotcold.__version__}"
    assert text["Description"] == repr(HeatmapVisualizer(overlay_opacity=0.25, blur=3.0))


def test_same_picture_gives_the_same_bytes(tmp_path, maps):
    import matplotlib as mpl

    for suffix in RASTER:
        written = []
        for _ in range(2):
            cmap = mpl.colormaps["viridis"].copy()
            Visualizer(cmap=cmap)(maps, output_file=tmp_path / f"a{suffix}", imshow=False)
            written.append((tmp_path / f"a{suffix}").read_bytes())
        assert written[0] == written[1], suffix


def test_encoders_take_pictures_that_are_views(rng):
    import io

    picture = rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    for view in (picture[::-1, ::2], picture[..., ::-1], picture.transpose(1, 0, 2)):
        np.testing.assert_array_equal(read_picture(io.BytesIO(files.encode(view, ".png"))), view)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_quality_trades_bytes_for_pixels(tmp_path, rng, suffix):
    smooth = hotcold.gaussian_blur(rng.standard_normal((1, 1, 90, 120)), 6.0)
    exact = HeatmapVisualizer().render(smooth, rng.integers(0, 256, (1, 3, 90, 120), np.uint8))
    sizes, errors = [], []
    for quality in (10, 60, 100):
        path = tmp_path / f"{quality}.{suffix}"
        files.save_picture(path, exact[0], quality=quality)
        sizes.append(path.stat().st_size)
        errors.append(np.abs(read_picture(path)[..., :3].astype(int) - exact[0]).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert len(set(sizes)) == 3


@pytest.mark.parametrize("compression", files.COMPRESSIONS)
def test_webp_is_lossless_at_any_compression(tmp_path, rng, compression):
    picture = rng.integers(0, 256, (30, 20, 4), np.uint8)
    files.save_picture(tmp_path / "a.webp", picture, compression=compression)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.webp"), picture)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_compression_trades_time_for_bytes(suffix):
    example = hotcold.data.load_example()
    picture = HeatmapVisualizer().render(example.attributions[:1], example.images[:1])[0]
    fast, usual, small = (
        len(files.encode(picture, suffix, compression=name))
        for name in ("fast", "default", "small")
    )
    assert fast > usual > small


def test_jpeg_needs_no_file_of_the_systems(rng, monkeypatch):
    picture = rng.integers(0, 256, (30, 20, 3), np.uint8)
    expected = files.encode(picture, ".jpg")

    def refuse(name):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    assert files.encode(picture, ".jpg") == expected


def test_quality_is_checked_before_any_work(tmp_path, maps):
    with pytest.raises(ValueError, match=message("`quality` must be <= 100", "101")):
        Visualizer(quality=101)
    for name in ("a.png", "a.tif", "a.pdf"):
        with pytest.raises(ValueError, match=message("`quality` must be None for", "got 80")):
            Visualizer(quality=80)(maps * np.nan, tmp_path / name, imshow=False)
    with pytest.raises(ValueError, match=message("`quality` must be None for .bmp files")):
        hotcold.render_files(
            Visualizer(), maps, output_dir=tmp_path / "job", format="bmp", quality=5
        )
    assert left_in(tmp_path) == []


def test_jobs_and_calls_take_the_quality(tmp_path, maps):
    sizes = {}
    for quality in (None, 20):
        job = tmp_path / f"job{quality}"
        Visualizer(quality=quality)(maps[:1], tmp_path / "one.jpg", imshow=False)
        hotcold.render_files(
            Visualizer(), maps, output_dir=job, format="jpg", quality=quality, progress=False
        )
        assert sorted(job.glob("*.jpg"))[0].read_bytes() == (tmp_path / "one.jpg").read_bytes()
        sizes[quality] = (tmp_path / "one.jpg").stat().st_size
    assert sizes[20] < sizes[None]
    with pytest.raises(ValueError, match="quality"):  # pictures of two kinds in one folder
        hotcold.render_files(
            Visualizer(), maps, output_dir=tmp_path / "job20", format="jpg", resume=True
        )
