"""The gallery page with a table, in a real browser: sort, filter, tags, originals, deep links."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import axe
import chromium
import numpy as np
import pytest
from helpers import read_picture
from PIL import Image

import hotcold
from hotcold.offline.gallery import write_gallery

N = 240  # two pages
LABELS = ["cat", "dog", "red fox"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A job over a folder of photographs, and its page with a table."""
    top = tmp_path_factory.mktemp("triage")
    maps = np.random.default_rng(0).normal(size=(N, 1, 12, 12)).astype(np.float32)
    np.save(top / "maps.npy", maps)
    (top / "photos #1").mkdir()
    for i in range(N):
        color = (200, i % 256, 30)
        Image.new("RGB", (12, 12), color).save(top / "photos #1" / f"photo {i}.png")
    lines = ["item,label,score,top 1"]
    lines += [f"{i},{LABELS[i % 3]},{'' if i == 5 else (i * 7 % N) / N},{i % 2}" for i in range(N)]
    (top / "t.csv").write_text("\n".join(lines))
    hotcold.render_files(
        hotcold.HeatmapVisualizer(),
        top / "maps.npy",
        top / "photos #1",
        output_dir=top / "out",
        order="natural",
        gallery=True,
        table=top / "t.csv",
        sort="-score",
        caption="{label} {score:.3f} <{item}>",
        progress=False,
    )
    return top / "out"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium.browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def page(browser, pictures):
    browser.prefer("light")
    browser.open(pictures / "index.html")
    browser.run("localStorage.clear()")
    browser.open(pictures.parent / "photos #1" / "photo 0.png")  # a page of its own anew
    browser.open(pictures / "index.html")
    yield browser
    thrown = [e for e in browser.events if e.get("method") == "Runtime.exceptionThrown"]
    assert not thrown


def labels(page):
    return json.loads(
        page.run("JSON.stringify([...document.querySelectorAll('#grid span')].map(e => e.title))")
    )


def text(page, name):
    return page.run(f"document.getElementById('{name}').textContent")


def filter_by(page, wanted):
    page.run(
        "(() => {const box = document.getElementById('filter');"
        f"box.value = {json.dumps(wanted)}; box.dispatchEvent(new Event('input'));}})()"
    )


def sort_by(page, column):
    page.run(
        "(() => {const box = document.getElementById('sort');"
        f"box.value = {json.dumps(column)}; box.dispatchEvent(new Event('change'));}})()"
    )


def count(page):
    return int(text(page, "count").split(" ")[0])


def test_the_page_begins_sorted_with_captions_and_what_has_no_value_comes_last(page):
    assert labels(page)[0].startswith(("cat", "dog", "red fox"))
    scores = [float(label.split()[-2]) for label in labels(page)]
    assert scores == sorted(scores, reverse=True)
    page.run("document.getElementById('direction').click()")
    assert labels(page)[0] == "cat 0.000 <0>"
    page.run("document.getElementById('last').click()")
    assert labels(page)[-1] == "red fox – <5>"  # noqa: RUF001
    sort_by(page, "label")
    assert [label.split()[0] for label in labels(page)[:2]] == ["cat", "cat"]
    sort_by(page, "")
    assert labels(page)[3] == "cat 0.087 <3>"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("label:cat", 80),
        ("label:FO", 80),
        ("label=fo", 0),
        ('label="red fox"', 80),
        ("label!=cat", 160),
        ("label:cat score<0.5", 40),
        ("score<=0", 1),
        ("score>=0", N - 1),
        ("item>237", 2),
        ("item:17", 1),
        ('"top 1"=1', 120),
        ("fox <12", None),
        ('fox "<11>"', 1),
        ("name:00000017", 1),
        ('label=""', 0),
        ("tag=0", N),
    ],
)
def test_filters(page, wanted, expected):
    filter_by(page, wanted)
    if expected is None:
        assert text(page, "problem").startswith("Before < stands no column")
        return
    assert text(page, "problem") == ""
    assert count(page) == expected


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("scor<3", "No column is called scor, there are item, label, score, top 1, name, tag"),
        ("score<", "score holds numbers, and after < stands none"),
        ("score<a", "score holds numbers, and after < stands a"),
        ("label<3", "label holds text: it can be asked with : = and !=, not with <"),
        ("label:", "After : stands nothing"),
        ('label:"red', "A quote is not closed"),
    ],
)
def test_filters_that_say_nothing_are_told_and_change_nothing(page, wanted, told):
    filter_by(page, wanted)
    assert text(page, "problem").startswith(told)
    assert page.run("document.getElementById('filter').getAttribute('aria-invalid')") == "true"
    assert count(page) == N
    filter_by(page, "")
    assert text(page, "problem") == ""


def test_the_keyboard_is_enough(page):
    page.press("/")
    page.type("label:dog")
    page.press("Enter")
    focused = "document.activeElement.querySelector('span').title"
    assert page.run(focused) == labels(page)[0]
    page.press("ArrowRight")
    page.press("ArrowDown")
    page.press("ArrowUp")
    assert page.run(focused) == labels(page)[1]
    assert page.run("document.querySelectorAll('#grid [tabindex=\"0\"]').length") == 1
    page.run("document.activeElement.click()")  # what Enter does to a button
    assert text(page, "name") == labels(page)[1]
    assert page.run("document.getElementById('large').alt") == labels(page)[1]
    page.press("Escape")
    page.wait_for("!document.getElementById('viewer').open")
    page.wait_for(f"{focused} === {json.dumps(labels(page)[1])}")


def test_tags_are_shown_kept_filtered_and_saved(page, pictures, tmp_path):
    sort_by(page, "item")
    page.run("document.getElementById('direction').click()")
    page.press("/")
    page.press("Enter")
    page.press("3")
    page.press("ArrowRight")
    page.press("4")
    page.press("4")  # again: off
    page.press("9")
    assert page.run("document.querySelector('#grid .tag').textContent") == "3"
    filter_by(page, "tag:3")
    assert count(page) == 1
    filter_by(page, "tag>0")
    assert count(page) == 2
    time.sleep(0.3)  # they are written down when no more come
    page.open(pictures.parent / "photos #1" / "photo 0.png")
    page.open(pictures / "index.html")
    filter_by(page, "tag>0")
    assert count(page) == 2
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run("document.getElementById('download').click()")
    saved = tmp_path / "tags.csv"
    end = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert saved.read_text() == "file,tag\n00000000.png,3\n00000001.png,9\n"


def test_the_original_is_shown_while_a_key_is_held(page):
    filter_by(page, "item:11")
    page.run("document.querySelector('#grid button').click()")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="o")
    large = "document.getElementById('large')"
    assert page.run(f"{large}.src").endswith("/photos%20%231/photo%2011.png")
    page.wait_for(f"{large}.complete && {large}.naturalWidth === 12")
    assert text(page, "shows") == "original"
    page.call("Input.dispatchKeyEvent", type="keyUp", key="o")
    assert page.run(f"{large}.src").endswith("/out/00000011.png")


def test_without_originals_the_page_says_so(browser, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    write_gallery(tmp_path)
    browser.open(tmp_path / "index.html")
    browser.run("document.querySelector('#grid button').click()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="o")
    assert text(browser, "shows") == "The original is not beside this page."
    assert browser.run("document.getElementById('original').disabled")


def test_the_address_opens_the_same_view(page, pictures):
    filter_by(page, "label:fox score<0.5")
    sort_by(page, "item")
    page.run("document.querySelectorAll('#grid button')[2].click()")
    shown, address = text(page, "name"), page.run("location.href")
    page.open(pictures.parent / "photos #1" / "photo 0.png")
    page.call("Page.navigate", url=address)
    page.wait_for("document.readyState === 'complete' && document.getElementById('viewer')?.open")
    assert text(page, "name") == shown
    assert page.run("document.getElementById('filter').value") == "label:fox score<0.5"
    assert page.run("document.getElementById('sort').value") == "item"
    assert text(page, "position") == "3 of 39"
    page.run("location.hash = 'filter=label:cat'")
    page.wait_for("!document.getElementById('viewer').open")
    assert count(page) == 80


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_of_accessibility_finds_nothing_serious(page, scheme):
    page.prefer(scheme)
    page.press("/")
    page.press("Enter")
    page.press("3")
    page.run("document.getElementById('help').click()")
    filter_by(page, "scor<1")  # with a problem told
    assert axe.serious_findings(page) == []
    page.run("document.querySelector('#grid button').click()")
    assert axe.serious_findings(page) == []


def test_reports_of_comparisons_sort_and_filter_by_metrics(browser, tmp_path):
    rng = np.random.default_rng(1)
    a = rng.normal(size=(30, 1, 16, 16)).astype(np.float32)
    b = a + rng.normal(size=a.shape).astype(np.float32) * np.linspace(0, 2, 30)[:, None, None, None]
    found = hotcold.offline.compare_files(
        a, b, output_dir=tmp_path, worst=30, gallery=True, metrics=["iou", "ssim"], progress=False
    )
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        browser.open(tmp_path / "index.html")
        filter_by(browser, "iou<0.5")
        assert count(browser) == np.sum(found["iou"] < 0.5) > 0
        sort_by(browser, "ssim")
        lowest = int(found.worst(1, "ssim")[0])
        assert labels(browser)[0].endswith(f"item {lowest}")
        assert axe.serious_findings(browser) == []
        browser.run("document.querySelector('#grid button').click()")
        assert f"ssim{found['ssim'][lowest]}"[:10] in text(browser, "values")
        assert axe.serious_findings(browser) == []


def test_nothing_moves_and_narrow_windows_show_all(page, tmp_path):
    style = (Path(hotcold.offline.gallery.__file__).parent / "style.css").read_text()
    assert not any(word in style for word in ("transition", "animation", "scroll-behavior"))
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=400,
        height=800,
        deviceScaleFactor=1,
        mobile=False,
    )
    try:
        assert page.run("document.documentElement.scrollWidth") <= 400
        page.screenshot(tmp_path / "narrow.png")
        assert np.std(read_picture(tmp_path / "narrow.png")) > 10
    finally:
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=1200,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )


@pytest.mark.skipif(os.name != "posix", reason="other systems have names of text")
def test_names_of_any_bytes_are_shown_found_tagged_and_saved(browser, tmp_path):
    names = [
        b"not \xff\xfe utf-8.png",
        b'quo"te, comma.png',
        b"<b>&amp;.png",
        b"#hash?%41.png",
        b"new\nline.png",
        b"<!--<script>.png",
        b"plain.png",
    ]
    scores = b"file,score\n"
    for i, name in enumerate(names):
        Image.new("RGB", (4, 4), (i, 0, 0)).save(tmp_path / "x.png")
        os.rename(tmp_path / "x.png", os.fsencode(tmp_path) + b"/" + name)  # noqa: PTH104
        scores += b'"' + name.replace(b'"', b'""') + b'",%d\n' % i
    saved = tmp_path / "folder"
    saved.mkdir()
    table = saved / "t.csv"
    table.write_bytes(scores)
    write_gallery(tmp_path, table=table, caption="{file} {score:d}", sort="score")
    browser.open(tmp_path / "index.html")
    browser.run("document.querySelectorAll('#grid img').forEach(i => i.loading = 'eager')")
    browser.wait_for("[...document.querySelectorAll('#grid img')].every(i => i.complete)")
    assert browser.run("document.querySelectorAll('#grid img.broken').length") == 0
    told = [name.decode(errors="replace") + f" {i}" for i, name in enumerate(names)]
    assert labels(browser) == told
    for place in range(len(names)):
        browser.run(f"document.querySelectorAll('#grid button')[{place}].click()")
        address = browser.run("location.href")
        browser.run("document.getElementById('viewer').close()")
        browser.wait_for("location.hash === ''")
        browser.run(f"location.href = {json.dumps(address)}")
        browser.wait_for("document.getElementById('viewer').open")
        assert text(browser, "name") == told[place]
        browser.press("1")
        browser.press("Escape")
        browser.wait_for("location.hash === ''")
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
    browser.run("document.getElementById('download').click()")
    end = time.monotonic() + 20
    while not (saved / "tags.csv").exists() and time.monotonic() < end:
        time.sleep(0.05)
    # What was saved is a table of the same pictures again.
    write_gallery(tmp_path, table=saved / "tags.csv", caption="{tag}")
    data = (saved / "tags.csv").read_bytes()
    assert all(name in data for name in names if b'"' not in name)


def test_originals_are_found_by_what_pictures_say_or_by_their_names(pictures, tmp_path):
    photos = pictures.parent / "photos #1"
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("photo 3", "photo 4"):
        Image.new("RGB", (4, 4)).save(plain / f"{name}.png")
    for folder, expected in ((pictures, "photo%2011.png"), (plain, "photo%204.png")):
        before = (folder / "index.html").read_bytes() if folder == pictures else None
        found = write_gallery(folder, originals=photos).read_text()
        assert f"photos%20%231/{expected}" in found
        if before is not None:
            (folder / "index.html").write_bytes(before)


def test_jobs_check_tables_before_any_work(tmp_path):
    maps = np.zeros((3, 1, 4, 4))
    page = {"output_dir": tmp_path / "out", "progress": False, "gallery": True}
    for options, told in (
        ({"table": {"a": [1, 2]}}, "a row for each of 3 pictures, in their order, got 2"),
        ({"table": {"item": [0, 1, 3]}}, r"1 of 3 rows of the table are of none \('3'\)"),
        ({"table": {"a": [1, 2, 3]}, "caption": "{b}"}, "`caption` must be of the columns"),
        ({"table": {"a": [1, 2, 3]}, "sheets": (2, 2)}, "`table` must be None for sheets"),
        ({"table": {"a": [1, 2, 3]}, "gallery": False}, "`table` must be None without a gallery"),
        ({"caption": "{a}"}, "`table` must be given for `caption`"),
    ):
        with pytest.raises(ValueError, match=told):
            hotcold.render_files(hotcold.Visualizer(), maps, **{**page, **options})
    with pytest.raises(ValueError, match="`table` must be None for a stream"):
        hotcold.render_files(hotcold.Visualizer(), iter([maps]), **page, table={"a": [1, 2, 3]})
    assert not (tmp_path / "out").exists()


def test_items_that_failed_take_no_rows_of_others(tmp_path):
    maps = np.zeros((3, 1, 4, 4))
    maps[1] = np.nan
    hotcold.render_files(
        hotcold.Visualizer(),
        maps,
        output_dir=tmp_path,
        on_error="record",
        gallery=True,
        table={"label": ["first", "second", "third"]},
        caption="the {label}",
        progress=False,
    )
    page = (tmp_path / "index.html").read_text()
    assert '["the first","the third"]' in page


def test_bad_tables_leave_the_page_as_it_was(pictures, tmp_path):
    before = (pictures / "index.html").read_bytes()
    for options, told in (
        ({"table": {"name": ["0"]}}, r"1 of 1 rows of the table are of none \('0'\)"),
        ({"table": {"a": [1]}}, "must have a row for each of 240 pictures"),
        ({"table": {"a": range(N)}, "sort": "-b"}, "`sort` must be of the columns of the table"),
        ({"table": {"a": range(N)}, "caption": "{b}"}, "`caption` must be of the columns"),
        ({"sort": "a"}, "`table` must be given for `sort`"),
        ({"originals": tmp_path}, "`originals` must hold pictures that those in"),
    ):
        with pytest.raises(ValueError, match=told):
            write_gallery(pictures, **options)
    with pytest.raises(NotADirectoryError, match="`originals` must be a folder"):
        write_gallery(pictures, originals=tmp_path / "nowhere")
    assert (pictures / "index.html").read_bytes() == before


def test_a_hundred_thousand_pictures_with_a_table_stay_smooth(browser, tmp_path):
    memory = Path("/dev/shm")
    n = 100_000
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        for i in range(n):  # empty: the page is about names and numbers
            (Path(folder) / f"{i:08d}.png").touch()
        table = {"label": [LABELS[i % 3] for i in range(n)], "score": [i / n for i in range(n)]}
        write_gallery(folder, table=table, caption="{label} {score:.4f}")
        browser.open(Path(folder) / "index.html")
        spent = browser.run(
            """(() => {
                const change = (id, value, kind) => {
                    const start = performance.now();
                    const box = document.getElementById(id);
                    box.value = value;
                    box.dispatchEvent(new Event(kind));
                    return performance.now() - start;
                };
                return [
                    change("sort", "score", "change"),
                    change("sort", "label", "change"),
                    change("filter", "label:fox score<0.5", "input"),
                    change("filter", "cat", "input"),
                ];
            })()"""
        )
        filter_by(browser, "label:fox score<0.5")
        assert text(browser, "count") == "16,666 of 100,000 pictures"
    assert max(spent) < 2000, spent
