"""`compression`: whoever writes PNG files takes it, and the pixels are always the same."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import message
from PIL import Image

import hotcold
from hotcold import files
from hotcold.cli.main import main

WRONG = message("`compression` must be one of 'fast', 'default', 'small', got 'smal'")
TEXT = hotcold.Visualizer().text_chunks()


@pytest.fixture(scope="module")
def maps():
    return np.random.default_rng(0).normal(size=(3, 3, 120, 130)).astype(np.float32)


def expected(picture, compression, visualizer, text=TEXT):
    colors = visualizer.request(np.zeros((1, 3, 4, 4), np.float32)).colors
    return files.encode(picture, ".png", text, colors, compression=compression)


def text_in(path, visualizer):
    """Return what a file should say of itself; of the item, what it does say."""
    with Image.open(path) as image:
        return {**visualizer.text_chunks(), "hotcold": image.text["hotcold"]}


def test_output_files_are_encoded_as_chosen(maps, tmp_path, compression):
    show = hotcold.Visualizer(compression=compression)
    show(maps[:1], output_file=tmp_path / "a.png", imshow=False)
    picture = show.render(maps[:1])[0]
    text = text_in(tmp_path / "a.png", show)
    assert (tmp_path / "a.png").read_bytes() == expected(picture, compression, show, text)
    assert ("compression" in repr(show)) == (compression != "default")
    assert "compression" not in show.describe()


@pytest.mark.parametrize("container", [None, "zip"])
def test_jobs_encode_as_chosen(maps, tmp_path, compression, container):
    show = hotcold.Visualizer(compression="small")  # of which a job takes no notice
    report = hotcold.render_files(
        show,
        maps,
        output_dir=tmp_path,
        progress=False,
        container=container,
        compression=compression,
        provenance=False,
    )
    text = show.text_chunks()
    data = [expected(p, compression, show, text) for p in show.render(maps)]
    if container is None:
        assert [(tmp_path / f"{i:08}.png").read_bytes() for i in range(3)] == data
        assert report.n_bytes == sum(map(len, data))
    else:
        whole = (tmp_path / "pictures.zip").read_bytes()
        assert all(one in whole for one in data)  # pictures are stored as they are


def test_the_command_line_encodes_as_chosen(maps, tmp_path, compression):
    np.save(tmp_path / "maps.npy", maps)
    command = ["render", str(tmp_path / "maps.npy"), "-o", str(tmp_path / "out"), "-q"]
    done = CliRunner().invoke(main, [*command, "--compression", compression])
    assert done.exit_code == 0, done.output
    show = hotcold.Visualizer()
    text = text_in(tmp_path / "out" / "00000000.png", show)
    data = expected(show.render(maps[:1])[0], compression, show, text)
    assert (tmp_path / "out" / "00000000.png").read_bytes() == data


def test_other_formats_take_no_notice(maps, tmp_path, compression):
    show = hotcold.Visualizer(compression=compression)
    show(maps[:1], output_file=tmp_path / "a.bmp", imshow=False)
    with Image.open(tmp_path / "a.bmp") as image:
        np.testing.assert_array_equal(np.asarray(image), show.render(maps[:1])[0])


def test_the_three_differ_and_small_is_smallest(maps, rng):
    image = rng.integers(-9, 10, (1, 3, 120, 130)).cumsum(axis=-1).astype(np.uint8)
    picture = hotcold.HeatmapVisualizer().render(maps[:1], image)[0]
    fast, default, small = (
        len(files.encode(picture, ".png", compression=way)) for way in files.COMPRESSIONS
    )
    assert small < default < fast


def test_another_word_is_refused(maps, tmp_path):
    picture = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(ValueError, match=WRONG):
        hotcold.Visualizer(compression="smal")
    with pytest.raises(ValueError, match=WRONG):
        hotcold.render_files(
            hotcold.Visualizer(), maps, output_dir=tmp_path / "out", compression="smal"
        )
    with pytest.raises(ValueError, match=WRONG):
        files.encode(picture, ".png", compression="smal")
    assert not (tmp_path / "out").exists()
    with pytest.raises(TypeError, match="compression"):
        hotcold.Visualizer().render(maps, compression="small")
