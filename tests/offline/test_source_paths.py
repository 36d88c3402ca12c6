"""A source says which files it reads, so that a job can compare and protect them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import optional
from offline_inputs import FILES, make_maps
from PIL import Image

from hotcold.offline.input import open_source, split_key


@pytest.mark.parametrize("save", FILES.values(), ids=FILES.keys())
def test_a_source_of_a_file_names_it(save, tmp_path):
    saved = save(tmp_path, make_maps())
    source = open_source(saved, "attributions")
    try:
        assert source.paths == (split_key(str(saved))[0],)
    finally:
        source.close()


def test_a_folder_of_pictures_names_its_pictures(tmp_path):
    for name in ("b.png", "a.png"):
        Image.new("RGB", (3, 4)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert open_source(tmp_path, "x").paths == (tmp_path / "a.png", tmp_path / "b.png")


def test_arrays_over_files_name_them(tmp_path):
    maps = make_maps()
    mapped = np.load(FILES["npy"](tmp_path, maps), mmap_mode="r")
    for array in (mapped, mapped[3:], np.asarray(mapped)):
        assert open_source(array, "attributions").paths == (tmp_path / "maps.npy",)
    stored = optional("zarr").open(str(FILES["zarr"](tmp_path, maps)), mode="r")
    assert open_source(stored, "attributions").paths == (tmp_path / "maps.zarr",)
    FILES["hdf5"](tmp_path, maps)
    with optional("h5py").File(tmp_path / "maps.h5") as file:
        source = open_source(file["deep/maps"], "attributions")
        assert source.paths == (Path(tmp_path / "maps.h5"),)


def test_arrays_in_memory_and_generators_have_no_files():
    assert open_source(make_maps(), "attributions").paths == ()
    assert open_source(iter([make_maps()]), "attributions").paths == ()
