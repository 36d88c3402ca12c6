"""What render_files leaves behind: names, formats, sheets, containers, shards, the report."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from helpers import optional, read_picture
from offline_inputs import (
    HEIGHT,
    WIDTH,
    N,
    assert_same_pictures,
    make_images,
    make_maps,
    overlay,
    pictures_in,
    render_quietly,
)
from PIL import Image

import hotcold


@pytest.fixture
def expected():
    """The pictures of `overlay` over the usual maps and images."""
    return overlay().render(make_maps(), make_images())


@pytest.mark.parametrize("n_threads", [1, 2, 7, None])
@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_files_do_not_depend_on_threads_or_batches(tmp_path, expected, n_threads, batch_size):
    report = render_quietly(
        overlay(),
        make_maps(),
        make_images(),
        output_dir=tmp_path,
        n_threads=n_threads,
        batch_size=batch_size,
    )
    assert_same_pictures(tmp_path, expected)
    assert report.n_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.png"))


@pytest.mark.parametrize("format_name", ["webp", "tiff", "bmp", ".PNG"])
def test_other_lossless_formats(tmp_path, expected, format_name):
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, format=format_name)
    suffix = format_name.lower().removeprefix(".")
    assert_same_pictures(tmp_path, expected, [f"{i:08d}.{suffix}" for i in range(N)])


def test_plain_heat_maps_are_palette_files_with_the_pixels_of_render(tmp_path):
    visualizer = hotcold.Visualizer(combine_channels=True)
    render_quietly(visualizer, make_maps(), output_dir=tmp_path)
    with Image.open(tmp_path / "00000000.png") as image:
        assert image.mode == "P"
    assert_same_pictures(tmp_path, visualizer.render(make_maps()))


def test_files_say_how_they_were_made(tmp_path):
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    with Image.open(tmp_path / "00000004.png") as image:
        assert image.text["Description"] == repr(overlay())
        assert image.text["Software"] == f"hotcold {hotcold.__version__}"


def test_given_names_are_cleaned(tmp_path, expected):
    names = [f"cat {i}" for i in range(N - 4)] + ["a:b", ".hidden", "dot.", "x.png"]
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, names=names)
    clean = [f"cat {i}.png" for i in range(N - 4)] + ["a_b.png", "_hidden.png", "dot.png", "x.png"]
    assert_same_pictures(tmp_path, expected, clean)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", "plain names"),
        ("..", "plain names"),
        ("a\\b", "plain names"),
        ("nul\x00", "plain names"),
        (" ", "must not be empty"),
        ("one", "must all differ"),
        ("ONE", "must all differ"),
        ("ä" * 120, "at most 200 bytes"),
    ],
)
def test_names_that_could_do_harm_are_refused(tmp_path, name, message):
    names = [name, "one", *(f"n{i}" for i in range(N - 2))]
    with pytest.raises(ValueError, match=message):
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, names=names)
    assert not list(tmp_path.iterdir())


def test_number_of_names_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`names` must hold 23 names, one per item, got 2"):
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, names=["a", "b"])
    with pytest.raises(TypeError, match="sequence of names, got the string"):
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, names="abc")


@pytest.mark.parametrize("padding", [0, 3])
def test_sheets_are_the_visualizers_own(tmp_path, padding):
    tiler = hotcold.Tiler(3, 4, padding=padding)
    visualizer = hotcold.HeatmapVisualizer(blur=1.5, tiler=tiler)
    maps, images = make_maps(), make_images()
    report = render_quietly(visualizer, maps, images, output_dir=tmp_path, sheets=(3, 4))
    assert (report.n_items, report.n_files) == (N, 2)
    found = pictures_in(tmp_path)
    assert list(found) == ["sheet-00000000.png", "sheet-00000001.png"]
    for i, sheet in enumerate(found.values()):
        part = slice(12 * i, 12 * i + 12)
        visualizer(maps[part], images[part], tmp_path / ".whole.png", imshow=False)
        np.testing.assert_array_equal(sheet, read_picture(tmp_path / ".whole.png"))


def test_sheets_of_streamed_items(tmp_path):
    maps = make_maps()
    visualizer = hotcold.Visualizer(combine_channels=True)
    render_quietly(visualizer, maps, output_dir=tmp_path / "array", sheets=(2, 3))
    stream = (maps[i : i + 5] for i in range(0, N, 5))
    render_quietly(visualizer, stream, output_dir=tmp_path / "stream", sheets=(2, 3))
    assert_same_pictures(
        tmp_path / "stream",
        list(pictures_in(tmp_path / "array").values()),
        [f"sheet-{i:08d}.png" for i in range(4)],
    )


def test_a_bad_item_leaves_its_cell_of_the_sheet_white(tmp_path):
    maps = make_maps()
    maps[4, 0, 0, 0] = np.nan
    report = render_quietly(
        hotcold.Visualizer(combine_channels=True),
        maps,
        output_dir=tmp_path,
        sheets=(2, 3),
        on_error="record",
    )
    assert [failure.index for failure in report.failures] == [4]
    sheet = read_picture(tmp_path / "sheet-00000000.png")
    assert (sheet[HEIGHT:, WIDTH : 2 * WIDTH] == 255).all()
    assert not (sheet[:HEIGHT] == 255).all(axis=(1, 2)).any()


def members(path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {name: archive.extractfile(name).read() for name in archive.getnames()}


@pytest.mark.parametrize("container", ["zip", "tar"])
def test_archives_hold_the_same_files_in_order(tmp_path, container):
    arguments = overlay(), make_maps(), make_images()
    render_quietly(*arguments, output_dir=tmp_path / "files")
    report = render_quietly(*arguments, output_dir=tmp_path, container=container, n_threads=3)
    assert report.output == str(tmp_path / f"pictures.{container}")
    found = members(tmp_path / f"pictures.{container}")
    assert list(found) == [f"{i:08d}.png" for i in range(N)]
    for name, data in found.items():
        assert data == (tmp_path / "files" / name).read_bytes()
    again = render_quietly(*arguments, output_dir=tmp_path / "again", container=container)
    assert (tmp_path / f"again/pictures.{container}").read_bytes() == (
        tmp_path / f"pictures.{container}"
    ).read_bytes()
    assert again.n_bytes == report.n_bytes == sum(map(len, found.values()))


def test_npy_holds_the_pixels(tmp_path, expected):
    stream = (make_maps()[i : i + 5] for i in range(0, N, 5))  # its length is not known
    render_quietly(overlay(), stream, make_images(), output_dir=tmp_path, container="npy")
    np.testing.assert_array_equal(np.load(tmp_path / "pictures.npy"), expected)


def test_zarr_holds_the_pixels(tmp_path, expected):
    zarr = optional("zarr")
    arguments = overlay(), make_maps(), make_images()
    for _ in range(2):  # an older one is replaced
        render_quietly(*arguments, output_dir=tmp_path, container="zarr")
    np.testing.assert_array_equal(zarr.open(str(tmp_path / "pictures.zarr"))[:], expected)


def test_rows_of_bad_items_are_zero(tmp_path, expected):
    maps = make_maps()
    maps[0, 0, 0, 0] = maps[5, 1, 2, 3] = np.inf
    report = render_quietly(
        overlay(), maps, make_images(), output_dir=tmp_path, container="npy", on_error="record"
    )
    assert [failure.index for failure in report.failures] == [0, 5]
    expected[[0, 5]] = 0
    np.testing.assert_array_equal(np.load(tmp_path / "pictures.npy"), expected)


def test_a_container_appears_only_when_it_is_complete(tmp_path):
    maps = make_maps()
    maps[20] = np.nan
    for container in ("zip", "tar", "npy", "zarr"):
        if container == "zarr":
            optional("zarr")
        with pytest.raises(ValueError, match=r"attributions\[20\] holds 240 non-finite"):
            render_quietly(overlay(), maps, make_images(), output_dir=tmp_path, container=container)
    assert [path.name for path in tmp_path.iterdir()] == [".hotcold"]


@pytest.mark.parametrize("total", [1, 4, 30])
def test_shards_are_disjoint_complete_and_named_alike(tmp_path, expected, total):
    n_files = 0
    for number in range(1, total + 1):
        report = render_quietly(
            overlay(), make_maps(), make_images(), output_dir=tmp_path, shard=(number, total)
        )
        n_files += report.n_files
    assert n_files == N  # none twice
    assert_same_pictures(tmp_path, expected)


def iter_batches(array):
    return (array[i : i + 5] for i in range(0, len(array), 5))


def test_shards_of_a_stream(tmp_path, expected):
    for number in (2, 1, 3):
        stream = iter_batches(make_maps())
        render_quietly(
            overlay(), stream, iter_batches(make_images()), output_dir=tmp_path, shard=(number, 3)
        )
    assert_same_pictures(tmp_path, expected)


def test_shards_of_unnormalized_maps_share_one_scale(tmp_path):
    visualizer = hotcold.Visualizer(combine_channels=True, normalization_type="unnormalized")
    for number in (1, 2, 3):
        render_quietly(visualizer, make_maps(), output_dir=tmp_path, shard=(number, 3))
    assert_same_pictures(tmp_path, visualizer.render(make_maps()))


def test_sharded_containers_have_names_of_their_own(tmp_path, expected):
    for number in (1, 2):
        render_quietly(
            overlay(),
            make_maps(),
            make_images(),
            output_dir=tmp_path,
            shard=(number, 2),
            container="npy",
        )
    parts = [np.load(path) for path in sorted(tmp_path.glob("pictures-*-of-0002.npy"))]
    np.testing.assert_array_equal(np.concatenate(parts), expected)


@pytest.mark.parametrize("shard", [(0, 3), (4, 3), (1,), "1/3", (1, 0)])
def test_impossible_shards_are_refused(tmp_path, shard):
    with pytest.raises(ValueError, match="`shard` must be"):
        render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path, shard=shard)


def test_report_counts_and_serialises(tmp_path):
    maps = make_maps()
    maps[3, 1, 0, 0] = np.nan
    report = render_quietly(
        overlay(), maps, make_images(), output_dir=tmp_path, on_error="record", n_threads=2
    )
    assert (report.n_items, report.n_files, report.n_skipped, report.ok) == (N, N - 1, 0, False)
    (failure,) = report.failures
    assert (failure.index, failure.name) == (3, "00000003")
    assert "attributions[3] holds 1 non-finite value" in failure.error
    assert report.rate == pytest.approx(report.n_files / report.seconds)
    assert set(report.stage_seconds) == {"read", "render", "encode", "write"}
    assert all(seconds > 0 for seconds in report.stage_seconds.values())
    assert json.loads(report.to_json())["failures"][0]["index"] == 3
    assert json.loads((tmp_path / ".hotcold/report.json").read_text()) == report.to_dict()
    assert "22 files written, 1 failed" in repr(report)
    assert pickle.loads(pickle.dumps(report)) == report
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.n_items = 5


def test_progress_is_lines_when_not_on_a_terminal(tmp_path, capsys):
    hotcold.render_files(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    assert capsys.readouterr().err.startswith("hotcold: 23 of 23 pictures, ")
    render_quietly(overlay(), make_maps(), make_images(), output_dir=tmp_path)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (hotcold.Panel({"map": hotcold.Visualizer()}), r"hotcold\.offline\.render_panels\(panel, "),
        (
            hotcold.HeatmapVisualizer,
            r"the class HeatmapVisualizer: write HeatmapVisualizer\(\)",
        ),
        ("heatmap", r"must be one such as hotcold\.HeatmapVisualizer\(\), got 'heatmap'"),
    ],
    ids=["panel", "class", "string"],
)
def test_what_draws_no_picture_an_item_is_told_what_to_call(tmp_path, given, said):
    with pytest.raises(TypeError, match=said):
        hotcold.render_files(given, np.ones((2, 1, 3, 4)), output_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()
