"""Maps in compressed storage chunks: the time of a whole job beside that of one reading.

    pip install '.[bench]' h5py zarr
    python benchmarks/stored_chunks.py --work-dir /scratch
    python benchmarks/stored_chunks.py --work-dir /scratch --items 2000

Float32 maps of 224x224 as gzip HDF5 with the chunks that h5py picks itself, (313, 1, 14, 14) for
5,000 of them: a corner of 313 maps; the same with one map a chunk; and zarr with its own choice.
Beside them uint8 images in one .npy file. Each is read once from its beginning to its end, chunk by
chunk, and then rendered by `hotcold.render_files`, whose report tells how much of it was reading.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import workloads
import zarr
from harness import spread

import hotcold

HERE = Path(__file__).parent
DISTINCT = 50
THREADS = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--work-dir", type=Path, default=None, help="a folder with room")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "stored_chunks.json")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hotcold-chunks-", dir=arguments.work_dir))
    spread(folder)
    try:
        images = write_images(folder / "images.npy", arguments.items)
        stores = {
            "hdf5, h5py's own chunks": write_hdf5(folder / "own.h5", arguments.items, True),
            "hdf5, a map a chunk": write_hdf5(folder / "one.h5", arguments.items, (1, 1, 224, 224)),
            "zarr, its own chunks": write_zarr(folder / "own.zarr", arguments.items),
        }
        record = {
            "hotcold": hotcold.build_info(),
            "threads": THREADS,
            "items": arguments.items,
            "stores": {name: measured(folder, path, images) for name, path in stores.items()},
        }
        record["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    finally:
        shutil.rmtree(folder)
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    for name, found in record["stores"].items():
        print(
            f"{name:25} chunks {found['chunks']}: one reading {found['one_reading']:.2f} s, "
            f"job {found['job']:.2f} s ({found['job'] / found['one_reading']:.2f}x)"
        )
    print(f"peak memory of all {record['peak_mb']:.0f} MB")
    return 0


def blocks(n_items: int) -> Any:
    """Yield (start, maps) of noise that compresses as attributions do."""
    maps = workloads.typical(DISTINCT).attributions.mean(1, keepdims=True).astype(np.float32)
    maps = np.round(maps, 2)
    for start in range(0, n_items, DISTINCT):
        yield start, maps[: n_items - start]


def write_images(path: Path, n_items: int) -> Path:
    images = workloads.typical(DISTINCT).images.transpose(0, 3, 1, 2)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (n_items, *images.shape[1:]))
    for start in range(0, n_items, DISTINCT):
        array[start : start + DISTINCT] = images[: n_items - start]
    return path


def write_hdf5(path: Path, n_items: int, chunks: Any) -> Path:
    # Written in one go: what is written in parts is compressed once for each.
    whole = np.concatenate([maps for _, maps in blocks(n_items)])
    with h5py.File(path, "w") as file:
        file.create_dataset("maps", data=whole, chunks=chunks, compression="gzip")
    return path


def write_zarr(path: Path, n_items: int) -> Path:
    whole = np.concatenate([maps for _, maps in blocks(n_items)])
    array = zarr.create_array(str(path), shape=whole.shape, dtype=whole.dtype)
    array[:] = whole
    return path


def measured(folder: Path, path: Path, images: Path) -> dict[str, Any]:
    chunks, one_reading = read_once(path)
    start = time.perf_counter()
    report = hotcold.render_files(
        hotcold.HeatmapVisualizer(),
        path,
        images,
        output_dir=folder / "pictures",
        n_threads=THREADS,
        progress=False,
    )
    seconds = time.perf_counter() - start
    assert report.ok
    shutil.rmtree(folder / "pictures")
    return {
        "chunks": list(chunks),
        "one_reading": one_reading,
        "job": seconds,
        "read_thread_seconds": report.stage_seconds["read"],
    }


def read_once(path: Path) -> tuple[tuple[int, ...], float]:
    opened: Callable[[], Any] = (
        (lambda: h5py.File(path)["maps"]) if path.suffix == ".h5" else lambda: zarr.open(path)
    )
    array = opened()
    step = max(16, array.chunks[0])
    start = time.perf_counter()
    for i in range(0, array.shape[0], step):
        array[i : i + step]
    return array.chunks, time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
