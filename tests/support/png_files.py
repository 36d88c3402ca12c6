"""Pictures for the encoder's tests, its files taken apart, and other programs that read them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from helpers import optional
from PIL import Image

from hotcold import _core, files

COMPRESSIONS = files.COMPRESSIONS
LEVELS = _core.build_info()["isa_available"]
RAMP = np.stack([np.arange(256), 255 - np.arange(256), np.arange(256) // 2], 1).astype(np.uint8)


def encode(picture, palette=None, text=(), *, compression="default", n_threads=1):
    return _core.encode_png(picture, palette, list(text), compression, n_threads)


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
