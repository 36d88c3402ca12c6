"""Damage input files in seeded ways and read them: right numbers or the job's own exceptions.

    python tests/support/fuzz_inputs.py KIND ROUNDS FOLDER

In a process of its own, whose memory is bounded, so that a crash or a hang of a library is seen by
whoever started it. Prints a line of JSON: how often items were read, set aside, or nothing opened.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from offline_inputs import FILES, make_images, make_maps
from PIL import Image

from hotcold.offline.input import open_source, split_key
from hotcold.offline.input.base import IndexedSource
from hotcold.offline.input.feed import Bad, Feed

ITEMS = 6
MEMORY = 6 << 30
READ_BYTES = 8 << 20  # a damaged shape may promise more than anybody wants to read
EXPECTED = (ValueError, TypeError, OSError)
PICTURES = ("png", "png16", "pngp", "jpg", "webp", "tif", "bmp", "gif", "ppm")
KINDS = (*FILES, *PICTURES)
# What these give out is what was written, or nothing: they have checksums.
CHECKED = ("npz", "npz_compressed", "torch", "torch_tensor", "png", "png16", "pngp")


def make_folder(kind, folder):
    """Write a folder of pictures of one kind."""
    folder.mkdir()
    for i, image in enumerate(np.moveaxis(make_images(3), 1, -1)):
        picture = Image.fromarray(image)
        if kind == "png16":
            picture = Image.fromarray(image[..., 0].astype(np.uint16) * 200)
        elif kind == "pngp":
            picture = picture.convert("P")
        suffix = kind if kind not in ("png16", "pngp") else "png"
        options = {"transparency": bytes(range(256))} if kind == "pngp" else {}
        picture.save(folder / f"{i}.{suffix}", **options)
    return folder


def damaged(data, rng):
    """Return bytes damaged in one of many ways."""
    data = bytearray(data)
    if not data:
        return data
    start = int(rng.integers(len(data)))
    early = int(rng.integers(min(len(data), 256)))
    length = int(rng.integers(1, 64))
    way = rng.integers(7)
    if way == 0:
        for place in rng.integers(len(data), size=rng.integers(1, 9)):
            data[place] ^= 1 << int(rng.integers(8))
    elif way == 1:
        del data[start:]
    elif way == 2:
        data[start : start + length] = rng.bytes(length)
    elif way == 3:
        del data[start : start + length]
    elif way == 4:
        data[start:start] = rng.bytes(length)
    elif way == 5:
        data[early] ^= 1 << int(rng.integers(8))
    else:
        place = int(rng.integers(max(1, len(data) - 256), len(data) + 1)) - 1
        data[place] ^= 1 << int(rng.integers(8))
    return data


def read(saved, name):
    """Read the first items as a job does; return them by index, None where set aside."""
    found = {}
    source = open_source(saved, name)
    try:
        source.check(1)
        if source.n_items is None or source.item_bytes * ITEMS > READ_BYTES:
            return found
        if isinstance(source, IndexedSource) and len(source.shape) != 4:
            return found
        last = min(source.n_items, ITEMS)
        for chunk in Feed(source, None, None).chunks(0, last, 1, 2):
            for piece in chunk.load(chunk.first, min(chunk.last, last)):
                if isinstance(piece, Bad):
                    found[piece.item] = None
                else:
                    found |= dict(enumerate(piece.attributions, piece.start))
            if chunk.last >= last:
                break
    finally:
        source.close()
    return found


def once(kind, saved, name, expected, rng):
    """Damage, read, and put the file back; return what came of it."""
    path = split_key(str(saved))[0]
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    file = files[int(rng.integers(len(files)))]
    whole = file.read_bytes()
    file.write_bytes(damaged(whole, rng))
    try:
        found = read(saved, name)
        for item, value in found.items():
            if value is not None and kind in CHECKED:
                np.testing.assert_array_equal(value, expected[item], err_msg=f"item {item}")
    except EXPECTED as error:
        text = str(error)
        assert "\n" not in text.strip(), text
        return "refused"
    finally:
        file.write_bytes(whole)
    return "set aside" if any(value is None for value in found.values()) else "read"


def main():
    kind, rounds, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")  # of Pillow about what is damaged
    pictures = kind in PICTURES
    saved = make_folder(kind, folder / kind) if pictures else FILES[kind](folder, make_maps(ITEMS))
    name = "x" if pictures else "attributions"
    expected = read(saved, name)
    assert all(value is not None for value in expected.values())
    counts = Counter()
    for seed in range(rounds):
        try:
            counts[once(kind, saved, name, expected, np.random.default_rng(seed))] += 1
        except BaseException:
            print(f"{kind}, seed {seed}", file=sys.stderr)
            traceback.print_exc()
            raise SystemExit(1) from None
        print(seed, file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
