import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.jsonpath import BadPath, Limits, NoPlace, Writer, normalized, problem, target, values
from apps.core.jsonpath import joining as joins
from apps.core.jsonpath.writing import LIMITS


def written(document: Any, path: str, value: Any, limits: Limits = LIMITS, **variables: Any) -> Any:
    writer = Writer(document, limits)
    for place in writer.places(target(path), variables):
        writer.put(place, value)
    return writer.document


def refusal(document: Any, path: str, value: Any = 1, limits: Limits = LIMITS, **variables: Any) -> NoPlace:
    with pytest.raises(NoPlace) as caught:
        written(document, path, value, limits, **variables)
    return caught.value


@pytest.mark.parametrize(
    ("document", "path", "expected"),
    [
        ({}, "$.a.b", {"a": {"b": 1}}),
        ({"a": {"c": 2}}, "$.a.b", {"a": {"c": 2, "b": 1}}),
        ({"a": None}, "$.a.b", {"a": {"b": 1}}),
        ({}, "$['two words']['ü']", {"two words": {"ü": 1}}),
        ({}, "$.a[0].b[0]", {"a": [{"b": [1]}]}),
        ({"a": [5, 6]}, "$.a[1]", {"a": [5, 1]}),
        ({"a": [5, 6]}, "$.a[2]", {"a": [5, 6, 1]}),
        ({"a": [5, 6]}, "$.a[-1]", {"a": [5, 1]}),
        ({"old": 1}, "$", 1),
        (None, "$[0]", [1]),
        ({"s": [{"t": 0}, {"t": 5}, {"t": 0}]}, "$.s[?(@.t==0)].n", {"s": [{"t": 0, "n": 1}, {"t": 5}, {"t": 0, "n": 1}]}),
        ({"s": {"p": {"t": 1}, "q": {"t": 2}}}, "$.s[?@.t==2]", {"s": {"p": {"t": 1}, "q": 1}}),
        ({"on": True, "s": [{"t": 1}]}, "$.s[?$.on == true].t", {"on": True, "s": [{"t": 1}]}),
    ],
)  # fmt: skip
def test_a_value_is_written_and_what_is_missing_before_it_is_made(document, path, expected):
    assert written(document, path, 1) == expected


@pytest.mark.parametrize(
    ("path", "variables", "expected"),
    [
        ("$.a[{index}]", {"index": 0}, {"a": [1]}),
        ("$.a.{item.id}", {"item": {"id": "x.y['z']"}}, {"a": {"x.y['z']": 1}}),
        ("$.a[{item.id}].b", {"item": {"id": "7"}}, {"a": {"7": {"b": 1}}}),
        ("$['part-{index}-{item.0.id}']", {"index": 3, "item": [{"id": "k"}]}, {"part-3-k": 1}),
        ("$['{{x}}']", {}, {"{x}": 1}),
    ],
)
def test_variables_stand_for_places_and_names(path, variables, expected):
    assert written({}, path, 1, **variables) == expected


def test_a_variable_in_a_filter_is_compared_by_its_value():
    document = {"c": [{"id": 1}, {"id": "1"}, {"id": "' || true || '"}]}

    assert written(document, "$.c[?@.id == {item.id}].x", 9, item={"id": "' || true || '"})["c"] == [
        {"id": 1},
        {"id": "1"},
        {"id": "' || true || '", "x": 9},
    ]


@pytest.mark.parametrize("path", ["$.*", "$..a", "$.a[0:2]", "$['a','b']", "$.a[*].b", "$['{x']", "$['{ index }']"])
def test_what_can_be_read_only_is_refused_as_a_target(path):
    with pytest.raises(BadPath) as caught:
        target(path)
    assert caught.value.at > 0
    assert caught.value.suggestion
    assert problem(path) == caught.value.message


def test_a_target_has_no_problem():
    assert problem("$.a[{index}]['b {item.due-date}'].{total}[?@.x == {parent}]") is None


@pytest.mark.parametrize(
    ("document", "path", "variables", "reason", "at"),
    [
        ({"a": "text"}, "$.a.b", {}, "kind", "$['a']"),
        ({"a": {}}, "$.a[0]", {}, "kind", "$['a']"),
        ({"a": []}, "$.a.b", {}, "kind", "$['a']"),
        ({"a": False}, "$.a.b", {}, "kind", "$['a']"),
        ({"a": [1]}, "$.a[2]", {}, "gap", "$['a']"),
        ({"a": [1]}, "$.a[-2]", {}, "gap", "$['a']"),
        ({"a": [1]}, "$.a[?@ == 2]", {}, "nothing", "$['a']"),
        ({}, "$.a[?@.t == 2].b", {}, "nothing", "$['a']"),
        ({}, "$.a[900000].c", {}, "limit", "$['a']"),
        ({}, "$.a[{index}]", {"index": 900_000}, "limit", "$['a']"),
        ({}, "$.a[{index}]", {}, "variable", "$"),
        ({}, "$.a[{index}]", {"index": 1.0}, "variable", "$"),
        ({}, "$.a[{index}]", {"index": True}, "variable", "$"),
        ({}, "$.a[{index}]", {"index": {"x": 1}}, "variable", "$"),
        ({}, "$['a{index}']", {"index": None}, "variable", "$"),
        ({}, "$.{name}", {"name": "x" * 201}, "variable", "$"),
        ({}, "$.{name}", {"name": "a\0"}, "variable", "$"),
    ],
)
def test_a_refusal_says_why_and_where(document, path, variables, reason, at):
    error = refusal(document, path, **variables)

    assert (error.reason, error.at) == (reason, at)
    assert error.message


def test_gaps_are_filled_with_null_only_when_asked_and_within_the_limit():
    writer = Writer({}, Limits(items=10))
    place = target("$.a[{index}]")

    (there,) = writer.places(place, {"index": 3}, fill_gaps=True)
    writer.put(there, "x")

    assert writer.document == {"a": [None, None, None, "x"]}
    with pytest.raises(NoPlace, match="10 places at most"):
        writer.places(place, {"index": 10}, fill_gaps=True)


def test_no_list_of_900_001_items_is_ever_made():
    import tracemalloc

    tracemalloc.start()
    for fill_gaps in (False, True):
        with pytest.raises(NoPlace):
            Writer({}).places(target("$.a[900000].c"), {}, fill_gaps=fill_gaps)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def test_depth_and_size_are_limited():
    assert refusal({}, "$" + ".a" * 33).reason == "limit"
    deep: Any = 1
    for _ in range(31):
        deep = [deep]
    assert written({}, "$.a", deep)
    assert refusal({}, "$.a.b", deep).reason == "limit"
    assert refusal({}, "$.a", "x" * 200, Limits(characters=100)).reason == "limit"
    assert refusal({}, "$.a", [1, 2, 3], Limits(values=3)).reason == "limit"
    assert refusal({"a": [{}] * 5}, "$.a[?@].b", 1, Limits(places=4)).reason == "limit"


def test_size_counts_what_is_there_not_what_was_written():
    writer = Writer({}, Limits(characters=1_000))
    for _ in range(100):
        for place in writer.places(target("$.a"), {}):
            writer.put(place, "x" * 500)

    with pytest.raises(NoPlace, match="more than 1,000 characters"):
        for place in writer.places(target("$.b"), {}):
            writer.put(place, "x" * 500)


@pytest.mark.parametrize("value", [float("nan"), {1: 2}, {"a": object()}, "\ud800", 2**70])
def test_what_is_not_json_is_refused(value):
    assert refusal({}, "$.a", value).reason == "limit"


def test_nothing_is_shared_with_what_was_given():
    document, value = {"s": [{"t": 1}, {"t": 1}]}, {"deep": []}
    result = written(document, "$.s[?@.t == 1].v", value)

    result["s"][0]["v"]["deep"].append(1)

    assert result["s"][1]["v"] == {"deep": []}
    assert value == {"deep": []}
    assert document == {"s": [{"t": 1}, {"t": 1}]}


@pytest.mark.parametrize("path", ["$.c[?@.id == {item.id}].x", "$.c[?({item.id} == @.id)]['x']"])
def test_looking_items_up_gives_what_following_the_filter_gives(path, monkeypatch):
    ids = [1, 1.0, True, "1", None, [1], {"a": 1}, False, 0, "", "x"] * 3
    document = {"c": [{"id": each} for each in ids] + [{}, 7, [1]]}

    def result() -> list[Any]:
        answers = []
        for each in [*ids, 99, "y"]:
            try:
                answers.append(written(document, path, 9, item={"id": each}))
            except NoPlace as error:
                answers.append(error.message)
        return answers

    by_index = result()
    monkeypatch.setattr(joins, "MIN_ITEMS", 10**9)
    assert by_index == result()


def test_an_index_never_outlives_a_change_of_what_it_compares():
    writer = Writer({"c": [{"id": number} for number in range(20)]})

    def write(path: str, value: Any, **variables: Any) -> None:
        for place in writer.places(target(path), variables):
            writer.put(place, value)

    write("$.c[?@.id == {id}].x", "a", id=3)
    write("$.c[3].id", 100)
    write("$.c[?@.id == {id}].x", "b", id=100)
    write("$.c[?@.id == {id}].id", 200, id=100)
    write("$.c[?@.id == {id}].id", 201, id=200)
    write("$.c[?@.id == {id}]", {"id": 300}, id=201)
    write("$.c[?@.id == {id}]", {"id": 301}, id=300)

    assert writer.document["c"][3] == {"id": 301}


def test_an_index_knows_items_that_came_later():
    writer = Writer({"c": [{"id": number} for number in range(20)]})
    place = target("$.c[?@.id == {id}].x")
    writer.places(place, {"id": 3})

    writer.add(writer.document["c"], {"id": 777}, ("c",))

    assert [each.location for each in writer.places(place, {"id": 777})] == [("c", 20, "x")]


def test_ten_thousand_results_are_joined_to_ten_thousand_items_in_linear_time():
    writer = Writer({"clients": [{"id": f"c{number}"} for number in range(10_000)]})
    place = target("$.clients[?@.id == {item.id}].risk")
    began = time.process_time()

    for number in range(10_000):
        for found in writer.places(place, {"item": {"id": f"c{number}"}}):
            writer.put(found, number)

    assert [each["risk"] for each in writer.document["clients"]] == list(range(10_000))
    assert time.process_time() - began < 5  # item by item it takes minutes


KEYS = st.one_of(st.text(max_size=5).filter(lambda text: text.isprintable()), st.integers(0, 2))


@given(st.lists(st.lists(KEYS, min_size=1, max_size=4), max_size=8))
def test_what_was_written_can_be_read_at_the_same_path(locations):
    writer = Writer({})
    for number, location in enumerate(locations):
        try:
            (place,) = writer.places(target(normalized(tuple(location)).replace("{", "{{").replace("}", "}}")), {})
        except NoPlace:
            continue
        writer.put(place, number)

        assert values(normalized(place.location), writer.document) == [number]
        assert list(place.location) == location
