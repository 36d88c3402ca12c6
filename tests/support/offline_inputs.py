"""What the offline tests render: small batches, their files, what should come out."""

from __future__ import annotations

import numpy as np
from helpers import optional, read_picture

import hotcold

N, HEIGHT, WIDTH = 23, 12, 10


def make_maps(n=N, channels=2, dtype=np.float32, seed=7):
    """Random attributions (n, channels, 12, 10)."""
    return np.random.default_rng(seed).standard_normal((n, channels, HEIGHT, WIDTH)).astype(dtype)


def make_images(n=N, seed=8):
    """Random uint8 images (n, 3, 12, 10)."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3, HEIGHT, WIDTH), np.uint8)


def overlay():
    """The visualizer that most tests draw with."""
    return hotcold.HeatmapVisualizer(blur=1.5)


def render_quietly(visualizer, attributions, x=None, **options):
    """`render_files` without progress."""
    return hotcold.render_files(visualizer, attributions, x, progress=False, **options)


def pictures_in(folder):
    """Every visible file's name and pixels, sorted by name."""
    return {path.name: read_picture(path) for path in sorted(folder.glob("[!.]*.*"))}


def assert_same_pictures(folder, pictures, names=None):
    """Require one file per picture, in their order, with exactly its pixels, and nothing else."""
    found = pictures_in(folder)
    expected = names or [f"{i:08d}.png" for i in range(len(pictures))]
    assert list(found) == sorted(expected)
    for name, picture in zip(expected, pictures, strict=True):
        np.testing.assert_array_equal(found[name], picture, err_msg=name)
    assert not list(folder.glob(".*.part"))


def save_npy(path, a):
    np.save(path / "maps.npy", a)
    return path / "maps.npy"


def save_npy_fortran(path, a):
    np.save(path / "fortran.npy", np.asfortranarray(a))
    return path / "fortran.npy"


def save_npz(path, a):
    np.savez(path / "stored.npz", maps=a, other=np.zeros(3))
    return f"{path / 'stored.npz'}:maps"


def save_npz_compressed(path, a):
    np.savez_compressed(path / "packed.npz", a)
    return str(path / "packed.npz")


def save_zarr(path, a):
    zarr = optional("zarr")
    array = zarr.open_array(
        str(path / "maps.zarr"), mode="w", shape=a.shape, chunks=(5, *a.shape[1:]), dtype=a.dtype
    )
    array[:] = a
    return path / "maps.zarr"


def save_zarr_group(path, a):
    zarr = optional("zarr")
    group = zarr.open_group(str(path / "group.zarr"), mode="w")
    inner = group.create_group("inner")
    array = inner.create_array if hasattr(inner, "create_array") else inner.create_dataset
    array("maps", shape=a.shape, chunks=a.shape, dtype=a.dtype)[:] = a
    return f"{path / 'group.zarr'}:inner/maps"


def save_hdf5(path, a):
    h5py = optional("h5py")
    with h5py.File(path / "maps.h5", "w") as file:
        file.create_dataset(
            "deep/maps", data=a, chunks=(min(4, len(a)), *a.shape[1:]), compression="gzip"
        )
        file.create_dataset("other", data=np.zeros(3))
    return f"{path / 'maps.h5'}:deep/maps"


def save_safetensors(path, a):
    tensors = {"maps": a, "other": np.zeros(3, np.int8)}
    optional("safetensors.numpy").save_file(tensors, path / "maps.safetensors")
    return f"{path / 'maps.safetensors'}:maps"


def save_torch(path, a):
    torch = optional("torch")
    torch.save({"maps": torch.from_numpy(a), "epoch": 3}, path / "maps.pt")
    return f"{path / 'maps.pt'}:maps"


def save_torch_tensor(path, a):
    torch = optional("torch")
    torch.save(torch.from_numpy(a), path / "tensor.pt")
    return path / "tensor.pt"


FILES = {
    function.__name__.removeprefix("save_"): function
    for function in (
        save_npy,
        save_npy_fortran,
        save_npz,
        save_npz_compressed,
        save_zarr,
        save_zarr_group,
        save_hdf5,
        save_safetensors,
        save_torch,
        save_torch_tensor,
    )
}
