"""Pictures that the core encodes and puts into a folder, whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import threading

import numpy as np
import pytest
from helpers import message, read_picture, run_python

from hotcold import _atomic, _core, files

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(not files.CORE_WRITES, reason="elsewhere Python writes"),
]

TEXT = {"Software": "a test", "Description": "snowman \N{SNOWMAN}"}


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 256, (5, 20, 30, 3)).astype(np.uint8)


def names_for(pictures):
    return [f"{i}.png" for i in range(len(pictures))]


def save(folder, pictures, **options):
    return files.save_pngs(str(folder), names_for(pictures), pictures, **options)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_files_are_those_of_the_encoder(tmp_path, rng, channels, n_threads):
    few = rng.integers(0, 256, (7, 3)).astype(np.uint8)
    pictures = few[rng.integers(0, 7, (4, 300, 200))]
    if channels == 4:
        pictures = np.concatenate([pictures, pictures[..., :1]], axis=3)
    saved = save(tmp_path, pictures, text=TEXT, colors=few, n_threads=n_threads)
    assert left_in(tmp_path) == names_for(pictures)
    expected = [files.encode(p, ".png", TEXT, few) for p in pictures]
    assert [(tmp_path / name).read_bytes() for name in names_for(pictures)] == expected
    assert saved.n_bytes == sum(map(len, expected))
    assert saved.encode_seconds > 0
    assert saved.write_seconds > 0


def test_pictures_may_lie_apart_and_backwards(tmp_path, pictures):
    for view in (pictures[::-2], pictures[:, 3:17, 4:9], pictures[:, ::-1], pictures[[0]]):
        save(tmp_path, view)
        for name, picture in zip(names_for(view), view, strict=True):
            np.testing.assert_array_equal(read_picture(tmp_path / name), picture)


def test_one_picture_may_be_shared_by_many_names(tmp_path, pictures):
    save(tmp_path, np.broadcast_to(pictures[0], (6, *pictures.shape[1:])))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert len(left_in(tmp_path)) == 6


def test_files_replace_others_and_links_but_not_what_they_lead_to(tmp_path, pictures):
    (tmp_path / "0.png").write_text("an older file, longer than a picture" * 1000)
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "1.png").symlink_to(tmp_path / "kept")
    save(tmp_path, pictures)
    assert left_in(tmp_path) == [*names_for(pictures), "kept"]
    assert not (tmp_path / "1.png").is_symlink()
    assert (tmp_path / "kept").read_text() == "kept"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 alone")
def test_names_are_those_that_the_system_has(tmp_path, pictures):
    # Bytes that are no UTF-8, as a listing gives them.
    name = os.fsdecode(b"\xff \xe2\x98\x83.png")
    folder = tmp_path / "\N{SNOWMAN}"
    folder.mkdir()
    files.save_pngs(str(folder), [name], pictures[:1])
    assert left_in(folder) == [name]


def test_a_folder_need_not_be_readable(tmp_path, pictures):
    folder = tmp_path / "post box"
    folder.mkdir(mode=0o300)
    save(folder, pictures)
    folder.chmod(0o700)
    assert left_in(folder) == names_for(pictures)


def test_several_threads_may_write_into_one_folder(tmp_path, pictures):
    def work(k):
        for i in range(20):
            files.save_pngs(str(tmp_path), [f"{k}-{i}.png", "all.png"], pictures[[0, k]])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(left_in(tmp_path)) == 81
    last = read_picture(tmp_path / "all.png")
    assert any((last == pictures[k]).all() for k in range(4))


# --- errors ---------------------------------------------------------------------------------------


def raised_by_python(path):
    """The error of the writer in Python."""
    with pytest.raises(OSError, match="Errno") as caught:
        _atomic.write_entry(str(path.parent), path.name, b"data")
    return caught.value


def raised_by_core(path, pictures):
    with pytest.raises(OSError, match="Errno") as caught:
        files.save_pngs(str(path.parent), [path.name], pictures[:1])
    return caught.value


def test_a_folder_in_the_way(tmp_path, pictures):
    (tmp_path / "a.png").mkdir()
    path = tmp_path / "a.png"
    ours, theirs = raised_by_core(path, pictures), raised_by_python(path)
    assert type(ours) is type(theirs) is IsADirectoryError
    assert (ours.errno, ours.strerror, ours.filename2) == (
        theirs.errno,
        theirs.strerror,
        theirs.filename2,
    )
    folder, temporary = os.path.split(ours.filename)
    assert folder == str(tmp_path)
    assert _atomic.target_of_leftover(temporary) == "a.png"
    assert left_in(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("folder", "kind"), [("none", FileNotFoundError), ("file", NotADirectoryError)]
)
def test_no_such_folder(tmp_path, pictures, folder, kind):
    (tmp_path / "file").write_text("kept")
    path = tmp_path / folder / "a.png"
    ours, theirs = raised_by_core(path, pictures), raised_by_python(path)
    assert type(ours) is type(theirs) is kind
    assert (ours.errno, ours.strerror) == (theirs.errno, theirs.strerror)
    assert ours.filename == str(tmp_path / folder)
    assert left_in(tmp_path) == ["file"]


def test_a_name_that_is_too_long(tmp_path, pictures):
    path = tmp_path / ("n" * 300)
    ours, theirs = raised_by_core(path, pictures), raised_by_python(path)
    assert ours.errno == theirs.errno == errno.ENAMETOOLONG
    assert ours.filename2 == theirs.filename2 == str(path)
    assert left_in(tmp_path) == []


def test_no_permission(tmp_path):
    # In a process of its own, which gives up root's rights where it has them.
    run_python(
        "import errno, os, shutil, tempfile, numpy as np\n"
        "from hotcold import files\n"
        "folder = tempfile.mkdtemp()\n"
        "os.chmod(folder, 0o555)\n"
        "user = os.geteuid()\n"
        "if user == 0:\n"
        "    os.seteuid(65534)\n"
        "try:\n"
        "    files.save_pngs(folder, ['a.png'], np.zeros((1, 2, 2, 3), np.uint8))\n"
        "except PermissionError as error:\n"
        "    assert error.errno == errno.EACCES, error\n"
        "    assert os.path.dirname(error.filename) == folder, error\n"
        "else:\n"
        "    raise AssertionError('written')\n"
        "finally:\n"
        "    os.seteuid(user)\n"
        "    assert os.listdir(folder) == []\n"
        "    shutil.rmtree(folder)\n"
    )


def test_a_write_that_fails_keeps_what_is_there_and_ends_the_batch(tmp_path):
    (tmp_path / "1.png").write_text("old")
    run_python(
        "import errno, resource, numpy as np\n"
        "from hotcold import files\n"
        "p = np.random.default_rng(0).integers(0, 256, (3, 99, 99, 3)).astype(np.uint8)\n"
        "p[0] = 0\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        f"    files.save_pngs({str(tmp_path)!r}, ['0.png', '1.png', '2.png'], p)\n"
        "except OSError as error:\n"
        "    assert error.errno == errno.EFBIG, error\n"
        "    assert error.filename is None, error\n"
        "else:\n"
        "    raise AssertionError('written')\n"
    )
    assert left_in(tmp_path) == ["0.png", "1.png"]
    assert (read_picture(tmp_path / "0.png") == 0).all()
    assert (tmp_path / "1.png").read_text() == "old"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path, pictures, mask):
    before = os.umask(mask)
    try:
        save(tmp_path, pictures)
    finally:
        os.umask(before)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_no_handle_is_left_open(tmp_path, pictures):
    def handles():
        # The lowest free one.
        handle = os.open(tmp_path, os.O_RDONLY)
        os.close(handle)
        return handle

    (tmp_path / "way.png").mkdir()
    before = handles()
    for _ in range(3):
        save(tmp_path, pictures)
        raised_by_core(tmp_path / "way.png", pictures)
    assert handles() == before


def entry(name=b"a.png", temporary=b".a.part"):
    return [(temporary, name)]


@pytest.mark.parametrize(
    ("change", "kind", "expected"),
    [
        ({"pictures": np.zeros((2, 2, 3), np.uint8)}, ValueError, "`pictures` must have shape"),
        ({"pictures": np.zeros((0, 2, 2, 3), np.uint8)}, ValueError, "not empty, got (0, 2, 2, 3)"),
        ({"pictures": np.zeros((1, 2, 0, 3), np.uint8)}, ValueError, "not empty, got (2, 0, 3)"),
        ({"pictures": np.zeros((1, 2, 2, 1), np.uint8)}, ValueError, "C of 3 or 4"),
        ({"pictures": np.zeros((1, 2, 2, 5), np.uint8)}, ValueError, "C of 1, 3 or 4"),
        ({"pictures": np.zeros((1, 2, 2, 3))}, TypeError, "must have dtype uint8"),
        ({"pictures": np.zeros((1, 2, 4, 3), np.uint8)[:, :, ::2]}, ValueError, "next to each"),
        ({"pictures": np.zeros((2, 2, 2, 3), np.uint8)}, ValueError, "names of 2 pictures, got 1"),
        ({"palette": np.zeros((0, 3), np.uint8)}, ValueError, "`palette` must have shape"),
        ({"text": [("", "a")]}, ValueError, "`text` must have keywords"),
        ({"n_threads": 0}, ValueError, "`n_threads` must be"),
        ({"folder": b"a\0b"}, ValueError, "embedded null byte"),
        ({"names": entry(name=b"a\0.png")}, ValueError, "embedded null byte"),
        ({"names": entry(temporary=b"a\0.part")}, ValueError, "embedded null byte"),
        ({"names": []}, ValueError, "names of 1 pictures, got 0"),
    ],
)
def test_the_core_refuses_what_does_not_fit(tmp_path, change, kind, expected):
    arguments = {
        "pictures": np.zeros((1, 2, 2, 3), np.uint8),
        "palette": None,
        "text": [],
        "compression": "default",
        "n_threads": 1,
        "folder": os.fsencode(tmp_path),
        "names": entry(),
    }
    with pytest.raises(kind, match=message(expected)):
        _core.write_png(**{**arguments, **change})
    assert left_in(tmp_path) == []


def test_files_of_every_compression_are_the_encoders_too(tmp_path, pictures, compression):
    _core.write_png(pictures[:1], None, [], compression, 1, os.fsencode(tmp_path), entry())
    data = (tmp_path / "a.png").read_bytes()
    assert data == files.encode(pictures[0], ".png", compression=compression)
    np.testing.assert_array_equal(read_picture(io.BytesIO(data)), pictures[0])
