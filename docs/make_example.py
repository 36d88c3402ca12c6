"""Make the built-in example of ``hotcold.data``: two photographs, eight attribution maps.

The network is the face detector of ``mtcnn.py`` beside this file. Run from the repository's root,
in two to three minutes on two idle cores::

    pip install torch matplotlib pillow
    pip install --no-deps facenet-pytorch==2.6.0 scikit-image
    python docs/make_example.py            # writes the data files in python/hotcold/data
    python docs/make_example.py --check    # computes again, compares, writes nothing

The result is deterministic: the only random numbers, the shifts of the detector's windows, have a
fixed seed. Rounding in torch differs between machines by no more than one stored step (`STEP`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from mtcnn import ONet, PNet, package_folder
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

DATA = Path(__file__).resolve().parents[1] / "python" / "hotcold" / "data"
SIZE = 224
# Maps are scaled to a largest magnitude of 1 and rounded to this step, which float16 holds exactly:
# it keeps 8 maps of 150,528 noisy values near 180 kB.
STEP = 1 / 64
NOSE_CHANNEL = 40  # of 128; chosen by eye, it follows the nose in both photographs


@dataclass(frozen=True)
class Photo:
    """One photograph: the file we write, where it came from, and the square cut out of it."""

    file: str
    subject: str
    package: str  # the original lies in this module's folder...
    path: str  # ...under this path
    source: str
    licence: str
    crop: tuple[int, int, int, int]  # left, top, right, bottom in the original


PHOTOS = (
    Photo(
        file="hopper.jpg",
        subject="Commodore Grace Hopper",
        package="matplotlib",
        path="mpl-data/sample_data/grace_hopper.jpg",
        source="http://commons.wikimedia.org/wiki/File:Grace_Hopper.jpg",
        licence="public domain (photograph by the United States Navy)",
        crop=(50, 8, 450, 408),
    ),
    Photo(
        file="collins.jpg",
        subject="astronaut Eileen Collins",
        package="skimage",
        path="data/astronaut.png",
        source="https://flic.kr/p/r9qvLn",
        licence="public domain (photograph by NASA, no known copyright restrictions)",
        crop=(94, 8, 350, 264),
    ),
)


def resize(x: Tensor, size: int) -> Tensor:
    """Resize to `size` x `size` with an area filter, differentiably."""
    return functional.interpolate(
        x, (size, size), mode="bilinear", antialias=True, align_corners=False
    )


Window = tuple[int, int, int]  # left, top, side, in pixels of the photograph


def cut(x: Tensor, windows: list[Window]) -> Tensor:
    """Cut windows out of each of the n photographs: (n * windows, 3, 48, 48), windows outermost."""
    return torch.cat([resize(x[..., t : t + s, a : a + s], 48) for a, t, s in windows])


@torch.no_grad()
def find_windows(onet: ONet, x: Tensor, count: int) -> list[Window]:
    """Find the window that O-Net is surest of, and shift and scale it `count` times a little.

    Averages over these windows show what the detector uses wherever the window happens to lie.
    """
    places = [
        (left, top, side)
        for side in range(64, 160, 8)
        for top in range(0, SIZE - side + 1, 8)
        for left in range(0, SIZE - side + 1, 8)
    ]
    batches = [places[i : i + 512] for i in range(0, len(places), 512)]
    scores = torch.cat([onet(cut(x, batch))[0] for batch in batches])
    left, top, side = places[int(scores.argmax())]
    rng = np.random.default_rng(0)
    windows = []
    for scale, right, down in rng.uniform((0.9, -0.06, -0.06), (1.15, 0.06, 0.06), (count, 3)):
        new = int(side * scale)
        corner = (left + side * (0.5 + right) - new / 2, top + side * (0.5 + down) - new / 2)
        a, b = (min(max(int(c), 0), SIZE - new) for c in corner)
        windows.append((a, b, new))
    return windows


@torch.no_grad()
def face_box(onet: ONet, x: Tensor, windows: list[Window]) -> list[int]:
    """Return O-Net's own box of the face as top, bottom, left, right, averaged over windows."""
    left, top, right, bottom = (
        torch.tensor([(a, t, a + s, t + s) for a, t, s in windows])
        + onet(cut(x, windows))[1] * torch.tensor([[s] for _, _, s in windows])
    ).mean(0)
    return [max(0, min(SIZE, round(float(v)))) for v in (top, bottom, left, right)]


def gradient(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the gradient of a scalar score at x."""
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(score(x), x)[0]


def occlusion(change: Callable[[Tensor], Tensor], x: Tensor, windows: list[Window]) -> Tensor:
    """Grey out one soft spot in one colour at a time; give the change back to the spot.

    `change` maps 3 photographs, in which red, green or blue is greyed out, to 3 numbers.
    The spots are Gaussians with a sigma of 1/20 of the window, 5 pixels apart.
    """
    left, top, side = np.mean(windows, axis=0)
    first = np.maximum(0, np.array((top, left)) - 0.3 * side).astype(int)
    last = np.minimum(SIZE, np.array((top, left)) + 1.3 * side).astype(int)
    rows, cols = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    colours = torch.eye(3)[:, :, None, None]
    total = torch.zeros_like(x)
    for y in range(first[0], last[0], 5):
        for c in range(first[1], last[1], 5):
            spot = torch.exp(-((rows - y) ** 2 + (cols - c) ** 2) / (2 * (side / 20) ** 2))
            total += change(x * (1 - spot * colours))[None, :, None, None] * spot
    return total


def proposal_map(pnet: PNet, x: Tensor, steps: int = 32) -> Tensor:
    """Integrate P-Net's gradients from mid-grey to the photograph, at the detector's six scales.

    The score is -log of the probability that no place at any scale holds a face, places taken as
    independent.
    """
    sizes = [int(SIZE * 0.6 * 0.709**k) for k in range(6)]

    def score(z: Tensor) -> Tensor:
        return torch.stack([functional.softplus(pnet(resize(z, n))).sum() for n in sizes]).sum()

    total = torch.zeros_like(x)
    for k in range(steps):
        total += gradient(score, x * (k + 0.5) / steps)
    return x * total / steps


def channel_map(onet: ONet, x: Tensor, windows: list[Window], channel: int) -> Tensor:
    """Return the internal influence of a channel of O-Net's conv4: gradient times input."""
    return x * gradient(lambda z: onet.features(cut(z, windows))[:, channel].sum(), x)


@torch.no_grad()
def face_map(onet: ONet, x: Tensor, windows: list[Window]) -> Tensor:
    """Return how much the log-odds of a face fall when a spot is greyed out."""
    before = onet(cut(x, windows))[0].mean()
    return occlusion(lambda z: before - onet(cut(z, windows))[0].reshape(-1, 3).mean(0), x, windows)


@torch.no_grad()
def mouth_map(onet: ONet, x: Tensor, windows: list[Window]) -> Tensor:
    """Return how far the corners of the mouth move, in window sides, when a spot is greyed out."""
    corners = [3, 4, 8, 9]  # x of both, y of both
    before = onet(cut(x, windows))[2][:, None, corners]

    def moved(z: Tensor) -> Tensor:
        after = onet(cut(z, windows))[2][:, corners].reshape(-1, 3, 4)
        shifts = (after - before).reshape(-1, 3, 2, 2)  # windows, colours, x and y, corners
        distances: Tensor = shifts.square().sum(2).sqrt()
        return distances.mean((0, 2))

    return occlusion(moved, x, windows)


METHODS = (
    ("face score, occlusion", "O-Net: fall of the log-odds of a face, occlusion by colour"),
    (
        "mouth position, occlusion",
        "O-Net: shift of the mouth's corners, occlusion by colour (>= 0)",
    ),
    (
        "nose channel, influence",
        f"O-Net: internal influence (gradient times input) of conv4, channel {NOSE_CHANNEL}",
    ),
    ("face proposals, gradients", "P-Net: integrated gradients of the face score, six scales"),
)


def as_input(photo: NDArray[np.uint8]) -> Tensor:
    """Scale a (H, W, 3) photograph to [-1, 1] as MTCNN was trained: (1, 3, H, W)."""
    return (torch.from_numpy(photo.copy()).permute(2, 0, 1)[None] - 127.5) / 128


def stored(a: Tensor) -> NDArray[np.float16]:
    """Scale to a largest magnitude of 1 and round to `STEP`."""
    return ((a[0] / a.abs().max() / STEP).round() * STEP).numpy().astype(np.float16)


def make(photo: NDArray[np.uint8]) -> tuple[NDArray[np.float16], list[int]]:
    """Compute the four maps of one photograph, (4, 3, H, W), and its face box."""
    x, onet, pnet = as_input(photo), ONet(), PNet()
    many = find_windows(onet, x, 24)
    few = many[:12]  # occlusion runs the network 1,000 times and is smooth by itself
    maps = (
        face_map(onet, x, few),
        mouth_map(onet, x, few),
        channel_map(onet, x, many, NOSE_CHANNEL),
        proposal_map(pnet, x),
    )
    return np.stack([stored(m) for m in maps]), face_box(onet, x, many)


def write_photo(photo: Photo) -> None:
    """Crop, shrink and save; 4:4:4, so that every JPEG decoder gives the same pixels."""
    with Image.open(package_folder(photo.package) / photo.path) as image:
        small = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS, box=photo.crop)
    small.save(DATA / photo.file, quality=92, subsampling=0, optimize=True)


def main() -> int:
    """Write the example, or compare it with a new computation."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check = parser.parse_args().check
    maps, boxes = [], []
    for photo in PHOTOS:
        if not check:
            write_photo(photo)
        four, box = make(np.asarray(Image.open(DATA / photo.file)))
        maps.append(four)
        boxes.append(box)
    attributions = np.concatenate(maps)
    if check:
        off = np.abs(np.load(DATA / "example.npz")["attributions"] - attributions).max()
        print(f"largest difference: {off / STEP:g} steps")
        return int(off > STEP)
    np.savez_compressed(DATA / "example.npz", attributions=attributions)
    about = {
        "description": "Where a face detector (MTCNN) looks: four maps for each of two photographs",
        "photos": [{**asdict(p), "face_box": box} for p, box in zip(PHOTOS, boxes, strict=True)],
        "items": [
            {"photo": i, "label": f"{p.subject.split()[-1]}: {label}", "method": method}
            for i, p in enumerate(PHOTOS)
            for label, method in METHODS
        ],
    }
    (DATA / "example.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
