"""The encoder's files: read back by three other programs, whatever the pixels."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import zlib

import matplotlib
import numpy as np
import pytest
from helpers import optional
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer, _core

LEVELS = _core.build_info()["isa_available"]
RAMP = np.stack([np.arange(256), 255 - np.arange(256), np.arange(256) // 2], 1).astype(np.uint8)


@pytest.fixture(params=LEVELS)
def level(request):
    """Each instruction set level of this machine, in force for the test."""
    before = _core.build_info()["isa"]
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


@pytest.fixture(params=[False, True], ids=["fast", "thorough"])
def thorough(request):
    """Both ways of choosing matches."""
    return request.param


def encode(picture, palette=None, text=(), *, thorough=False, n_threads=1):
    return _core.encode_png(picture, palette, list(text), thorough, n_threads)


def chunks(data):
    """Return (type, body) of each chunk, checking signature and checksums."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, place = [], 8
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        (crc,) = struct.unpack(">I", data[place + 8 + length : place + 12 + length])
        assert crc == zlib.crc32(kind + body)
        found.append((kind.decode(), body))
        place += 12 + length
    return found


def stream(data):
    """Return the filtered rows: inflated whole, the checksum verified."""
    return zlib.decompress(b"".join(body for kind, body in chunks(data) if kind == "IDAT"))


def by_pillow(data, mode=None):
    image = Image.open(io.BytesIO(data))
    return np.asarray(image.convert(mode) if mode else image)


def by_opencv(data):
    cv2 = optional("cv2")
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture.ndim == 3:
        order = [2, 1, 0, 3][: picture.shape[2]]
        picture = picture[..., order]
    return picture


def assert_reads_back(picture, data):
    """Pillow and OpenCV see exactly `picture`, (H, W), (H, W, 3) or (H, W, 4)."""
    chunks(data)
    np.testing.assert_array_equal(by_pillow(data), picture)
    np.testing.assert_array_equal(by_opencv(data), picture)


def squeezed(picture):
    return picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture


def contents(height, width, channels, rng):
    """Yield (name, picture) of every kind that compresses in its own way."""
    shape = (height, width, channels)
    y, x, c = np.ogrid[:height, :width, :channels]
    yield "noise", rng.integers(0, 256, shape, dtype=np.uint8)
    yield "black", np.zeros(shape, np.uint8)
    yield "white", np.full(shape, 255, np.uint8)
    yield "gradient", ((3 * x + 5 * y + 40 * c) % 256).astype(np.uint8)
    yield "smooth", np.uint8(127 + 100 * np.sin(x / 17 + c) * np.cos(y / 23))
    yield "two values", np.uint8(rng.random(shape) < 0.1) * np.uint8(200)
    yield "stripes", ((x // 7 + c) % 2 * 255 + 0 * y).astype(np.uint8)
    yield "half flat", np.where(y < height // 2, 9, rng.integers(0, 256, shape)).astype(np.uint8)
    yield "quiet", rng.normal(128, 3, shape).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (5, 3), (31, 33), (64, 64), (97, 131)])
def test_every_content_reads_back(level, thorough, size, channels, rng):
    for _, picture in contents(*size, channels, rng):
        assert_reads_back(squeezed(picture), encode(picture, thorough=thorough))


@pytest.mark.parametrize("size", [(1, 70_000), (70_000, 1), (3, 30_000), (300, 431)])
def test_several_bands_read_back(level, thorough, size, rng):
    for _, picture in contents(*size, 3, rng):
        data = encode(picture, thorough=thorough)
        assert sum(kind == "IDAT" for kind, _ in chunks(data)) > 1
        np.testing.assert_array_equal(by_pillow(data), picture)


@settings(max_examples=300, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 90),
    channels=st.sampled_from([1, 3, 4]),
    spread=st.sampled_from([1, 2, 3, 8, 64, 256]),
    walk=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    level=st.sampled_from(LEVELS),
    thorough=st.booleans(),
)
def test_any_picture_reads_back(height, width, channels, spread, walk, seed, level, thorough):
    picture = np.random.default_rng(seed).integers(0, spread, (height, width, channels))
    if walk:
        picture = picture.cumsum(1)
    picture = picture.astype(np.uint8)
    before = _core.build_info()["isa"]
    _core.set_isa(level)
    try:
        assert_reads_back(squeezed(picture), encode(picture, thorough=thorough))
    finally:
        _core.set_isa(before)


def from_residuals(residuals):
    """Return the one-row picture whose filtered row is `residuals` (row 0: filter Sub)."""
    return np.cumsum(np.asarray(residuals, np.uint8), dtype=np.uint8)[None]


def fibonacci(rng, limit=60_000):
    """Return symbols counted like Fibonacci's numbers: a code without a limit gets too deep."""
    counts = [1, 1]
    while sum(counts) + counts[-1] + counts[-2] < limit:
        counts.append(counts[-1] + counts[-2])
    return rng.permutation(np.repeat(np.arange(len(counts)), counts))


def every_symbol():
    """Return runs of every length from 1 to 262, so all length symbols, between all 256 bytes."""
    parts = [np.full(length, length % 256) for length in range(1, 263)]
    return np.concatenate([*parts, np.arange(256)])


def repeats(length):
    return np.concatenate([[7], np.full(length, 5), [6]])


def many_distances(rng):
    """Return noise in which pieces of 3 to 300 bytes return at every distance."""
    residuals = rng.integers(0, 256, 60_000)
    for distance in np.unique(np.geomspace(1, 32_768, 150).astype(int)):
        start = rng.integers(distance, 59_000)
        for i in range(start, start + rng.integers(3, 300)):
            residuals[i] = residuals[i - distance]
    return residuals


RESIDUALS = {
    "one symbol": lambda rng: np.ones(5000),
    "two symbols": lambda rng: rng.integers(0, 2, 5000),
    "three symbols": lambda rng: rng.integers(0, 3, 5000),
    "one rare symbol": lambda rng: np.arange(60_000) == 31_234,
    "fibonacci": fibonacci,
    "fibonacci, falling": lambda rng: 255 - fibonacci(rng),
    "fibonacci, in order": lambda rng: np.sort(fibonacci(rng)),
    "all literals": lambda rng: rng.permutation(np.repeat(np.arange(256), 100) ** 2 // 256),
    "all symbols": lambda rng: every_symbol(),
    "geometric": lambda rng: np.minimum(rng.geometric(0.5, 65_000), 255),
    "noise": lambda rng: rng.integers(0, 256, 65_534),
    "just compressible": lambda rng: rng.integers(0, 240, 65_534),
    "repeats far away": lambda rng: np.tile(rng.integers(0, 256, 32_768), 2)[:65_534],
    "repeats too far away": lambda rng: np.tile(rng.integers(0, 256, 32_769), 2)[:65_534],
    "repeats at many distances": many_distances,
    **{
        f"run of {n}": (lambda rng, n=n: repeats(n))
        for n in (1, 2, 3, 5, 6, 7, 63, 64, 65, 257, 258, 259, 260, 261, 515, 516, 517, 1031)
    },
}


@pytest.mark.parametrize("name", RESIDUALS)
def test_huffman_edges_read_back(level, thorough, name, rng):
    residuals = np.asarray(RESIDUALS[name](rng)).astype(np.uint8)
    picture = from_residuals(residuals)
    data = encode(picture, thorough=thorough)
    assert stream(data) == b"\x01" + residuals.tobytes()
    assert_reads_back(picture, data)


@pytest.mark.parametrize("count", [65_533, 65_534, 65_535, 131_069, 131_070])
def test_band_boundaries_read_back(level, thorough, count, rng):
    for residuals in (rng.integers(0, 256, count), np.zeros(count), rng.integers(0, 4, count)):
        picture = from_residuals(residuals)
        data = encode(picture, thorough=thorough)
        assert stream(data) == b"\x01" + residuals.astype(np.uint8).tobytes()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_levels_and_threads_give_the_same_bytes(channels, thorough, rng):
    before = _core.build_info()["isa"]
    for _, picture in contents(317, 441, channels, rng):
        files = set()
        for name in LEVELS:
            _core.set_isa(name)
            files.update(encode(picture, thorough=thorough, n_threads=n) for n in (1, 2, 7))
        _core.set_isa(before)
        assert len(files) == 1
        np.testing.assert_array_equal(by_pillow(files.pop()), squeezed(picture))


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::-1],
        lambda a: a[:, 10:50],
        lambda a: a[::3, 5:],
        lambda a: np.broadcast_to(a[:1], a.shape),
        lambda a: a[:1, :1],
    ],
    ids=["reversed", "columns", "every third row", "one row repeated", "one pixel"],
)
def test_strided_rows_read_back(level, view, rng):
    for _, picture in contents(60, 70, 3, rng):
        strided = view(picture)
        data = encode(strided)
        assert data == encode(np.ascontiguousarray(strided))
        np.testing.assert_array_equal(by_pillow(data), strided)


def test_readonly_picture_is_taken_and_left_alone(rng):
    picture = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    copy = picture.copy()
    picture.flags.writeable = False
    encode(picture)
    np.testing.assert_array_equal(picture, copy)


@pytest.mark.parametrize("entries", [1, 2, 5, 200, 256])
def test_indices_mean_the_palettes_colours(level, entries, rng):
    palette = rng.integers(0, 256, (entries, 3), dtype=np.uint8)
    indices = rng.integers(0, entries, (45, 67), dtype=np.uint8)
    for picture in (indices, np.sort(indices, axis=1), np.full_like(indices, entries - 1)):
        data = encode(picture, palette)
        np.testing.assert_array_equal(by_pillow(data), picture)
        np.testing.assert_array_equal(by_pillow(data, "RGB"), palette[picture])
        np.testing.assert_array_equal(by_opencv(data), palette[picture])


def test_expected_colours_become_a_palette(level, rng):
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


def test_pngcheck_finds_no_fault(level, rng, tmp_path):
    program = shutil.which("pngcheck")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("pngcheck is not installed")
        pytest.skip("pngcheck is not installed")
    files = []
    pictures = [
        (picture, palette)
        for channels in (1, 3, 4)
        for _, picture in contents(70, 1000 // channels, channels, rng)
        for palette in ((None, RAMP) if channels == 1 else (None,))
    ]
    pictures += [(from_residuals(make(rng)), None) for make in RESIDUALS.values()]
    for i, (picture, palette) in enumerate(pictures):
        files.append(tmp_path / f"{i}.png")
        text = [("Comment", "caf\u00e9")]
        files[-1].write_bytes(encode(picture, palette, text, thorough=i % 2 == 0))
    done = subprocess.run([program, "-v", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert f"No errors were detected in {len(files)} of the {len(files)} files" in done.stdout
    assert "WARNING" not in done.stdout.upper(), done.stdout


def test_noise_grows_by_the_container_alone(rng):
    picture = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    assert len(encode(picture)) <= picture.size + 224 + 3 * 17 + 6 + 57


@pytest.mark.parametrize(
    ("visualizer", "fast", "searched"),
    [
        (HeatmapVisualizer(), 1.02, 1.0),
        (MaskVisualizer(), 1.05, 1.0),
        (MaskVisualizer(use_attr_as_opacity=True), 1.0, 1.0),
        (Visualizer(combine_channels=True, blur=10, cmap="jet"), 0.6, 0.5),
    ],
    ids=["overlay", "mask", "soft mask", "heat map"],
)
def test_real_pictures_are_no_larger_than_pillows(visualizer, fast, searched):
    """The limits of the fast way are those of these photographs, a little above what it reaches."""
    example = hotcold.data.load_example()
    heat_map = type(visualizer) is Visualizer
    arrays = (example.attributions,) if heat_map else (example.attributions, example.images)
    colors = matplotlib.colormaps["jet"](np.arange(256), bytes=True)[:, :3].copy()
    sizes = np.zeros(3)
    for picture in visualizer.render(*arrays):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "png")
        palette = colors if heat_map else None
        files = [encode(picture, palette, thorough=way) for way in (False, True)]
        for data in files:
            np.testing.assert_array_equal(by_pillow(data, "RGB"), picture)
        sizes += [len(buffer.getvalue()), *map(len, files)]
    assert sizes[1] <= fast * sizes[0]
    assert sizes[2] <= searched * sizes[0]


def test_thorough_is_never_larger(rng):
    for channels in (1, 3, 4):
        for name, picture in contents(97, 131, channels, rng):
            assert len(encode(picture, thorough=True)) <= len(encode(picture)), name


def test_flat_areas_stay_small():
    assert len(encode(np.full((224, 224, 3), 200, np.uint8))) < 800
    assert len(encode(np.zeros((1, 1), np.uint8))) < 70


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
        _core.encode_png(**{**arguments, "thorough": False, "n_threads": 1, **change})
