"""A dotted place in a JSON document is found in its text, whatever is written around it."""

import json
import random
from typing import Any

import pytest

from apps.console.runs import places

TEXT = """{
  "a.b": 1, "groups" : [ {"name":"one \\"[{", "tasks":[ ] },
    {"name": "two", "tasks": [{"name": "x", "on": true}, null, -1.5e3]}
  ]
}"""


@pytest.mark.parametrize(("place", "begins"), [
    ("", "{"), ("groups", "[ {"), ("groups.0.name", '"one'), ("groups.1", '{"name": "two"'), ("groups.0.tasks", "[ ]"),
    ("groups.1.tasks.0.name", '"x"'), ("groups.1.tasks.0.on", "true"), ("groups.1.tasks.2", "-1.5e3"),
    ("groups.1.tasks.0.missing.too", '{"name": "x"'), ("groups.9", "[ {"), ("nothing", "{"),
])  # fmt: skip
def test_the_value_or_what_is_around_it_is_found(place, begins):
    assert TEXT[places.offsets(TEXT, [place])[place] :].startswith(begins)


def test_lines_count_from_one():
    assert [places.line_of(TEXT, offset) for offset in (0, 4, TEXT.index('"two"'))] == [1, 2, 3]


def anything(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(6 if depth else 4)
    if kind < 4:
        return [chance.choice(['quote " and \\ [', "", "ü😀"]), chance.randrange(9), None, True][kind]
    members = [anything(chance, depth - 1) for _ in range(chance.randrange(4))]
    return members if kind == 4 else {f"k{number}": each for number, each in enumerate(members)}


def all_places(value: Any, place: str = "") -> dict[str, Any]:
    below = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    found = {place: value}
    for name, each in below:
        found |= all_places(each, f"{place}.{name}" if place else str(name))
    return found


@pytest.mark.parametrize("indent", [None, 0, 3])
def test_each_place_of_any_document_is_found(indent):
    chance = random.Random(3)
    for _ in range(200):
        document = anything(chance, 5)
        text = json.dumps(document, indent=indent, ensure_ascii=False)
        wanted = all_places(document)

        found = places.offsets(text, wanted)

        decoder = json.JSONDecoder()
        assert {place: decoder.raw_decode(text, at)[0] for place, at in found.items()} == wanted
