import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.request import urlopen

import pytest

from apps.core.errors import InvalidInput
from apps.core.schema import check_schema, validate
from apps.core.schema.wording import did_you_mean

REPORT: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "period": {
            "type": "object",
            "required": ["start", "end"],
            "properties": {
                "start": {"type": "string", "format": "date"},
                "end": {"type": "string", "format": "date", "x-not-before": "start"},
            },
        }
    },
    "properties": {
        "period": {"$ref": "#/$defs/period"},
        "clientFilters": {
            "type": "array",
            "items": {"type": "string", "enum": ["active", "inactive", "prospect"]},
            "default": ["active"],
        },
        "includeServices": {"type": "boolean", "default": True},
        "outputFormat": {"type": "string", "enum": ["summary", "detailed", "executive"], "default": "detailed"},
        "mail": {"type": "string", "format": "email"},
        "at": {"type": "string", "format": "date-time"},
        "code": {"type": "string", "pattern": "^C-[0-9]{4}$", "description": "A client's code, such as C-0077"},
        "limits": {
            "type": "object",
            "properties": {
                "rows": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 500},
                "label": {"type": "string", "minLength": 2},
            },
        },
    },
    "required": ["period"],
    "additionalProperties": False,
}
YEAR = {"start": "2025-01-01", "end": "2025-12-31"}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def refused(parameters: Any, schema: Any = REPORT) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        validate(parameters, schema)
    return caught.value.fields


def test_the_example_is_a_valid_schema() -> None:
    assert check_schema(REPORT) == []


def test_defaults_are_filled_in_also_nested_ones() -> None:
    assert validate({"period": YEAR}, REPORT) == {
        "period": YEAR,
        "clientFilters": ["active"],
        "includeServices": True,
        "outputFormat": "detailed",
        "limits": {"rows": 500},
    }


def test_defaults_do_not_replace_what_was_given() -> None:
    given = {"period": YEAR, "clientFilters": [], "includeServices": False, "limits": {"rows": 3, "label": "ab"}}
    filled = validate(given, REPORT)
    assert {name: filled[name] for name in given} == given


def test_the_answer_shares_nothing_with_schema_or_input() -> None:
    given = {"period": dict(YEAR)}
    first = validate(given, REPORT)
    first["clientFilters"].append("prospect")
    first["period"]["start"] = "1999-01-01"
    assert validate(given, REPORT)["clientFilters"] == ["active"]
    assert given == {"period": YEAR}


def test_an_object_without_all_that_it_needs_is_not_made_up() -> None:
    schema = of(
        window={
            "type": "object",
            "required": ["start"],
            "properties": {"start": {"type": "string", "format": "date"}, "days": {"type": "integer", "default": 7}},
        }
    )
    assert validate({}, schema) == {}
    assert validate({"window": {"start": "2025-01-01"}}, schema)["window"]["days"] == 7


def test_blanks_of_forms_are_dropped_where_they_are_not_allowed() -> None:
    blank = {
        "period": YEAR,
        "mail": "",
        "at": "",
        "code": "",
        "outputFormat": "",
        "includeServices": None,
        "limits": {"rows": None, "label": ""},
    }
    assert validate(blank, REPORT) == validate({"period": YEAR}, REPORT)


def test_blanks_stay_where_the_schema_takes_them() -> None:
    schema = of(
        note={"type": "string"},
        tags={"type": "array", "items": {"type": "string"}},
        owner={"type": ["string", "null"], "default": "Alice"},
    )
    given = {"note": "", "tags": [], "owner": None}
    assert validate(given, schema) == given


def test_a_blank_optional_object_is_dropped_whole() -> None:
    schema = of(period=REPORT["$defs"]["period"])
    assert validate({"period": {"start": "", "end": ""}}, schema) == {}


def test_a_blank_required_value_is_reported_as_needed() -> None:
    assert refused({"period": {"start": "", "end": "2025-12-31"}}) == {"period.start": "This is needed."}
    assert refused({}) == {"period": "This is needed."}


def test_whole_floats_become_integers_and_others_are_refused() -> None:
    assert type(validate({"n": 3.0}, of(n={"type": "integer"}))["n"]) is int
    assert refused({"n": 3.5}, of(n={"type": "integer"})) == {"n": "Give a whole number, not a number."}
    assert refused({"n": True}, of(n={"type": "integer"})) == {"n": "Give a whole number, not true or false."}
    assert refused({"n": "3"}, of(n={"type": "integer"})) == {"n": "Give a whole number, not text."}


def test_a_period_that_runs_backwards_is_named_with_its_likely_year() -> None:
    fields = refused({"period": {"start": "2025-01-01", "end": "2024-12-31"}})
    assert fields == {
        "period.end": "The period ends on 31 December 2024, before it starts. Did you mean 31 December 2025?"
    }
    assert validate({"period": {"start": "2025-01-01", "end": "2025-01-01"}}, REPORT)


def test_an_order_of_other_values_is_named_by_its_titles() -> None:
    schema = of(
        low={"type": "integer", "title": "Least"},
        high={"type": "integer", "title": "Most", "x-not-before": "low"},
        begins={"type": "string", "format": "date-time"},
        stops={"type": "string", "format": "date-time", "x-not-before": "begins"},
        issued={"type": "string", "format": "date"},
        due={"type": "string", "format": "date", "x-not-before": "issued"},
    )
    assert check_schema(schema) == []
    assert refused({"low": 3, "high": 2}, schema) == {"high": "Most is 2, before Least, 3."}
    assert refused({"begins": "2025-01-01T10:00:00+02:00", "stops": "2025-01-01T07:59:00Z"}, schema).keys() == {"stops"}
    assert validate({"begins": "2025-01-01T10:00:00+02:00", "stops": "2025-01-01T08:01:00Z"}, schema)
    fields = refused({"issued": "2025-03-01", "due": "2025-02-27"}, schema)
    assert fields["due"].startswith("due is 27 February 2025, before issued, 1 March 2025.")


def test_wrong_dates_are_reported_once_and_not_as_an_order() -> None:
    assert refused({"period": {"start": "2025-02-30", "end": "2024-01-01"}}).keys() == {"period.start"}


@pytest.mark.parametrize(
    "text", ["20250101", "2025-W01-1", "2025-1-1", "2025-02-29", "tomorrow", "2025-01-01T00:00:00Z", "２０25-01-1"]
)
def test_a_date_is_written_in_one_way(text: str) -> None:
    assert "such as 2024-12-31" in refused({"d": text}, of(d={"type": "string", "format": "date"}))["d"]


@pytest.mark.parametrize("text", ["2025-01-01T09:00:00", "2025-01-01", "2025-01-01T25:00:00Z", "20250101T090000Z"])
def test_a_moment_needs_its_zone(text: str) -> None:
    schema = of(at={"type": "string", "format": "date-time"})
    assert "with its zone" in refused({"at": text}, schema)["at"]
    assert validate({"at": "2025-01-01T09:00:00.250Z"}, schema)


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"outputFormat": "detaled"}, "outputFormat", "summary, detailed, executive. Did you mean “detailed”?"),
        ({"outputFormat": "xyz"}, "outputFormat", "is not one of the choices: summary, detailed, executive."),
        ({"clientFilters": ["active", "actve"]}, "clientFilters.1", "Did you mean “active”?"),
        (
            {"clientfilters": []},
            "clientfilters",
            "There is no parameter “clientfilters”. Did you mean “clientFilters”?",
        ),
        ({"zzz": 1}, "zzz", "There are: period, clientFilters"),
        ({"limits": {"row": 1}}, "limits.row", "Did you mean “rows”?"),
        ({"limits": {"rows": 0}}, "limits.rows", "Give 1 or more; 0 is too low."),
        ({"limits": {"rows": 9000}}, "limits.rows", "Give 5,000 or less; 9,000 is too high."),
        ({"limits": {"label": "x"}}, "limits.label", "Give at least 2 characters; there are 1."),
        ({"mail": "alice"}, "mail", "such as alice@example.org"),
        ({"code": "77"}, "code", "“77” does not look as expected. A client's code, such as C-0077."),
        ({"includeServices": "yes"}, "includeServices", "Give true or false, not text."),
        ({"limits": [1]}, "limits", "Give an object, not a list."),
    ],
)
def test_a_refusal_says_what_to_do(given: dict[str, Any], path: str, words: str) -> None:
    fields = refused({"period": YEAR, **given})
    assert list(fields) == [path]
    assert words in fields[path]


def test_the_message_names_one_parameter_or_lists_several() -> None:
    with pytest.raises(InvalidInput, match=r"^outputFormat: “x” is not one"):
        validate({"period": YEAR, "outputFormat": "x"}, REPORT)
    with pytest.raises(InvalidInput, match=r"^2 parameters need attention: mail, outputFormat\.$"):
        validate({"period": YEAR, "outputFormat": "x", "mail": "x"}, REPORT)


def test_unique_items_are_compared_by_value() -> None:
    schema = of(rows={"type": "array", "uniqueItems": True, "items": {"type": "integer"}})
    assert validate({"rows": [1, 2]}, schema)
    assert "same item twice" in refused({"rows": [1, 2, 1]}, schema)["rows"]


def test_what_is_no_json_object_is_refused() -> None:
    for given in (None, [], "x", 3):
        assert "Give the parameters as an object" in refused(given)[""]
    assert "type object is not JSON" in refused({"a": {"b": object()}})["a.b"]
    assert "is not text" in refused({"a": {1: 2}})["a"]
    assert "NUL" in refused({"mail": "a\0b"})["mail"]
    assert "half a character" in refused({"mail": "\udc00"})["mail"]
    assert "half a character" in refused({"\udc00": 1})[""]
    assert "finite" in refused({"a": float("inf")})["a"]
    assert "too many digits" in refused({"a": 10**400})["a"]


def test_the_size_of_parameters_is_capped_before_anything_looks_deeper() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert "20 levels deep" in next(iter(refused({"a": deep}).values()))
    while deep:
        deep = deep.pop()
    assert "262,144 characters" in refused({"a": "x" * 300_000})[""]
    assert "10,000 values" in refused({str(n): n for n in range(20_000)})[""]
    assert "10,000 values" in refused({"a": [{}] * 20_000})[""]


# RELIABILITY H9


class _Canary(BaseHTTPRequestHandler):
    hits: list[str] = []

    def do_GET(self) -> None:
        self.hits.append(self.path)
        body = json.dumps({"type": "string"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def canary() -> Iterator[str]:
    _Canary.hits = []
    server = HTTPServer(("127.0.0.1", 0), _Canary)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_no_schema_makes_us_fetch_anything(canary: str) -> None:
    urlopen(f"{canary}/control", timeout=5).read()
    assert _Canary.hits == ["/control"], "the canary must be able to sing"
    schemas: list[Any] = [
        of(a={"$ref": f"{canary}/ref.json"}),
        of(a={"$ref": f"{canary}/ref.json#/$defs/x"}),
        of(a={"$dynamicRef": f"{canary}/dynamic.json"}),
        {**of(a={"$ref": "x.json"}), "$id": f"{canary}/base/"},
        {**of(a={"type": "string"}), "$schema": f"{canary}/schema.json"},
        {**of(a={"type": "string"}), "$vocabulary": {f"{canary}/vocabulary": True}},
        {**of(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"$ref": f"{canary}/nested.json"}}},
        of(a={"type": "array", "items": {"$ref": f"{canary}/items.json"}}),
        {"allOf": [{"$ref": f"{canary}/all.json"}]},
        {"$ref": f"{canary}/top.json"},
    ]
    for schema in schemas:
        assert check_schema(schema), schema
        with pytest.raises(InvalidInput) as caught:
            validate({"a": "x"}, schema)
        assert caught.value.code == "invalid_schema"
    assert _Canary.hits == ["/control"]


def test_patterns_are_matched_by_re2_and_not_by_python() -> None:
    def code(pattern: str) -> dict[str, Any]:
        return of(a={"type": "string", "pattern": pattern})

    assert validate({"a": "été"}, code(r"^\pL+$"))  # Python's re knows no \pL
    assert check_schema(code(r"(a)\1"))  # Python's re would take it
    assert "does not look as expected" in refused({"a": "a" * 4000 + "!"}, code("^(a+)+$"))["a"]
    assert "too long to be compared" in refused({"a": "a" * 5000}, code("^(a+)+$"))["a"]


def test_an_edited_schema_is_never_answered_from_the_cache() -> None:
    schema = of(n={"type": "integer", "maximum": 3})
    assert validate({"n": 3}, schema)
    schema["properties"]["n"]["maximum"] = 2
    assert refused({"n": 3}, schema)


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("clints", ["clients", "limits"], " Did you mean “clients”?"),
        ("start", ["start_date"], " Did you mean “start_date”?"),
        ("me", ["timezone"], ""),
        ("", ["timezone"], ""),
    ],
)
def test_only_a_near_word_is_offered(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint
