"""Two versions of very many maps: `compare_files`, and the command with its gate."""

from __future__ import annotations

import csv
import json
import tracemalloc

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from PIL import Image

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer
from hotcold.cli import main
from hotcold.offline import compare_files

N, H, W = 40, 16, 18


@pytest.fixture
def a(rng):
    return rng.normal(size=(N, 1, H, W)).astype(np.float32)


@pytest.fixture
def b(a, rng):
    other = a + 0.2 * rng.normal(size=a.shape).astype(np.float32)
    other[[7, 31]] = -a[[7, 31]]
    other[12] = a[12]
    return other


@pytest.fixture
def saved(a, b, tmp_path):
    np.save(tmp_path / "old.npy", a)
    np.save(tmp_path / "new.npy", b)
    return tmp_path / "old.npy", tmp_path / "new.npy"


def quietly(*inputs, **options):
    return compare_files(*inputs, progress=False, **options)


def table(folder):
    with (folder / "comparison.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def pictures(folder):
    return sorted(path.name for path in folder.glob("*.png"))


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def run(*words):
    return CliRunner().invoke(main, ["compare", *(str(word) for word in words)])


@pytest.mark.parametrize("kind", ["array", "npy", "h5", "zarr", "mixed"])
def test_a_table_has_the_metrics_of_all_items(a, b, saved, tmp_path, kind):
    first, second = a, b
    if kind in ("npy", "mixed"):
        first, second = saved[0], b if kind == "mixed" else saved[1]
    elif kind == "h5":
        with optional("h5py").File(tmp_path / "maps.h5", "w") as file:
            file["old"], file["new"] = a, b
        first, second = f"{tmp_path / 'maps.h5'}:old", f"{tmp_path / 'maps.h5'}:new"
    elif kind == "zarr":
        for name, maps in (("old", a), ("new", b)):
            optional("zarr").save(str(tmp_path / f"{name}.zarr"), maps)
        first, second = tmp_path / "old.zarr", tmp_path / "new.zarr"
    found = quietly(first, second, output_dir=tmp_path / "out", worst=0, n_threads=2)
    expected = hotcold.compare(a, b)
    np.testing.assert_array_equal(found.table, expected.table)
    rows = table(tmp_path / "out")
    assert [row["item"] for row in rows] == [str(i) for i in range(N)]
    for metric in expected.metrics:
        np.testing.assert_array_equal([float(row[metric]) for row in rows], expected[metric])
    assert pictures(tmp_path / "out") == []


def test_the_worst_are_drawn_side_by_side_on_one_scale(a, b, tmp_path, rng):
    x = rng.integers(0, 256, (N, 3, H, W), dtype=np.uint8)
    found = quietly(a, b, x, output_dir=tmp_path, worst=3, by="iou")
    assert pictures(tmp_path) == [f"worst-000{k}.png" for k in (1, 2, 3)]
    for place, item in enumerate(found.worst(3, "iou"), 1):
        one, other = a[item : item + 1], b[item : item + 1]
        top = max(abs(m).max() for m in (one, other, other - one))
        show = Visualizer(limits=(-top, top))
        seen = pixels(tmp_path / f"worst-000{place}.png")
        assert seen.shape == (H, 4 * W + 12, 3)
        cells = [
            x[item].transpose(1, 2, 0),
            *(show.render(m)[0] for m in (one, other, other - one)),
        ]
        for k, cell in enumerate(cells):
            np.testing.assert_array_equal(seen[:, k * (W + 4) : k * (W + 4) + W], cell)
        assert (seen[:, W : W + 4] == 255).all()
        assert table(tmp_path)[item]["picture"] == f"worst-000{place}.png"
    assert sum(bool(row["picture"]) for row in table(tmp_path)) == 3


def test_heat_maps_lie_over_the_images(a, b, tmp_path, rng):
    x = rng.random((N, 3, 2 * H, 2 * W)).astype(np.float32)
    show = HeatmapVisualizer(
        0.7, blur=2, upsample="bilinear", cmap="coolwarm", image_range=(0, 1), sign="positive"
    )
    found = quietly(a, b, x, output_dir=tmp_path, worst=1, visualizer=show)
    np.testing.assert_array_equal(found.table, hotcold.compare(a, b, x, visualizer=show).table)
    item = int(found.worst(1, "rank")[0])
    made = show.__replace__(normalization_type="unnormalized", sign="positive")
    one, other = (made(m[item : item + 1], x[item : item + 1], imshow=False) for m in (a, b))
    top = max(abs(m).max() for m in (one, other, other - one))
    over = HeatmapVisualizer(0.7, blur=0, cmap="coolwarm", image_range=(0, 1), limits=(-top, top))
    seen = pixels(tmp_path / "worst-0001.png")
    width = 2 * W + 4
    for k, maps in ((1, one), (2, other)):
        expected = over.render(maps, x[item : item + 1])[0]
        np.testing.assert_array_equal(seen[:, k * width : k * width + 2 * W], expected)
    np.testing.assert_array_equal(
        seen[:, : 2 * W], np.floor(x[item].transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)
    )


def test_masks_and_channels_last_are_compared_too(a, b, tmp_path, rng):
    x = rng.random((N, 4, H, W)).astype(np.float32)
    last = [np.moveaxis(m, 1, -1) for m in (a, b, x)]
    show = MaskVisualizer(blur=1, dim_order="channels_last", nonfinite="zero")
    last[1] = last[1].copy()
    last[1][3, 2, 2] = np.nan
    found = quietly(*last, output_dir=tmp_path, worst=2, visualizer=show)
    assert len(found) == N
    assert pixels(tmp_path / "worst-0001.png").shape == (H, 4 * W + 12, 3)


def test_one_image_serves_for_all(a, b, tmp_path, rng):
    photo = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    quietly(a, b, tmp_path / "photo.png", output_dir=tmp_path / "out", worst=2)
    for k in (1, 2):
        np.testing.assert_array_equal(pixels(tmp_path / "out" / f"worst-000{k}.png")[:, :W], photo)


def test_a_new_comparison_takes_the_place_of_an_earlier_one(a, b, tmp_path):
    quietly(a, b, output_dir=tmp_path, worst=9, gallery=True)
    page = (tmp_path / "index.html").read_text()
    quietly(a, a, output_dir=tmp_path, worst=4, by="ssim")
    assert len(pictures(tmp_path)) == 4
    assert {row["ssim"] for row in table(tmp_path)} == {"1.0"}
    assert (tmp_path / "index.html").read_text() != page
    assert "worst, worst first" not in page


def test_maps_without_a_channel_axis_are_taken_where_it_is_said_or_known(a, b, tmp_path, rng):
    expected = hotcold.compare(a, b).table
    for name, maps in (("old", a[:, 0]), ("new", b[:, 0])):
        np.save(tmp_path / f"{name}.npy", maps)
    plain = tmp_path / "old.npy", tmp_path / "new.npy"
    images = rng.integers(0, 256, (N, 3, H, W), dtype=np.uint8)
    for one, other in ((plain[0], plain[1]), (a, plain[1]), (plain[0], b), (a[:, 0], b[:, 0])):
        found = quietly(one, other, images, output_dir=tmp_path / "out", worst=1)
        np.testing.assert_array_equal(found.table, expected)
    done = run(*plain, "-o", tmp_path / "said", "-q", "--no-channel-axis", "--worst", 0)
    assert done.exit_code == 0, done.output
    got = [float(row["rank"]) for row in table(tmp_path / "said")]
    np.testing.assert_array_equal(got, expected[:, 0])
    with pytest.raises(ValueError, match=rf"`b` must be 4-D .*got shape \({N}, {H}, {W}\)"):
        quietly(a, plain[1], output_dir=tmp_path / "not")
    assert not (tmp_path / "not").exists()


def test_a_table_alone_does_not_stand_beside_pictures_of_an_earlier_one(a, b, saved, tmp_path):
    out = tmp_path / "out"
    quietly(a, b, output_dir=out, worst=3, gallery=True)
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    for more in ({}, {"overwrite": True}):
        with pytest.raises(FileExistsError, match=r"got worst-0001\.png in .*use another folder"):
            quietly(a, a, output_dir=out, worst=0, **more)
    done = run(*saved, "-o", out, "--worst", 0)
    assert done.exit_code == 1
    assert "`output_dir` must not hold pictures of an earlier comparison" in done.output
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    quietly(a, a, output_dir=tmp_path / "table", worst=0)
    quietly(a, b, output_dir=tmp_path / "table", worst=0)  # a table takes the place of a table
    assert {row["picture"] for row in table(tmp_path / "table")} == {""}


def test_what_is_not_ours_is_left_alone(a, b, saved, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("comparison.csv", "worst-0001.png", "index.html"):
        (out / name).write_text("mine")
        with pytest.raises(FileExistsError):
            quietly(a, b, output_dir=out, gallery=True)
        assert (out / name).read_text() == "mine"
        (out / name).unlink()
    (out / "comparison.csv").write_text("mine")
    quietly(a, b, output_dir=out, overwrite=True, worst=0)
    assert len(table(out)) == N
    pictures_in = tmp_path / "photos"
    pictures_in.mkdir()
    for i in range(N):
        Image.fromarray(np.zeros((H, W, 3), np.uint8)).save(pictures_in / f"{i:03}.png")
    with pytest.raises(ValueError, match="`output_dir` must not be where `x` is read from"):
        quietly(a, b, pictures_in, output_dir=pictures_in)
    np.testing.assert_array_equal(np.load(saved[0]), a)


def embedded(page, name):
    return json.loads(page.split(f'id="{name}">')[1].split("</script>")[0])


def test_what_else_is_known_of_items_stands_on_the_page(a, b, saved, tmp_path):
    lines = ["item,label,picture", *(f"{i},kind {i},x" for i in reversed(range(N)))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    out = tmp_path / "out"
    done = run(
        *saved, "-o", out, "--worst", 3, "--gallery", "--by", "iou", "--metrics", "iou",
        "--table", tmp_path / "t.csv", "--caption", "{label}: {iou:.2f}", "--sort", "-iou",
    )  # fmt: skip
    assert done.exit_code == 0, done.output  # by "item", as "picture" names none
    assert embedded((out / "index.html").read_text(), "known")["sort"] == ["iou", True]
    options = {"table": tmp_path / "t.csv", "metrics": ["iou"], "gallery": True}
    found = quietly(a, b, output_dir=out, worst=3, **options, caption="{label}: {iou:.2f}")
    known = embedded((out / "index.html").read_text(), "known")
    assert known["captions"] == [f"kind {i}: {found['iou'][i]:.2f}" for i in found.worst(3, "iou")]
    for more, told in (
        ({"caption": "{iuo}"}, r"`caption` must be of .*got 'iuo'; did you mean 'iou'\?"),
        ({"caption": "{iou:d}"}, "must format column 'iou' as the numbers"),
        ({"sort": "rank"}, "`sort` must be of the columns"),
        ({"table": {"iou": range(N)}}, "must not have a column called like a metric, got 'iou'"),
        ({"table": {"a": [1]}}, f"a row for each of {N} items, in their order, got 1"),
        ({"gallery": False}, "`table` must be None without a gallery"),
        ({"gallery": False, "table": None, "sort": "iou"}, "`sort` must be None without a"),
    ):
        with pytest.raises(ValueError, match=told):
            quietly(a, b, output_dir=tmp_path / "not", **{**options, **more})
    assert not (tmp_path / "not").exists()


def test_names_stand_in_table_and_page(a, b, tmp_path):
    names = [f"cat <{i}>.jpg" for i in range(N)]
    found = quietly(a, b, output_dir=tmp_path, names=names, worst=2, gallery=True, by="iou")
    assert [row["name"] for row in table(tmp_path)] == names
    page = (tmp_path / "index.html").read_text()
    item = int(found.worst(1, "iou")[0])
    assert embedded(page, "names")[0] == "worst-0001.png"
    known = embedded(page, "known")
    assert known["captions"][0] == f"iou {found['iou'][item]:.3f}  {names[item]}"
    columns = {column["name"]: column["values"][0] for column in known["columns"]}
    assert columns["name"] == names[item]
    assert columns["iou"] == found["iou"][item]
    assert "<cat" not in page
    assert f"{N} items" in page
    with pytest.raises(ValueError, match=f"`names` must hold {N} names, one per item, got 1"):
        quietly(a, b, output_dir=tmp_path, names=["one"])


def test_bad_input_is_refused_before_anything_is_written(a, b, tmp_path):
    out = tmp_path / "out"
    for inputs, options, error, words in (
        ((a, b[:30]), {}, ValueError, "`b` must hold the 40 items of `a`, got 30"),
        ((a, b[:, :, 2:]), {}, ValueError, "`b` must have the items, rows and columns of `a`"),
        ((a, b, b[:7]), {}, ValueError, "`x` must hold the 40 items of `a`, got 7"),
        ((a, iter([b])), {}, TypeError, "`b` must be an array or a file"),
        ((iter([a]), b), {}, TypeError, "`a` must be an array or a file"),
        ((a, b), {"by": "pearson"}, ValueError, "`by` must be one of rank, iou, ssim, overlap"),
        ((a, b), {"metrics": ["ranks"]}, ValueError, "did you mean 'rank'"),
        ((a, b), {"worst": -1}, ValueError, "`worst` must be"),
        ((a, b), {"worst": 0, "gallery": True}, ValueError, "`worst` must be at least 1 for a"),
        ((a[..., :5], b[..., :5]), {}, ValueError, "'ssim' for maps below 7 x 7"),
        (("missing.npy", b), {}, FileNotFoundError, "missing.npy"),
    ):
        with pytest.raises(error, match=words):
            quietly(*inputs, output_dir=out, **options)
        assert not out.exists()
    b[9, 0, 2, 2] = np.nan
    with pytest.raises(ValueError, match=r"`b` must be finite: b\[9\] holds 1 non-finite value"):
        quietly(a, b, output_dir=out)
    assert not (out / "comparison.csv").exists()


def test_memory_does_not_grow_with_the_number_of_items(tmp_path, rng):
    some = rng.normal(size=(64, 1, 48, 48)).astype(np.float32)
    peaks = []
    for n_items in (64 * 40, 64 * 120):
        for name in "ab":
            stored = np.lib.format.open_memmap(
                tmp_path / f"{name}.npy", "w+", np.float32, (n_items, 1, 48, 48)
            )
            for start in range(0, n_items, 64):
                stored[start : start + 64] = some * (1 if name == "a" else some[0])
            del stored
        tracemalloc.start()
        options = {"metrics": ["overlap"], "worst": 2, "output_dir": tmp_path / str(n_items)}
        quietly(tmp_path / "a.npy", tmp_path / "b.npy", **options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 64 * 80 * 1000  # of metrics and rows, a kB an item at most


# --- the command ---------------------------------------------------------------------------------


def test_the_command_compares_and_tells(a, b, saved, tmp_path):
    done = run(*saved, "-o", tmp_path / "out", "--worst", 2, "--gallery", "--metrics", "iou,ssim")
    assert done.exit_code == 0, done.output
    expected = hotcold.compare(a, b, metrics=["iou", "ssim"])
    assert f"{N} items: {tmp_path / 'out'}" in done.output
    assert expected.told() in done.output
    assert (tmp_path / "out" / "index.html").exists()
    got = [float(row["iou"]) for row in table(tmp_path / "out")]
    np.testing.assert_array_equal(got, expected["iou"])


def test_the_gate_ends_with_status_4_and_says_what_failed(a, b, saved, tmp_path):
    out = ("-o", tmp_path / "out", "-q", "--worst", 1)
    assert run(*saved, *out, "--fail-below", "rank=0.5", "--allow", 2).exit_code == 0
    assert run(*saved, *out, "--fail-below", "rank=-1", "--fail-above", "max_abs=99").exit_code == 0
    done = run(*saved, *out, "--fail-below", "rank=0.5")
    assert done.exit_code == 4
    worst = hotcold.compare(a, b).summary["rank"]
    assert (
        f"rank below 0.5: 2 of {N} items; the worst is item {worst['worst_item']}, "
        f"{worst['worst']:.4g}" in done.output
    )
    done = run(*saved, *out, "--fail-below", "iou=0.99", "--fail-above", "max_abs=0.1")
    assert done.exit_code == 4
    assert "iou below 0.99" in done.output
    assert "max_abs above 0.1" in done.output
    assert len(table(tmp_path / "out")) == N  # the table is there whatever the gate says


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--fail-below", "iuo=0.5"), 1, "did you mean 'iou'"),
        (("--fail-below", "centroid=5"), 1, "`--fail-below` must be one of rank"),
        (("--fail-above", "iou=0.5"), 1, "`--fail-above` must be one of centroid, max_abs"),
        (("--fail-below", "iou=nan"), 1, "`--fail-below` must be in [0, 1] for iou, got iou=nan"),
        (("--fail-below", "iou=80"), 1, "`--fail-below` must be in [0, 1] for iou, got iou=80"),
        (("--fail-below", "rank=-1.5"), 1, "`--fail-below` must be in [-1, 1] for rank"),
        (("--fail-above", "max_abs=inf"), 1, "must be finite and >= 0 for max_abs"),
        (("--fail-above", "centroid=-1"), 1, "must be finite and >= 0 for centroid"),
        (("--fail-below", "iou"), 2, "must be METRIC=NUMBER such as iou=0.8, got 'iou'"),
        (("--metrics", "iou,more"), 1, "`--metrics` must be one of"),
        (("--by", "more"), 1, "`--by` must be one of"),
        (("--visualizer", "cat"), 2, "Invalid value for '--visualizer'"),
        (("--names", "nothing.txt"), 2, "does not exist"),
        (("--positive-only",), 2, "--positive-only is an option of --visualizer mask"),
    ],
)
def test_wrong_words_are_refused(saved, tmp_path, words, status, told):
    done = run(*saved, "-o", tmp_path / "out", *words)
    assert (done.exit_code, told in done.output) == (status, True), done.output
    assert not (tmp_path / "out").exists()


def test_the_command_takes_the_options_of_maps(a, b, saved, tmp_path):
    out = tmp_path / "out"
    done = run(*saved, "-o", out, "-q", "--blur", 2, "--sign", "absolute", "--by", "overlap")
    assert done.exit_code == 0, done.output
    show = Visualizer(combine_channels=True, blur=2, sign="absolute")
    expected = hotcold.compare(a, b, visualizer=show)
    np.testing.assert_array_equal([float(r["overlap"]) for r in table(out)], expected["overlap"])
    assert pixels(out / "worst-0001.png").shape == (H, 3 * W + 8, 3)
