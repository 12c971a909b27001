import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import jsonpath
from apps.core.jsonpath import BadPath, Bounds, NoPlace, PathTooCostly, reading
from apps.core.regex import MAX_TEXT

PARTS = ["$", "@", ".", "..", "[", "]", "?", "(", ")", "a", "'b'", '"', "*", ":", ",", "0", "-1", "1e2", "1e999", ".5"]
PARTS += [
    ":1.5",
    "==",
    "<",
    "&&",
    "||",
    "!",
    " ",
    "count(",
    "match(",
    "value(",
    "true",
    "null",
    "-",
    "{index}",
    "\\",
    "\ud800",
]


def refusal(path: str) -> BadPath:
    with pytest.raises(BadPath) as caught:
        jsonpath.read(path)
    return caught.value


def test_found_says_where_each_value_stands():
    document = {"sections": [{"type": "x", "text": "a"}, {"type": "y", "text": "b"}]}

    (found,) = jsonpath.found("$.sections[?@.type == 'y'].text", document)

    assert found.value == "b"
    assert found.location == ("sections", 1, "text")
    assert found.path == "$['sections'][1]['text']"


def test_first_gives_the_default_when_nothing_is_there():
    assert jsonpath.first("$.a[0]", {"a": [7, 8]}) == 7
    assert jsonpath.first("$.a[9]", {"a": [7, 8]}, default="none") == "none"


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("$.a[0:2]", {"a": "text"}, []),  # a slice is of a list
        ("$[?@]", [0, False, None, ""], [0, False, None, ""]),  # it is about being there
        ("$[?@ == true]", [1, True], [True]),
        ("$[?@ == $[0]]", [[1], [True], [1.0]], [[1], [1.0]]),  # kinds count inside lists too
        ("$[?@ < 2]", [True, 1, "1"], [1]),
        ("$.x[?@[?@ == $.want]]", {"want": 5, "x": [[4], [5]]}, [[5]]),  # $ is the document at any depth
        ("$[?@ == 9007199254740993]", [9007199254740992, 9007199254740993], [9007199254740993]),
        ("$.𝒳", {"𝒳": 1}, [1]),
        ("$[?@.a == $.missing]", [{"a": 1}, {}], [{}]),  # nothing equals nothing
        ("$[?@.a == 'x' && match(@.b, 'y.*')]", [{"a": "x", "b": "yes"}, {"a": "x"}], [{"a": "x", "b": "yes"}]),
    ],
)
def test_what_the_library_alone_would_get_wrong(path, document, expected):
    assert [(each, type(each)) for each in jsonpath.values(path, document)] == [(each, type(each)) for each in expected]


@pytest.mark.parametrize(
    ("path", "at", "said"),
    [
        ("", 1, "$ alone is the whole document"),
        ("name", 1, "A path begins with $"),
        ("$.due-date", 6, "$['due-date']"),
        ("$[name]", 3, "['name']"),
        ("$.a.1", 5, "[3]"),
        ("$ ", 2, "space"),
        ("$[?@.a = 1]", 8, "=="),
        ("$[?@.a and @.b]", 8, "&&"),
        ("$[{index}]", 3, "only in paths that results are written to"),
        ("$[?!@.a == 1]", 9, "!(@.a == 1)"),
        ("$['a", 3, "Close the quotes"),
        ("$[1e2]", 0, "whole number"),
        ("$[?@ == 1e999]", 9, "not a number"),
        ("$[?match(@, '(')]", 0, "no closing )"),
        ("$[?match(@, '(?=a)')]", 0, "look-around"),
        ("$." + "a" * 1_000, 0, "1,000 are the most"),
        ("$" + ".a" * 65, 0, "more than 64 steps"),
        ("$" + "[?@" * 11 + "]" * 11, 0, "nested more than 10 deep"),
    ],
)
def test_a_refusal_says_which_path_where_and_what_to_do(path, at, said):
    error = refusal(path)

    assert error.at == at
    assert said in error.message
    assert f"“{path[:100]}" in error.message


@pytest.mark.parametrize(
    "filter_",
    [
        "@.a==1==true",
        "@.a<@.b<@.c",
        "(@.a)==1",
        "@.a==(1)",
        "(@.a==1)==true",
        "!1==1",
        "!@.a==1",
        "!true",
        "!!@.a",
        "true",
        "(true)",
        "(1)",
        "@.a&&length(@)",
        "!length(@)",
        "(length(@))",
        "@.a==1||length(@)",
        "@.a&&1",
        "@.*==1",
        "@['a','b']==1",
        "count(1)==1",
        "match(@.a,'x')==true",
        "@.a==01",
        "@.a==-01.5",
        "@.a==1.",
        "@.a==.5",
        "@.a==nullx",
        "@.a=='\\x'",
        "nothing(@)",
    ],
)
def test_what_the_grammar_has_not_is_no_filter(filter_):
    refusal(f"$[?{filter_}]")


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("(@.a)", [{"a": 1}, {"a": 2, "b": 1}]),
        ("!(@.a==1)", [{"a": 2, "b": 1}, {}]),
        ("!@.a", [{}]),
        ("! ( @.a == 1 || @.b )", [{}]),
        ("((@.a==1))||@.b", [{"a": 1}, {"a": 2, "b": 1}]),
        ("@.a==1||@.a==2&&!@.b", [{"a": 1}]),
        ("(@.a==1||@.a==2)&&@.b", [{"a": 2, "b": 1}]),
        ("-1E+2<@.a&&@.a<=1.0e0", [{"a": 1}]),
    ],
)
def test_brackets_negation_and_precedence(filter_, expected):
    assert jsonpath.values(f"$[?{filter_}]", [{"a": 1}, {"a": 2, "b": 1}, {}]) == expected


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_any_text_is_a_path_or_refused(text):
    for templated in (False, True):
        try:
            path = reading.read(text, templated=templated)
        except BadPath as error:
            assert error.at <= len(text) + 1
            continue
        try:
            path.values({"a": [{"b": 1}, "x", None]}, variables={"index": 0})
        except PathTooCostly:
            pytest.fail("small documents cost little")


def test_the_number_of_visited_nodes_is_bounded_also_inside_filters():
    document = [[0] * 100] * 100

    assert len(jsonpath.values("$[*][*]", document, bounds=Bounds(nodes=10_200))) == 10_000
    with pytest.raises(PathTooCostly, match="more than 5,000 places"):
        jsonpath.values("$[*][*]", document, bounds=Bounds(nodes=5_000))
    with pytest.raises(PathTooCostly, match="more than 5,000 places"):
        jsonpath.values("$[?count(@..*) > 1000]", document, bounds=Bounds(nodes=5_000))


def test_time_is_bounded_where_nodes_are_few():
    pair = {"p": list(range(50_000)), "q": list(range(50_000))}
    began = time.process_time()

    with pytest.raises(PathTooCostly, match=r"longer than 0\.2 seconds"):
        jsonpath.values("$[?@.p == @.q]", [pair] * 5_000, bounds=Bounds(seconds=0.2))
    assert time.process_time() - began < 5


def test_paths_that_multiply_end_by_their_bounds():
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    bounds = Bounds(nodes=20_000)

    with pytest.raises(PathTooCostly):
        jsonpath.values("$" + "..*" * 12, deep, bounds=bounds)
    with pytest.raises(PathTooCostly):
        jsonpath.values("$[?@" + "..*" * 12 + "]", deep, bounds=bounds)


def test_a_document_that_is_too_deep_for_descending_is_refused():
    deep: object = 1
    for _ in range(3_000):
        deep = {"a": deep}

    with pytest.raises(PathTooCostly, match="more than 100 levels"):
        jsonpath.values("$..b", deep)
    with pytest.raises(PathTooCostly, match="more than 100 levels"):
        jsonpath.values("$[?@ == $.a]", deep)


def test_patterns_are_matched_in_linear_time():
    began = time.process_time()

    assert jsonpath.values("$[?match(@, '(a+)+b')]", ["a" * 4_000]) == []
    assert time.process_time() - began < 1


def test_a_pattern_of_the_document_that_is_none_matches_nothing():
    assert jsonpath.values("$.texts[?match(@, $.pattern)]", {"pattern": "(?=a)", "texts": ["a"]}) == []


def test_a_text_too_long_to_be_matched_is_said_and_can_be_left_out():
    texts = ["x" * (MAX_TEXT + 1), "x"]

    with pytest.raises(PathTooCostly, match="4,097"):
        jsonpath.values("$[?match(@, 'x')]", texts)
    assert jsonpath.values("$[?length(@) < 100 && match(@, 'x')]", texts) == ["x"]


def test_variables_are_values_and_never_text_of_the_path():
    path = reading.read("$.items[{index}][?@.id == {item.id}].name", templated=True)
    document = {"items": [[], [{"id": "' || true || '", "name": "it"}, {"id": "b", "name": "other"}]]}

    assert path.values(document, variables={"index": 1, "item": {"id": "' || true || '"}}) == ["it"]
    assert path.values(document, variables={"index": True, "item": {"id": "b"}}) == []
    assert path.values(document, variables={"index": -1, "item": {"id": "b"}}) == ["other"]


def test_a_variable_without_a_value_is_named():
    path = reading.read("$.items[?@.id == {item.nmae}]", templated=True)

    with pytest.raises(NoPlace) as caught:
        path.values({"items": [1]}, variables={"item": {"name": "x"}})
    assert caught.value.message == "{item.nmae} has no value: {item} has no “nmae”"
    assert caught.value.suggestion == "Did you mean “name”?"
