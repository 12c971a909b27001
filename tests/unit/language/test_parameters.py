from datetime import date
from typing import Any

import pytest

from apps.language import dates
from apps.language.parameters import Values, read
from tests.unit.language.evaluation import INVOICES

CONTEXT = dates.Context(today=date(2026, 11, 21))


def reading(text: str, schema: Any = None) -> Values:
    return read(text, schema or INVOICES.parameter_schema, dates.find(text, CONTEXT))


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("for last year", {"period": {"start": "2025-01-01", "end": "2025-12-31"}}),
        ("from March to May 2025", {"period": {"start": "2025-03-01", "end": "2025-05-31"}}),
        ("for active clients", {"clientFilters": ["active"]}),
        ("for inactive clients", {"clientFilters": ["inactive"]}),
        ("active and inactive clients", {"clientFilters": ["active", "inactive"]}),
        ("for prospects", {"clientFilters": ["prospect"]}),
        ("for all clients", {"clientFilters": ["active", "inactive", "prospect"]}),
        ("every client", {"clientFilters": ["active", "inactive", "prospect"]}),
        ("all clients without inactive", {"clientFilters": ["active", "prospect"]}),
        ("clients that are not active", {"clientFilters": ["inactive", "prospect"]}),
        ("excluding inactive and prospect clients", {"clientFilters": ["active"]}),
        ("inactiv clients", {"clientFilters": ["inactive"]}),
        ("actve clients", {"clientFilters": ["active"]}),
        ("without services", {"includeServices": False}),
        ("no services please", {"includeServices": False}),
        ("don't include the services", {"includeServices": False}),
        ("do not include services", {"includeServices": False}),
        ("excluding charts and services", {"includeServices": False}),
        ("with services", {"includeServices": True}),
        ("including all services", {"includeServices": True}),
        ("services", {}),
        ("about our services", {}),
        ("a summary", {"outputFormat": "summary"}),
        ("short, please", {"outputFormat": "summary"}),
        ("Detailed!", {"outputFormat": "detailed"}),
        ("executive summary", {"outputFormat": "executive"}),
        ("for the board", {"outputFormat": "executive"}),
        ("executve format", {"outputFormat": "executive"}),
        ("deactivate it", {}),
        ("proactive people", {}),
        (
            "Invoice report of Q1 2025 for inactive clients, no services, brief",
            {
                "period": {"start": "2025-01-01", "end": "2025-03-31"},
                "clientFilters": ["inactive"],
                "includeServices": False,
                "outputFormat": "summary",
            },
        ),
    ],
)
def test_what_is_said_is_read_and_nothing_else(text: str, parameters: dict[str, Any]) -> None:
    assert reading(text).parameters == parameters


def test_each_value_says_which_words_it_came_from() -> None:
    assert reading("Report for Last Year without Services, brief").sources == {
        "period.start": "Last Year",
        "period.end": "Last Year",
        "includeServices": "without Services",
        "outputFormat": "brief",
    }


def test_required_value_that_was_not_said_is_asked_and_not_defaulted() -> None:
    values = reading("for active clients")
    assert "period" not in values.parameters
    assert [(question.path, "period?" in question.text) for question in values.missing] == [("period", True)]


def test_open_beginning_is_asked_with_a_proposal() -> None:
    values = reading("until end of June")
    assert values.parameters == {"period": {"end": "2026-06-30"}}
    (question,) = values.missing
    assert (question.path, question.choices[0].value) == ("period.start", "2026-01-01")


def test_two_periods_for_one_place_are_asked() -> None:
    values = reading("compare Q1 2025 with Q1 2024")
    assert values.parameters == {}
    (question,) = values.questions
    assert (question.path, [choice.label for choice in question.choices]) == ("period", ["Q1 2025", "Q1 2024"])
    assert question.choices[1].value == {"start": "2024-01-01", "end": "2024-03-31"}
    assert values.missing == []


def test_two_choices_for_one_value_are_asked() -> None:
    values = reading("for 2025, detailed or brief")
    (question,) = values.questions
    assert (question.path, [choice.value for choice in question.choices]) == ("outputFormat", ["detailed", "summary"])


def test_doubtful_date_is_read_one_way_and_shown() -> None:
    (doubt,) = reading("for 03/04/2024").ambiguities
    assert (doubt.kind, doubt.must_confirm, doubt.reading) == ("day_month_order", True, "Wed 3 April 2024")
    assert doubt.choices[0].value == {"start": "2024-03-04", "end": "2024-03-04"}


def test_assumed_year_is_echoed_and_needs_no_answer() -> None:
    (doubt,) = reading("in March").ambiguities
    assert (doubt.kind, doubt.must_confirm) == ("year_assumed", False)


def test_date_that_does_not_exist_is_said() -> None:
    values = reading("for 31/02/2024")
    assert [doubt.kind for doubt in values.ambiguities] == ["not_a_date"]
    assert [question.path for question in values.missing] == ["period"]


@pytest.mark.parametrize(
    "text",
    ["from 1 January 2025 to 31 April 2025", "from 1 February to 31 February 2025", "for 2025, not 30 February 2025"],
)
def test_one_impossible_day_makes_the_whole_period_a_question(text: str) -> None:
    values = reading(text)
    assert (values.parameters, [question.path for question in values.missing]) == ({}, ["period"])
    assert "not_a_date" in [doubt.kind for doubt in values.ambiguities if doubt.must_confirm]


@pytest.mark.parametrize(
    ("text", "clients"),
    [
        ("including inactive clients", ["active", "inactive"]),
        ("including the inactive clients", ["active", "inactive"]),
        ("including inactive and prospect clients", ["active", "inactive", "prospect"]),
        ("plus inactive clients", ["active", "inactive"]),
        ("also for inactive clients", ["active", "inactive"]),
        ("including active clients", ["active"]),
        ("only inactive clients", ["inactive"]),
        ("including only inactive clients", ["inactive"]),
        ("including inactive clients only", ["inactive"]),
        ("inactive clients", ["inactive"]),
        ("with inactive clients", ["inactive"]),
        ("inactive clients including prospect", ["inactive", "prospect"]),
        ("including services for inactive clients", ["inactive"]),
        ("not including inactive clients", ["active", "prospect"]),
    ],
)
def test_what_is_included_comes_on_top_of_the_default(text: str, clients: list[str]) -> None:
    assert reading(f"report of last year {text}").parameters["clientFilters"] == clients


def test_what_is_included_where_there_is_no_default_stands_alone() -> None:
    kinds = {"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}}
    assert reading("including red", of(kinds=kinds)).parameters == {"kinds": ["red"]}


NUMBER = {"type": "integer", "minimum": 1, "maximum": 100}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("limit 20", 20),
        ("with a limit of 20", 20),
        ("limit: 20", 20),
        ("limit=20", 20),
        ("in 2024 with limit 20", 20),
        ("20 things", None),
        ("limit 20k", None),
        ("limit 20%", None),
        ("limit 2.5", None),
        ("version 20", None),
    ],
)
def test_whole_number_stands_beside_its_name(text: str, value: int | None) -> None:
    assert reading(text, of(limit=NUMBER)).parameters.get("limit") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ring three times", 3),
        ("ring twelve times", 12),
        ("ring one time", 1),
        ("Ring Twice", 2),
        ("ring once", 1),
        ("ring thrice, please", 3),
        ("ring 4 times", 4),
        ("ring twice a day", None),
        ("three times as many rings", None),
        ("ring at once", None),
        ("once you are there, ring", None),
        ("three bells", None),
        ("ring several times", None),
    ],
)
@pytest.mark.parametrize(
    ("name", "more"), [("times", {}), ("rings", {"title": "Times"}), ("rings", {"x-synonyms": ["times"]})]
)
def test_number_in_words_counts_what_the_parameter_is_called(
    text: str, value: int | None, name: str, more: dict[str, Any]
) -> None:
    assert reading(text, of(**{name: {**NUMBER, **more}})).parameters.get(name) == value


def test_number_of_times_is_not_read_for_another_unit() -> None:
    assert reading("translate it twice", of(message_count=NUMBER)).parameters == {}
    assert reading("translate five messages", of(message_count=NUMBER)).parameters == {"message_count": 5}


def test_number_stands_before_its_noun() -> None:
    assert reading("translate 50 messages", of(message_count=NUMBER)).parameters == {"message_count": 50}


def test_number_that_the_schema_refuses_is_asked_in_the_schemas_words() -> None:
    values = reading("limit 2,000", of(limit=NUMBER))
    assert values.parameters == {}
    assert [question.path for question in values.missing] == ["limit"]


TEXT = {"type": "string", "maxLength": 40}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('title "Year End"', "Year End"),
        ("title: Year End, please", "Year End"),
        ("call it “Year End”", "Year End"),
        ("call it 'Year End'", "Year End"),
        ("the client's invoice and the supplier's", None),
        ("the title of the song", None),
    ],
)
def test_text_is_taken_only_in_quotes_or_behind_its_name(text: str, value: str | None) -> None:
    values = reading(text, of(title=TEXT))
    assert values.parameters.get("title") == value
    assert bool(values.missing) == (value is None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("say hello to Alice", "Alice"),
        ("greet Alice Smith tomorrow", "Alice Smith"),
        ("greet Zoë O'Brien, please", "Zoë O'Brien"),
        ("Say Hello To Alice", "Alice"),
        ('greet "the team"', "the team"),
        ("say hello to the team", None),
        ("say hello to alice", None),
        ("передай to алисе", None),
        ("SAY HELLO TO ALICE", None),
        ("greet Alice's team", None),
        ("Bob says hello", None),
    ],
)
def test_text_is_taken_behind_the_markers_of_the_schema(text: str, value: str | None) -> None:
    schema = of(name={**TEXT, "x-after": ["to", "greet", "hello"]})
    assert reading(text, schema).parameters.get("name") == value
    assert "name" not in reading("say hello to Alice", of(name=TEXT)).parameters


def test_two_names_behind_a_marker_are_asked() -> None:
    (question,) = reading("greet Alice and Bob", of(name={**TEXT, "x-after": ["greet"]})).questions
    assert [choice.value for choice in question.choices] == ["Alice", "Bob"]


def test_address_is_read_by_its_form() -> None:
    schema = of(recipient={"type": "string", "format": "email"})
    assert reading("send it to Alice@example.org.", schema).parameters == {"recipient": "Alice@example.org"}


def test_single_day_is_read_where_the_schema_has_one() -> None:
    schema = of(as_of_day={"type": "string", "format": "date"})
    assert reading("balance on 5 March 2025", schema).parameters == {"as_of_day": "2025-03-05"}
    assert reading("balance of March 2025", schema).parameters == {}


def test_two_pairs_take_two_periods_in_order() -> None:
    pair = of(start={"type": "string", "format": "date"}, end={"type": "string", "format": "date"})
    values = reading("compare Q1 2025 with Q1 2024", of(period=pair, baseline=pair))
    assert values.parameters["period"]["start"] == "2025-01-01"
    assert values.parameters["baseline"]["end"] == "2024-03-31"


@pytest.mark.parametrize(("start", "end"), [("startDate", "endDate"), ("date_from", "date_to"), ("since", "until")])
def test_pair_of_dates_is_known_by_its_names(start: str, end: str) -> None:
    day = {"type": "string", "format": "date"}
    values = reading("last month", of(**{start: day, end: day}))
    assert values.parameters == {start: "2026-10-01", end: "2026-10-31"}


def test_references_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {"format": {"$ref": "#/$defs/format"}},
        "required": ["format"],
        "$defs": {"format": {"type": "string", "enum": ["pdf", "csv"]}},
    }
    assert reading("as CSV", schema).parameters == {"format": "csv"}


def test_unusable_schema_is_said_and_stops_nothing() -> None:
    values = reading("limit 5", {"type": "object", "properties": {"limit": {"$ref": "https://example.org/x"}}})
    assert "cannot be used" in values.questions[0].text


def test_empty_schema_takes_nothing() -> None:
    values = read("whatever 5", {}, [])
    assert (values.parameters, values.missing, values.questions) == ({}, [], [])


@pytest.mark.parametrize(
    "text",
    [
        "'" * 3000,
        '"a' * 1500,
        "active " * 500,
        "without " * 500,
        "İ" * 2000,
        "1," * 1500,
        "to A " * 800,
        "including active " * 230,
    ],
)
def test_odd_texts_are_read_in_bounded_time(text: str) -> None:
    reading(text)
    reading(text, of(title={**TEXT, "x-after": ["to", "a"]}, limit=NUMBER))


NAME = {"type": "string", "title": "Name", "x-after": ["to", "greet", "hello", "for"]}
TIMES = {"type": "integer", "title": "Times"}


@pytest.mark.parametrize(("text", "name"), [
    ("say hello to Bob three times", "Bob"),
    ("sag hallo zu Jürgen drei mal", "Jürgen"),
    ("grüße Anna Schmidt bitte drei mal", "Anna Schmidt"),
    ("поздоровайся с Иваном три раза", "Иваном"),
    ("поприветствуй Ольгу три раза", "Ольгу"),
    ("dis bonjour à Zoé trois fois", "Zoé"),
    ("di hola a José tres veces", "José"),
])  # fmt: skip
def test_name_stands_behind_what_each_language_says_for_the_marker(text: str, name: str) -> None:
    assert reading(text, of(name=NAME, times=TIMES)).parameters == {"name": name, "times": 3}


def test_two_names_behind_a_marker_are_asked_about_in_each_language() -> None:
    for text in ("say hello to Anna and Bob", "sag hallo zu Anna und Bob", "dis bonjour à Anna et Bob"):
        (question,) = reading(text, of(name=NAME)).questions
        assert [choice.value for choice in question.choices] == ["Anna", "Bob"], text


@pytest.mark.parametrize(("text", "stages"), [
    ("count slowly to 5 please", {"stages": 5}),
    ("count to twenty", {"stages": 20}),
    ("zähle langsam bis 12", {"stages": 12}),
    ("cuenta despacio hasta 7", {"stages": 7}),
    ("compte jusqu'à 9", {"stages": 9}),
    ("count to 5 %", {}),
    ("count 5 slowly", {}),
])  # fmt: skip
def test_number_stands_behind_a_marker(text: str, stages: dict[str, int]) -> None:
    place = {"type": "integer", "title": "Stages", "x-after": ["to"]}
    assert reading(text, of(stages=place)).parameters == stages
