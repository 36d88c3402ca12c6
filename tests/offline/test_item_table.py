"""Tables beside a job: whose rows are whose, captions of columns, and what is refused."""

from __future__ import annotations

import pytest

from hotcold.offline.item_table import ItemTable, lines_of

NAMES = ["cat 1.png", "dog.png", "a/b.png", "photo.v2.png"]


def table_of(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ItemTable.of(path)


@pytest.mark.parametrize(
    "cells",
    [
        ["dog.png", "photo.v2.png", "cat 1.png", "a/b.png"],
        ["dog", "photo.v2", "cat 1", "a/b"],
        ["dog.jpg", "photo.v2.jpg", "cat 1.jpg", "a/b.jpg"],
    ],
)
@pytest.mark.parametrize("key", ["name", "file", "picture"])
def test_rows_are_found_by_name_with_suffix_or_without(cells, key):
    table = ItemTable.of({"score": [1, 2, 3, 4], key: cells})
    assert table.rows_of(NAMES) == [2, 0, 3, 1]


def test_rows_are_found_by_the_index_of_the_item_or_by_order():
    assert ItemTable.of({"item": [3, 1, 0, 2]}).rows_of(NAMES) == [2, 1, 3, 0]
    assert ItemTable.of({"score": [3, 1, 0, 2]}).rows_of(NAMES) == [0, 1, 2, 3]


def test_characters_that_file_names_lack_are_the_underscores_that_jobs_write():
    assert ItemTable.of({"name": ["b", 'a:"1"']}).rows_of(["a__1_.png", "b.png"]) == [1, 0]


def test_rows_of_a_comparison_without_picture_belong_to_none():
    table = ItemTable.of({"item": [0, 1, 2], "picture": ["", "worst-0001.png", ""]})
    assert table.rows_of(["worst-0001.png"]) == [1]


def test_files_are_read_as_programs_write_them(tmp_path):
    text = '\ufeffname, score\r\n"cat, ""big""",0.25\r\n\r\ndog,\r\n'
    table = table_of(tmp_path, text)
    assert list(table.columns) == ["name", "score"]
    assert table.columns["name"].texts == ['cat, "big"', "dog"]
    assert table.columns["score"].numbers[0] == 0.25
    assert table.caption("{name}: {score:.1f}")(1) == "dog: –"  # noqa: RUF001
    assert table_of(tmp_path, "a\tb c\n1\tx,y\n", "t.tsv").columns["b c"].texts == ["x,y"]
    assert table_of(tmp_path, b"name\n\xff\xfe.png\n").rows_of(["\udcff\udcfe.png"]) == [0]


def test_numbers_are_formatted_as_numbers_and_names_stay_names():
    table = ItemTable.of({"label": ["cat"], "score": ["0.5"], "n": ["12"], "code": ["007"]})
    made = table.caption("{{{label:>5}}} {score:.1%} {n:05d} {n:.1f} {code} {score}")
    assert made(0) == "{  cat} 50.0% 00012 12.0 007 0.5"
    assert table.columns["code"].numbers is None


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{labl}", r"`caption` must be of the columns of .*got 'labl'; did you mean 'label'\?"),
        ("{label.__class__}", "got 'label.__class__'"),
        ("{}", "got ''"),
        ("{label:.2f}", r"must format column 'label' as the text .*got \{label:.2f\} for 'cat'"),
        ("{score:d}", "must format column 'score' as the numbers that it holds"),
        ("{score", "must be text with columns in braces"),
        ("{score!r}", "must have fields like"),
        ("{score:{label}}", "must have fields like"),
    ],
)
def test_captions_with_unknown_fields_or_formats_are_refused(template, told):
    table = ItemTable.of({"label": ["cat", "dog"], "score": ["1", "0.5"]})
    with pytest.raises(ValueError, match=told):
        table.caption(template)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"score": [1, 2, 3]}, "a row for each of 4 pictures, in their order, got 3"),
        (
            {"name": ["cat 1", "dgo", "a/b", "photo.v2"]},
            r"1 of 4 rows of the table are of none \('dgo'\), got 'dgo'; did you mean 'dog'\?",
        ),
        ({"name": ["dog", "cat 1"]}, "got none in the table for 2 of 4: 'a/b.png', 'photo.v2.png'"),
        ({"name": ["dog", "dog", "a/b", "cat 1"]}, "one row for each picture, got rows 1 and 2"),
        ({"name": ["dog", "", "a/b", "cat 1"]}, "got nothing in row 2"),
        ({"item": [0, 1, 2, 4]}, r"1 of 4 rows of the table are of none \('4'\)"),
    ],
)
def test_rows_that_do_not_match_are_told_which_and_how_many(columns, told):
    with pytest.raises(ValueError, match=told):
        ItemTable.of(columns).rows_of(NAMES)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must have a line of column names, got the empty file"),
        ("a,a\n1,2\n", "names of their own, got 'a' twice"),
        ("a,\n1,2\n", "names of their own, got one without"),
        ("a,b\n1,2\n3\n", "must have 2 cells in every row, as its first line has, got 1 in line 3"),
        ('a,b\n1,"2\n', "must be comma-separated values, got .*line 2: unexpected end of data"),
    ],
)
def test_broken_tables_are_refused(tmp_path, text, told):
    with pytest.raises(ValueError, match=told):
        table_of(tmp_path, text).rows_of(NAMES)


def test_one_of_table_and_caption_without_the_other_is_refused():
    assert lines_of(None, None, NAMES) is None
    with pytest.raises(ValueError, match="`table` must be given for `caption`"):
        lines_of(None, "{a}", NAMES)
    with pytest.raises(ValueError, match="`caption` must say what to write"):
        lines_of({"a": [1, 2, 3, 4]}, None, NAMES)
    with pytest.raises(TypeError, match="`table` must be the path of a CSV file or a mapping"):
        ItemTable.of(3)
    with pytest.raises(ValueError, match="columns of one length, got 1 in 'a', 2 in 'b'"):
        ItemTable.of({"a": [1], "b": [1, 2]})


def test_a_hundred_thousand_rows_are_matched_and_one_that_is_wrong_is_found():
    names = [f"{i:08d}.png" for i in range(100_000)]
    cells = [name[:-4] for name in names]
    assert ItemTable.of({"name": cells}).rows_of(names) == list(range(100_000))
    cells[777] = "0000o777"
    with pytest.raises(ValueError, match="did you mean '00000777'"):
        ItemTable.of({"name": cells}).rows_of(names)
