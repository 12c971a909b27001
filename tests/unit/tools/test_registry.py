"""Declaring, finding and binding tools."""

import inspect
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from apps.core.errors import ToolError
from apps.tools import registry, signatures
from apps.tools.registry import Call, CallClass, RetryPolicy, tool


class Row(TypedDict):
    id: int
    name: NotRequired[str]


@tool(call_class="read", permission="crm.view_invoice")
def rows(
    call: Call, day: date, *, size: int = 50, kinds: list[str] | None = None, mode: Literal["a", "b"] = "a"
) -> list[Row]:
    """Rows of a day."""
    return []


@pytest.fixture
def found(settings, monkeypatch):
    import sys

    module = ModuleType("tests.unit.tools.made_here", "A module of tests.")
    module.__dict__.update(rows=rows, Row=Row, helper=lambda: None)
    monkeypatch.setitem(sys.modules, "tests.unit.tools.made_here", module)
    settings.TOOL_MODULES = {"made": "tests.unit.tools.made_here"}
    registry.module.cache_clear()
    yield registry.module("made")
    registry.module.cache_clear()


def test_a_module_holds_its_declared_functions_only(found):
    assert (found.name, found.description, list(found.tools)) == ("made", "A module of tests.", ["rows"])
    made = registry.find("made.rows")
    assert (made.call_class, made.permission, made.is_journalled) == (CallClass.READ, "crm.view_invoice", True)
    assert list(made.signature.parameters) == ["day", "size", "kinds", "mode"], "the call is the host's own"


@pytest.mark.parametrize("name", ["made.helper", "made.Row", "made", "os.system", "made.rows.x", "", "."])
def test_what_is_no_tool_is_not_found(found, name):
    with pytest.raises(LookupError, match="there is no tool"):
        registry.find(name)


def test_a_tool_without_a_docstring_is_refused_at_import():
    def silent(call: Call) -> None:
        pass

    with pytest.raises(TypeError, match="needs a docstring"):
        tool(call_class="pure")(silent)


def test_an_unknown_call_class_is_refused_at_import():
    with pytest.raises(ValueError, match="magic"):
        tool(call_class="magic")(rows)


def test_the_stub_is_python_and_says_what_scripts_see(found):
    compile(found.stub, "made.pyi", "exec")
    assert "class Row(TypedDict):\n    id: int\n    name: NotRequired[str]\n" in found.stub
    assert (
        "def rows(day: date, *, size: int = 50, kinds: list[str] | None = None, mode: Literal['a', 'b'] = 'a')"
        " -> list[Row]: ...\n" in found.stub
    )


def test_arguments_are_bound_by_name_and_defaults_left_out(found):
    made = found.tools["rows"]
    day = date(2026, 1, 1)
    assert made.bind((day,), {}) == {"day": day}
    assert made.bind((), {"size": 5, "day": day}) == {"day": day, "size": 5}


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ((), {}, "missing a required argument: 'day'"),
        ((date.min, 5), {}, "too many positional"),
        ((date.min,), {"call": 1}, "unexpected keyword argument 'call'"),
        (("2026-01-01",), {}, "day must be date, not str"),
        ((datetime(2026, 1, 1),), {}, "day must be date, not datetime"),
        ((date.min,), {"size": 1.0}, "size must be int, not float"),
        ((date.min,), {"kinds": "a"}, "kinds must be list[str] | None, not str"),
        ((date.min,), {"kinds": ["a", 1]}, "kinds must be list[str] | None, not list"),
        ((date.min,), {"mode": "c"}, "mode must be Literal['a', 'b'], not str"),
    ],
)
def test_a_wrong_argument_is_a_type_error_that_names_it(found, args, kwargs, words):
    with pytest.raises(ToolError) as raised:
        found.tools["rows"].bind(args, kwargs)
    assert raised.value.kind == "TypeError"
    assert words in raised.value.message
    assert raised.value.message.startswith("made.rows(): ")


FITS = [
    (1, int, True), (True, int, False), (1.0, int, False), (1, float, True), (True, float, False), ("x", str, True),
    (None, str, False), (None, str | None, True), (Decimal(1), Decimal, True), (1, Decimal, False), (1, Decimal | int, True),
    ([1, 2], list[int], True), ([1, "2"], list[int], False), ((1,), list[int], False), ({"a": 1}, dict[str, int], True),
    ({1: 1}, dict[str, int], False), ({"a": "b"}, dict[str, Any], True), ({"a": 1}, Mapping[str, int], True),
    ("a", Literal["a", 1], True), (1, Literal["a", 1], True), (True, Literal["a", 1], False), (object(), Any, True),
    ({"id": 1}, Row, True), ({"name": "x"}, Row, False), ([], Row, False), (date.min, date, True),
    (datetime.min, date, False), (datetime.min, datetime, True), (timedelta(1), timedelta, True), ({1}, set[int], True),
    ({"1"}, set[int], False), ([[1]], list[list[int]], True), ([["1"]], list[list[int]], False), (None, type(None), True),
    ([{"id": 1}], list[Row], True), ([{}], list[Row], False), ({}, dict[str, int], True), ([], list[int], True),
]  # fmt: skip


@pytest.mark.parametrize(("value", "hint", "fits"), FITS, ids=lambda each: str(each).partition(" at 0x")[0][:30])
def test_a_value_fits_its_annotation_or_not(value, hint, fits):
    wrong = signatures.mismatch(value, hint)
    assert (wrong is None) == fits
    if not fits:
        assert wrong == f"{signatures.render(hint)}, not {type(value).__name__}"


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (int, "int"), (None, "None"), (Any, "Any"), (list[int | None], "list[int | None]"),
        (str | None, "str | None"), (dict[str, list[Decimal]], "dict[str, list[Decimal]]"),
        (tuple[int, ...], "tuple[int, ...]"), (Literal["a", 2], "Literal['a', 2]"), (Row, "Row"),
    ],
    ids=str,
)  # fmt: skip
def test_an_annotation_is_rendered_as_source(hint, text):
    assert signatures.render(hint) == text


@pytest.mark.parametrize(
    ("tries", "retry_after", "seconds"), [(1, 0, 0.5), (2, 0, 1.0), (3, 0, 2.0), (10, 0, 30.0), (1, 9, 9), (10, 40, 40)]
)
def test_the_wait_between_tries_doubles_up_to_a_limit(tries, retry_after, seconds):
    assert RetryPolicy().delay(tries, retry_after) == seconds


def test_every_shipped_tool_is_declared_in_full():
    for name in registry.names():
        for each in registry.module(name).tools.values():
            assert inspect.getdoc(each.function), each.name
            assert set(each.signature.parameters) <= set(each.hints), each.name
            assert "return" in each.hints, each.name
            assert each.permission is None or each.permission.count(".") == 1, each.name
