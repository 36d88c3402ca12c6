"""One image, N = 1, under all maps: the pictures of as many copies, without the copies."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import from_order, message, optional, to_order
from offline_inputs import (
    FILES,
    N,
    assert_same_pictures,
    make_images,
    make_maps,
    overlay,
    pictures_in,
    render_quietly,
)
from PIL import Image

from hotcold import ChannelMaskVisualizer, HeatmapVisualizer, MaskVisualizer


def one_image(kind="u1"):
    return (make_images(1) / (1 if kind == "u1" else 255)).astype(kind)


class Brightness:
    """Attributions of the array that is given, whatever it is."""

    def attributions(self, x):
        return x - x.mean()


# --- in memory ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [HeatmapVisualizer, MaskVisualizer])
@pytest.mark.parametrize("kind", ["u1", "f4", "f8"])
def test_one_image_gives_the_pictures_of_as_many(dim_order, cls, kind):
    a, x = make_maps(5), one_image(kind)
    visualizer = cls(blur=1, dim_order=dim_order)
    given = to_order(a, dim_order), to_order(x, dim_order)
    copies = to_order(x.repeat(5, 0), dim_order)
    np.testing.assert_array_equal(visualizer.render(*given), visualizer.render(given[0], copies))
    values = visualizer(*given, imshow=False, return_tiled=False)
    expected = visualizer(given[0], copies, imshow=False, return_tiled=False)
    np.testing.assert_array_equal(values, expected)
    assert len(from_order(values, dim_order)) == 5


def test_one_image_is_not_copied():
    x = one_image("f4")
    image = HeatmapVisualizer().request(make_maps(5), x).image
    assert image.shape == (5, *x.shape[1:])
    assert image.strides[0] == 0
    assert np.shares_memory(image, x)


def test_one_image_under_smaller_maps():
    a, x = make_maps(4)[..., :6, :5], one_image()
    for cls in (HeatmapVisualizer, MaskVisualizer):
        visualizer = cls(upsample="bilinear")
        expected = visualizer.render(a, x.repeat(4, 0))
        np.testing.assert_array_equal(visualizer.render(a, x), expected)


def test_one_image_under_the_maps_of_a_model():
    preprocessed = make_maps(4, channels=3)
    x = one_image()
    visualizer = ChannelMaskVisualizer.from_influence(Brightness(), blur=1)
    expected = visualizer.render(x.repeat(4, 0), preprocessed)
    np.testing.assert_array_equal(visualizer.render(x, preprocessed), expected)
    values = visualizer(x, preprocessed, imshow=False)
    assert values.shape == (4, *x.shape[1:])
    with pytest.raises(ValueError, match=message("`x_preprocessed` must have the items of `x`")):
        visualizer.render(x.repeat(2, 0), preprocessed)


def test_one_image_under_the_channels_of_a_network():
    torch = optional("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU())
    seen = make_maps(3, channels=3)
    visualizer = ChannelMaskVisualizer(model, "1", 2)
    expected = visualizer.render(make_images(1).repeat(3, 0), seen)
    np.testing.assert_array_equal(visualizer.render(make_images(1), seen), expected)


def test_several_images_must_be_as_many_as_the_maps():
    with pytest.raises(ValueError, match=message("one image (N = 1) serves for all maps")):
        HeatmapVisualizer().render(make_maps(5), make_images(2))
    with pytest.raises(ValueError, match=message("one map over all images")):
        HeatmapVisualizer().render(make_maps(1), make_images(2))


# --- in jobs --------------------------------------------------------------------------------------


@pytest.fixture
def expected():
    """The pictures of `overlay` over the usual maps and one image."""
    return overlay().render(make_maps(), make_images(1).repeat(N, 0))


@pytest.mark.parametrize("save", FILES.values(), ids=FILES.keys())
def test_a_job_lays_all_maps_over_one_image_of_a_file(save, tmp_path, expected):
    source = save(tmp_path, make_images(1))
    report = render_quietly(overlay(), make_maps(), source, output_dir=tmp_path / "out")
    assert (report.n_items, report.n_files) == (N, N)
    assert_same_pictures(tmp_path / "out", expected)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_job_lays_all_maps_over_one_picture(tmp_path, suffix, expected):
    photo = tmp_path / "photos" / f"photo.{suffix}"
    photo.parent.mkdir()
    Image.fromarray(make_images(1)[0].transpose(1, 2, 0)).save(photo)
    for i, x in enumerate((photo, str(photo), photo.parent)):
        render_quietly(overlay(), make_maps(), x, output_dir=tmp_path / f"{i}")
        assert_same_pictures(tmp_path / f"{i}", expected)
    # Beside the picture, which is left alone: it is not a folder that is read as a whole.
    render_quietly(overlay(), make_maps(), photo, output_dir=photo.parent)
    assert photo.name in pictures_in(photo.parent)
    assert len(pictures_in(photo.parent)) == N + 1


def test_a_job_reads_one_picture_once(tmp_path, monkeypatch):
    from hotcold.offline.input.pictures import PictureFolder

    Image.fromarray(make_images(1)[0].transpose(1, 2, 0)).save(tmp_path / "photo.png")
    spans = []
    monkeypatch.setattr(
        PictureFolder,
        "read",
        lambda self, start, stop, read=PictureFolder.read: (
            spans.append((start, stop)) or read(self, start, stop)
        ),
    )
    out = tmp_path / "out"
    render_quietly(
        overlay(), make_maps(), tmp_path / "photo.png", output_dir=out, batch_size=2, n_threads=3
    )
    assert spans == [(0, 1)]


@pytest.mark.parametrize(
    "options",
    [{"batch_size": 1}, {"batch_size": 7, "n_threads": 3}, {"n_threads": 2}],
    ids=str,
)
def test_batches_and_threads_change_no_pixel(tmp_path, options, expected):
    render_quietly(overlay(), make_maps(), make_images(1), output_dir=tmp_path, **options)
    assert_same_pictures(tmp_path, expected)


def test_shards_make_up_the_job(tmp_path, expected):
    for k in (1, 2, 3):
        render_quietly(overlay(), make_maps(), make_images(1), output_dir=tmp_path, shard=(k, 3))
    assert_same_pictures(tmp_path, expected)


def test_sheets_and_containers(tmp_path, expected):
    render_quietly(overlay(), make_maps(), make_images(1), output_dir=tmp_path, container="npy")
    np.testing.assert_array_equal(np.load(tmp_path / "pictures.npy"), expected)
    options = {"sheets": (2, 3), "batch_size": 4}
    for name, x in (("one", make_images(1)), ("many", make_images(1).repeat(N, 0))):
        render_quietly(overlay(), make_maps(), x, output_dir=tmp_path / name, **options)
    one, many = (pictures_in(tmp_path / name) for name in ("one", "many"))
    assert list(one) == list(many)
    for name in one:
        np.testing.assert_array_equal(one[name], many[name])


def test_a_generator_of_maps_over_one_image(tmp_path, expected):
    maps = make_maps()
    batches = (maps[i : i + 5] for i in range(0, N, 5))
    report = render_quietly(overlay(), batches, make_images(1), output_dir=tmp_path)
    assert report.n_files == N
    assert_same_pictures(tmp_path, expected)


def test_a_resumed_job_keeps_its_files_until_the_image_is_another(tmp_path):
    maps, image = make_maps(), make_images(1)
    options = {"output_dir": tmp_path, "resume": True}
    render_quietly(overlay(), maps, image, **options)
    assert render_quietly(overlay(), maps, image, **options).n_skipped == N
    with pytest.raises(ValueError, match="`x` has changed"):
        render_quietly(overlay(), maps, 255 - image, **options)


def test_one_bad_image_is_the_fault_of_every_item(tmp_path):
    broken = tmp_path / "photo.png"
    Image.fromarray(make_images(1)[0].transpose(1, 2, 0)).save(broken)
    broken.write_bytes(broken.read_bytes()[:-40])
    with pytest.raises(ValueError, match="`x` must hold pictures that can be read"):
        render_quietly(overlay(), make_maps(), broken, output_dir=tmp_path / "out")
    missing = one_image("f4")
    missing[0, 0, 0, 0] = np.nan
    report = render_quietly(
        overlay(), make_maps(), missing, output_dir=tmp_path / "set_aside", on_error="record"
    )
    assert (report.n_files, len(report.failures)) == (0, N)


def test_a_picture_of_another_size(tmp_path):
    Image.new("RGB", (30, 20), (9, 99, 199)).save(tmp_path / "photo.png")
    with pytest.raises(ValueError, match="pass resize=True"):
        render_quietly(overlay(), make_maps(), tmp_path / "photo.png", output_dir=tmp_path / "out")
    options = {"output_dir": tmp_path / "out", "resize": True}
    render_quietly(overlay(), make_maps(), tmp_path / "photo.png", **options)
    assert len(pictures_in(tmp_path / "out")) == N


@pytest.mark.filterwarnings("default")  # dask's own
def test_dask_lays_all_maps_over_one_image(tmp_path, expected):
    da = optional("dask.array")
    from hotcold.offline import dask as on_dask

    maps = da.from_array(make_maps(), chunks=(7, 1, -1, -1))
    image = da.from_array(make_images(1), chunks=(1, -1, 5, -1))
    np.testing.assert_array_equal(on_dask.render(overlay(), maps, image).compute(), expected)
    report = on_dask.render_files(overlay(), maps, image, output_dir=tmp_path)
    assert report.n_files == N
    assert_same_pictures(tmp_path, expected)
    # A folder that the one began is the other's too.
    again = render_quietly(overlay(), make_maps(), make_images(1), output_dir=tmp_path, resume=True)
    assert again.n_files + again.n_skipped == N


def test_the_command_line_takes_a_picture(tmp_path, monkeypatch, expected):
    from click.testing import CliRunner

    from hotcold.cli import main

    monkeypatch.chdir(tmp_path)
    np.save("maps.npy", make_maps())
    Image.fromarray(make_images(1)[0].transpose(1, 2, 0)).save("photo.png")
    arguments = ["render", "maps.npy", "photo.png", "-o", "out", "--blur", "1.5"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "one picture: photo.png" in done.output
    assert_same_pictures(tmp_path / "out", expected)
