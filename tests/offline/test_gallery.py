"""The gallery page: what is written, and how it behaves in a real browser."""

from __future__ import annotations

import tempfile
from pathlib import Path

import chromium
import numpy as np
import pytest
from helpers import read_picture
from offline_inputs import make_maps, render_quietly
from PIL import Image

import hotcold
from hotcold.offline.gallery import write_gallery

N = 450  # three pages of thumbnails


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of 450 pictures with their gallery, a few names that need care among them."""
    folder = tmp_path_factory.mktemp("pictures")
    names = [f"map {i:03d}" for i in range(N)]
    names[7] = "100% #1 ä'&+;="
    render_quietly(
        hotcold.Visualizer(combine_channels=True, blur=1),
        make_maps(N),
        output_dir=folder,
        names=names,
        gallery=True,
    )
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def page(browser, pictures):
    browser.prefer("light")
    browser.open(pictures / "index.html")
    return browser


def large_name(page):
    return page.run("document.getElementById('name').textContent")


def large_is_loaded(page):
    page.wait_for("document.getElementById('large').complete")
    return page.run("document.getElementById('large').naturalWidth") > 0


def test_page_is_one_file_that_refers_to_nothing_else(pictures):
    text = (pictures / "index.html").read_text()
    assert "http:" not in text
    assert "https:" not in text
    assert "src=" not in text
    assert "blur: 1.0" in text  # how the pictures were made


def test_names_cannot_end_the_script(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(tmp_path / "<script>alert(1)<!--.png")
    write_gallery(tmp_path, title="<b>&")
    text = (tmp_path / "index.html").read_text()
    assert "<script>alert" not in text
    assert "<h1>&lt;b&gt;&amp;</h1>" in text


def test_folders_without_pictures_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must hold at least one picture"):
        write_gallery(tmp_path)
    with pytest.raises(NotADirectoryError, match="must be a folder of pictures"):
        write_gallery(tmp_path / "nowhere")


def test_thumbnails_come_in_pages_and_only_those_in_view_are_loaded(page):
    assert page.run("document.querySelectorAll('#grid img').length") == 200
    assert page.run("document.getElementById('count').textContent") == "450 pictures"
    page.wait_for("document.querySelector('#grid img').naturalWidth > 0")
    loaded = page.run("[...document.querySelectorAll('#grid img')].filter(i => i.complete).length")
    assert 0 < loaded < 200
    page.run("document.getElementById('last').click()")
    assert page.run("document.querySelectorAll('#grid img').length") == 50
    assert page.run("document.getElementById('page').value") == "3"
    assert page.run("document.getElementById('next').disabled")
    errors = [event for event in page.events if event.get("method") == "Log.entryAdded"]
    assert not errors


def test_every_picture_can_be_loaded_whatever_its_name(page):
    page.run("document.querySelectorAll('#grid img').forEach(i => i.loading = 'eager')")
    page.wait_for("[...document.querySelectorAll('#grid img')].every(i => i.complete)")
    assert page.run("document.querySelectorAll('#grid img.broken').length") == 0


def test_large_view_follows_the_arrow_keys(page, pictures):
    page.run("document.querySelectorAll('#grid button')[2].click()")
    names = sorted(path.name for path in pictures.glob("*.png"))
    assert large_name(page) == names[2]
    assert large_is_loaded(page)
    for key, index in [("ArrowRight", 3), ("ArrowLeft", 2), ("Home", 0), ("ArrowLeft", 0)]:
        page.press(key)
        assert large_name(page) == names[index]
    page.press("End")
    assert large_name(page) == names[-1]
    assert large_is_loaded(page)
    page.press("Escape")
    page.wait_for("!document.getElementById('viewer').open")
    # The page behind has followed, and the picture has the focus.
    page.wait_for("document.getElementById('page').value === '3'")
    page.wait_for("document.activeElement.querySelector('span') !== null")
    assert page.run("document.activeElement.querySelector('span').textContent") == names[-1]


def test_filter_by_name(page):
    page.press("/")
    page.type("MAP 44")
    assert page.run("document.getElementById('count').textContent") == "14 of 450 pictures"
    assert page.run("document.querySelectorAll('#grid img').length") == 14
    page.run("document.querySelectorAll('#grid button')[13].click()")
    assert large_name(page) == "map 449.png"
    assert page.run("document.getElementById('forward').disabled")
    page.press("Escape")
    page.run("document.getElementById('filter').focus()")
    page.type(" nothing")
    assert page.run("document.getElementById('empty').hidden") is False


def test_light_and_dark(page, tmp_path):
    brightness = {}
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        page.screenshot(tmp_path / f"{scheme}.png")
        brightness[scheme] = np.median(read_picture(tmp_path / f"{scheme}.png"))
    assert brightness["light"] > 200 > 60 > brightness["dark"]
    page.run("document.getElementById('theme').click()")  # now chosen by hand
    page.screenshot(tmp_path / "chosen.png")
    assert np.median(read_picture(tmp_path / "chosen.png")) > 200
    page.run("localStorage.clear()")


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory where there is one: a hundred thousand files take a disk its time."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_a_hundred_thousand_pictures_stay_usable(browser, quick_folder):
    for i in range(100_000):  # empty: the page is about names
        (quick_folder / f"{i:08d}.png").touch()
    write_gallery(quick_folder)
    browser.open(quick_folder / "index.html")
    assert browser.run("document.getElementById('count').textContent") == "100,000 pictures"
    milliseconds = browser.run(
        """(() => {
            const start = performance.now();
            const filter = document.getElementById("filter");
            filter.value = "99";
            filter.dispatchEvent(new Event("input"));
            document.getElementById("last").click();
            document.querySelector("#grid button:last-child").click();
            return performance.now() - start;
        })()"""
    )
    assert browser.run("document.getElementById('name').textContent") == "00099999.png"
    assert milliseconds < 2000  # some 30 here; a page that makes 100,000 elements takes far longer
