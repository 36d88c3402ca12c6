"""The whole offline job, from arrays on disk to picture files: rate, bytes and peak memory.

    pip install '.[bench]'
    python benchmarks/offline_job.py --work-dir /scratch          # 1,000 and 10,000 items
    python benchmarks/offline_job.py --work-dir /scratch --items 1000 10000 100000

Writes float16 maps of one channel and uint8 images of 224x224 (250 KB an item) into the folder,
renders them with `hotcold render` in a process of its own, overlays as PNG files, and beside it
the same by the OpenCV chain with fpng in a pool of Python threads, and by a matplotlib figure an
item (of which a few are enough). Everything that it wrote is removed in the end.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import rivals
import workloads
from harness import spread

import hotcold

HERE = Path(__file__).parent
DISTINCT = 500  # items that differ; the files repeat them
THREADS = 2
RIVAL_ITEMS = {"cv2 and fpng": 1000, "matplotlib": 40}

# Peak memory is that of a process which does nothing else. VmHWM: what getrusage() tells counts the
# parent's too.
JOB = """
import json, re, sys
from hotcold.cli import main
sys.argv = ["hotcold", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    status = stop.code or 0
with open("/proc/self/status") as file:
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", file.read())
print(json.dumps([status, int(peak[1])]), file=sys.stderr)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--work-dir", type=Path, default=None, help="a folder with room")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "offline.json")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hotcold-job-", dir=arguments.work_dir))
    spread(folder)
    try:
        record = {
            "hotcold": hotcold.build_info(),
            "threads": THREADS,
            "jobs": [job(folder, n) for n in arguments.items],
            "rivals": {
                "cv2 and fpng": by_cv2_and_fpng(folder),
                "matplotlib": by_matplotlib(folder),
            },
        }
    finally:
        shutil.rmtree(folder)
    arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    print(table(record))
    return 0


def job(folder: Path, n_items: int) -> dict[str, Any]:
    """Render `n_items` by the command line, and take the inputs and outputs away again."""
    maps, images = folder / "maps.npy", folder / "images.npy"
    write_inputs(maps, images, n_items)
    pictures, report = folder / "pictures", folder / "report.json"
    command = ["render", str(maps), str(images), "-o", str(pictures), "--threads", str(THREADS)]
    command += ["--quiet", "--report", str(report)]
    run = subprocess.run(
        [sys.executable, "-c", JOB, *command], capture_output=True, text=True, check=False
    )
    status, peak_kib = json.loads(run.stderr.strip().splitlines()[-1])
    assert status == 0, run.stderr
    told = json.loads(report.read_text())
    files = sum(1 for path in pictures.iterdir() if path.suffix == ".png")
    assert files == n_items, (files, n_items)
    for path in (maps, images):
        path.unlink()
    shutil.rmtree(pictures)
    return {
        "items": n_items,
        "seconds": told["seconds"],
        "items_per_second": n_items / told["seconds"],
        "thread_us_per_item": {
            stage: seconds / n_items * 1e6 for stage, seconds in told["stage_seconds"].items()
        },
        "bytes_per_file": told["n_bytes"] / n_items,
        "peak_mb": peak_kib / 1024,
    }


def write_inputs(maps: Path, images: Path, n_items: int) -> None:
    batch = workloads.typical(DISTINCT)
    small = batch.attributions.mean(1, keepdims=True).astype(np.float16)
    for path, block in ((maps, small), (images, batch.images.transpose(0, 3, 1, 2))):
        shape = (n_items, *block.shape[1:])
        array = np.lib.format.open_memmap(path, "w+", block.dtype, shape)
        for start in range(0, n_items, DISTINCT):
            array[start : start + DISTINCT] = block[: n_items - start]
        array.flush()
        del array


def items(n_items: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    batch = workloads.typical(DISTINCT)
    for i in range(n_items):
        yield i, batch.attributions[i % DISTINCT], batch.images[i % DISTINCT]


def by_cv2_and_fpng(folder: Path) -> dict[str, float]:
    import fpng

    table = rivals.jet_table()
    target = folder / "cv2"
    target.mkdir()
    work = list(items(RIVAL_ITEMS["cv2 and fpng"]))

    def one(item: tuple[int, np.ndarray, np.ndarray]) -> int:
        i, attribution, image = item
        data = fpng.from_ndarray(rivals.cv2_overlay(attribution, image, table))
        return (target / f"{i:08}.png").write_bytes(data)

    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        n_bytes = sum(pool.map(one, work))
    seconds = time.perf_counter() - start
    return {"items_per_second": len(work) / seconds, "bytes_per_file": n_bytes / len(work)}


def by_matplotlib(folder: Path) -> dict[str, float]:
    target = folder / "matplotlib"
    target.mkdir()
    n_items = RIVAL_ITEMS["matplotlib"]
    start = time.perf_counter()
    n_bytes = 0
    for i, attribution, image in items(n_items):
        data = rivals.matplotlib_overlay_png(attribution, image)
        n_bytes += (target / f"{i:08}.png").write_bytes(data)
    seconds = time.perf_counter() - start
    return {"items_per_second": n_items / seconds, "bytes_per_file": n_bytes / n_items}


def table(record: dict[str, Any]) -> str:
    info = record["hotcold"]
    lines = [f"overlays as PNG files, {record['threads']} threads, {info['isa']}"]
    lines += [
        f"hotcold render, {run['items']:>7,} items: {run['items_per_second']:7.0f} a second, "
        f"{run['bytes_per_file']:,.0f} bytes a file, peak memory {run['peak_mb']:.0f} MB"
        for run in record["jobs"]
    ]
    best = max(run["items_per_second"] for run in record["jobs"])
    lines += [
        f"{name:30}: {rival['items_per_second']:7.0f} a second, "
        f"{rival['bytes_per_file']:,.0f} bytes a file ({best / rival['items_per_second']:.1f}x)"
        for name, rival in record["rivals"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
