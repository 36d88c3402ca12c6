"""What PNG files say of themselves: by jobs and by calls, read back, and told by `hotcold info`."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pickle
import struct
import zipfile
import zlib

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import message, read_picture
from PIL import Image

import hotcold
from hotcold import _core, files
from hotcold.cli.main import main

N, HEIGHT, WIDTH = 6, 21, 34

CALLS = {
    "overlay": lambda: hotcold.HeatmapVisualizer(blur=2),
    "overlay, clipped": lambda: hotcold.HeatmapVisualizer(clip_quantile=0.9),
    "overlay, one scale": lambda: hotcold.HeatmapVisualizer(scale="shared", clip_mass=0.9),
    "heat map": lambda: hotcold.Visualizer(True, clip_quantile=(0.1, 0.9)),
    "heat map of sums": lambda: hotcold.Visualizer(True, "signed_sum"),
    "heat map as it is": lambda: hotcold.Visualizer(True, "unnormalized"),
    "mask": lambda: hotcold.MaskVisualizer(clip_quantile=0.9),
    "channels": lambda: hotcold.Visualizer(),
}


@pytest.fixture
def maps(rng):
    return rng.standard_normal((N, 3, HEIGHT, WIDTH)).astype(np.float32)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (N, 3, HEIGHT, WIDTH)).astype(np.uint8)


def job(visualizer, maps, images, folder, **options):
    x = images if visualizer.takes_images else None
    return hotcold.render_files(visualizer, maps, x, output_dir=folder, progress=False, **options)


def text_of(path):
    with Image.open(path) as image:
        return image.text["hotcold"]


@pytest.mark.kernels
@pytest.mark.parametrize("kind", CALLS)
def test_limits_are_those_of_the_visualizer(tmp_path, maps, images, kind):
    show = CALLS[kind]()
    job(show, maps, images, tmp_path)
    for i in range(N):
        told = hotcold.read_provenance(tmp_path / f"{i:08}.png")
        assert (told["item"], told["name"]) == (i, f"{i:08}")
        if kind == "mask":
            assert told["limits"] is None
        else:
            # To the last bit, and of the whole data set where it shares a scale.
            assert told["limits"] == show.limits(maps)[i].tolist()


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", hotcold.NORMALIZATION_TYPES)
@pytest.mark.parametrize("nonfinite", ["raise", "zero", "transparent"])
def test_limits_of_every_mode(tmp_path, maps, mode, dtype, nonfinite):
    maps = maps.astype(dtype) * 1e-3
    maps[1] = 0
    maps[2] = np.abs(maps[2])
    if nonfinite != "raise":
        maps[3, 0, :5] = np.nan
        maps[4] = np.nan
    for sign in ("all", "positive", "negative"):
        show = hotcold.Visualizer(
            True, mode, sign=sign, nonfinite=nonfinite, clip_quantile=0.95, scale=None
        )
        job(show, maps, None, tmp_path, limits=(-1, 2) if mode == "unnormalized" else None)
        if mode == "unnormalized":
            show = show.__replace__(limits=(-1, 2))
        for i, limits in enumerate(show.limits(maps).tolist()):
            assert hotcold.read_provenance(tmp_path / f"{i:08}.png")["limits"] == limits


@pytest.mark.kernels
def test_where_maps_are_clipped(tmp_path, maps):
    one = maps[:, :1]
    job(hotcold.Visualizer(clip_quantile=0.9), one, None, tmp_path)
    t = np.quantile(np.abs(one[2, 0]), 0.9)
    told = hotcold.read_provenance(tmp_path / "00000002.png")
    assert told["clip"] == pytest.approx([-t, t], rel=1e-6)
    job(hotcold.Visualizer(clip_quantile=(0.1, 0.8)), one, None, tmp_path)
    told = hotcold.read_provenance(tmp_path / "00000002.png")
    assert told["clip"] == pytest.approx(np.quantile(one[2, 0], (0.1, 0.8)).tolist(), rel=1e-5)
    job(hotcold.Visualizer(), one, None, tmp_path)
    assert "clip" not in hotcold.read_provenance(tmp_path / "00000002.png")


def test_the_chunk_is_plain_itxt_before_the_pixels(tmp_path, maps, images):
    job(CALLS["overlay"](), maps, images, tmp_path)
    data = (tmp_path / "00000000.png").read_bytes()
    kinds = []
    position = 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        if kind == b"iTXt":
            keyword, rest = body.split(b"\0", 1)
            assert (keyword, rest[:4]) == (b"hotcold", bytes(4))
            assert json.loads(rest[4:].decode()) == hotcold.read_provenance(
                tmp_path / "00000000.png"
            )
            assert b": " not in rest  # compact
            assert b", " not in rest
        kinds.append(kind)
        position += 12 + length
    assert kinds == [b"IHDR", b"tEXt", b"tEXt", b"iTXt", b"IDAT", b"IEND"]


def test_files_are_named_without_their_folders(tmp_path, maps, images):
    source = tmp_path / "a private folder"
    source.mkdir()
    np.save(source / "maps.npy", maps)
    (source / "photos").mkdir()
    names = [f"photo {i} ä.png" for i in range(N)]
    for name, image in zip(names, images, strict=True):
        Image.fromarray(image.transpose(1, 2, 0)).save(source / "photos" / name)
    hotcold.render_files(
        hotcold.HeatmapVisualizer(blur=1.0),
        source / "maps.npy",
        source / "photos",
        output_dir=tmp_path / "out",
        progress=False,
    )
    told = hotcold.read_provenance(tmp_path / "out" / "00000004.png")
    assert told["source"] == "maps.npy"
    assert told["image"] == "photo 4 ä.png"
    assert "photo 4 ä.png" in text_of(tmp_path / "out" / "00000004.png")  # readable as it is
    assert told["visualizer"] == {"class": "HeatmapVisualizer", "blur": 1.0}
    assert b"private" not in (tmp_path / "out" / "00000004.png").read_bytes()


def test_captions_of_a_gallery(tmp_path, maps):
    table = {"name": [f"{i:08}" for i in range(N)][::-1], "score": [i / 10 for i in range(N)]}
    job(
        hotcold.Visualizer(True),
        maps,
        None,
        tmp_path,
        gallery=True,
        table=table,
        caption='"{name}": {score:.2f} é',
    )
    told = hotcold.read_provenance(tmp_path / "00000001.png")
    assert (told["item"], told["caption"]) == (1, '"00000001": 0.40 é')
    assert told_by(tmp_path / "00000001.png")["caption"] == '"00000001": 0.40 é'


def test_which_file_of_many_and_which_item_in_it(tmp_path, maps, images):
    np.save(tmp_path / "a.npy", maps[:4])
    np.save(tmp_path / "b.npy", maps[4:])
    np.save(tmp_path / "photo.npy", images[:1])
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    show = hotcold.HeatmapVisualizer()
    hotcold.render_files(
        show, paths, tmp_path / "photo.npy", output_dir=tmp_path / "out", progress=False
    )
    told = hotcold.read_provenance(tmp_path / "out" / "00000005.png")
    assert (told["item"], told["source"], told["source_item"]) == (5, "b.npy", 1)
    assert (told["image"], told["image_item"]) == ("photo.npy", 0)
    told = hotcold.read_provenance(tmp_path / "out" / "00000002.png")
    assert (told["source"], "source_item" in told) == ("a.npy", False)


@pytest.mark.parametrize("name", ["é\N{SNOWMAN}", "it's `quoted`", "a\udcff"])
def test_names_of_any_characters(tmp_path, maps, name):
    try:
        (tmp_path / name).touch()
    except (UnicodeEncodeError, OSError):
        pytest.skip("the file system has no such names")
    job(hotcold.Visualizer(True), maps[:1], None, tmp_path, names=[name])
    assert hotcold.read_provenance(tmp_path / f"{name}.png")["name"] == name


def test_the_same_whatever_writes_it(tmp_path, maps, images):
    show = CALLS["overlay, clipped"]()
    job(show, maps, images, tmp_path / "folder")
    job(show, maps, images, tmp_path / "fsync", fsync=True)
    job(show, maps, images, tmp_path / "again", n_threads=1, batch_size=1)
    job(show, maps, images, tmp_path, container="zip")
    for k in (1, 2):
        job(show, maps, images, tmp_path / "shards", shard=(k, 2))
    with zipfile.ZipFile(tmp_path / "pictures.zip") as archive:
        for i in range(N):
            data = (tmp_path / "folder" / f"{i:08}.png").read_bytes()
            assert archive.read(f"{i:08}.png") == data
            for other in ("fsync", "again", "shards"):
                assert (tmp_path / other / f"{i:08}.png").read_bytes() == data


@pytest.mark.parametrize("container", [None, "zip"])
def test_it_can_be_left_out(tmp_path, maps, images, container):
    show = CALLS["overlay"]()
    job(show, maps, images, tmp_path / "told", container=container)
    job(show, maps, images, tmp_path / "not", container=container, provenance=False)
    if container is None:
        found = tmp_path / "not" / "00000001.png"
        picture = show.render(maps, images)[1]
        assert found.read_bytes() == files.encode(picture, ".png", show.text_chunks())
        np.testing.assert_array_equal(read_picture(tmp_path / "told" / "00000001.png"), picture)
        with pytest.raises(ValueError, match="holds nothing of the kind"):
            hotcold.read_provenance(found)
    else:
        assert b"limits" in (tmp_path / "told" / "pictures.zip").read_bytes()
        assert b"limits" not in (tmp_path / "not" / "pictures.zip").read_bytes()


def test_sheets_tell_of_each_cell(tmp_path, maps, images):
    show = CALLS["overlay, clipped"]()
    job(show, maps, images, tmp_path, sheets=(2, 2))
    told = hotcold.read_provenance(tmp_path / "sheet-00000001.png")
    assert [cell["item"] for cell in told["cells"]] == [4, 5]
    limits = show.limits(maps)[4:].tolist()
    assert [cell["limits"] for cell in told["cells"]] == limits


def test_a_cell_that_failed_is_left_out_of_a_sheet(tmp_path, maps):
    maps[2, 0, 0, 0] = np.nan
    job(hotcold.Visualizer(True), maps, None, tmp_path, sheets=(2, 2), on_error="record")
    told = hotcold.read_provenance(tmp_path / "sheet-00000000.png")
    assert [cell["item"] for cell in told["cells"]] == [0, 1, 3]


def test_calls_write_it_too(tmp_path, maps, images):
    show = hotcold.HeatmapVisualizer(blur=3)
    show(maps[:1], images[:1], tmp_path / "one.png", imshow=False, clip_quantile=0.9)
    told = hotcold.read_provenance(tmp_path / "one.png")
    clipped = hotcold.HeatmapVisualizer(blur=3, clip_quantile=0.9)
    assert told["limits"] == clipped.limits(maps[:1])[0].tolist()
    assert told["visualizer"] == {"class": "HeatmapVisualizer", "blur": 3.0, "clip_quantile": 0.9}
    show(maps, images, tmp_path / "all.png", imshow=False)
    cells = hotcold.read_provenance(tmp_path / "all.png")["cells"]
    assert [cell["limits"] for cell in cells] == show.limits(maps).tolist()


@pytest.mark.parametrize("scale", ["item", "row", "column", "shared"])
def test_panels_tell_of_each_column(tmp_path, maps, images, scale):
    np.save(tmp_path / "a.npy", maps)
    np.save(tmp_path / "b.npy", maps[::-1] * 2)
    columns = {"IG": hotcold.Visualizer(True), "CAM": hotcold.HeatmapVisualizer(cmap="hotcold")}
    panel = hotcold.Panel({"input": None, **columns}, scale=scale)
    files_of = {"IG": tmp_path / "a.npy", "CAM": tmp_path / "b.npy"}
    options = {"captions": [f"caption {i}" for i in range(N)], "progress": False}
    hotcold.offline.render_panels(panel, files_of, images, output_dir=tmp_path / "out", **options)
    told = hotcold.read_provenance(tmp_path / "out" / "00000003.png")
    assert (told["item"], told["caption"], told["drawn"]["as"]) == (3, "caption 3", "panel")
    assert told["visualizer"]["columns"]["IG"] == {"class": "Visualizer", "combine_channels": True}
    assert told["columns"]["input"] == {"limits": None}
    assert [told["columns"][label]["source"] for label in columns] == ["a.npy", "b.npy"]
    ends = [told["columns"][label]["limits"] for label in columns]
    own = [show.limits(one)[3].tolist() for show, one in zip(
        columns.values(), (maps, maps[::-1] * 2), strict=True
    )]  # fmt: skip
    if scale == "item":
        assert ends == own
    elif scale == "row":
        assert ends == [max(own)] * 2 or ends == [min(own)] * 2
    elif scale == "shared":
        assert ends[0] == ends[1]
    plain = panel.render({"IG": maps, "CAM": maps[::-1] * 2}, images, captions=options["captions"])
    np.testing.assert_array_equal(read_picture(tmp_path / "out" / "00000003.png"), plain[3])
    with pytest.raises(ValueError, match="a panel, of several pictures"):
        hotcold.read_values(tmp_path / "out" / "00000003.png")
    hotcold.offline.render_panels(
        panel, files_of, images, output_dir=tmp_path / "none", provenance=False, **options
    )
    with Image.open(tmp_path / "none" / "00000003.png") as image:
        assert sorted(image.text) == ["Description", "Software"]
        assert image.text["Description"] == repr(panel)
    assert "CAM" in told_by(tmp_path / "out" / "00000003.png")["column"]


def test_comparisons_tell_which_item_they_show(tmp_path, maps, images):
    np.save(tmp_path / "old.npy", maps)
    new = maps.copy()
    new[4] = -new[4]
    np.save(tmp_path / "new.npy", new)
    hotcold.offline.compare_files(
        tmp_path / "old.npy", tmp_path / "new.npy", images, output_dir=tmp_path / "out",
        worst=1, progress=False,
    )  # fmt: skip
    told = hotcold.read_provenance(tmp_path / "out" / "worst-0001.png")
    assert (told["item"], told["drawn"]["as"]) == (4, "comparison")
    assert told["columns"]["a"]["source"] == "old.npy"
    assert told["columns"]["b"]["source"] == "new.npy"
    top = 2 * float(np.abs(maps[4].mean(axis=0)).max())
    assert told["columns"]["b - a"]["limits"] == pytest.approx([-top, top], rel=1e-6)


def test_resume_and_verify(tmp_path, maps, images):
    show = CALLS["overlay"]()
    job(show, maps, images, tmp_path)
    data = (tmp_path / "00000003.png").read_bytes()
    (tmp_path / "00000003.png").unlink()
    report = job(show, maps, images, tmp_path, resume=True, verify=True)
    assert (report.n_files, report.n_skipped) == (1, N - 1)
    assert (tmp_path / "00000003.png").read_bytes() == data
    with pytest.raises(ValueError, match="provenance was True and is False"):
        job(show, maps, images, tmp_path, resume=True, provenance=False)


def test_jobs_of_before_go_on_without_it(tmp_path, maps, images):
    show = CALLS["overlay"]()
    job(show, maps, images, tmp_path, provenance=False)
    path = tmp_path / ".hotcold" / "job.json"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"provenance"' not in line))
    with pytest.raises(ValueError, match="provenance was False and is True"):
        job(show, maps, images, tmp_path, resume=True)
    assert job(show, maps, images, tmp_path, resume=True, provenance=False).n_skipped == N


def test_a_colormap_of_ones_own_is_in_the_file(tmp_path, maps):
    from matplotlib.colors import ListedColormap

    colors = np.random.default_rng(1).random((7, 3))
    job(hotcold.Visualizer(True, cmap=ListedColormap(colors, "mine")), maps, None, tmp_path)
    drawn = hotcold.read_provenance(tmp_path / "00000000.png")["drawn"]
    assert (drawn["cmap"], drawn["entries"]) == ("mine", 7)
    assert "colors" in drawn
    job(hotcold.Visualizer(True, cmap="viridis"), maps, None, tmp_path)
    assert "colors" not in hotcold.read_provenance(tmp_path / "00000000.png")["drawn"]


def test_other_formats_take_no_notice(tmp_path, maps):
    job(hotcold.Visualizer(True), maps, None, tmp_path, format="bmp")
    with pytest.raises(ValueError, match="must be a PNG file, got"):
        hotcold.read_provenance(tmp_path / "00000000.bmp")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "must be a PNG file, got"),
        (b"not a picture at all", "must be a PNG file, got"),
        (b"\x89PNG\r\n\x1a\n", "must be a whole PNG file, got"),
        (b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffiTXt", "must be a whole PNG file, got"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "holds nothing of the kind"),
        (
            b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"hotcold\0\0\0\0\0{"),
            "what it says of itself is no JSON object of hotcold",
        ),
        (
            b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"hotcold\0\0\0\0\0{")[:-1] + b"?",
            "what it says of itself has changed",
        ),
        (
            b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b'hotcold\0\0\0\0\0{"version":1,"cells":3}'),
            "what it says of itself is no JSON object of hotcold",
        ),
        (
            b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"hotcold\0\0\0\0\0[1]"),
            "what it says of itself is no JSON object of hotcold",
        ),
        (
            b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b'hotcold\0\0\0\0\0{"version":99}'),
            "must be a file of version 1, got version 99",
        ),
    ],
)
def test_files_that_say_nothing_are_refused(tmp_path, data, expected):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message(expected)) as caught:
        hotcold.read_provenance(path)
    assert str(path) in str(caught.value)
    with pytest.raises(FileNotFoundError):
        hotcold.read_provenance(tmp_path / "none.png")


def test_a_picture_that_was_saved_again_says_nothing(tmp_path, maps):
    hotcold.Visualizer(True)(maps[:1], tmp_path / "a.png", imshow=False)
    with Image.open(tmp_path / "a.png") as image:
        image.save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="or saved again since"):
        hotcold.read_provenance(tmp_path / "b.png")


@pytest.mark.kernels
def test_numbers_are_told_to_the_last_bit(rng):
    plan = hotcold.Visualizer(True).request(np.zeros((1, 1, 2, 2))).spec.plan
    tops = np.exp(rng.uniform(-700, 700, 500))
    tops[:6] = [0.0, 5e-324, 1e16, 0.1, np.finfo(np.float64).max, 123456789.0]
    extents = np.full((len(tops), 4), np.nan)
    extents[:, 0], extents[:, 1] = -tops / 2, tops
    limits = _core.attribution_limits(plan, extents)
    for text, pair in zip(_core.item_numbers(plan, extents, 1, "ends"), limits, strict=True):
        told = json.loads("{" + text + "}")
        assert [float(number) for number in told["limits"]] == pair.tolist()
        assert float(told["clip"][1]) == pair[1]


@pytest.mark.kernels
@pytest.mark.parametrize(
    ("change", "kind", "expected"),
    [
        ({"objects": ["{"]}, ValueError, "`objects` must be the texts of 2 items, got 1"),
        ({"objects": ["{\0", "{"]}, ValueError, "`text` must hold no NUL"),
        ({"objects": ["{", "{"], "clip": "both"}, ValueError, "`clip` must be '', 'ends'"),
    ],
)
def test_the_core_refuses_texts_that_do_not_fit(tmp_path, change, kind, expected):
    import os

    request = hotcold.Visualizer(True).request(np.zeros((2, 1, 3, 3)))
    arguments = {
        "plan": dataclasses.replace(request.spec).plan,
        "attributions": request.attributions,
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
    assert not list(tmp_path.iterdir())


@pytest.mark.kernels
def unaligned(shape):
    """Return zeros of float64 at odd addresses."""
    size = int(np.prod(shape)) * 8
    return np.zeros(size + 1, np.uint8)[1:].view(np.float64).reshape(shape)


@pytest.mark.parametrize(
    ("extents", "kind", "expected"),
    [
        (np.zeros((2, 3)), ValueError, r"`extents` must have shape \(N, 4\), got \(2, 3\)"),
        (np.zeros(4), ValueError, r"`extents` must have shape \(N, 4\)"),
        (np.zeros((1, 4)), ValueError, "`extents` must have 2 rows, got 1"),
        (np.zeros((2, 4), np.float32), TypeError, "`extents` must have dtype float64"),
        (np.zeros((2, 4), ">f8"), TypeError, "`extents` must .* native byte order"),
        (unaligned((2, 4)), ValueError, "`extents` must be aligned"),
    ],
)
def test_the_core_refuses_room_that_does_not_fit(extents, kind, expected):
    request = hotcold.Visualizer(True).request(np.zeros((2, 1, 3, 3)))
    picture = np.empty((2, 3, 3, 3), np.uint8)
    with pytest.raises(kind, match=expected):
        _core.render(request.spec.plan, request.attributions, None, None, picture, 1, extents)


def test_a_reader_never_fails_in_another_way(tmp_path, maps):
    """Files that are cut or changed anywhere: an answer or a ValueError."""
    hotcold.Visualizer(True)(maps[:1, :, :5, :5], tmp_path / "a.png", imshow=False)
    data = (tmp_path / "a.png").read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "b.png"
    for k in range(600):
        changed = bytearray(data)
        if k % 2:
            changed = changed[: rng.integers(len(data))]
        else:
            changed[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(changed)
        for read in (hotcold.read_provenance, hotcold.read_values):
            with contextlib.suppress(ValueError):
                read(path)


def test_the_teller_travels_to_workers(maps):
    from hotcold.offline.input import open_source
    from hotcold.offline.output.names import Names
    from hotcold.offline.run.blocks import Outline
    from hotcold.offline.run.telling import Teller

    outline = Outline("attributions", maps.shape, maps.dtype)
    show = hotcold.Visualizer(True)
    teller = Teller.of(show, Names(".png", n_units=N), outline, None)
    request = show.request(maps)
    assert pickle.loads(pickle.dumps(teller)).texts(request) == teller.texts(request)
    assert teller.texts(request) == Teller.of(
        show, Names(".png", n_units=N), open_source(maps, "attributions"), None
    ).texts(request)


def told_by(*arguments):
    done = CliRunner().invoke(main, ["info", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return dict(line.split(None, 1) for line in done.output.splitlines() if " " in line.strip())


def test_info_tells_it(tmp_path, maps, images):
    np.save(tmp_path / "maps.npy", maps)
    show = CALLS["overlay, clipped"]()
    hotcold.render_files(
        show, tmp_path / "maps.npy", images, output_dir=tmp_path / "out", progress=False
    )
    told = told_by(tmp_path / "out" / "00000002.png")
    low, high = show.limits(maps)[2].tolist()
    assert told["shows"] == "overlay"
    assert told["item"] == "2 (00000002)"
    assert told["source"] == "maps.npy"
    assert told["colours"] == f"jet, {low:.6g} to {high:.6g} (unsigned_max)"
    assert told["clipped"] == f"to {low:.6g} to {high:.6g}"
    assert "hotcold" not in told
    job(show, maps, images, tmp_path / "sheets", sheets=(2, 2))
    assert told_by(tmp_path / "sheets" / "sheet-00000001.png")["items"] == "2: 4 to 5"


def test_from_the_command_line(tmp_path, maps):
    np.save(tmp_path / "maps.npy", maps)
    for name, options in (("a", []), ("b", ["--no-provenance"])):
        command = ["render", str(tmp_path / "maps.npy"), "-q", "-o", str(tmp_path / name)]
        done = CliRunner().invoke(main, [*command, *options])
        assert done.exit_code == 0, done.output
    assert hotcold.read_provenance(tmp_path / "a" / "00000000.png")["source"] == "maps.npy"
    assert b"limits" not in (tmp_path / "b" / "00000000.png").read_bytes()
