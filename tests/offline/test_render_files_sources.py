"""render_files gives the pixels of `render`, wherever the items come from."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import optional
from offline_inputs import (
    FILES,
    HEIGHT,
    WIDTH,
    N,
    assert_same_pictures,
    make_images,
    make_maps,
    overlay,
    render_quietly,
)
from PIL import Image

import hotcold


@pytest.fixture
def expected():
    """The pictures of `overlay` over the usual maps and images."""
    return overlay().render(make_maps(), make_images())


@pytest.mark.parametrize("save", FILES.values(), ids=FILES.keys())
def test_attributions_from_a_file_give_the_pixels_of_render(save, tmp_path, expected):
    source = save(tmp_path, make_maps())
    report = render_quietly(overlay(), source, make_images(), output_dir=tmp_path / "out")
    assert (report.n_items, report.n_files, report.failures) == (N, N, ())
    assert_same_pictures(tmp_path / "out", expected)


@pytest.mark.parametrize("save", FILES.values(), ids=FILES.keys())
def test_images_from_a_file_give_the_pixels_of_render(save, tmp_path, expected):
    source = save(tmp_path, make_images())
    render_quietly(overlay(), make_maps(), source, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", expected)


def held_as(kind, maps, path):
    if kind == "torch":
        return optional("torch").from_numpy(maps).requires_grad_()
    if kind == "list":
        return maps.tolist()
    if kind == "zarr":
        return optional("zarr").open(str(FILES["zarr"](path, maps)), mode="r")
    if kind == "dask":
        return optional("dask.array").from_array(maps, chunks=(4, -1, -1, -1))
    return np.load(FILES["npy"](path, maps), mmap_mode=kind)


@pytest.mark.parametrize("kind", ["torch", "list", "zarr", "dask", "r", "r+", "c"])
def test_array_of_any_kind_gives_the_pixels_of_render(kind, tmp_path, expected):
    maps = make_maps()
    held = held_as(kind, maps, tmp_path)
    render_quietly(overlay(), held, make_images(), output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", expected)
    if kind in ("r", "r+", "c"):  # pages that were given back are read again
        np.testing.assert_array_equal(held, maps)


def test_changed_pages_of_a_copy_on_write_map_are_kept(tmp_path):
    maps = make_maps()
    held = np.load(FILES["npy"](tmp_path, maps), mmap_mode="c")
    held[:] = maps + 1
    render_quietly(overlay(), held, make_images(), output_dir=tmp_path / "out")
    np.testing.assert_array_equal(held, maps + 1)


def test_bfloat16_tensors_are_read_exactly(tmp_path):
    torch = optional("torch")
    tensor = torch.from_numpy(make_maps()).bfloat16()
    optional("safetensors.torch").save_file({"maps": tensor}, tmp_path / "maps.safetensors")
    torch.save(tensor, tmp_path / "maps.pt")
    expected = overlay().render(tensor.float(), make_images())
    for name in ("maps.safetensors", "maps.pt"):
        render_quietly(overlay(), tmp_path / name, make_images(), output_dir=tmp_path / "out")
        assert_same_pictures(tmp_path / "out", expected)


def batches(array, *lengths):
    """The array in batches of these lengths, again and again."""
    start, turn = 0, 0
    while start < len(array):
        stop = start + lengths[turn % len(lengths)]
        yield array[start:stop]
        start, turn = stop, turn + 1


@pytest.mark.parametrize("batch_size", [None, 1, 4, 1000])
def test_generators_of_batches_of_any_lengths(tmp_path, expected, batch_size):
    maps = batches(make_maps(), 7, 1, 5)
    images = batches(make_images(), 3, 8)
    render_quietly(overlay(), maps, images, output_dir=tmp_path, batch_size=batch_size)
    assert_same_pictures(tmp_path, expected)


def test_generator_over_an_array_of_images(tmp_path, expected):
    render_quietly(overlay(), batches(make_maps(), 6), make_images(), output_dir=tmp_path)
    assert_same_pictures(tmp_path, expected)


def test_array_with_a_generator_of_images(tmp_path, expected):
    render_quietly(overlay(), make_maps(), batches(make_images(), 6), output_dir=tmp_path)
    assert_same_pictures(tmp_path, expected)


def test_list_of_batches(tmp_path, expected):
    maps = list(batches(make_maps(), 6))
    render_quietly(overlay(), maps, list(batches(make_images(), 4)), output_dir=tmp_path)
    assert_same_pictures(tmp_path, expected)


def test_generator_that_fills_the_same_memory_again(tmp_path, expected):
    def refilled():
        buffer = np.empty((1, 2, HEIGHT, WIDTH), np.float32)
        for item in make_maps():
            buffer[0] = item
            yield buffer

    render_quietly(overlay(), refilled(), make_images(), output_dir=tmp_path)
    assert_same_pictures(tmp_path, expected)


def test_channels_last_sources(tmp_path, expected):
    visualizer = hotcold.HeatmapVisualizer(blur=1.5, dim_order="channels_last")
    maps, images = (np.moveaxis(a, 1, -1) for a in (make_maps(), make_images()))
    np.save(tmp_path / "maps.npy", maps)
    render_quietly(visualizer, tmp_path / "maps.npy", images, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", expected)


def save_pictures(folder, images, suffix=".png"):
    folder.mkdir()
    for i, image in enumerate(np.moveaxis(images, 1, -1)):
        Image.fromarray(image).save(folder / f"photo{i:03d}{suffix}")
    return folder


@pytest.mark.parametrize("dim_order", ["channels_first", "channels_last"])
def test_images_from_a_folder_of_pictures_in_the_order_of_their_names(
    tmp_path, expected, dim_order
):
    folder = save_pictures(tmp_path / "photos", make_images())
    (folder / "notes.txt").write_text("not a picture")
    visualizer = hotcold.HeatmapVisualizer(blur=1.5, dim_order=dim_order)
    maps = make_maps() if dim_order == "channels_first" else np.moveaxis(make_maps(), 1, -1)
    render_quietly(visualizer, maps, folder, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", expected)


def test_generator_over_a_folder_of_pictures(tmp_path, expected):
    folder = save_pictures(tmp_path / "photos", make_images())
    render_quietly(overlay(), batches(make_maps(), 5), folder, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", expected)


def test_pictures_are_resized_to_the_maps_on_request(tmp_path):
    large = np.random.default_rng(3).integers(0, 256, (N, 3, 31, 44), np.uint8)
    folder = save_pictures(tmp_path / "photos", large)
    resized = np.stack(
        [
            np.asarray(Image.fromarray(image).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
            for image in np.moveaxis(large, 1, -1)
        ]
    )
    expected = overlay().render(make_maps(), np.moveaxis(resized, -1, 1))
    render_quietly(overlay(), make_maps(), folder, output_dir=tmp_path / "out", resize=True)
    assert_same_pictures(tmp_path / "out", expected)
    with pytest.raises(ValueError, match=r"of 10 x 12 pixels.*got 44 x 31 .*resize"):
        render_quietly(overlay(), make_maps(), folder, output_dir=tmp_path / "out")


def test_plain_visualizer_of_uint8_images(tmp_path):
    visualizer = hotcold.Visualizer(normalization_type="unnormalized")
    render_quietly(visualizer, make_images(), output_dir=tmp_path)
    assert_same_pictures(tmp_path, np.moveaxis(make_images(), 1, -1))


@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("as_list", [False, True])
def test_unnormalized_items_share_the_scale_of_the_whole_data_set(tmp_path, batch_size, as_list):
    visualizer = hotcold.Visualizer(
        combine_channels=True, normalization_type="unnormalized", blur=1
    )
    maps = make_maps() * np.linspace(0.1, 3, N, dtype=np.float32)[:, None, None, None]
    source = list(batches(maps, 6)) if as_list else maps
    render_quietly(visualizer, source, output_dir=tmp_path, batch_size=batch_size)
    assert_same_pictures(tmp_path, visualizer.render(maps))


def test_unnormalized_zeros_are_drawn_as_by_render(tmp_path):
    visualizer = hotcold.Visualizer(normalization_type="unnormalized")
    render_quietly(visualizer, np.zeros((3, 1, 4, 4)), output_dir=tmp_path)
    assert_same_pictures(tmp_path, visualizer.render(np.zeros((3, 1, 4, 4))))


def test_unnormalized_generators_need_limits(tmp_path):
    visualizer = hotcold.Visualizer(combine_channels=True, normalization_type="unnormalized")
    maps = make_maps()
    with pytest.raises(ValueError, match=r"readable twice .*limits=\(low, high\)"):
        render_quietly(visualizer, batches(maps, 6), output_dir=tmp_path)
    largest = float(np.abs(maps.mean(axis=1)).max())
    render_quietly(visualizer, batches(maps, 6), output_dir=tmp_path, limits=(-largest, largest))
    assert_same_pictures(tmp_path, visualizer.render(maps))


def test_channel_mask_visualizer_renders_from_images(tmp_path):
    class Brightness:
        def attributions(self, x):
            return np.asarray(x, np.float32) - 100

    visualizer = hotcold.ChannelMaskVisualizer.from_influence(Brightness(), blur=1)
    render_quietly(visualizer, make_images(), output_dir=tmp_path, batch_size=4)
    assert_same_pictures(tmp_path, visualizer.render(make_images()))


def test_small_maps_over_a_folder_of_larger_pictures(tmp_path):
    large = np.random.default_rng(3).integers(0, 256, (N, 3, 31, 44), np.uint8)
    folder = save_pictures(tmp_path / "photos", large)
    visualizer = hotcold.HeatmapVisualizer(blur=1, upsample="bilinear")
    render_quietly(visualizer, make_maps(), folder, output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", visualizer.render(make_maps(), large))
    other = hotcold.HeatmapVisualizer(blur=1)
    with pytest.raises(ValueError, match="upsample was 'bilinear' and is None"):
        render_quietly(
            other, make_maps(), folder, output_dir=tmp_path / "out", resume=True, resize=True
        )
