"""Formats beside PNG: overlays to bytes, and whole jobs on two threads against one."""

import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import workloads
from harness import race, spread
from PIL import Image

import hotcold
from hotcold import files

ITEMS = 8
JOB_ITEMS = {"jpg": 256, "webp": 64, "tif": 256}
# As people call Pillow: without loss where the format can be.
PILLOW = {
    "jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "webp": {"format": "WEBP", "lossless": True},
    "tif": {"format": "TIFF", "compression": "tiff_adobe_deflate"},
}


def by_pillow(picture, options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, **options)
    return buffer.getvalue()


def pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.benchmark(group="formats")
@pytest.mark.parametrize("suffix", PILLOW)
def test_encode(benchmark, suffix):
    batch = workloads.typical(ITEMS)
    pictures = hotcold.HeatmapVisualizer().render(batch.attributions, batch.images_first)
    options = PILLOW[suffix]

    def check(mine, answers):
        for ours, theirs in zip(mine, answers["Pillow"], strict=True):
            np.testing.assert_array_equal(pixels(ours), pixels(theirs))

    race(
        benchmark,
        lambda: [files.encode(picture, f".{suffix}") for picture in pictures],
        {"Pillow": lambda: [by_pillow(picture, options) for picture in pictures]},
        check=check,
        targets={"Pillow": 1.0},
        floors={"Pillow": 0.3},
        rounds=5,
        items=ITEMS,
        bytes=sum(len(files.encode(picture, f".{suffix}")) for picture in pictures) / ITEMS,
        pillow_bytes=sum(len(by_pillow(picture, options)) for picture in pictures) / ITEMS,
    )


@pytest.mark.benchmark(group="formats")
@pytest.mark.parametrize("suffix", PILLOW)
def test_two_threads(benchmark, suffix):
    batch = workloads.typical(JOB_ITEMS[suffix])
    visualizer = hotcold.HeatmapVisualizer()
    root = Path(tempfile.mkdtemp(prefix="hotcold-bench-"))
    spread(root)
    made = iter(range(1_000_000))

    def job(n_threads):
        folder = root / f"{next(made)}"
        hotcold.render_files(
            visualizer,
            batch.attributions,
            batch.images_first,
            output_dir=folder,
            format=suffix,
            n_threads=n_threads,
            progress=False,
        )
        return folder

    def check(mine, answers):
        ours, theirs = sorted(mine.glob("*.*")), sorted(answers["one thread"].glob("*.*"))
        assert len(ours) == len(theirs) >= batch.n_items
        for one, other in zip(ours, theirs, strict=True):
            assert one.name == other.name
            assert one.is_dir() or one.read_bytes() == other.read_bytes()

    try:
        race(
            benchmark,
            lambda: job(2),
            {"one thread": lambda: job(1)},
            check=check,
            targets={"one thread": 1.8},
            rounds=5,
            items=batch.n_items,
        )
    finally:
        shutil.rmtree(root)
