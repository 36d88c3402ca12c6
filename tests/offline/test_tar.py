"""Tar archives of samples: maps and pictures by their keys; damaged ones are refused."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import warnings

import numpy as np
import pytest
from helpers import runner
from offline_inputs import overlay, render_quietly
from PIL import Image

import hotcold
from hotcold.cli import main
from hotcold.offline.input import open_source
from hotcold.offline.input.many import expanded

N, SHARDS = 12, 3


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def write_tar(path, members, format=tarfile.PAX_FORMAT):
    """Write (name, bytes) pairs; None is a folder."""
    with tarfile.open(path, "w", format=format) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if data is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data or b""))
    return path


@pytest.fixture
def batch(rng):
    maps = rng.standard_normal((N, 1, 12, 10)).astype(np.float32)
    return maps, rng.integers(0, 256, (N, 12, 10, 3), np.uint8)


@pytest.fixture
def shards(batch, tmp_path):
    maps, images = batch
    for shard in range(SHARDS):
        members = []
        for i in range(shard * N // SHARDS, (shard + 1) * N // SHARDS):
            members += [
                (f"dogs/{i:06d}.json", b"{}"),
                (f"dogs/{i:06d}.npy", npy(maps[i])),
                (f"dogs/{i:06d}.png", png(images[i])),
            ]
        write_tar(tmp_path / f"shard-{shard:03d}.tar", members)
    return str(tmp_path / "shard-{000..002}.tar")


def members_of(path):
    with tarfile.open(path) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}


def expected(batch):
    maps, images = batch
    return overlay().render(maps, images.transpose(0, 3, 1, 2))


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("spelling", ["braces", "pattern", "list", "folder"])
def test_samples_in_and_out(shards, batch, tmp_path, spelling):
    given = {
        "braces": shards,
        "pattern": str(tmp_path / "shard-*.tar"),
        "list": [tmp_path / f"shard-{i:03d}.tar" for i in range(SHARDS)],
        "folder": tmp_path,
    }[spelling]
    report = render_quietly(overlay(), given, given, output_dir=tmp_path / "out", container="tar")
    assert report.n_files == N
    found = members_of(tmp_path / "out" / "pictures.tar")
    assert list(found) == [f"dogs/{i:06d}.png" for i in range(N)]
    for data, picture in zip(found.values(), expected(batch), strict=True):
        np.testing.assert_array_equal(opened(data), picture)


def test_items_are_read_in_any_order(shards, batch):
    maps, images = batch
    source = open_source(shards, "attributions")
    np.testing.assert_array_equal(source.read(2, 9), maps[2:9])
    source.close()
    source = open_source(shards, "x", "channels_last")
    np.testing.assert_array_equal(source.read(3, 11), images[3:11])
    assert len(source.paths) == SHARDS


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_other_dialects_and_what_stands_beside_samples(batch, tmp_path, format):
    maps, images = batch
    long = "a" * 90 + "/" + "b" * 90
    members = [
        ("./", None),
        ("./._1.png", b"junk"),
        ("./1.PNG", png(images[0])),
        ("notes.txt", b""),
    ]
    members += [(f"{long}.png", png(images[1]))]
    path = write_tar(tmp_path / "photos.tar", members, format)
    source = open_source(path, "x")
    assert source.item_names == ("1", long)
    render_quietly(overlay(), maps[:2], path, output_dir=tmp_path / "out")
    assert (tmp_path / "out" / f"{long}.png").exists()


def test_a_component_is_named_where_samples_have_several(batch, tmp_path):
    maps, images = batch
    members = []
    for i in range(2):
        members += [(f"{i}.seg.png", png(images[i + 2])), (f"{i}.png", png(images[i]))]
        members += [(f"{i}.ig.npy", npy(maps[i])), (f"{i}.cam.npy", npy(maps[i + 2]))]
    path = write_tar(tmp_path / "many.tar", members)
    with pytest.raises(ValueError, match=r"as many.tar:png; many.tar has png, seg.png"):
        open_source(path, "x")
    with pytest.raises(ValueError, match=r"many.tar has cam.npy, ig.npy"):
        open_source(path, "attributions")
    with pytest.raises(ValueError, match=r"ig.npy"):
        open_source(f"{path}:igg.npy", "attributions")
    source = open_source(f"{path}:cam.npy", "attributions")
    np.testing.assert_array_equal(source.read(0, 2), maps[2:4])
    source.close()
    source = open_source(f"{path}:seg.png", "x", "channels_last")
    np.testing.assert_array_equal(source.read(0, 2), images[2:4])
    assert source.item_names == ("0", "1")


def test_keys_that_begin_anew_are_told_apart_by_their_archives(batch, tmp_path):
    maps, _ = batch
    for shard in "ab":
        write_tar(tmp_path / f"{shard}.tar", [(f"{i}.npy", npy(maps[i, 0])) for i in range(2)])
    source = open_source(str(tmp_path / "{a,b}.tar"), "attributions")
    assert source.item_names == ("a/0", "a/1", "b/0", "b/1")
    assert source.shape == (4, 1, 12, 10)
    source.close()


def test_samples_that_lack_a_component_are_named(batch, tmp_path):
    maps, images = batch
    members = [("0.npy", npy(maps[0])), ("0.png", png(images[0])), ("1.npy", npy(maps[1]))]
    members += [("2.npy", npy(maps[2])), ("2.png", png(images[2]))]
    path = write_tar(tmp_path / "some.tar", members)
    with pytest.raises(ValueError, match="an item for each of `attributions`, got none for 1"):
        render_quietly(overlay(), path, path, output_dir=tmp_path / "out")


def test_two_versions_of_maps_are_paired_by_their_keys(batch, tmp_path):
    maps, _ = batch
    a = write_tar(tmp_path / "a.tar", [(f"{i}.npy", npy(maps[i])) for i in range(4)])
    b = write_tar(tmp_path / "b.tar", [(f"{i}.npy", npy(maps[i])) for i in (0, 2, 1, 3)])
    c = write_tar(tmp_path / "c.tar", [(f"{i}.npy", npy(maps[i])) for i in (0, 1, 2, 5)])
    options = {"output_dir": tmp_path / "out", "progress": False}
    with pytest.raises(ValueError, match="`b` must be in the order of `a`, got 2 beside 1"):
        hotcold.offline.compare_files(a, b, **options)
    with pytest.raises(ValueError, match="`b` must hold an item for each of `a`, got none for 3"):
        hotcold.offline.compare_files(a, c, **options)
    assert hotcold.offline.compare_files(a, a, **options)["iou"].min() == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/etc/1.npy", "relative names"),
        ("a/../../1.npy", "without '..'"),
        ("0.npy", "every member once, got .*0.npy twice"),
    ],
)
def test_archives_with_names_that_mean_harm_are_refused(batch, tmp_path, name, said):
    data = npy(batch[0][0])
    path = write_tar(tmp_path / "bad.tar", [("0.npy", data), (name, data)])
    with pytest.raises(ValueError, match=said):
        open_source(path, "attributions")


def test_links_and_other_entries_are_refused(tmp_path):
    path = tmp_path / "linked.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("0.npy")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(ValueError, match="regular files as members"):
        open_source(path, "attributions")


def test_archives_that_are_cut_short_anywhere_are_refused(batch, tmp_path):
    maps, _ = batch
    whole = write_tar(
        tmp_path / "w.tar", [(f"{i}.npy", npy(maps[i])) for i in range(3)]
    ).read_bytes()
    end = 3 * (512 + -(-len(npy(maps[0])) // 512) * 512)
    path = tmp_path / "cut.tar"
    for size in (0, 100, 512, 700, end // 3, end // 3 + 100, end - 600, end - 1, end, end + 100):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="`attributions` must be a whole tar archive"):
            open_source(path, "attributions")
    path.write_bytes(whole[: end // 3] + b"x" * 512 + whole[end // 3 + 512 :])
    with pytest.raises(ValueError, match="damaged or was cut short"):
        open_source(path, "attributions")
    path.write_bytes(whole[: end + 512])  # one block of zeros is an end
    open_source(path, "attributions").close()


def test_members_that_do_not_hold_what_they_promise(batch, tmp_path):
    maps, images = batch
    good, objects = npy(maps[0]), npy(np.array([None]))
    for data, said in (
        (good[:-4], "whose header promises"),
        (objects, "pickled code"),
        (b"no array at all" * 20, "a .npy file"),
        (npy(np.asfortranarray(maps[0, 0])), "C order"),
    ):
        path = write_tar(tmp_path / "bad.tar", [("0.npy", data)])
        with pytest.raises(ValueError, match=said):
            open_source(path, "attributions")
    # A later one of the same size is looked at when it is read.
    bad = b"x" * len(good)
    path = write_tar(tmp_path / "late.tar", [("0.npy", good), ("1.npy", bad), ("2.npy", good)])
    show = hotcold.Visualizer()
    report = render_quietly(show, path, output_dir=tmp_path / "out", on_error="record")
    assert [failure.name for failure in report.failures] == ["1"]
    path = write_tar(tmp_path / "pictures.tar", [("0.png", png(images[0])), ("1.png", b"none")])
    report = render_quietly(
        overlay(), maps[:2], path, output_dir=tmp_path / "more", on_error="record"
    )
    assert [failure.name for failure in report.failures] == ["1"]


def test_compressed_archives_and_orders_are_refused(shards, batch, tmp_path):
    with tarfile.open(tmp_path / "some.tar.gz", "w:gz"):
        pass
    with pytest.raises(ValueError, match="without compression"):
        open_source(tmp_path / "some.tar.gz", "attributions")
    with pytest.raises(ValueError, match="`order` must be 'name' for tar archives"):
        open_source(shards, "x", order="natural")
    with pytest.raises(ValueError, match=r"must hold .npy files or pictures"):
        open_source(write_tar(tmp_path / "empty.tar", [("a.txt", b"")]), "x")
    with pytest.raises(FileNotFoundError, match=r"shard-003.tar"):
        open_source(str(tmp_path / "shard-{000..003}.tar"), "x")


def test_braces():
    assert expanded("x", "a-{08..11}.npy") == ["a-08.npy", "a-09.npy", "a-10.npy", "a-11.npy"]
    assert expanded("x", "{a,b}/{2..1}") == ["a/2", "a/1", "b/2", "b/1"]
    assert expanded("x", "a{}b") is None
    with pytest.raises(ValueError, match="at most 100,000 files"):
        expanded("x", "{0..999999999}")


def test_braces_are_for_all_array_files(batch, tmp_path):
    maps, _ = batch
    np.save(tmp_path / "m-0.npy", maps[:5])
    np.save(tmp_path / "m-1.npy", maps[5:])
    source = open_source(str(tmp_path / "m-{0..1}.npy"), "attributions")
    np.testing.assert_array_equal(source.read(0, N), maps)
    source.close()
    (tmp_path / "{0..1}.npy").write_bytes((tmp_path / "m-0.npy").read_bytes())
    source = open_source(str(tmp_path / "{0..1}.npy"), "attributions")
    assert source.n_items == 5
    source.close()


def test_an_archive_that_changes_is_noticed_on_resume(shards, batch, tmp_path):
    maps, images = batch
    show = overlay()
    render_quietly(show, shards, shards, output_dir=tmp_path / "out")
    members = [("dogs/000008.npy", npy(maps[0])), ("dogs/000008.png", png(images[8]))]
    write_tar(tmp_path / "shard-002.tar", members)
    with pytest.raises(ValueError, match="`resume` must have the settings"):
        render_quietly(show, shards, shards, output_dir=tmp_path / "out", resume=True)


JOB = """
import os, sys, time
from hotcold.cli import main
from hotcold.offline.output.archives import TarWriter
write = TarWriter.write
def slowly(self, unit, content):
    os.write(2, b"writing\\n")
    time.sleep(0.01)
    return write(self, unit, content)
TarWriter.write = slowly
sys.argv[:1] = ["hotcold", "render"]
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_tar_whose_job_is_killed_is_made_again(shards, batch, tmp_path):
    options = [shards, shards, "-o", "out", "--container", "tar", "--resume", "--blur", "1.5"]
    command = [sys.executable, "-c", JOB, *options]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while process.stderr.readline() != "writing\n":
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    out = tmp_path / "out"
    assert not (out / "pictures.tar").exists()
    assert list(out.glob(".pictures.tar.*.part"))
    done = runner().invoke(main, ["render", *options[:3], str(out), *options[4:]])
    assert done.exit_code == 0, done.output
    assert "nothing is kept of a tar container that is not complete" in done.stderr
    assert not list(out.glob(".pictures.tar.*.part"))
    for data, picture in zip(
        members_of(out / "pictures.tar").values(), expected(batch), strict=True
    ):
        np.testing.assert_array_equal(opened(data), picture)
    # A finished one is kept.
    before = (out / "pictures.tar").stat().st_mtime_ns
    done = runner().invoke(main, ["render", *options[:3], str(out), *options[4:]])
    assert (out / "pictures.tar").stat().st_mtime_ns == before
    assert "nothing is kept" not in done.stderr


def test_no_file_stays_open(shards, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render_quietly(overlay(), shards, shards, output_dir=tmp_path / "out")
