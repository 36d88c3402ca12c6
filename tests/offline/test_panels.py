"""Panels of very many items, from several sources: `render_panels` and `hotcold panel`."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from hotcold import HeatmapVisualizer, Panel, Visualizer
from hotcold.cli import main
from hotcold.offline import render_panels

N, H, W = 90, 16, 18


@pytest.fixture
def maps(rng):
    sizes = rng.random((N, 1, 1, 1)) ** 3
    return {
        name: (rng.normal(size=(N, 1, H, W)) * sizes).astype(np.float32) for name in ("IG", "CAM")
    }


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (N, 3, H, W), dtype=np.uint8)


@pytest.fixture
def saved(maps, images, tmp_path):
    for name, one in maps.items():
        np.save(tmp_path / f"{name}.npy", one)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image.transpose(1, 2, 0)).save(folder / f"{i:03}.png")
    return tmp_path


def columns():
    return {"input": None, "IG": HeatmapVisualizer(blur=1), "CAM": HeatmapVisualizer(blur=2)}


def pixels(folder):
    found = sorted(folder.glob("*.png"))
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in found])


def run(*words):
    return CliRunner().invoke(main, ["panel", *(str(word) for word in words)])


@pytest.mark.parametrize("scale", ["item", "row", "column", "shared"])
def test_strips_are_those_of_the_panel_over_all_items(maps, images, tmp_path, scale):
    panel = Panel(columns(), scale=scale, colorbar=True)
    lines = [f"item {i}" for i in range(N)]
    render_panels(
        panel, maps, images, output_dir=tmp_path, captions=lines, progress=False, n_threads=2
    )
    expected = panel.render(maps, images, captions=lines)
    got = pixels(tmp_path)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("clip", [{"clip_quantile": 0.95}, {"clip_mass": 0.9}])
def test_outliers_of_the_data_set_are_clipped(maps, tmp_path, clip):
    kinds = {"IG": Visualizer(**clip), "CAM": Visualizer(blur=1, **clip)}
    for scale in ("column", "shared"):
        panel = Panel(kinds, scale=scale)
        render_panels(panel, maps, output_dir=tmp_path / scale, progress=False)
        np.testing.assert_array_equal(pixels(tmp_path / scale), panel.render(maps))


def test_one_batch_serves_for_all_columns_and_one_image_for_all_items(maps, images, tmp_path):
    panel = Panel(columns())
    render_panels(panel, maps["IG"], images[:1], output_dir=tmp_path, progress=False)
    expected = panel.render(maps["IG"], images[:1])
    np.testing.assert_array_equal(pixels(tmp_path), expected)


def test_items_are_counted_over_the_batches(maps, images, tmp_path):
    maps["CAM"][77, 0, 3, 3] = np.nan
    with pytest.raises(ValueError, match=r"attributions\[77\] holds 1 non-finite"):
        render_panels(Panel(columns()), maps, images, output_dir=tmp_path, progress=False)


def test_inputs_that_do_not_fit_are_refused_before_any_work(maps, images, tmp_path):
    panel, out = Panel(columns()), tmp_path / "out"
    for given, x, error, words in (
        ({"IG": maps["IG"]}, images, ValueError, "got none for 'CAM'"),
        ({**maps, "CAM": maps["CAM"][:7]}, images, ValueError, "as many items in every column"),
        (maps, None, ValueError, "`x` must be given for the column 'input'"),
        (maps, images[:7], ValueError, "`x` must hold the 90 items of `attributions`, got 7"),
        (maps, images[..., :5], ValueError, "`x` must have the items, rows and columns"),
        ({**maps, "IG": iter([maps["IG"]])}, images, TypeError, "must be an array or a file"),
        ({**maps, "IG": "missing.npy"}, images, FileNotFoundError, "missing.npy"),
    ):
        with pytest.raises(error, match=words):
            render_panels(panel, given, x, output_dir=out, progress=False)
        assert not list(out.glob("*.png"))
    with pytest.raises(ValueError, match="`captions` must hold 90 strings"):
        render_panels(panel, maps, images, output_dir=out, captions=["a"], progress=False)
    with pytest.raises(TypeError, match=r"`panel` must be a hotcold\.Panel"):
        render_panels(Visualizer(), maps, images, output_dir=out)


def test_captions_come_of_a_table(maps, saved):
    lines = ["item,label,score", *(f"{i},kind {i % 3},{i / N}" for i in reversed(range(N)))]
    (saved / "t.csv").write_text("\n".join(lines))
    done = run(
        "--column", f"IG={saved / 'IG.npy'}", "-o", saved / "out", "--table", saved / "t.csv",
        "--caption", "{label} {score:.2f}", "--gallery", "-q",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = [f"kind {i % 3} {i / N:.2f}" for i in range(N)]
    expected = Panel({"IG": Visualizer()}).render(maps["IG"], captions=told)
    np.testing.assert_array_equal(pixels(saved / "out"), expected)
    page = (saved / "out" / "index.html").read_text()
    assert '"kind 0 0.00","kind 1 0.01"' in page


def test_tables_that_do_not_match_are_refused_before_any_work(maps, tmp_path):
    panel, out = Panel({"IG": Visualizer()}), tmp_path / "out"
    for options, told in (
        ({"table": {"a": range(N)}}, "`caption` must say what to write of `table`"),
        ({"caption": "{a}"}, "`table` must be given for `caption`"),
        ({"table": {"a": [1]}, "caption": "{a}"}, "a row for each of 90 items, in their order"),
        ({"table": {"a": range(N)}, "caption": "{b}"}, "`caption` must be of the columns"),
        (
            {"table": {"a": range(N)}, "caption": "{a}", "captions": ["a"] * N},
            "`captions` must be None beside `table`",
        ),
    ):
        with pytest.raises(ValueError, match=told):
            render_panels(panel, maps["IG"], output_dir=out, progress=False, **options)
    assert not out.exists()


# --- the command ---------------------------------------------------------------------------------


def test_the_command_makes_a_column_of_each_file(maps, images, saved):
    out = saved / "out"
    done = run(
        saved / "photos", "--column", f"IG={saved / 'IG.npy'}", "--column",
        f"CAM={saved / 'CAM.npy'}", "-o", out, "--scale", "row", "--blur", 1, "-q",
    )  # fmt: skip
    assert (done.exit_code, done.output) == (0, "")
    kinds = {"input": None, **dict.fromkeys(("IG", "CAM"), HeatmapVisualizer(blur=1))}
    np.testing.assert_array_equal(pixels(out), Panel(kinds, scale="row").render(maps, images))


def test_the_command_without_images_draws_maps_alone(maps, saved):
    lines = saved / "lines.txt"
    lines.write_text("\n".join(f"item {i}" for i in range(N)))
    done = run(
        "--column", f"IG={saved / 'IG.npy'}", "-o", saved / "out", "--scale", "column",
        "--captions", lines, "--text-size", 12, "--background", "black", "--gallery",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    panel = Panel({"IG": Visualizer()}, scale="column", text_size=12, background="black")
    expected = panel.render(maps["IG"], captions=lines.read_text().splitlines())
    np.testing.assert_array_equal(pixels(saved / "out"), expected)
    assert (saved / "out" / "index.html").exists()


def test_a_few_items_make_a_figure(maps, images, saved):
    for name, one in maps.items():
        np.save(saved / f"{name}.npy", one[:3])
    np.save(saved / "x.npy", images[:3])
    done = run(
        saved / "x.npy", "--column", f"IG={saved / 'IG.npy'}", "-o", saved / "out",
        "--pdf", saved / "figure.pdf", "-q",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert (saved / "figure.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ((), 2, "--column must be given"),
        (("--column", "IG"), 2, "must be LABEL=FILE, got 'IG'"),
        (("--column", "IG=IG.npy", "--column", "IG=CAM.npy"), 2, "label 'IG' is given twice"),
        (("--column", "IG=gone.npy"), 1, "gone.npy"),
        (("--column", "IG=IG.npy", "--text-size", "11"), 2, "'11' is not one of"),
        (("--column", "IG=IG.npy", "--pdf", "figure.png"), 2, "must end in .pdf, .svg or .eps"),
        (("--column", "IG=IG.npy", "--pdf", "figure.pdf"), 1, "at most 50 items"),
    ],
)
def test_wrong_words_are_refused(saved, monkeypatch, words, status, told):
    monkeypatch.chdir(saved)
    done = run(*words, "-o", "out")
    assert (done.exit_code, told in done.output) == (status, True), done.output
    assert not (saved / "out").exists()
    assert not (saved / "figure.pdf").exists()


def test_what_is_read_is_not_written_to(saved):
    done = run(saved / "photos", "--column", f"IG={saved / 'IG.npy'}", "-o", saved / "photos", "-q")
    assert done.exit_code == 1
    assert "must not be where `x` is read from" in done.output
