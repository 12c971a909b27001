import json
import time
from typing import Any

import pytest

from apps.core.jsonpath import Bounds, Limits
from apps.core.jsonpath.writing import LIMITS
from apps.core.mapping import Envelope, MappingError, apply, read_rule


def rule(path: str, **more: Any) -> Any:
    return read_rule({"result_key": "r", "output_path": path, **more})


def results(*data: Any) -> list[Envelope]:
    """One for each; the variables say which it is."""
    return [
        Envelope(result_key="r", data=each, variables={"index": number, "item": {"id": f"i{number}"}})
        for number, each in enumerate(data)
    ]


def refused(document: Any, path: str, *data: Any, limits: Limits = LIMITS, **more: Any) -> MappingError:
    with pytest.raises(MappingError) as caught:
        apply(document, [rule(path, **more)], results(*data), limits=limits)
    json.dumps(caught.value.as_json())
    return caught.value


@pytest.mark.parametrize(
    ("document", "path", "more", "data", "expected"),
    [
        ({}, "$.a", {}, [1, 2], {"a": 2}),
        ({}, "$.a[{index}]", {}, [1, 2], {"a": [1, 2]}),
        ({}, "$.a.{item.id}", {}, [1, 2], {"a": {"i0": 1, "i1": 2}}),
        ({}, "$.a", {"mode": "append"}, [1, [2]], {"a": [1, [2]]}),
        ({"a": [0]}, "$.a", {"mode": "append"}, [1], {"a": [0, 1]}),
        ({"a": [0]}, "$.a", {"mode": "extend"}, [[1], [], [2, 3]], {"a": [0, 1, 2, 3]}),
        ({}, "$.a[{index}]", {"mode": "append"}, [1, 2], {"a": [[1], [2]]}),
        (
            {"a": [{"id": 1, "x": 1, "y": 1}, "other", {"no": "id"}]},
            "$.a",
            {"mode": "merge", "merge_key": "id"},
            [[{"id": 1, "y": 2}, {"id": "1", "y": 3}], {"id": 1, "z": 4}],
            {"a": [{"id": 1, "x": 1, "y": 2, "z": 4}, "other", {"no": "id"}, {"id": "1", "y": 3}]},
        ),
        ({}, "$.a[{index}]", {"gaps": "null"}, [1], {"a": [1]}),
        ({"s": [{"t": "x"}]}, "$.s[?(@.t=='x')].text", {}, ["hello"], {"s": [{"t": "x", "text": "hello"}]}),
        ({"keep": 1}, "$.a", {"optional": True}, [], {"keep": 1}),
    ],
)
def test_results_go_where_their_rule_says(document, path, more, data, expected):
    before = json.dumps(document)

    assert apply(document, [rule(path, **more)], results(*data)) == expected
    assert json.dumps(document) == before


def test_rules_are_applied_in_their_order_and_other_results_stay_out():
    rules = [
        read_rule({"result_key": "sections", "output_path": "$.sections", "mode": "append"}),
        read_rule({"result_key": "texts", "output_path": "$.sections[?@.type == {type}].text"}),
    ]
    given = [
        Envelope(result_key="texts", data="Hello", variables={"type": "intro"}),
        Envelope(result_key="sections", data={"type": "intro"}),
        Envelope(result_key="scratch", data="nobody asked for it"),
    ]

    assert apply({}, rules, given) == {"sections": [{"type": "intro", "text": "Hello"}]}


def test_gaps_that_failed_items_leave_are_null_when_the_rule_says_so():
    given = [each for each in results("a", "b", "c") if each.data != "b"]

    assert apply({}, [rule("$.a[{index}]", gaps="null")], given) == {"a": ["a", None, "c"]}
    with pytest.raises(MappingError) as caught:
        apply({}, [rule("$.a[{index}]")], given)
    assert caught.value.code == "EXEC_026"
    assert caught.value.details["value"] == '"c"'


@pytest.mark.parametrize(
    ("document", "path", "more", "data", "code", "at"),
    [
        ({}, "$.a", {}, [], "EXEC_021", None),
        ({}, "$.a", {"format": {"score": "number"}}, [{"score": "x"}], "EXEC_022", "data.score"),
        ({}, "$.a", {"format": "number"}, ["x"], "EXEC_022", "data"),
        ({}, "$.a[{no}]", {}, [1], "EXEC_023", "$"),
        ({"a": 1}, "$.a.b", {}, [1], "EXEC_024", "$['a']"),
        ({"a": {}}, "$.a", {"mode": "append"}, [1], "EXEC_024", "$['a']"),
        ({}, "$.a[?@.b == 1].c", {}, [1], "EXEC_025", "$['a']"),
        ({}, "$.a[1]", {}, [1], "EXEC_026", "$['a']"),
        ({}, "$.a[900000].c", {}, [1], "EXEC_027", "$['a']"),
        ({}, "$.a", {}, [{"x": float("inf")}], "EXEC_027", "$['a'] → x"),
        ({}, "$.a", {"format": "any"}, [{"x": float("inf")}], "EXEC_027", "$ → x"),
        ({}, "$.a", {"mode": "extend"}, [1], "EXEC_028", "$['a']"),
        ({}, "$.a", {"mode": "merge", "merge_key": "id"}, [{"no": 1}], "EXEC_028", "$['a']"),
        ({}, "$.a", {"mode": "merge", "merge_key": "id"}, [{"id": [1]}], "EXEC_028", "$['a']"),
        ({}, "$.a", {"mode": "merge", "merge_key": "id"}, [7], "EXEC_028", "$['a']"),
    ],
)
def test_an_error_names_the_rule_the_path_and_the_value(document, path, more, data, code, at):
    error = refused(document, path, *data, **more)

    assert error.code == code
    assert error.message.startswith(f"Rule 1 (“r” to {path}): ")
    assert (error.details["rule"], error.details["result_key"], error.details["path"]) == (1, "r", path)
    assert error.details.get("at") == at
    assert ("value" in error.details) == bool(data)
    assert error.as_json()["type"] == "TaskExecutionError"


def test_a_format_error_says_each_field_and_what_to_do():
    error = refused({}, "$.a", {"score": "high"}, format={"score": "number", "title": "string"})

    assert error.details["fields"] == {
        "data.score": "Give a number, not text.",
        "data.title": "This is needed.",
    }
    assert error.details["value"] == '"high"'
    assert "data.score: Give a number, not text." in error.as_json()["recovery"]["suggestions"]


def test_filters_that_cost_too_much_are_stopped_for_all_results_together():
    limits = Limits(bounds=Bounds(nodes=2_000, seconds=10))
    document = {"a": [{"t": number} for number in range(100)]}

    error = refused(document, "$.a[?@.t >= 0 && @.t < 1].x", *range(100), limits=limits)

    assert error.code == "EXEC_027"


def test_a_result_may_name_its_own_place_below_the_rules():
    below = rule("$.sections[{index}]")

    def one(path: str) -> Any:
        return apply({}, [below], [Envelope(result_key="r", data=1, path=path, variables={"index": 0})])

    assert one("$.sections[0].text") == {"sections": [{"text": 1}]}
    for outside in ("$.secret", "$", "$..*", "no path", "$['sections-of-others']"):
        with pytest.raises(MappingError) as caught:
            one(outside)
        assert caught.value.code == "EXEC_029"


def test_a_document_that_is_not_json_is_refused():
    with pytest.raises(MappingError) as caught:
        apply({"a": {1, 2}}, [], [])
    assert caught.value.code == "EXEC_027"


@pytest.mark.parametrize("value", [list(range(10**5)), {"k" * 50: "v" * 1_000}, "x" * 10**6, [[[]]] * 9])
def test_a_large_value_is_shown_short(value):
    assert len(refused({}, "$.a", value, format="boolean").details["value"]) <= 200


@pytest.mark.parametrize(
    ("path", "more", "data"),
    [
        ("$.a[{index}]", {}, {"id": 1, "score": 0.5, "text": "some words"}),
        ("$.a[{index}]", {"format": {"id": "integer", "score": "number", "text": "string"}}, {"id": 1, "score": 1, "text": "w"}),
        ("$.a", {"mode": "append"}, {"id": 1}),
        ("$.clients.{item.id}.risk.score", {}, 0.5),
    ],
)  # fmt: skip
def test_ten_thousand_results_take_linear_time(path, more, data):
    given = results(*[data] * 10_000)
    began = time.process_time()

    document = apply({}, [rule(path, **more)], given)

    assert len(next(iter(document.values()))) == 10_000
    assert time.process_time() - began < 5  # some 0.2 s; what is quadratic takes minutes


def test_merging_ten_thousand_results_takes_linear_time():
    given = results(*[{"id": f"i{number % 5_000}", f"f{number // 5_000}": number} for number in range(10_000)])
    began = time.process_time()

    document = apply({}, [rule("$.a", mode="merge", merge_key="id")], given)

    assert len(document["a"]) == 5_000
    assert document["a"][7] == {"id": "i7", "f0": 7, "f1": 5_007}
    assert time.process_time() - began < 5
