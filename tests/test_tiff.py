"""TIFF files: differences along rows, compressed by the core, and tags that readers know."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import hotcold
from hotcold import _core, files

pytestmark = pytest.mark.kernels

SHAPES = [(1, 1, 3), (1, 1, 4), (1, 1000, 4), (1000, 1, 3), (7, 5, 3), (64, 43, 4), (300, 511, 3)]


def strip_by_hand(picture):
    """Return what a strip holds: each pixel less the one before it in its row."""
    before = np.zeros_like(picture)
    before[:, 1:] = picture[:, :-1]
    return (picture.astype(int) - before).astype(np.uint8).tobytes()


def read(data):
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return np.asarray(image), dict(image.tag_v2)


@pytest.mark.parametrize("compression", files.COMPRESSIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_strip_is_the_differences_compressed(rng, shape, compression):
    picture = rng.integers(0, 256, shape, np.uint8)
    picture[: shape[0] // 2] = 3
    strips = {_core.encode_strip(picture, compression, n) for n in (1, 2, 5)}
    assert len(strips) == 1  # whatever the threads
    assert zlib.decompress(strips.pop()) == strip_by_hand(picture)


@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(1, 9), st.integers(1, 70), st.sampled_from([3, 4])),
        elements=st.sampled_from([0, 1, 254, 255]),
    )
)
def test_any_picture_comes_back(picture):
    got, _ = read(files.encode(picture, ".tif"))
    np.testing.assert_array_equal(got, picture)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_files_are_read_by_others(rng, shape):
    cv2 = pytest.importorskip("cv2")
    picture = rng.integers(0, 256, shape, np.uint8)
    data = files.encode(picture, ".tiff", {"Description": "what é", "Software": "hotcold"})
    got, tags = read(data)
    np.testing.assert_array_equal(got, picture)
    assert tags[270] == r"what \xe9"
    assert tags[305] == "hotcold"
    if shape[2] == 3:
        by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(by_opencv[..., ::-1], picture)


def test_rows_may_lie_apart_or_upside_down(rng):
    whole = rng.integers(0, 256, (20, 11, 3), np.uint8)
    for view in (whole[::2], whole[::-1], np.broadcast_to(whole[:1], (5, 11, 3))):
        strip = _core.encode_strip(view, "default", 2)
        assert zlib.decompress(strip) == strip_by_hand(np.ascontiguousarray(view))


def test_a_wide_row_is_a_band(rng):
    picture = rng.integers(0, 9, (3, 100_000, 3), np.uint8)
    assert zlib.decompress(_core.encode_strip(picture, "fast", 2)) == strip_by_hand(picture)


def test_a_picture_takes_less_than_by_pillow():
    from PIL import Image

    example = hotcold.data.load_example()
    picture = hotcold.HeatmapVisualizer().render(example.attributions, example.images)[0]
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    assert len(files.encode(picture, ".tif")) < 0.8 * buffer.tell()


def test_jobs_and_calls_write_the_same_file(rng, tmp_path):
    maps = rng.standard_normal((3, 1, 20, 24)).astype(np.float32)
    visualizer = hotcold.Visualizer()
    job = tmp_path / "job"
    hotcold.render_files(visualizer, maps, output_dir=job, format="tif", progress=False)
    visualizer(maps[1:2], tmp_path / "one.tif", imshow=False)
    written = [path.read_bytes() for path in sorted(job.glob("*.tif"))]
    pictures = [read(data)[0] for data in written]
    np.testing.assert_array_equal(pictures, visualizer.render(maps))
    assert written[1] == (tmp_path / "one.tif").read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [{"picture": np.zeros((2, 2, 3), np.int8)}, {"compression": "best"}, {"n_threads": 0}],
    ids=str,
)
def test_what_the_core_refuses(wrong):
    arguments = {"picture": np.zeros((2, 2, 3), np.uint8), "compression": "fast", "n_threads": 1}
    with pytest.raises((TypeError, ValueError)):
        _core.encode_strip(**{**arguments, **wrong})
