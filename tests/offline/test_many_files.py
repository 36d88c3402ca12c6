"""Several array files as one input: lists, patterns, folders."""

from __future__ import annotations

import contextlib
import resource
import threading
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from offline_inputs import assert_same_pictures, render_quietly
from PIL import Image

import hotcold
from hotcold import Visualizer
from hotcold.cli import main
from hotcold.offline.input import ManyFiles, open_source

LENGTHS = (3, 1, 7, 2)


@pytest.fixture
def maps(rng):
    return rng.normal(size=(sum(LENGTHS), 1, 9, 11)).astype(np.float32)


@pytest.fixture
def parts(maps, tmp_path):
    """Batches of several lengths, whose names count past nine."""
    folder = tmp_path / "maps"
    folder.mkdir()
    for i, part in enumerate(np.split(maps, np.cumsum(LENGTHS)[:-1])):
        np.save(folder / f"part-{i + 8}.npy", part)
    return folder


def spellings(folder):
    return {
        "folder": folder,
        "pattern": str(folder / "part-*.npy"),
        "recursive pattern": str(folder.parent / "**" / "*.npy"),
        "list": [folder / f"part-{i + 8}.npy" for i in range(len(LENGTHS))],
    }


@pytest.mark.parametrize("spelling", ["folder", "pattern", "recursive pattern", "list"])
def test_files_of_batches_are_one_behind_the_other(maps, parts, tmp_path, spelling):
    given = spellings(parts)[spelling]
    source = open_source(given, "attributions")
    assert isinstance(source, ManyFiles)
    assert source.shape == maps.shape
    for start, stop in ((0, 13), (0, 3), (2, 4), (3, 4), (5, 12), (12, 13), (4, 4)):
        np.testing.assert_array_equal(source.read(start, stop), maps[start:stop])
    source.close()
    report = render_quietly(Visualizer(), given, output_dir=tmp_path / "out", n_threads=3)
    assert report.n_files == 13
    assert_same_pictures(tmp_path / "out", Visualizer().render(maps))


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize("dim_order", ["channels_first", "channels_last"])
def test_files_of_one_map_are_an_item_each(rng, tmp_path, channels, dim_order):
    shape = (12, 9, 11) if channels is None else (12, channels, 9, 11)
    maps = rng.normal(size=shape)
    for i, one in enumerate(maps):
        last = channels is not None and dim_order == "channels_last"
        np.save(tmp_path / f"{i}.npy", np.moveaxis(one, 0, -1) if last else one)
    show = Visualizer(combine_channels=True, dim_order=dim_order)
    render_quietly(show, tmp_path, output_dir=tmp_path / "out")
    all_of_them = maps[:, None] if channels is None else maps
    assert_same_pictures(
        tmp_path / "out",
        Visualizer(combine_channels=True).render(all_of_them),
        [f"{i}.png" for i in range(12)],
    )


@pytest.mark.parametrize("kind", ["npz", "h5", "safetensors", "pt", "mixed"])
def test_files_of_other_kinds_are_too(maps, tmp_path, kind):
    halves = maps[:5], maps[5:]
    files = []
    for i, half in enumerate(halves):
        path = tmp_path / f"{i}.{'npy' if kind == 'mixed' and i else kind}"
        if kind == "npz" or (kind == "mixed" and not i):
            path = tmp_path / f"{i}.npz"
            np.savez(path, maps=half)
        elif kind == "mixed":
            np.save(path, half)
        elif kind == "h5":
            with optional("h5py").File(path, "w") as file:
                file["maps"], file["other"] = half, half * 0
        elif kind == "safetensors":
            optional("safetensors.numpy").save_file({"maps": half}, path)
        else:
            optional("torch").save(optional("torch").from_numpy(half.copy()), path)
        files.append(f"{path}:maps" if kind == "h5" else path)
    source = open_source(files, "attributions")
    np.testing.assert_array_equal(source.read(2, 9), maps[2:9])
    source.close()
    if kind == "h5":
        source = open_source(f"{tmp_path}/*.h5:maps", "attributions")
        np.testing.assert_array_equal(source.read(0, 13), maps)
        source.close()


def test_images_may_be_many_files_too(maps, parts, tmp_path, rng):
    x = rng.integers(0, 256, (13, 3, 9, 11), dtype=np.uint8)
    (tmp_path / "x").mkdir()
    np.save(tmp_path / "x" / "a.npy", x[:6])
    np.save(tmp_path / "x" / "b.npy", x[6:])
    show = hotcold.HeatmapVisualizer(blur=1)
    render_quietly(show, parts, tmp_path / "x", output_dir=tmp_path / "out")
    assert_same_pictures(tmp_path / "out", show.render(maps, x))


def test_very_many_files_are_not_open_all_at_once(tmp_path, rng):
    maps = rng.normal(size=(300, 6, 6))
    for i, one in enumerate(maps):
        np.save(tmp_path / f"{i}.npy", one)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, before[1]))
    try:
        source = open_source(tmp_path, "attributions")
        wrong = []

        def look(seed):
            for start in np.random.default_rng(seed).integers(0, 290, 40).tolist():
                got = source.read(start, start + 10)
                if not np.array_equal(got[:, 0], maps[start : start + 10]):
                    wrong.append(start)

        threads = [threading.Thread(target=look, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        source.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert wrong == []


def test_the_command_takes_patterns_and_folders(maps, parts, tmp_path):
    for given in (parts, parts / "part-*.npy"):
        out = tmp_path / "out"
        done = CliRunner().invoke(main, ["render", str(given), "-o", str(out), "-q", "--overwrite"])
        assert done.exit_code == 0, done.output
        assert_same_pictures(out, Visualizer().render(maps))
    table = tmp_path / "boxes.csv"
    done = CliRunner().invoke(main, ["boxes", str(parts), "-o", str(table), "-q"])
    assert done.exit_code == 0, done.output
    hotcold.boxes(maps).to_csv(tmp_path / "expected.csv")
    assert table.read_text() == (tmp_path / "expected.csv").read_text()
    scale = hotcold.measure(Visualizer(), parts, progress=False)
    assert scale == hotcold.measure(Visualizer(), maps, progress=False)


def test_a_job_notices_when_one_of_them_changed(maps, parts, tmp_path):
    for given in (parts, str(parts / "*.npy")):
        out = tmp_path / f"out-{type(given).__name__}"
        render_quietly(Visualizer(), given, output_dir=out)
        (out / "00000004.png").unlink()
        assert render_quietly(Visualizer(), given, output_dir=out, resume=True).n_files == 1
        np.save(parts / "part-9.npy", np.load(parts / "part-9.npy") + 1)
        with pytest.raises(ValueError, match="`attributions` has changed"):
            render_quietly(Visualizer(), given, output_dir=out, resume=True)


def test_pictures_are_not_written_where_maps_are_read(parts, tmp_path):
    with pytest.raises(ValueError, match="`output_dir` must not be where `attributions` is"):
        render_quietly(Visualizer(), parts, output_dir=parts)
    assert len(list(parts.iterdir())) == len(LENGTHS)


def test_files_that_do_not_go_together_are_refused_by_name(maps, parts, tmp_path):
    def refused(words, given=parts, error=ValueError):
        with pytest.raises(error, match=words):
            render_quietly(Visualizer(), given, output_dir=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    odd = parts / "part-20.npy"
    np.save(odd, maps[:2, :, 1:])
    refused(r"of one shape.*\(3, 1, 9, 11\) in .*part-8\.npy and \(2, 1, 8, 11\) in .*part-20")
    np.save(odd, maps[:2].astype(np.float64))
    refused(r"of one dtype, got float32 in .*part-8\.npy and float64 in .*part-20")
    np.save(odd, maps[0, 0])
    refused(r"of one shape.*\(9, 11\) in .*part-20")
    (tmp_path / "stacks").mkdir()
    np.save(tmp_path / "stacks" / "1.npy", maps[:, 0])
    stacks = tmp_path / "stacks"
    refused(r"or of one map each: .*got shape \(13, 9, 11\) in .*1\.npy; save it with", stacks)
    odd.write_bytes(b"no array")
    refused("must be a .npy file of numbers, got .*part-20")
    odd.unlink()
    Image.new("RGB", (11, 9)).save(parts / "photo.png")
    refused("must be a folder of pictures or of array files, got both .*photo.png and part-8.npy")
    refused("no file matches .*nothing", str(parts / "nothing-*.npy"), FileNotFoundError)
    refused("must be a folder of pictures rather than the pattern", str(parts / "*.png"))
    refused("must be files of arrays, got .*photo.png", [parts / "part-8.npy", parts / "photo.png"])
    refused("no file or folder", [parts / "part-8.npy", parts / "gone.npy"], FileNotFoundError)


@pytest.mark.parametrize("key", [None, "maps", "deep/maps"])
def test_zarr_stores_may_be_in_a_zip_file(maps, tmp_path, key):
    zarr = optional("zarr")
    path = tmp_path / "maps.zarr.zip"
    kinds = zarr.storage if hasattr(zarr.storage, "ZipStore") else zarr
    with contextlib.closing(kinds.ZipStore(str(path), mode="w")) as store:
        if key is None:
            zarr.save_array(store, maps)
        else:
            group = zarr.open_group(store, mode="w")
            make = group.create_array if hasattr(group, "create_array") else group.create_dataset
            array = make(key, shape=maps.shape, dtype=maps.dtype, chunks=(4, *maps.shape[1:]))
            array[...] = maps
    given = path if key is None else f"{path}:{key}"
    report = render_quietly(Visualizer(), given, output_dir=tmp_path / "out", n_threads=3)
    assert report.n_files == 13
    assert_same_pictures(tmp_path / "out", Visualizer().render(maps))
    (tmp_path / "out" / "00000003.png").unlink()
    assert (
        render_quietly(Visualizer(), given, output_dir=tmp_path / "out", resume=True).n_files == 1
    )
    with pytest.raises(ValueError, match=r"`attributions` must be .*(without a name|an array of)"):
        open_source(f"{path}:nothing", "attributions")


def test_zip_files_of_other_things_are_refused(tmp_path):
    optional("zarr")
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as file:
        file.writestr("a.txt", "text")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no more")
    for name in ("pictures.zip", "broken.zip"):
        with pytest.raises(ValueError, match="`attributions` must be a zarr array or group, got"):
            open_source(tmp_path / name, "attributions")


@pytest.mark.parametrize("suffix", [".nc", ".nc4", ".hdf", ".hdf5"])
def test_netcdf_4_is_hdf5(maps, tmp_path, suffix):
    path = tmp_path / f"maps{suffix}"
    with optional("h5py").File(path, "w") as file:
        file["maps"] = maps
        file["maps"].attrs["_FillValue"] = np.float32(np.nan)
        file["lat"] = np.arange(9.0)
        file["packed"] = maps.astype(np.int16)
        file["packed"].attrs["scale_factor"] = 0.01
        file["filled"] = maps
        file["filled"].attrs["_FillValue"] = np.float32(-999)
    source = open_source(f"{path}:maps", "attributions")
    np.testing.assert_array_equal(source.read(0, 13), maps)
    source.close()
    for name, words in (("packed", "attribute 'scale_factor'"), ("filled", "must have NaN where")):
        with pytest.raises(ValueError, match=words):
            open_source(f"{path}:{name}", "attributions")
    path.write_bytes(b"CDF\x01 of version 3")
    told = "netCDF 4 is one" if suffix.startswith(".nc") else "must be a whole HDF5 file"
    with pytest.raises(ValueError, match=told):
        open_source(f"{path}:maps", "attributions")
