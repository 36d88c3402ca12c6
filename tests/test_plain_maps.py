"""Maps (N, H, W) without a channel axis: beside as many images, and where it is said."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from offline_inputs import assert_same_pictures, render_quietly
from PIL import Image

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Panel, Visualizer
from hotcold.cli import main
from hotcold.offline import PlainMaps

N, H, W = 5, 12, 17


@pytest.fixture
def maps(rng):
    return rng.normal(size=(N, H, W)).astype(np.float32)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (N, 3, H, W), dtype=np.uint8)


@pytest.mark.parametrize("kind", [HeatmapVisualizer, MaskVisualizer])
@pytest.mark.parametrize("dim_order", ["channels_first", "channels_last"])
def test_beside_as_many_images_nothing_is_guessed(maps, images, kind, dim_order):
    show = kind(blur=1, dim_order=dim_order)
    last = dim_order == "channels_last"
    x = np.moveaxis(images, 1, -1) if last else images
    four = maps[..., np.newaxis] if last else maps[:, np.newaxis]
    np.testing.assert_array_equal(show.render(maps, x), show.render(four, x))
    np.testing.assert_array_equal(show(maps, x, imshow=False), show(four, x, imshow=False))
    torch = optional("torch")
    tensors = torch.from_numpy(maps.copy()), torch.from_numpy(np.ascontiguousarray(x))
    np.testing.assert_array_equal(show.render(*tensors), show.render(four, x))


def test_masked_maps_stay_masked(maps, images):
    masked = np.ma.masked_array(maps, maps < -1)
    show = HeatmapVisualizer(blur=0, nonfinite="transparent")
    expected = show.render(masked[:, np.newaxis], images)
    np.testing.assert_array_equal(show.render(masked, images), expected)


def test_what_could_be_meant_otherwise_is_refused(maps, images):
    with pytest.raises(ValueError, match="`attributions` must be 4-D"):
        HeatmapVisualizer().render(maps, images[:1])
    with pytest.raises(ValueError, match="`attributions` must be 4-D"):
        Visualizer().render(maps)
    with pytest.raises(ValueError, match="`attributions` must be 4-D"):
        HeatmapVisualizer().render(maps[0], images)
    with pytest.raises(ValueError, match="`attributions` must be 4-D"):
        HeatmapVisualizer().render(maps[:4], images)


def test_panels_and_scales_take_them_too(maps, images):
    panel = Panel({"input": None, "over": HeatmapVisualizer(blur=1)})
    four = maps[:, np.newaxis]
    np.testing.assert_array_equal(panel.render(maps, images), panel.render(four, images))
    show = HeatmapVisualizer(blur=1)
    scale = hotcold.measure(show, maps, images, progress=False)
    assert scale == hotcold.measure(show, four, images, progress=False)
    assert scale == hotcold.measure(show, PlainMaps(maps), progress=False)


@pytest.mark.parametrize("kind", ["array", "npy", "h5"])
def test_jobs_take_them(maps, images, tmp_path, kind):
    given = maps
    if kind == "npy":
        given = tmp_path / "maps.npy"
        np.save(given, maps)
    elif kind == "h5":
        with optional("h5py").File(tmp_path / "maps.h5", "w") as file:
            file["maps"] = maps
        given = f"{tmp_path / 'maps.h5'}:maps"
    show = HeatmapVisualizer(blur=1)
    render_quietly(show, given, images, output_dir=tmp_path / "over")
    assert_same_pictures(tmp_path / "over", show.render(maps, images))
    for dim_order in ("channels_first", "channels_last"):
        plain, out = Visualizer(dim_order=dim_order), tmp_path / dim_order
        render_quietly(plain, PlainMaps(given), output_dir=out)
        assert_same_pictures(out, Visualizer().render(maps[:, np.newaxis]))
    if kind == "npy":
        report = render_quietly(Visualizer(), PlainMaps(given), output_dir=out, overwrite=True)
        assert report.n_files == N
        (out / "00000002.png").unlink()
        report = render_quietly(Visualizer(), PlainMaps(given), output_dir=out, resume=True)
        assert report.n_files == 1


def test_other_shapes_and_streams_are_not_plain_maps(maps, tmp_path):
    for given in (maps[:, np.newaxis], maps[0], iter([maps])):
        with pytest.raises(ValueError, match=r"`attributions` must be an array or a file of maps"):
            render_quietly(Visualizer(), PlainMaps(given), output_dir=tmp_path / "out")


def test_commands_have_a_flag_for_it(maps, images, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    np.save(tmp_path / "x.npy", images)
    four = maps[:, np.newaxis]

    def run(*words):
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exit_code == 0, done.output

    inputs = (tmp_path / "maps.npy", "--no-channel-axis", "-q")
    run("render", *inputs, "-o", tmp_path / "out")
    assert_same_pictures(tmp_path / "out", Visualizer().render(four))
    run("render", tmp_path / "maps.npy", tmp_path / "x.npy", "-o", tmp_path / "over", "-q")
    assert_same_pictures(tmp_path / "over", HeatmapVisualizer().render(four, images))
    run("scale", *inputs, "-o", tmp_path / "scale.json")
    found = hotcold.Scale.load(tmp_path / "scale.json")
    assert found == hotcold.measure(Visualizer(), four, progress=False)
    run("boxes", *inputs, "-o", tmp_path / "boxes.csv")
    hotcold.boxes(four).to_csv(tmp_path / "expected.csv")
    assert (tmp_path / "boxes.csv").read_text() == (tmp_path / "expected.csv").read_text()
    run("animate", *inputs, "-o", tmp_path / "a.png", "--scale", "item")
    with Image.open(tmp_path / "a.png") as file:
        assert file.n_frames == N
