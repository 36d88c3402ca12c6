"""Items that the core renders, encodes and writes one by one: the files of render and encoder."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest
from helpers import message, run_python

import hotcold
from hotcold import _atomic, _core, files

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(not files.CORE_WRITES, reason="elsewhere Python writes"),
]

TEXT = {"Software": "a test"}
N = 6
NAMES = [f"{i}.png" for i in range(N)]


@pytest.fixture
def maps(rng):
    return rng.standard_normal((N, 2, 33, 47)).astype(np.float32)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (N, 3, 33, 47)).astype(np.uint8)


def save(folder, request, n_threads=1, stop=True):
    return request.save(str(folder), NAMES, TEXT, n_threads, stop_at_failure=stop)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def jobs(maps, images):
    alpha = np.concatenate([images, images[:, :1]], axis=1)
    enlarging = hotcold.HeatmapVisualizer(upsample="bilinear")
    return {
        "overlay": hotcold.HeatmapVisualizer(blur=2).request(maps, images),
        "overlay with alpha": hotcold.HeatmapVisualizer(blur=2).request(maps, alpha),
        "overlay over floats": hotcold.HeatmapVisualizer(blur=2).request(maps, images / 3.0),
        "enlarged": enlarging.request(maps[:, :, ::5, ::7], images),
        "heat map": hotcold.Visualizer(combine_channels=True).request(maps),
        "heat map of float64": hotcold.Visualizer(combine_channels=True).request(maps.astype("f8")),
        "shared scale": hotcold.Visualizer(
            combine_channels=True, normalization_type="unnormalized"
        ).request(maps),
        "many colours": hotcold.Visualizer(combine_channels=True, cmap=many_colors()).request(maps),
        "channels": hotcold.Visualizer().request(maps[:, [0, 1, 0]]),
        "mask": hotcold.MaskVisualizer().request(maps, images),
        "views": hotcold.MaskVisualizer().request(maps[::-1, :, ::-1], images[:, :, :, ::-1]),
    }


def many_colors():
    from matplotlib.colors import ListedColormap

    return ListedColormap(np.random.default_rng(0).random((3000, 3)), "many")


KINDS = tuple(jobs(np.ones((1, 2, 33, 47), np.float32), np.ones((1, 3, 33, 47), np.uint8)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_files_are_those_of_render_and_encoder(tmp_path, maps, images, kind, n_threads):
    request = jobs(maps, images)[kind]
    saved = save(tmp_path, request, n_threads)
    pictures = request.render(None, 1)
    expected = [files.encode(picture, ".png", TEXT, request.colors) for picture in pictures]
    assert [(tmp_path / name).read_bytes() for name in NAMES] == expected
    assert left_in(tmp_path) == NAMES
    assert (saved.n_files, saved.n_bytes) == (N, sum(map(len, expected)))
    assert saved.failures == []
    assert saved.encode_seconds > 0
    assert saved.write_seconds > 0


@pytest.mark.parametrize("argument", ["attributions", "x"])
@pytest.mark.parametrize("stop", [False, True])
def test_items_with_nan_have_no_file(tmp_path, maps, images, argument, stop):
    x = images.astype(np.float32)
    bad = maps if argument == "attributions" else x
    bad[2, 0, 3, 4:6] = np.nan
    bad[4, 1, 0, 0] = np.inf
    request = hotcold.HeatmapVisualizer().request(maps, x)._replace(first_item=100)
    saved = save(tmp_path, request, stop=stop)
    expected = [(102, "2 non-finite values")] + ([] if stop else [(104, "1 non-finite value ")])
    assert [item for item, _ in saved.failures] == [item for item, _ in expected]
    for (item, why), (_, count) in zip(saved.failures, expected, strict=True):
        assert f"{argument}[{item}] holds {count}" in why
    assert left_in(tmp_path) == [NAMES[i] for i in ((0, 1) if stop else (0, 1, 3, 5))]
    assert saved.n_files == len(left_in(tmp_path))
    good = hotcold.HeatmapVisualizer().request(maps[:2], x[:2]).render(None, 1)
    for name, picture in zip(NAMES, good, strict=False):
        assert (tmp_path / name).read_bytes() == files.encode(picture, ".png", TEXT)


def test_nan_may_be_taken_as_zero(tmp_path, maps):
    maps[1, 0, 0, 0] = np.nan
    request = hotcold.Visualizer(combine_channels=True, nonfinite="zero").request(maps)
    assert save(tmp_path, request).n_files == N


def test_large_pictures_are_shared_by_threads(tmp_path, rng):
    maps = rng.standard_normal((1, 1, 700, 600)).astype(np.float32)
    request = hotcold.HeatmapVisualizer().request(maps, np.abs(maps))
    written = []
    for n_threads in (1, 2, 5):
        request.save(str(tmp_path), ["a.png"], {}, n_threads, stop_at_failure=True)
        written.append((tmp_path / "a.png").read_bytes())
    assert len(set(written)) == 1
    assert written[0] == files.encode(request.render(None, 1)[0], ".png")


def test_a_full_disk_ends_it_and_keeps_what_is_there(tmp_path):
    run_python(
        "import errno, resource, numpy as np, hotcold\n"
        "maps = np.random.default_rng(0).standard_normal((3, 3, 99, 99))\n"
        "maps[0] = 0\n"
        "request = hotcold.Visualizer().request(maps)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        f"    request.save({str(tmp_path)!r}, ['0.png', '1.png', '2.png'], {{}}, 1,\n"
        "                  stop_at_failure=False)\n"
        "except OSError as error:\n"
        "    assert error.errno == errno.EFBIG, error\n"
        "else:\n"
        "    raise AssertionError('written')\n"
    )
    assert left_in(tmp_path) == ["0.png"]


def test_no_such_folder(tmp_path, maps):
    request = hotcold.Visualizer(combine_channels=True).request(maps)
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "none", request)


@pytest.mark.parametrize(
    ("change", "kind", "expected"),
    [
        ({"attributions": np.zeros((2, 3))}, ValueError, "attributions"),
        ({"attributions": np.zeros((2, 2, 3, 3))}, ValueError, "channel count"),
        ({"image": np.zeros((2, 3, 3, 3))}, ValueError, "`image` must be None"),
        ({"palette": np.zeros((0, 3), np.uint8)}, ValueError, "`palette` must have shape"),
        ({"text": [("", "a")]}, ValueError, "`text` must have keywords"),
        ({"n_threads": 0}, ValueError, "`n_threads` must be"),
        ({"folder": b"a\0b"}, ValueError, "embedded null byte"),
        ({"names": [(b"a", b"b")]}, ValueError, "names of 2 pictures, got 1"),
        ({"names": [(b"a", b"b"), (b"c\0", b"d")]}, ValueError, "embedded null byte"),
    ],
)
def test_the_core_refuses_what_does_not_fit(tmp_path, maps, change, kind, expected):
    spec = hotcold.Visualizer().request(np.zeros((1, 1, 3, 3))).spec
    arguments = {
        "plan": dataclasses.replace(spec, reduction="none").plan,
        "attributions": np.zeros((2, 1, 3, 3)),
        "image": None,
        "palette": None,
        "text": [],
        "compression": "default",
        "n_threads": 1,
        "folder": os.fsencode(tmp_path),
        "names": [(b"0", b"0.png"), (b"1", b"1.png")],
        "stop_at_fault": True,
    }
    with pytest.raises(kind, match=message(expected)):
        _core.render_png(**{**arguments, **change})
    assert left_in(tmp_path) == []


def test_a_palette_does_not_go_with_alpha(tmp_path, maps, images):
    request = jobs(maps, images)["overlay with alpha"]
    with pytest.raises(ValueError, match="four channels"):
        _core.render_png(
            request.spec.plan,
            request.attributions,
            request.image,
            np.zeros((1, 3), np.uint8),
            [],
            "default",
            1,
            os.fsencode(tmp_path),
            _atomic.core_names(NAMES),
            True,
        )
