"""`animate`: what plays is what was given, frame by frame."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional, run_python
from PIL import Image

import hotcold
from hotcold import HeatmapVisualizer, MaskVisualizer, Visualizer
from hotcold.animation import ColorsWarning
from hotcold.cli import main
from hotcold.panel import text

F, H, W = 5, 20, 31


@pytest.fixture
def maps(rng):
    growing = np.linspace(0.2, 1, F)[:, None, None, None]
    return (rng.normal(size=(F, 1, H, W)) * growing).astype(np.float32)


def played(path, mode="RGB"):
    """Return every frame, as often as it is shown for the time of the shortest."""
    frames, times = [], []
    with Image.open(path) as file:
        for i in range(file.n_frames):
            file.seek(i)
            frames.append(np.asarray(file.convert(mode)))
            times.append(file.info["duration"])
    shortest = min(times)
    return np.stack(
        [f for f, t in zip(frames, times, strict=True) for _ in range(int(t // shortest))]
    )


def run(*words):
    return CliRunner().invoke(main, ["animate", *(str(word) for word in words)])


@pytest.mark.parametrize("suffix", [".png", ".apng", ".webp"])
@pytest.mark.parametrize("channels", [3, 4])
def test_png_and_webp_hold_every_pixel(rng, tmp_path, suffix, channels):
    frames = rng.integers(0, 256, (F, H, W, channels), dtype=np.uint8)
    frames[..., 3:] |= 1  # WebP has no colour where nothing is seen
    path = tmp_path / f"a{suffix}"
    hotcold.animate(frames, path, fps=8)
    np.testing.assert_array_equal(played(path, "RGB" if channels == 3 else "RGBA"), frames)
    with Image.open(path) as file:
        assert file.info["loop"] == 0
        file.load()
        assert file.info["duration"] == 125


def test_a_gif_holds_every_pixel_up_to_256_colours(maps, tmp_path):
    frames = Visualizer(cmap="viridis").render(maps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hotcold.animate(frames, tmp_path / "a.gif", loop=3)
    np.testing.assert_array_equal(played(tmp_path / "a.gif"), frames)
    with Image.open(tmp_path / "a.gif") as file:
        assert (file.info["duration"], file.info["loop"]) == (100, 3)


def test_a_gif_of_more_colours_says_so_and_looks_alike(rng, tmp_path):
    frames = rng.integers(0, 256, (3, H, W, 3), dtype=np.uint8)
    frames[1] //= 128
    with pytest.warns(ColorsWarning, match="2 of 3 frames have more than 256 colours"):
        hotcold.animate(frames, tmp_path / "a.gif")
    got = played(tmp_path / "a.gif").astype(int)
    assert np.abs(got - frames).mean() < 30
    np.testing.assert_array_equal(got[1], frames[1])


def test_transparent_frames_of_a_gif_lie_on_the_background(tmp_path):
    frames = np.zeros((2, H, W, 4), np.uint8)
    frames[1, :, :, 3] = 255
    hotcold.animate(frames, tmp_path / "a.gif", background="red")
    got = played(tmp_path / "a.gif")
    assert (got[0] == (255, 0, 0)).all()
    assert (got[1] == 0).all()


def test_frames_that_stay_are_shown_longer(maps, tmp_path):
    frames = Visualizer().render(maps)[[0, 1, 1, 1, 2]]
    hotcold.animate(frames, tmp_path / "a.png", fps=10)
    np.testing.assert_array_equal(played(tmp_path / "a.png"), frames)


def test_captions_stand_below_the_frames(maps, tmp_path):
    frames = Visualizer().render(maps)
    lines = [f"epoch {i}" for i in range(F)]
    hotcold.animate(list(frames), tmp_path / "a.png", captions=lines, background="black")
    got = played(tmp_path / "a.png")
    np.testing.assert_array_equal(got[:, :H], frames)
    expected = np.zeros((text.line_height(10) + 3, W, 3), np.uint8)
    text.draw(expected, "epoch 3", 10, (255, 255, 255))
    np.testing.assert_array_equal(got[3, H:], expected)


def test_bad_series_are_refused_before_a_file_is_there(maps, tmp_path):
    frames = Visualizer().render(maps)
    path = tmp_path / "a.png"
    for given, options, error, words in (
        (frames[:1], {}, ValueError, "`frames` must be at least two to play, got 1"),
        (frames / 255, {}, TypeError, "`frames` must be pictures of dtype uint8, got float64"),
        (frames[..., :2], {}, ValueError, r"must have shape \(F, H, W, 3 or 4\)"),
        ([frames[0], frames[1, 1:]], {}, ValueError, r"must have one shape, got \(19.*\(20"),
        (frames, {"fps": 0}, ValueError, "`fps` must be above 0 and at most 100 for .png, got 0"),
        (frames, {"loop": -1}, ValueError, "`loop` must be"),
        (frames, {"captions": ["a"]}, ValueError, "`captions` must hold 5 strings, one per frame"),
        (frames, {"captions": ["\u4e2d"] * F}, ValueError, "characters that the font has"),
        (frames, {"background": "whitish"}, ValueError, "`background` must be a colour"),
    ):
        with pytest.raises(error, match=words):
            hotcold.animate(given, path, **options)
        assert not path.exists()
    for name in ("a.avi", "a"):
        with pytest.raises(ValueError, match=r"`output_file` must end in one of \.gif"):
            hotcold.animate(frames, tmp_path / name)
    with pytest.raises(ValueError, match=r"at most 50 for \.gif"):
        hotcold.animate(frames, tmp_path / "a.gif", fps=60)
    with pytest.raises(FileNotFoundError):
        hotcold.animate(frames, tmp_path / "no" / "a.png")


# --- the command ---------------------------------------------------------------------------------


def test_the_command_plays_all_items_on_one_scale(maps, tmp_path, rng):
    np.save(tmp_path / "maps.npy", maps)
    x = rng.integers(0, 256, (1, 3, H, W), dtype=np.uint8)
    Image.fromarray(x[0].transpose(1, 2, 0)).save(tmp_path / "photo.png")
    inputs = (tmp_path / "maps.npy", tmp_path / "photo.png")
    done = run(*inputs, "-o", tmp_path / "a.png", "--fps", 4, "--blur", 1)
    assert (done.exit_code, done.output) == (0, f"5 frames: {tmp_path / 'a.png'}\n")
    expected = HeatmapVisualizer(blur=1, scale="shared").render(maps, x)
    np.testing.assert_array_equal(played(tmp_path / "a.png"), expected)
    done = run(inputs[0], "-o", tmp_path / "b.webp", "--scale", "item", "-q")
    assert (done.exit_code, done.output) == (0, "")
    np.testing.assert_array_equal(played(tmp_path / "b.webp"), Visualizer().render(maps))
    done = run(*inputs, "-o", tmp_path / "c.png", "--visualizer", "mask", "--blur", 0)
    assert done.exit_code == 0, done.output
    np.testing.assert_array_equal(
        played(tmp_path / "c.png"), MaskVisualizer(blur=0).render(maps, x)
    )
    (tmp_path / "lines.txt").write_text("\n".join(f"epoch {i}" for i in range(F)))
    done = run(inputs[0], "-o", tmp_path / "d.gif", "--captions", tmp_path / "lines.txt", "-q")
    assert done.exit_code == 0, done.output
    assert played(tmp_path / "d.gif").shape[1] > H


def test_the_command_replaces_nothing_unasked(maps, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    path = tmp_path / "a.png"
    path.write_text("mine")
    done = run(tmp_path / "maps.npy", "-o", path)
    assert (done.exit_code, path.read_text()) == (1, "mine")
    assert run(tmp_path / "maps.npy", "-o", path, "--overwrite").exit_code == 0
    done = run(tmp_path / "maps.npy", "-o", tmp_path / "a.avi")
    assert done.exit_code == 1
    assert "`output_file` must end in one of .gif, .png, .apng, .webp" in done.output
    np.save(tmp_path / "one.npy", maps[:1])
    done = run(tmp_path / "one.npy", "-o", tmp_path / "b.png")
    assert (done.exit_code, "at least two to play" in done.output) == (1, True)
    assert not (tmp_path / "b.png").exists()


def played_video(path):
    """Return the frames of a video as a player shows them, and how many it shows a second."""
    av = optional("av")
    with av.open(path) as file:
        (stream,) = file.streams.video
        frames = [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
            for frame in file.decode(stream)
        ]
        return np.stack(frames), float(stream.average_rate)


def smooth_frames(channels=3):
    """Return frames without edges, of which a video loses little."""
    y, x = np.mgrid[:60, :81] / 81
    shares = [np.stack([x, y, (x + k / F) / 2, 0 * x + 1][:channels], -1) for k in range(F)]
    return (255 * np.stack(shares)).astype(np.uint8)


@pytest.mark.parametrize("fps", [8, 0.5, 23.976])
def test_a_video_shows_every_frame(tmp_path, fps):
    optional("av")
    frames = smooth_frames()
    hotcold.animate(frames, tmp_path / "a.mp4", fps=fps)
    found, rate = played_video(tmp_path / "a.mp4")
    assert rate == pytest.approx(fps, rel=1e-4)
    assert found.shape == (F, 60, 82, 3)  # an even number of columns
    assert np.abs(found[:, :, :81].astype(int) - frames).mean() < 2.5
    hotcold.animate(frames, tmp_path / "b.mp4", fps=fps)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "a.mp4").read_bytes()


def test_a_video_has_the_colours_of_the_frames(tmp_path):
    optional("av")
    for color in [(200, 30, 60), (10, 200, 90), (255, 255, 255), (0, 0, 0), (20, 40, 250)]:
        frames = np.full((3, 32, 32, 3), color, np.uint8)
        hotcold.animate(frames, tmp_path / "a.mp4")
        assert np.abs(played_video(tmp_path / "a.mp4")[0].astype(int) - frames).max() <= 3


def test_a_video_is_opaque_and_has_captions(tmp_path):
    optional("av")
    frames = smooth_frames(4)
    frames[:, :30, :, 3] = 0
    lines = [f"step {k}" for k in range(F)]
    hotcold.animate(frames, tmp_path / "a.mp4", captions=lines, background="black")
    found, _ = played_video(tmp_path / "a.mp4")
    assert found.shape[1] > 60
    assert found[:, :28].max() <= 3  # beside the edge colours are shared by two rows
    assert found[0, 62:].max() > 200


def test_videos_on_the_command_line(maps, tmp_path):
    optional("av")
    np.save(tmp_path / "maps.npy", maps)
    done = run(tmp_path / "maps.npy", "-o", tmp_path / "a.mp4", "--fps", 4)
    assert done.exit_code == 0, done.output
    assert len(played_video(tmp_path / "a.mp4")[0]) == F


def test_without_the_extra_an_mp4_is_refused_before_any_work(tmp_path):
    code = (
        "import sys, numpy as np, hotcold\n"
        "sys.modules['av'] = None\n"  # as where it is not installed
        "frames = np.zeros((2, 4, 4, 3), np.uint8)\n"
        "hotcold.animate(frames, 'a.gif')\n"
        "try:\n"
        "    hotcold.animate(frames, 'a.mp4')\n"
        "except ImportError as error:\n"
        "    assert \"pip install 'hotcold[video]'\" in str(error), error\n"
        "else:\n"
        "    raise AssertionError('written')\n"
    )
    run_python(code, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif"]
