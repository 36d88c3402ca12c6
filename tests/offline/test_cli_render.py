"""`hotcold render`, `gallery` and `info` as a user runs them: output, exit statuses, bad input."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import optional, run_python, runner
from offline_inputs import N, assert_same_pictures, make_images, make_maps, render_quietly
from PIL import Image

import hotcold
from hotcold.cli import main

HOTCOLD = Path(sys.executable).with_name("hotcold")


def run_installed(*arguments, **options):
    """Run the installed command in a process of its own; its output is text."""
    return subprocess.run(
        [HOTCOLD, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
    )


def run(*arguments):
    """Run the command in this process, where starting it costs nothing."""
    return runner().invoke(main, [str(argument) for argument in arguments])


def fails_with(status, sentence, *arguments):
    """Require an exit status and, for status 1, one line that holds `sentence`."""
    done = run(*arguments)
    assert done.exit_code == status, done.output
    assert sentence in done.stderr
    if status == 1:
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stderr.startswith("Error: ")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with maps.npy and images.npy, which is the current one."""
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "maps.npy", make_maps())
    np.save(tmp_path / "images.npy", make_images())
    return tmp_path


def test_render_draws_as_the_library_does(folder):
    done = run_installed("render", "maps.npy", "images.npy", "-o", "out", "--blur", "1.5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("23 written (")
    assert "\x1b" not in done.stdout + done.stderr  # no colours but on a terminal
    visualizer = hotcold.HeatmapVisualizer(blur=1.5)
    assert_same_pictures(folder / "out", visualizer.render(make_maps(), make_images()))


@pytest.mark.parametrize(
    ("arguments", "visualizer"),
    [
        (
            "--visualizer plain --combine-channels --blur 1,2 --cmap viridis "
            "--normalization-type magnitude_max --nonfinite zero",
            hotcold.Visualizer(True, "magnitude_max", (1, 2), "viridis", nonfinite="zero"),
        ),
        (
            "images.npy --overlay-opacity 0.3 --normalization-type 01 --blur 2 --cmap hot "
            "--image-range 10 200",
            hotcold.HeatmapVisualizer(0.3, "01", 2, "hot", image_range=(10, 200)),
        ),
        (
            "images.npy --visualizer mask --blur 1 --threshold 0.7 --masked-opacity 0.1 "
            "--no-positive-only",
            hotcold.MaskVisualizer(1, 0.7, 0.1, positive_only=False),
        ),
        (
            "images.npy --visualizer mask --use-attr-as-opacity --invert --background white",
            hotcold.MaskVisualizer(use_attr_as_opacity=True, invert=True, background="white"),
        ),
        (
            "images.npy --visualizer mask --background 1,0.5,0 --threshold otsu",
            hotcold.MaskVisualizer(background=(1, 0.5, 0), threshold="otsu"),
        ),
        (
            "images.npy --visualizer mask --background blur --background-blur 2,3",
            hotcold.MaskVisualizer(background="blur", background_blur=(2, 3)),
        ),
        (
            "images.npy --grayscale --channel-order bgr --blur 1",
            hotcold.HeatmapVisualizer(blur=1, grayscale=True, channel_order="bgr"),
        ),
        (
            "images.npy --image-norm imagenet",
            hotcold.HeatmapVisualizer(image_norm="imagenet"),
        ),
        (
            "images.npy --visualizer mask --image-norm 0.1,-0.2,0.3/0.004,0.003,0.002",
            hotcold.MaskVisualizer(image_norm=((0.1, -0.2, 0.3), (0.004, 0.003, 0.002))),
        ),
        (
            "images.npy --image-norm -0.1/0.004",
            hotcold.HeatmapVisualizer(image_norm=(-0.1, 0.004)),
        ),
        (
            "images.npy --visualizer mask --threshold 0.6 --threshold-by mass",
            hotcold.MaskVisualizer(threshold=0.6, threshold_by="mass"),
        ),
    ],
)
def test_every_option_reaches_its_visualizer(folder, arguments, visualizer):
    done = run("render", "maps.npy", *arguments.split(), "-o", "out", "-q")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    takes_images = "images.npy" in arguments
    pictures = visualizer.render(make_maps(), *([make_images()] if takes_images else []))
    assert_same_pictures(folder / "out", pictures)


def test_shards_from_a_shell_loop_make_up_the_job(folder):
    loop = f"for k in 1 2 3; do '{HOTCOLD}' render maps.npy images.npy -o out -q --shard $k/3; done"
    subprocess.run(loop, shell=True, check=True, cwd=folder, timeout=120)
    pictures = hotcold.HeatmapVisualizer().render(make_maps(), make_images())
    assert_same_pictures(folder / "out", pictures)


def test_sheets_names_reports_and_a_gallery(folder):
    (folder / "names.txt").write_text("".join(f"item {i}\n" for i in range(N)))
    images = ("maps.npy", "images.npy")
    assert run("render", *images, "-o", "s", "--sheet", "4x4").exit_code == 0
    assert sorted(path.name for path in (folder / "s").glob("*.png")) == [
        "sheet-00000000.png",
        "sheet-00000001.png",
    ]
    done = run(
        *("render", *images, "-o", "out", "--names", "names.txt"),
        *("--report", "-", "--gallery"),
    )
    assert json.loads(done.stdout)["n_files"] == N
    assert (folder / "out/item 22.png").exists()
    assert "item 22.png" in (folder / "out/index.html").read_text()


def test_names_from_a_folder_of_images(folder):
    (folder / "photos").mkdir()
    for i, image in enumerate(np.moveaxis(make_images(), 1, -1)):
        Image.fromarray(image).save(folder / f"photos/dog{i:02d}.bmp")
    done = run("render", "maps.npy", "photos", "-o", "out", "--names-from-images")
    assert done.exit_code == 0, done.stderr
    pictures = hotcold.HeatmapVisualizer().render(make_maps(), make_images())
    assert_same_pictures(folder / "out", pictures, [f"dog{i:02d}.png" for i in range(N)])


def test_items_set_aside_are_status_3_and_in_the_report(folder):
    maps = make_maps()
    maps[7, 0, 0, 0] = np.nan
    np.save(folder / "maps.npy", maps)
    arguments = ("render", "maps.npy", "images.npy", "-o", "out")
    done = run(*arguments, "--on-error", "record", "--report", "report.json")
    assert done.exit_code == 3
    assert "00000007: `attributions` must be finite: attributions[7] holds 1" in done.stderr
    report = json.loads((folder / "report.json").read_text())
    assert [failure["index"] for failure in report["failures"]] == [7]
    assert len(list((folder / "out").glob("*.png"))) == N - 1
    fails_with(1, "attributions[7] holds 1 non-finite value", *arguments, "-q")


def test_wrong_commands_are_status_2(folder):
    render = ("render", "maps.npy", "-o", "out")
    fails_with(2, "Missing argument", "render")
    fails_with(2, "must be ROWSxCOLS such as 8x8", *render, "--sheet", "8")
    fails_with(2, "must be K/N with 1 <= K <= N", *render, "--shard", "4/3")
    fails_with(2, "two as Y,X", *render, "--blur", "1,2,3")
    fails_with(
        2,
        "--masked-opacity is an option of --visualizer mask, not of plain",
        *(*render, "--masked-opacity", "0.5"),
    )
    fails_with(2, "give IMAGES", *render, "--visualizer", "mask")
    fails_with(
        2,
        "leave IMAGES out",
        *("render", "maps.npy", "images.npy", "-o", "out", "--visualizer", "plain"),
    )


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def write_bad_inputs(folder):
    """Files that cannot be rendered, and what is said of each."""
    np.save(folder / "none.npy", np.zeros((0, 1, 4, 4)))
    np.save(folder / "short.npy", make_maps())
    cut_short(folder / "short.npy")
    np.save(folder / "flat.npy", np.zeros((4, 4)))
    np.save(folder / "complex.npy", np.zeros((1, 1, 4, 4), complex))
    np.save(folder / "objects.npy", np.array([[[[Trap()]]]]), allow_pickle=True)
    np.savez(folder / "objects.npz", np.array([[[[Trap()]]]]))
    np.savez(folder / "two.npz", a=make_maps(), b=make_maps())
    np.savez_compressed(folder / "broken.npz", make_maps())
    cut_short(folder / "broken.npz")
    write_bomb(folder / "bomb.npz")
    (folder / "text.npy").write_text("no numbers")
    (folder / "text.h5").write_text("no numbers")
    (folder / "text.safetensors").write_text("no numbers")
    (folder / "maps.txt").write_text("no numbers")
    (folder / "empty").mkdir()
    (folder / "pickle.pt").write_bytes(pickle.dumps(Trap()))


class Trap:
    """Would leave a file behind if it were ever unpickled."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


def write_bomb(path):
    """A small archive that says it grows to 1.2 GB, in its directory and in the array's header."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("arr_0.npy", "w") as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": (300, 1, 1000, 1000)}
            np.lib.format.write_array_header_1_0(member, header)
            member.write(bytes(1_000_000))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (128 + 1_200_000_000).to_bytes(4, "little")
    path.write_bytes(data)


BAD_INPUTS = {
    "missing.npy": "no file or folder missing.npy",
    "none.npy": "must hold at least one item",
    "short.npy": "was cut short, copy it again",
    "flat.npy": "must be 4-D (N, C, H, W) for dim_order='channels_first', got shape (4, 4)",
    "complex.npy": "must hold real numbers, got dtype complex128",
    "objects.npy": "got Python objects",
    "objects.npz": "got Python objects",
    "two.npz": "must name one array as two.npz:NAME; it holds a, b",
    "two.npz:c": "must be an array of two.npz (a, b), got 'c'",
    "broken.npz": "must be a whole .npz archive",
    "bomb.npz": "must not be a zip bomb",
    "text.npy": "must be a .npy file of numbers",
    "text.h5": "must be a whole HDF5 file",
    "text.safetensors": "must be a safetensors file",
    "maps.txt": "end in one of .npy, .npz",
    "empty": "must hold at least one picture file",
    "missing.h5:maps": "no file or folder missing.h5",
}


def test_bad_input_ends_with_one_sentence_and_status_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_bad_inputs(tmp_path)
    for name, sentence in BAD_INPUTS.items():
        fails_with(1, sentence, "render", name, "-o", "out", "-q")
    assert not (tmp_path / "sprung").exists()
    assert not (tmp_path / "out").exists()


def test_a_pickle_is_refused_with_one_sentence(tmp_path, monkeypatch):
    optional("torch")
    monkeypatch.chdir(tmp_path)
    write_bad_inputs(tmp_path)
    sentence = "must be a .pt file of tensors alone"
    fails_with(1, sentence, "render", "pickle.pt", "-o", "out", "-q")
    assert not (tmp_path / "sprung").exists()


def test_lengths_that_differ_are_named(folder):
    np.save(folder / "fewer.npy", make_images(20))
    sentence = "`x` must hold the 23 items of `attributions`, got 20"
    fails_with(1, sentence, "render", "maps.npy", "fewer.npy", "-o", "out")
    for maps, images, said in (
        (make_maps(), make_images(20), "`attributions` must hold the 20 items of `x`, got more"),
        (make_maps(), make_images(25), "`x` must hold the 23 items of `attributions`, got more"),
    ):
        with pytest.raises(ValueError, match=said):
            render_quietly(
                hotcold.HeatmapVisualizer(),
                iter([maps[:7], maps[7:]]),
                iter([images]),
                output_dir=folder / "out",
            )


def test_a_broken_picture_is_named_or_set_aside(folder):
    (folder / "photos").mkdir()
    for i, image in enumerate(np.moveaxis(make_images(), 1, -1)):
        Image.fromarray(image).save(folder / f"photos/{i:02d}.png")
    cut_short(folder / "photos/05.png")
    (folder / "photos/11.png").write_text("no picture")
    arguments = ("render", "maps.npy", "photos", "-o", "out", "-q")
    fails_with(1, "got photos/05.png", *arguments)
    done = run(*arguments, "--on-error", "record", "--report", "report.json")
    assert done.exit_code == 3
    failures = json.loads((folder / "report.json").read_text())["failures"]
    assert [failure["index"] for failure in failures] == [5, 11]
    assert len(list((folder / "out").glob("*.png"))) == N - 2


def test_output_that_cannot_be_written_is_named(folder):
    arguments = ("render", "maps.npy", "images.npy", "-q", "-o")
    (folder / "file").write_text("in the way")
    fails_with(1, "`output_dir` must be a folder, got", *arguments, "file")
    fails_with(1, "`output_dir` must be a folder, got", *arguments, "file/below")
    assert (folder / "file").read_text() == "in the way"


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_no_permission_is_named(folder):
    (folder / "locked").mkdir()
    (folder / "locked").chmod(0o500)
    # Root may write anywhere, so the process becomes nobody once everything is imported.
    done = run_python(
        """
import os
from hotcold.cli import main
render = ["render", "maps.npy", "images.npy", "-q", "-o"]
main([*render, "out"], standalone_mode=False)
if os.geteuid() == 0:
    os.chmod(".", 0o755)
    os.seteuid(65534)
main([*render, "locked"])
""",
        check=False,
        cwd=folder,
    )
    assert done.returncode == 1
    assert done.stderr == "Error: no permission to write to locked: Permission denied\n"


def test_info_says_what_is_there(folder):
    done = run("info")
    assert done.exit_code == 0
    assert hotcold.build_info()["compiler"] in done.stdout
    render_quietly(hotcold.Visualizer(True), folder / "maps.npy", output_dir=folder / "out")
    assert "Visualizer(combine_channels=True" in run("info", folder / "out/00000003.png").stdout
    assert "combine_channels" in run("info", folder / "out").stdout
    assert "(23, 2, 12, 10)" in run("info", folder / "maps.npy").stdout
    fails_with(1, "no file or folder nothing.npy", "info", "nothing.npy")


def test_help_has_examples_and_exit_statuses():
    for command in ("render", "gallery", "info", "demo"):
        done = run(command, "--help")
        assert done.exit_code == 0
        assert "Examples:\n" in done.stdout
        assert "\\b" not in done.stdout
    assert "130  stopped by Ctrl-C" in run("render", "--help").stdout


def test_shell_completion_is_there():
    done = subprocess.run(
        [HOTCOLD],
        env={
            **os.environ,
            "_HOTCOLD_COMPLETE": "bash_complete",
            "COMP_WORDS": "hotcold ren",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "plain,render\n"
