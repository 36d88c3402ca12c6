"""Options declared once: what is made from a field agrees with what is written out by hand."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import re

import numpy as np
import pytest
from helpers import message, run_python

import hotcold
from hotcold import _validate, declared, keywords
from hotcold.visualizers.base import KINDS

CLASSES = list(KINDS.values())
METHODS = [
    (cls, name)
    for cls in CLASSES
    for name in ("__init__", "__call__", "render", "from_influence")
    if name in vars(cls)
]


def function_of(cls, name):
    member = vars(cls)[name]
    return getattr(member, "__func__", member)


@pytest.mark.parametrize(("cls", "name"), METHODS)
def test_written_out_defaults_are_the_declared_ones(cls, name):
    for parameter in inspect.signature(function_of(cls, name)).parameters.values():
        if parameter.name in cls.declared().options:
            called = name in ("__call__", "render")
            expected = None if called else cls.declared().defaults[parameter.name]
            assert parameter.default == expected
            assert type(parameter.default) is type(expected)


@pytest.mark.parametrize(("cls", "name"), METHODS)
def test_typed_keywords_are_the_fields_that_are_not_written_out(cls, name):
    function = function_of(cls, name)
    typed = re.fullmatch(r"Unpack\[(\w+)\]", function.__annotations__["options"])[1]
    table = cls.declared().called if name in ("__call__", "render") else cls.declared().options
    written = set(function.__code__.co_varnames)
    assert vars(keywords)[typed].__annotations__.keys() == table.keys() - written


@pytest.mark.parametrize(("cls", "name"), METHODS)
def test_signatures_show_every_option(cls, name):
    table = cls.declared().called if name in ("__call__", "render") else cls.declared().options
    parameters = inspect.signature(function_of(cls, name)).parameters
    assert table.keys() <= parameters.keys()
    assert all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def test_types_of_keywords_are_not_read_when_hotcold_runs():
    run_python("import sys, hotcold; assert 'hotcold.keywords' not in sys.modules")


@pytest.mark.parametrize("cls", CLASSES)
def test_docstrings_tell_all_about_every_option(cls):
    doc = inspect.getdoc(cls)
    for name, declaration in cls.declared().options.items():
        entry = rf"^{name} : {re.escape(declaration.kind)}.*\n    {declaration.text.split()[0]}"
        assert re.search(entry, doc, re.MULTILINE), name
    assert "<" not in doc.split("Notes")[0]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_option_that_changes_pictures_is_described(cls):
    how = {"tiler", "n_threads", "batch_size", "compression", "quality"}  # not what
    described = cls.declared().options.keys() - how
    assert {name for name, known in cls.declared().options.items() if known.in_picture} == described


def test_unknown_options_are_refused_with_their_owners(maps):
    with pytest.raises(TypeError, match=message("unexpected", "'upsample'", "HeatmapVisualizer")):
        hotcold.Visualizer(upsample="bilinear")
    with pytest.raises(TypeError, match=message("'masked_opacity'", "MaskVisualizer", "takes")):
        hotcold.HeatmapVisualizer().render(maps, maps, masked_opacity=1)
    with pytest.raises(TypeError, match=message("'treshold'", "did you mean 'threshold'")):
        hotcold.MaskVisualizer()(maps, maps, treshold=1)
    with pytest.raises(TypeError, match=message("'dim_order'", "HeatmapVisualizer takes")):
        hotcold.HeatmapVisualizer().render(maps, maps, dim_order="channels_last")


@pytest.mark.parametrize("cls", [hotcold.HeatmapVisualizer, hotcold.MaskVisualizer])
@pytest.mark.parametrize("combine", [True, False])
def test_upsample_is_an_option_like_the_others(cls, combine, rng):
    small = rng.standard_normal((2, 3, 4, 5))
    x = rng.random((2, 3, 16, 17))
    more = {} if cls is hotcold.HeatmapVisualizer else {"combine_channels": combine}
    show = cls(upsample="bilinear", blur=1, **more)
    expected = show.render(small, x)
    assert expected.shape == (2, 16, 17, 3)
    plain = cls(blur=1, **more)
    np.testing.assert_array_equal(plain.render(small, x, upsample="bilinear"), expected)
    np.testing.assert_array_equal(
        plain(small, x, imshow=False, return_tiled=False, upsample="bilinear"),
        show(small, x, imshow=False, return_tiled=False),
    )
    with pytest.raises(
        ValueError, match=message("`upsample` must be one of 'nearest', 'bilinear'")
    ):
        plain.render(small, x, upsample="cubic")
    assert "upsample='bilinear'" in repr(show)
    assert show.describe()["upsample"] == "bilinear"


@declared.declare
class Base(declared.Options):
    size: int = declared.option(
        1,
        lambda name, value: _validate.whole(name, value, 1),
        "int >= 1",
        "How large.",
        unit="pixels",
        row=("n_pixels", lambda value: value * value),
    )
    word: str | None = declared.option(
        None, declared.optional(declared.one_of("a", "b")), '{"a", "b"}', "Which.", per_call=False
    )


@declared.declare
class Narrow(Base):
    size: int = declared.again(Base, "size", 3)
    word: str | None = declared.again(Base, "word", "b", init=False)


def test_fields_are_checked_and_frozen():
    made = Base(size=np.int64(2))
    assert type(made.size) is int
    assert made == Base(size=2) != Base()
    with pytest.raises(ValueError, match="`size` must be >= 1, got 0"):
        Base(size=0)
    with pytest.raises(AttributeError, match="`size`"):
        made.size = 3
    with pytest.raises(AttributeError, match="`size`"):
        del made.size
    assert dataclasses.replace(made, word="a") == Base(size=2, word="a")
    assert repr(made) == "Base(size=2, word=None)"


def test_overrides_are_checked_and_leave_the_rest():
    made = Base(size=2, word="a")
    assert made.rows == {"n_pixels": 4}
    assert declared.override(made, {"size": None}) is made
    changed = declared.override(made, {"size": 5, "word": None})
    assert changed == Base(size=5, word="a")
    assert changed.rows == {"n_pixels": 25}
    assert made.rows == {"n_pixels": 4}
    with pytest.raises(ValueError, match="`size` must be >= 1, got 0"):
        declared.override(made, {"size": 0})
    assert pickle.loads(pickle.dumps(changed)) == changed
    assert pickle.dumps(changed) == pickle.dumps(Base(size=5, word="a"))


def test_an_option_declared_again_keeps_what_is_not_said():
    assert Narrow().rows == {"n_pixels": 9}
    assert Narrow().word == "b"
    assert list(declared.table_of(Narrow).options) == ["size"]
    assert list(declared.table_of(Base).called) == ["size"]
    with pytest.raises(TypeError, match="word"):
        Narrow(word="a")
    with pytest.raises(ValueError, match="`size` must be >= 1, got 0"):
        Narrow(size=0)


def test_documentation_is_written_at_the_markers_indentation():
    class Thing:
        """Be a thing.

        Parameters
        ----------
        <options>

        See <names>
        """

    declared.document(Thing, Base, ["size"], constructs=True)
    assert inspect.getdoc(Thing).splitlines()[2:] == [
        "Parameters",
        "----------",
        "size : int >= 1, pixels, default 1",
        "    How large.",
        'word : {"a", "b"}, optional',
        "    Which.",
        "",
        "See size, word",
    ]


def test_the_command_line_has_every_declared_option():
    from hotcold.cli.render import render

    flags = {parameter.name: parameter for parameter in render.params}
    for cls in CLASSES:
        if cls.command is None:
            continue
        assert cls.command in flags["visualizer"].type.choices
        for name, declaration in cls.declared().options.items():
            assert name in flags or declaration.command is None, name
            assert declaration.command is None or declaration.help in flags[name].help


def test_the_command_line_says_who_has_an_option():
    from hotcold.cli.render import render

    told = {parameter.name: getattr(parameter, "help", "") for parameter in render.params}
    assert told["masked_opacity"].startswith("mask: ")
    assert told["cmap"].startswith("plain, heatmap: ")
    assert told["blur"].startswith("Gaussian blur")
    assert told["dim_order"].endswith("[default: channels_first]")
