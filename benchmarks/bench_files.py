"""Overlays to PNG files: the whole job, and how large the files are."""

import io
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
import reference_module
import rivals
import workloads
from harness import assert_pixels_close, at_level, race, spread
from PIL import Image

import hotcold
from hotcold import files

fpng = pytest.importorskip("fpng")

# What a job does beside its items, 1 ms, is 4 us of an item in the one and 16 in the other.
ITEMS = 256
FEW_ITEMS = 64
ITEMS_OF_FIGURES = 4  # which take a tenth of a second each


@pytest.fixture(scope="module")
def batch():
    return workloads.typical(ITEMS)


# Where files go: the disk of temporary files, and memory, which leaves the file system's work out.
PLACES = {"disk": None, "memory": Path("/dev/shm")}


class Folders:
    """A new folder each time: writing over old files would time how those are given up."""

    def __init__(self, root: Path, in_memory: bool) -> None:
        self.root = root
        self.in_memory = in_memory
        self._made = 0

    def new(self) -> Path:
        self._made += 1
        path = self.root / f"{self._made:04}"
        path.mkdir()
        return path


def _folders(place: str):
    parent = PLACES[place]
    if parent is not None and not parent.is_dir():
        pytest.skip(f"no {parent} on this system")
    root = Path(tempfile.mkdtemp(prefix="hotcold-bench-", dir=parent))
    spread(root)
    yield Folders(root, in_memory=place == "memory")
    shutil.rmtree(root)


@pytest.fixture(params=PLACES)
def folders(request):
    yield from _folders(request.param)


@pytest.fixture
def disk_folders():
    yield from _folders("disk")


def _read(file) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _pixels(folder: Path) -> np.ndarray:
    return np.stack([_read(path) for path in sorted(folder.glob("*.png"))])


def _race_jobs(benchmark, batch, folders, n_items, **options):
    """A job of two threads against a pool of two that calls OpenCV and fpng."""
    show = hotcold.HeatmapVisualizer()
    table = rivals.jet_table()
    maps, images = batch.attributions[:n_items], batch.images_first[:n_items]

    def by_hotcold():
        folder = folders.new()
        hotcold.render_files(show, maps, images, output_dir=folder, n_threads=2, progress=False)
        return folder

    def by_cv2_and_fpng():
        folder = folders.new()

        def one(i):
            picture = rivals.cv2_overlay(batch.attributions[i], batch.images[i], table)
            (folder / f"{i:08}.png").write_bytes(fpng.from_ndarray(picture))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(n_items)))
        return folder

    def check(mine, answers):
        assert_pixels_close(_pixels(mine), _pixels(answers["cv2 and fpng"]), 0.001, 9)

    race(
        benchmark,
        by_hotcold,
        {"cv2 and fpng": by_cv2_and_fpng},
        check=check,
        # Most of the time on a slow disk is its own, the same for both.
        floors={"cv2 and fpng": 1.3 if folders.in_memory else 1.1},
        rounds=7,
        items=n_items,
        **options,
    )


@pytest.mark.benchmark(group="files_overlay_png")
def test_two_threads(benchmark, batch, folders):
    _race_jobs(benchmark, batch, folders, ITEMS, targets={"cv2 and fpng": 6})


@pytest.mark.benchmark(group="files_overlay_png")
def test_two_threads_small_job(benchmark, batch, folders):
    _race_jobs(benchmark, batch, folders, FEW_ITEMS)


def _figure_drawers(batch, folders):
    """One overlay at a time as visualisation modules make it: matplotlib, and such a module."""

    def by_matplotlib():
        folder = folders.new()
        for i in range(ITEMS_OF_FIGURES):
            data = rivals.matplotlib_overlay_png(batch.attributions[i], batch.images[i])
            (folder / f"{i}.png").write_bytes(data)
        return folder

    drawers = {"matplotlib": by_matplotlib}
    module = reference_module.load()
    if module is None:
        return drawers
    draw = module.HeatmapVisualizer()
    # It hands images to matplotlib, which takes floats from 0 to 1.
    images = batch.images_first[:ITEMS_OF_FIGURES].astype(np.float32) / 255

    def by_reference():
        folder = folders.new()
        for i in range(ITEMS_OF_FIGURES):
            draw(
                batch.attributions[i : i + 1],
                images[i : i + 1],
                output_file=str(folder / f"{i}.png"),
                imshow=False,
            )
            mpl.pyplot.close("all")  # which it leaves open
        return folder

    return {**drawers, "reference module": by_reference}


def _check_figures(mine, answers):
    """Figures have margins and a size of their own; only ours can be looked at closely."""
    for i in range(ITEMS_OF_FIGURES):
        for folder in answers.values():
            assert _read(folder / f"{i}.png").shape[0] > 100
    for path in sorted(mine.glob("*.png"))[:ITEMS_OF_FIGURES]:
        assert _read(path).shape == (workloads.SIZE, workloads.SIZE, 3)


@pytest.mark.benchmark(group="files_overlay_png")
def test_against_a_figure_an_item(benchmark, batch, disk_folders):
    """A call an item, on one thread."""
    show = hotcold.HeatmapVisualizer(n_threads=1)

    def by_hotcold():
        folder = disk_folders.new()
        for i in range(ITEMS_OF_FIGURES):
            show(
                batch.attributions[i : i + 1],
                batch.images_first[i : i + 1],
                output_file=folder / f"{i}.png",
                imshow=False,
            )
        return folder

    race(
        benchmark,
        by_hotcold,
        _figure_drawers(batch, disk_folders),
        check=_check_figures,
        targets={"reference module": 400},
        rounds=5,
        items=ITEMS_OF_FIGURES,
    )


@pytest.mark.benchmark(group="files_overlay_png")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_job_against_a_figure_an_item(benchmark, batch, disk_folders, n_threads):
    """The same by a job, as there is one for many items and none of the others has."""
    show = hotcold.HeatmapVisualizer()
    maps, images = batch.attributions[:FEW_ITEMS], batch.images_first[:FEW_ITEMS]

    def by_hotcold():
        folder = disk_folders.new()
        hotcold.render_files(
            show, maps, images, output_dir=folder, n_threads=n_threads, progress=False
        )
        return folder

    drawers = _figure_drawers(batch, disk_folders)
    race(
        benchmark,
        by_hotcold,
        drawers,
        check=_check_figures,
        targets={"reference module": 400},
        rounds=3,
        items=FEW_ITEMS,
        rival_items=dict.fromkeys(drawers, ITEMS_OF_FIGURES),
    )


def _pillow_png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()


def _pictures(kind: str, batch: workloads.Workload) -> np.ndarray:
    maps, images = batch.attributions, batch.images_first
    if kind == "overlay":
        return hotcold.HeatmapVisualizer().render(maps, images)
    if kind == "photograph":
        return np.ascontiguousarray(batch.images)
    if kind == "mask":
        return hotcold.MaskVisualizer().render(maps, images)
    return hotcold.Visualizer(combine_channels=True, blur=5).render(maps)


@pytest.mark.benchmark(group="encode_png")
@pytest.mark.parametrize(
    ("kind", "compression"),
    [
        pytest.param(kind, way, id=kind if way == "default" else f"{kind}, {way}")
        for way in ("default", "fast")
        for kind in ("overlay", "mask", "heat map", "photograph")
    ],
)
def test_encoder(benchmark, batch, kind, compression):
    """The encoder alone, one thread: time and bytes against what people use."""
    pictures = _pictures(kind, batch)[:16]
    encoders = {
        "fpng": fpng.from_ndarray,
        "pillow": _pillow_png,
        "cv2": lambda p: cv2.imencode(".png", p)[1].tobytes(),
    }
    # A job passes the colours of its table on; other pictures are not hurt by them.
    colors = mpl.colormaps["hotcold"](np.arange(256), bytes=True)[:, :3].copy()
    ours = lambda p, compression=compression: files.encode(  # noqa: E731
        p, ".png", None, colors if kind == "heat map" else None, compression=compression
    )
    sizes = {name: sum(len(run(p)) for p in pictures) for name, run in encoders.items()}
    size = sum(len(ours(p)) for p in pictures)
    small_size = sum(len(ours(p, "small")) for p in pictures)
    # With a margin for content; the record has the figures.
    assert small_size <= sizes["pillow"] * (0.65 if kind == "heat map" else 1.02), sizes

    def check(mine, answers):
        for data, picture in zip(mine, pictures, strict=True):
            np.testing.assert_array_equal(_read(io.BytesIO(data)), picture)

    race(
        benchmark,
        lambda: [ours(p) for p in pictures],
        {name: lambda run=run: [run(p) for p in pictures] for name, run in encoders.items()},
        check=check,
        targets={"fpng": at_level(avx512=2, avx2=1.8, baseline=1)},
        floors={"fpng": at_level(avx512=0.7, avx2=0.5), "pillow": at_level(avx512=20, avx2=15)},
        rounds=7,
        items=len(pictures),
        bytes_per_item=size / len(pictures),
        small_bytes_per_item=small_size / len(pictures),
        rivals_bytes_per_item={name: total / len(pictures) for name, total in sizes.items()},
    )
