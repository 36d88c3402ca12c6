"""Calls straight at the extension's render and tile: channels, pictures, sheets, settings."""

from __future__ import annotations

import os

import numpy as np
import pytest
from core_calls import SHAPE, f4, plan, render
from helpers import message, run_python

from hotcold import _core
from hotcold.colormaps import lookup_table
from hotcold.sheet import Sheet

pytestmark = pytest.mark.kernels

N, C, H, W = SHAPE


def table_plan(paint="table", **changes):
    return plan(paint=paint, table=lookup_table("hot").rgba, **changes)


def u1(*shape):
    return np.zeros(shape, np.uint8)


# --- channels and images --------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [2, 5, 64])
def test_channels_that_cannot_be_drawn_are_refused(channels):
    a = f4((N, channels, H, W))
    for wanted in (plan(), table_plan()):
        with pytest.raises(ValueError, match=f"channel count that cannot be drawn: {channels}"):
            render(wanted, a, picture=u1(N, H, W, 3))
    for paint in ("overlay", "mask"):
        with pytest.raises(ValueError, match="cannot be drawn"):
            render(table_plan(paint), a, f4(), picture=u1(N, H, W, 3))
        with pytest.raises(ValueError, match=message("`image` must have 1, 3 or 4 channels")):
            render(table_plan(paint, reduction="mean"), f4(), a, picture=u1(N, H, W, 3))


@pytest.mark.parametrize("paint", ["overlay", "mask"])
def test_images_must_be_given_to_overlays_and_masks_alone(paint):
    with pytest.raises(ValueError, match="`image` must be given"):
        render(table_plan(paint, reduction="mean"), f4())
    with pytest.raises(ValueError, match="`image` must be None"):
        render(plan(), f4(), f4())


@pytest.mark.parametrize("shape", [(1, 3, H, W), (N, 3, H + 1, W), (N, 3, H, W - 1)])
@pytest.mark.parametrize("paint", ["overlay", "mask"])
def test_images_of_another_size_are_refused(paint, shape):
    with pytest.raises(ValueError, match="must agree in items, rows and columns"):
        render(table_plan(paint, reduction="mean"), f4(), f4(shape))


@pytest.mark.parametrize("kind", ["c8", "O", ">f4"])
def test_image_dtypes_are_checked(kind):
    with pytest.raises(TypeError, match="`image` must hold real numbers"):
        render(table_plan("overlay", reduction="mean"), f4(), np.zeros(SHAPE, kind))


def test_mask_channels_must_be_one_or_the_images():
    with pytest.raises(ValueError, match="cannot be drawn: 3"):
        render(plan(paint="mask"), f4(), f4((N, 4, H, W)))
    render(plan(paint="mask"), f4((N, 1, H, W)), f4((N, 4, H, W)))


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture",
    [u1(N, H, W, 4), u1(N, W, H, 3), u1(N + 1, H, W, 3), u1(N, 3, H, W), u1(H, W, 3), u1(0)],
    ids=lambda picture: str(picture.shape),
)
def test_pictures_of_a_wrong_shape_are_refused(picture):
    with pytest.raises(ValueError, match="`picture` must"):
        render(plan(), f4(), picture=picture)


@pytest.mark.parametrize("kind", ["i1", "f4", "?", "u2"])
def test_pictures_of_a_wrong_dtype_are_refused(kind):
    with pytest.raises(TypeError, match="`picture` must have dtype uint8"):
        render(plan(), f4(), picture=np.zeros((N, H, W, 3), kind))


def test_pictures_in_a_wrong_place_are_refused():
    read_only = u1(N, H, W, 3)
    read_only.flags.writeable = False
    memory = u1(N * H * W * 3)
    overlapping = np.lib.stride_tricks.as_strided(memory, (N, H, W, 3), (0, W * 3, 3, 1))
    for picture, rule in (
        (read_only, "must be writeable"),
        (overlapping, "must not hold two elements at one address"),
        (u1(N, H, 2 * W, 3)[:, :, ::2], "next to each other"),
        (u1(N, H, W, 3)[..., ::-1], "next to each other"),
        (u1(N, H, W, 3)[:, :, ::-1], "next to each other"),
    ):
        with pytest.raises(ValueError, match=rule):
            render(plan(), f4(), picture=picture)


def test_pictures_that_share_memory_are_refused():
    memory = np.zeros(10_000, np.uint8)
    picture = memory[: N * H * W * 3].reshape(N, H, W, 3)
    a = memory[100 : 100 + 180].reshape(SHAPE)
    values = memory[4:724].view(np.float32).reshape(SHAPE)
    with pytest.raises(ValueError, match="`picture` must not share memory with `attributions`"):
        render(plan(), a, picture=picture)
    with pytest.raises(ValueError, match="`picture` must not share memory with `image`"):
        render(plan(paint="mask"), f4(), a, picture=picture)
    with pytest.raises(ValueError, match="`picture` must not share memory with `values`"):
        render(plan(), f4(), values=values, picture=picture)
    with pytest.raises(ValueError, match="`values` must not share memory with `attributions`"):
        render(plan(), values, values=values)


# --- sheets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "grid",
    [
        u1(1, 1, H, W, 3),  # room for one of two
        u1(2, 1, H, W - 1, 3),
        u1(2, 1, H + 1, W, 3),
        u1(2, 1, H, W, 4),
        u1(2 * H, W, 3),
        u1(1, 1, 2, H, W, 3),
        u1(0, 2, H, W, 3),
        u1(2, 0, H, W, 3),
    ],
    ids=lambda value: str(value.shape),
)
def test_sheets_without_room_are_refused(grid):
    with pytest.raises(ValueError, match="`picture` must"):
        render(plan(), f4(), picture=grid)
    assert not grid.any()


def test_cells_that_overlap_are_refused():
    sheet = u1(2 * H, 2 * W, 3)
    lines = sheet.strides[0]
    for strides in (
        (0, 3 * W, lines, 3, 1),
        (H * lines, 0, lines, 3, 1),
        (H * lines, 3 * W - 1, lines, 3, 1),
        ((H - 1) * lines, 3 * W, lines, 3, 1),
    ):
        cells = np.lib.stride_tricks.as_strided(sheet, (2, 2, H, W, 3), strides)
        with pytest.raises(ValueError, match="must not hold two elements at one address"):
            render(plan(), f4(), picture=cells)
    assert not sheet.any()


def test_sheets_larger_than_needed_are_written_in_their_cells_only():
    sheet = np.full((40, 50, 3), 7, np.uint8)
    layout = Sheet(2, 2, (H, W), gap=(9, 4), margins=(3, 0, 0, 2))
    render(plan(normalization_type="unnormalized"), f4(), picture=layout.cells(sheet))
    white = (sheet == 255).all(axis=-1)
    assert white.sum() == N * H * W
    assert (sheet[~white] == 7).all()
    assert white[3 : 3 + H, 2 : 2 + W].all()
    assert white[3 : 3 + H, 2 + W + 4 : 2 + 2 * W + 4].all()


# --- tile -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "columns", "padding"),
    [
        (0, 2, 0),
        (2, 0, 0),
        (-1, 2, 0),
        (1, 1, 0),
        (2, 1, -1),
        (2**40, 1, 0),
        (1, 2**40, 0),
        (2, 1, 2**40),
        (2**30, 2**30, 2**30),
        (2**62, 2**62, 0),
        (2**31 - 1, 2**31 - 1, 2**31 - 1),
    ],
)
def test_wrong_grids_are_refused(rows, columns, padding):
    with pytest.raises((ValueError, MemoryError)):
        _core.tile(f4(), rows, columns, padding, np.zeros((), "f4"))


@pytest.mark.parametrize("fill", [np.zeros((), "f8"), np.zeros(1, "f4"), np.zeros((), ">f4"), 0.0])
def test_wrong_fills_are_refused(fill):
    with pytest.raises(TypeError):
        _core.tile(f4(), 2, 1, 0, fill)


# --- settings of the process ----------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "2x", "99999999999999999999", "1e3"])
def test_wrong_thread_count_in_the_environment_is_told(monkeypatch, value):
    monkeypatch.setenv("HOTCOLD_NUM_THREADS", value)
    expected = message("HOTCOLD_NUM_THREADS must be a whole number >= 1, got", value)
    with pytest.raises(ValueError, match=expected):
        _core.default_threads()
    with pytest.raises(ValueError, match=expected):
        _core.build_info()


def test_thread_count_in_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HOTCOLD_NUM_THREADS", "5")
    assert _core.default_threads() == 5
    monkeypatch.setenv("HOTCOLD_NUM_THREADS", "")
    assert _core.default_threads() >= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_default_thread_count_is_that_of_the_affinity_mask():
    run_python(
        "import os\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import hotcold\n"
        "assert hotcold.build_info()['n_threads'] == 1\n",
        HOTCOLD_NUM_THREADS=None,
    )


@pytest.mark.parametrize("value", ["sse9", "AVX2", "avx2 "])
def test_wrong_instruction_set_is_told_at_import(value):
    done = run_python("import hotcold", check=False, HOTCOLD_ISA=value)
    assert done.returncode == 1
    assert "the instruction set level must be one that this machine runs (baseline" in done.stderr
    assert f"got '{value}'" in done.stderr


def test_instruction_set_in_the_environment_is_used():
    for level in ("baseline", _core.build_info()["isa_available"][-1]):
        code = f"import hotcold; assert hotcold.build_info()['isa'] == {level!r}"
        run_python(code, HOTCOLD_ISA=level)


def test_unknown_instruction_set_is_refused_and_changes_nothing():
    before = _core.build_info()["isa"]
    with pytest.raises(ValueError, match="must be one that this machine runs"):
        _core.set_isa("avx1024")
    assert _core.build_info()["isa"] == before
