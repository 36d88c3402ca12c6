"""The encoder's files: read back by three other programs, whatever the pixels."""

from __future__ import annotations

import os
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from png_files import (
    COMPRESSIONS,
    LEVELS,
    RAMP,
    RESIDUALS,
    assert_reads_back,
    by_pillow,
    chunks,
    contents,
    encode,
    from_residuals,
    squeezed,
    stream,
)

from hotcold import _core

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (5, 3), (31, 33), (64, 64), (97, 131)])
def test_every_content_reads_back(isa, compression, size, channels, rng):
    for _, picture in contents(*size, channels, rng):
        assert_reads_back(squeezed(picture), encode(picture, compression=compression))


@pytest.mark.parametrize("size", [(1, 90_000), (90_000, 1), (3, 30_000), (300, 431)])
def test_several_bands_read_back(isa, compression, size, rng):
    for _, picture in contents(*size, 3, rng):
        data = encode(picture, compression=compression)
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
    compression=st.sampled_from(COMPRESSIONS),
)
def test_any_picture_reads_back(height, width, channels, spread, walk, seed, level, compression):
    picture = np.random.default_rng(seed).integers(0, spread, (height, width, channels))
    if walk:
        picture = picture.cumsum(1)
    picture = picture.astype(np.uint8)
    before = _core.build_info()["isa"]
    _core.set_isa(level)
    try:
        assert_reads_back(squeezed(picture), encode(picture, compression=compression))
    finally:
        _core.set_isa(before)


@pytest.mark.parametrize("name", RESIDUALS)
def test_huffman_edges_read_back(isa, compression, name, rng):
    residuals = np.asarray(RESIDUALS[name](rng)).astype(np.uint8)
    picture = from_residuals(residuals)
    data = encode(picture, compression=compression)
    assert stream(data) == b"\x01" + residuals.tobytes()
    assert_reads_back(picture, data)


@pytest.mark.parametrize("count", [40_959, 51_199, 51_200, 65_534, 131_070, 262_143, 262_144])
def test_block_and_band_boundaries_read_back(isa, compression, count, rng):
    for residuals in (rng.integers(0, 256, count), np.zeros(count), rng.integers(0, 4, count)):
        picture = from_residuals(residuals)
        data = encode(picture, compression=compression)
        assert stream(data) == b"\x01" + residuals.astype(np.uint8).tobytes()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_levels_and_threads_give_the_same_bytes(channels, compression, rng):
    before = _core.build_info()["isa"]
    for _, picture in contents(317, 441, channels, rng):
        files = set()
        for name in LEVELS:
            _core.set_isa(name)
            files.update(encode(picture, compression=compression, n_threads=n) for n in (1, 2, 7))
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
def test_strided_rows_read_back(isa, view, rng):
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


def test_pngcheck_finds_no_fault(isa, rng, tmp_path):
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
        files[-1].write_bytes(encode(picture, palette, text, compression=COMPRESSIONS[i % 3]))
    done = subprocess.run([program, "-v", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert f"No errors were detected in {len(files)} of the {len(files)} files" in done.stdout
    assert "WARNING" not in done.stdout.upper(), done.stdout
