"""One scale for a data set: in jobs, from files, in parts, on the command line, on a cluster."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import optional
from offline_inputs import assert_same_pictures, render_quietly

import hotcold
from hotcold import HeatmapVisualizer, Scale, Visualizer
from hotcold.cli import main

N = 45
CLIPS = [{}, {"clip_quantile": 0.95}, {"clip_quantile": (0.1, 0.9)}, {"clip_mass": 0.9}]


@pytest.fixture
def maps(rng):
    sizes = rng.random((N, 1, 1, 1)) ** 4 + 0.01
    return (rng.normal(size=(N, 1, 8, 8)) * sizes).astype(np.float32)


@pytest.fixture
def saved(maps, tmp_path):
    np.save(tmp_path / "maps.npy", maps)
    return tmp_path / "maps.npy"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def measured(visualizer, *inputs):
    return hotcold.measure(visualizer, *inputs, progress=False)


@pytest.mark.parametrize("clip", CLIPS, ids=str)
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_job_shares_the_scale_of_its_data_set(maps, saved, tmp_path, clip, n_threads, batch_size):
    show = Visualizer(scale="shared", **clip)
    out = tmp_path / "out"
    render_quietly(show, saved, output_dir=out, n_threads=n_threads, batch_size=batch_size)
    assert_same_pictures(out, show.render(maps))


@pytest.mark.parametrize("mode", ["magnitude_sum", "signed_sum", "unnormalized"])
def test_modes_whose_limits_depend_on_values_share_them(maps, saved, tmp_path, mode):
    show = Visualizer(scale="shared", normalization_type=mode, clip_quantile=0.99)
    render_quietly(show, saved, output_dir=tmp_path / "out", n_threads=2)
    assert_same_pictures(tmp_path / "out", show.render(maps))


def test_batches_files_threads_and_parts_change_no_bit(maps, saved, tmp_path):
    for options in (*CLIPS, {"normalization_type": "signed_sum"}):
        show = Visualizer(blur=1, **options)
        whole = measured(show, maps)
        assert measured(show, saved) == whole
        assert measured(show, [maps[:1], maps[1:30], maps[30:]]) == whole
        assert hotcold.measure(show, maps[::-1], n_threads=3, progress=False) == whole
        assert measured(show, np.asfortranarray(maps)) == whole


def test_shards_draw_by_one_scale_without_reading_the_others(maps, saved, tmp_path):
    show = Visualizer(scale=measured(Visualizer(clip_mass=0.98), saved), clip_mass=0.98)
    for k in (1, 2, 3):
        render_quietly(show, saved, output_dir=tmp_path / "out", shard=(k, 3))
    expected = Visualizer(scale="shared", clip_mass=0.98).render(maps)
    assert_same_pictures(tmp_path / "out", expected)
    for k in (1, 2):
        shared = Visualizer(scale="shared", clip_mass=0.98)
        render_quietly(shared, saved, output_dir=tmp_path / "scanned", shard=(k, 2))
    assert_same_pictures(tmp_path / "scanned", expected)


def test_a_job_that_goes_on_keeps_its_scale(maps, saved, tmp_path):
    show, out = Visualizer(scale="shared", clip_quantile=0.9), tmp_path / "out"
    render_quietly(show, saved, output_dir=out)
    kept = json.loads((out / ".hotcold" / "job.json").read_text())["shared"]
    assert kept[0] == [measured(show, maps).low, measured(show, maps).high]
    (out / "00000007.png").unlink()
    report = render_quietly(show, saved, output_dir=out, resume=True)
    assert report.n_files == 1
    assert_same_pictures(out, show.render(maps))
    scaled = Visualizer(scale=measured(show, maps), clip_quantile=0.9)
    with pytest.raises(ValueError, match="scale was 'shared' and is"):
        render_quietly(scaled, saved, output_dir=out, resume=True)


def test_job_files_of_before_are_read(maps, saved, tmp_path):
    show, out = Visualizer(normalization_type="unnormalized"), tmp_path / "out"
    render_quietly(show, saved, output_dir=out)
    path = out / ".hotcold" / "job.json"
    job = json.loads(path.read_text())
    job["limits"] = job.pop("shared")[1]
    path.write_text(json.dumps(job))
    (out / "00000003.png").unlink()
    assert render_quietly(show, saved, output_dir=out, resume=True).n_files == 1
    assert_same_pictures(out, show.render(maps))


def test_items_that_cannot_be_drawn_are_no_part_of_it(maps, tmp_path):
    maps[3, 0, 2, 2] = np.nan
    maps[4] *= 1000
    x = np.zeros((N, 3, 8, 8), np.float32)
    x[4, 0, 0, 0] = np.inf
    show = HeatmapVisualizer(blur=0, scale="shared", image_range=(0, 1))
    report = render_quietly(show, maps, x, output_dir=tmp_path / "out", on_error="record")
    assert [failure.index for failure in report.failures] == [3, 4]
    good = [i for i in range(N) if i not in (3, 4)]
    job = json.loads((tmp_path / "out" / ".hotcold" / "job.json").read_text())
    assert job["shared"][0] == [maps[good].min(), maps[good].max()]


def test_generators_are_refused_and_told_of_measure(maps, tmp_path):
    with pytest.raises(ValueError, match="must be readable twice for scale='shared'") as caught:
        render_quietly(
            Visualizer(scale="shared"), iter([maps[:20], maps[20:]]), output_dir=tmp_path / "out"
        )
    assert "hotcold.measure" in str(caught.value)
    assert not list((tmp_path / "out").glob("*.png"))
    with pytest.raises(ValueError, match="must be readable twice"):
        measured(Visualizer(), iter([maps]))
    render_quietly(
        Visualizer(scale=measured(Visualizer(), maps)),
        iter([maps[:20], maps[20:]]),
        output_dir=tmp_path / "streamed",
    )
    assert_same_pictures(tmp_path / "streamed", Visualizer(scale="shared").render(maps))


def test_memory_does_not_grow_with_the_data_set(tmp_path, rng):
    one = rng.normal(size=(64, 1, 32, 32)).astype(np.float32)
    peaks = []
    for n_items in (64 * 10, 64 * 80):
        path = tmp_path / f"{n_items}.npy"
        stored = np.lib.format.open_memmap(path, "w+", np.float32, (n_items, 1, 32, 32))
        for start in range(0, n_items, 64):
            stored[start : start + 64] = one
        del stored
        tracemalloc.start()
        measured(Visualizer(clip_quantile=0.99), path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


# --- the command line ----------------------------------------------------------------------------


def test_the_commands_scale_and_render_go_together(maps, saved, tmp_path):
    scale = tmp_path / "scale.json"
    done = run("scale", saved, "-o", scale, "--clip-quantile", "0.9", "-q")
    assert done.exit_code == 0, done.output
    assert Scale.load(scale) == measured(Visualizer(clip_quantile=0.9), maps)
    out = tmp_path / "out"
    words = ("render", saved, "-o", out, "--clip-quantile", "0.9", "-q")
    done = run(*words, "--scale", scale)
    assert done.exit_code == 0, done.output
    expected = Visualizer(clip_quantile=0.9, scale="shared").render(maps)
    assert_same_pictures(out, expected)
    words = ("render", saved, "-o", tmp_path / "shared", "--clip-quantile", "0.9", "-q")
    assert run(*words, "--scale", "shared").exit_code == 0
    assert_same_pictures(tmp_path / "shared", expected)


def test_scale_tells_what_it_found(saved, tmp_path):
    done = run("scale", saved, "-o", tmp_path / "scale.json", "--visualizer", "heatmap")
    assert done.exit_code == 0
    assert f"of {N} items: {tmp_path / 'scale.json'}" in done.output
    assert Scale.load(tmp_path / "scale.json").settings["blur"] == 10.0


def test_scale_ends_with_a_sentence_where_it_cannot_be_done(saved, tmp_path):
    scale = tmp_path / "scale.json"
    scale.write_text("mine")
    done = run("scale", saved, "-o", scale)
    assert (done.exit_code, scale.read_text()) == (1, "mine")
    assert "is there already; give another name, or overwrite" in done.output
    assert run("scale", saved, "-o", scale, "--overwrite", "-q").exit_code == 0
    done = run("scale", saved, "-o", saved)
    assert done.exit_code == 1
    assert "must not be what `ATTRIBUTIONS` is read from" in done.output
    done = run("scale", tmp_path / "missing.npy", "-o", tmp_path / "other.json")
    assert done.exit_code == 1
    assert not (tmp_path / "other.json").exists()
    done = run("scale", saved, "-o", tmp_path / "other.json", "--positive-only")
    assert done.exit_code == 2
    assert "--positive-only is an option of --visualizer mask, not of plain" in done.output
    done = run("scale", saved, saved, "-o", tmp_path / "other.json", "--visualizer", "plain")
    assert done.exit_code == 2
    assert "draws no images: leave IMAGES out" in done.output


@pytest.mark.parametrize("words", [("--scale", "no.json"), ("--scale", "maps.npy")])
def test_files_that_hold_no_scale_are_refused(saved, tmp_path, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("render", saved, "-o", "out", *words)
    assert done.exit_code == 2
    assert "hotcold scale" in done.output
    assert not (tmp_path / "out").exists()


def test_a_scale_of_other_settings_is_refused_before_any_work(saved, tmp_path):
    scale = tmp_path / "scale.json"
    run("scale", saved, "-o", scale, "--blur", "2", "-q")
    done = run("render", saved, "-o", tmp_path / "out", "--scale", scale)
    assert done.exit_code == 1
    assert "measured with blur=2.0, not 0.0" in done.output
    assert not (tmp_path / "out").exists()


# --- on a cluster --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("default")  # dask's own, which are not ours to mend
@pytest.mark.parametrize("clip", CLIPS, ids=str)
def test_blocks_are_measured_together(maps, clip):
    da = optional("dask.array")
    from hotcold.offline import dask as on_dask

    blocks = da.from_array(maps, chunks=(2, -1, 4, -1))
    scale = on_dask.measure(Visualizer(**clip), blocks)
    assert scale == measured(Visualizer(**clip), maps)
    pictures = on_dask.render(Visualizer(scale=scale, **clip), blocks).compute()
    np.testing.assert_array_equal(pictures, Visualizer(scale="shared", **clip).render(maps))
    with pytest.raises(ValueError, match=r"`scale` must be a hotcold\.Scale on a cluster"):
        on_dask.render(Visualizer(scale="shared", **clip), blocks)
