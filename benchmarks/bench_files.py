"""Overlays to PNG files: the whole job, and how large the files are."""

import io
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import rivals
import workloads
from harness import assert_pixels_close, race
from PIL import Image

import hotcold

fpng = pytest.importorskip("fpng")

ITEMS = 64


@pytest.fixture(scope="module")
def batch():
    return workloads.typical(ITEMS)


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(prefix="hotcold-bench-"))
    yield path
    shutil.rmtree(path)


def _pixels(folder: Path) -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))])


@pytest.mark.benchmark(group="files_overlay_png")
def test_two_threads(benchmark, batch, folder):
    show = hotcold.HeatmapVisualizer()
    table = rivals.jet_table()
    images = batch.images_first
    ours, theirs = folder / "ours", folder / "theirs"
    theirs.mkdir()

    def by_hotcold():
        hotcold.render_files(
            show, batch.attributions, images, output_dir=ours, n_threads=2, progress=False
        )
        return ours

    def one(i):
        picture = rivals.cv2_overlay(batch.attributions[i], batch.images[i], table)
        (theirs / f"{i:08}.png").write_bytes(fpng.from_ndarray(picture))

    def by_cv2_and_fpng():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(ITEMS)))
        return theirs

    def check(mine, answers):
        assert_pixels_close(_pixels(mine), _pixels(answers["cv2 and fpng"]), 0.001, 9)

    race(
        benchmark,
        by_hotcold,
        {"cv2 and fpng": by_cv2_and_fpng},
        check=check,
        targets={"cv2 and fpng": 6},
        floors={"cv2 and fpng": 1.5},
        rounds=7,
        items=ITEMS,
    )


@pytest.mark.benchmark(group="files_overlay_png")
def test_against_a_figure_an_item(benchmark, batch, folder):
    """One overlay at a time, as a visualisation module does it, without its import or its leaks."""
    show = hotcold.HeatmapVisualizer(n_threads=1)
    path = folder / "overlay.png"

    def by_hotcold():
        for i in range(4):
            show(
                batch.attributions[i : i + 1],
                batch.images_first[i : i + 1],
                output_file=path,
                imshow=False,
            )
        return path

    def by_matplotlib():
        for i in range(4):
            path.with_name("figure.png").write_bytes(
                rivals.matplotlib_overlay_png(batch.attributions[i], batch.images[i])
            )
        return path.with_name("figure.png")

    def check(mine, answers):
        assert Image.open(mine).size == (workloads.SIZE, workloads.SIZE)
        assert Image.open(answers["matplotlib"]).size[0] > 100

    race(
        benchmark,
        by_hotcold,
        {"matplotlib": by_matplotlib},
        check=check,
        targets={"matplotlib": 400},
        rounds=5,
        items=4,
    )


def _pillow_png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def _pictures(kind: str, batch: workloads.Workload) -> np.ndarray:
    maps, images = batch.attributions, batch.images_first
    if kind == "overlay":
        return hotcold.HeatmapVisualizer().render(maps, images)
    if kind == "mask":
        return hotcold.MaskVisualizer().render(maps, images)
    return hotcold.Visualizer(combine_channels=True, blur=5).render(maps)


@pytest.mark.benchmark(group="encode_png")
@pytest.mark.parametrize("kind", ["overlay", "mask", "heat map"])
def test_encoder(benchmark, batch, kind):
    """The encoder alone, one thread: time and bytes against what people use."""
    pictures = _pictures(kind, batch)[:16]
    encoders = {
        "fpng": fpng.from_ndarray,
        "pillow": _pillow_png,
        "cv2": lambda p: cv2.imencode(".png", p)[1].tobytes(),
    }
    ours = lambda p: hotcold.files.encode(p, ".png")  # noqa: E731
    sizes = {name: sum(len(run(p)) for p in pictures) for name, run in encoders.items()}
    size = sum(len(ours(p)) for p in pictures)
    # What the contract promises of the size holds whatever the machine.
    assert size <= sizes["pillow"] * (0.5 if kind == "heat map" else 1.0), (size, sizes)

    def check(mine, answers):
        for data, picture in zip(mine, pictures, strict=True):
            np.testing.assert_array_equal(
                np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), picture
            )

    race(
        benchmark,
        lambda: [ours(p) for p in pictures],
        {name: lambda run=run: [run(p) for p in pictures] for name, run in encoders.items()},
        check=check,
        targets={"fpng": 1.0},
        floors={"fpng": 0.4, "pillow": 8},
        rounds=7,
        items=len(pictures),
        bytes_per_item=size / len(pictures),
        rivals_bytes_per_item={name: total / len(pictures) for name, total in sizes.items()},
    )
