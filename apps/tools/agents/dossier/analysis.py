"""One condition looked at from three sides: what the rules ask, what is known, what is still open."""

from collections.abc import Iterator
from typing import Any, ClassVar

from apps.core.saying import count, listed
from apps.tools.agents import writing
from apps.tools.agents.contract import Work
from apps.tools.agents.dossier.case import Case, Fact, about, cited, day, sentences, sources
from apps.tools.agents.dossier.documents import diagnosis, quoted
from apps.tools.agents.dossier.research import SHELF_READERS, findings, plain

NOBODY: frozenset[str] = frozenset()
ELEMENTS = (
    ("a current diagnosis", "diagnosis"),
    ("an event, injury or illness in service", "event"),
    ("a medical opinion that connects the two", "opinion"),
)


class Write38CFRPoints:
    """Lists what the regulations on the knowledge shelf ask of one condition, and what the case has for it.

    The points are sentences of the documents, each with its title; the research section's are taken where the node waits
    for `research_sections`. Needs `intake_info`. Answers a text with `condition_id`, `points`, `elements` and `sources`.
    """

    permissions: ClassVar[frozenset[str]] = SHELF_READERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        condition = case.condition(work)
        found = about(work, "research_sections", condition).get("findings")
        if found is None:
            found = plain(list(findings(condition, work.parameters)))
        points = [
            {"title": each["title"], "says": statement, "is_general": each["is_general"]}
            for each in found
            for statement in each["statements"]
        ]
        elements = list(_elements(case, condition))
        draft = [
            *(f"{point['title']}: {point['says']}" for point in points if not point["is_general"]),
            *(f"{each['asks'].capitalize()}: {each['has'] or 'no paper in the case has it'}." for each in elements),
        ]
        return {
            "condition_id": condition["id"],
            "condition": condition["name"],
            "points": points,
            "elements": elements,
            "sources": list(dict.fromkeys([point["title"] for point in points])),
            **writing.write(work, f"List the regulatory points for {condition['name']}.", draft, [points, elements]),
        }


class WriteKeyPoints:
    """Lists what is known about one condition: begin, diagnosis, symptoms, effects, records, notes, contradictions.

    Needs `intake_info`; reads `supplemental_info` and `notes_information` where the node waits for them. Answers a text with
    `condition_id`, `points` and `sources`.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        condition = case.condition(work)
        points = [point for point in _points(case, condition) if point]
        return {
            "condition_id": condition["id"],
            "condition": condition["name"],
            "points": points,
            "sources": [*sources([condition]), *sources(case.records_of(condition))],
            **writing.write(work, f"List the key points of {condition['name']}.", points, {"condition": condition}),
        }


class WriteFutureConsiderations:
    """Lists what the case does not have yet for one condition, and where papers contradict each other.

    Needs `intake_info`; reads `supplemental_info` and `notes_information` where the node waits for them. Answers a text with
    `condition_id` and `open`.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        condition = case.condition(work)
        missing = list(_missing(case, condition))
        draft = missing or [f"The papers have everything that is looked for about {condition['name']}."]
        return {
            "condition_id": condition["id"],
            "condition": condition["name"],
            "open": missing,
            **writing.write(work, f"Say what is still open about {condition['name']}.", draft, {"open": missing}),
        }


def _elements(case: Case, condition: Fact) -> Iterator[dict[str, str]]:
    has = {
        "diagnosis": sentences(diagnosis(condition), *map(cited, case.records_of(condition, "diagnosis"))),
        "event": sentences(quoted(condition), *map(cited, case.records_of(condition, "event"))),
        "opinion": sentences(*map(cited, case.records_of(condition, "opinion"))),
    }
    for asks, name in ELEMENTS:
        yield {"asks": asks, "has": has[name].rstrip(".")}


def _points(case: Case, condition: Fact) -> Iterator[str]:
    records, notes = case.records_of(condition), case.notes_of(condition)
    yield f"Began in {day(condition['began'])}." if condition.get("began") else ""
    yield f"{diagnosis(condition)}." if diagnosis(condition) else ""
    for name, said in (("symptoms", "Symptoms"), ("effects", "Effects"), ("treatment", "Treatment")):
        yield f"{said}: {listed(condition[name])}." if condition.get(name) else ""
    yield f"{count(len(records), 'record')} of {listed(sources(records))}." if records else ""
    for note in notes:
        yield f"Note of {day(note['on'])}: {note['text']}"


def _missing(case: Case, condition: Fact) -> Iterator[str]:
    if not diagnosis(condition) and not case.records_of(condition, "diagnosis"):
        yield "No paper says when and by whom it was diagnosed."
    if not condition.get("event") and not case.records_of(condition, "event"):
        yield "No paper names an event, injury or illness in service."
    if not case.records_of(condition, "opinion"):
        yield "No paper has a medical opinion on the connection with the service."
    if not case.records_of(condition):
        yield "No source besides the intake forms speaks of it."
    if not condition.get("treatment"):
        yield "The forms name no treatment."
    for difference in case.differences:
        stated = [f"{day(each['value'])} ({each['source']})" for each in difference["values"]]
        yield f"Papers differ on {difference['field'].replace('_', ' ')}: {listed(stated)}."
