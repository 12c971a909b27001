"""The papers of one customer, sorted: intake forms, what other sources say, notes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from apps.core.errors import ToolError
from apps.tools.agents import filing
from apps.tools.agents.contract import Work
from apps.tools.agents.dossier.case import Case, day, identifier

LISTS = ("symptoms", "effects", "treatment")
CUSTOMERS = frozenset({"crm.view_client"})


class SaveIntakeInformation:
    """Reads the intake forms of the customer whose number is in the parameter `customer`, and puts them into one.

    Where forms differ the later one counts, and lists are united. Answers `{"customer": …, "conditions": [{"id",
    "name", …}], "sources": […]}`; every condition names the form that it comes from.
    """

    permissions: ClassVar[frozenset[str]] = CUSTOMERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        number = work.parameters.get("customer")
        forms = sorted(
            _objects(filing.customer(number), "intake_forms"), key=lambda form: str(form.get("received_on", ""))
        )
        if not forms:
            raise ToolError(f"There is no intake form of {number}.", kind="LookupError")
        customer: dict[str, Any] = {"id": number}
        conditions: dict[str, dict[str, Any]] = {}
        for form in forms:
            customer |= {name: value for name, value in form.get("answers", {}).items() if value not in ("", None)}
            for given in _objects(form, "conditions"):
                known = conditions.setdefault(identifier(_stated(given, "name")), {})
                known |= _united(known, given, _called(form))
        intake = {
            "customer": customer,
            "conditions": [{"id": key, **condition} for key, condition in conditions.items()],
            "sources": [_called(form) for form in forms],
        }
        more = {key: intake.get(key) for key in work.result_keys[1:]}
        return {work.result_keys[0]: intake, **more} if more else intake


class AggregateIntakes:
    """Puts the papers of other sources beside the intake forms: records by day, each with its source.

    Needs `intake_info`. Answers `{"records": […], "differences": […], "sources": […]}`; a difference is a field that two
    papers state differently. Nobody is believed more than another.
    """

    permissions: ClassVar[frozenset[str]] = CUSTOMERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        papers = filing.customer(work.parameters.get("customer", case.customer.get("id")))
        supplements = _objects(papers, "supplements")
        known = {each["id"]: each["name"] for each in case.conditions}
        records = [record for paper in supplements for record in _records(paper, known)]
        return {
            "records": sorted(records, key=lambda record: str(record["on"])),
            "differences": list(_differences(case, supplements)),
            "sources": [_stated(paper, "source") for paper in supplements],
        }


class SaveNotesInformation:
    """Reads the notes that were taken about the customer, and says which condition each is about.

    A note says it itself (`about`), or its text has the condition's name. Needs `intake_info`. Answers `{"notes": [{"on",
    "by", "text", "conditions"}], "unassigned": number}`.
    """

    permissions: ClassVar[frozenset[str]] = CUSTOMERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        papers = filing.customer(work.parameters.get("customer", case.customer.get("id")))
        notes = [_note(given, case) for given in _objects(papers, "notes")]
        notes.sort(key=lambda note: note["on"])
        return {"notes": notes, "unassigned": sum(not note["conditions"] for note in notes)}


def _united(known: Mapping[str, Any], given: Mapping[str, Any], source: str) -> dict[str, Any]:
    single = {name: value for name, value in given.items() if name not in LISTS and value not in ("", None)}
    lists = {name: list(dict.fromkeys([*known.get(name, []), *given.get(name, [])])) for name in LISTS}
    return {**single, **lists, "source": source if not known else f"{known['source']}; {source}"}


def _called(form: Mapping[str, Any]) -> str:
    when = f" of {day(form['received_on'])}" if form.get("received_on") else ""
    return f"{form.get('form', 'Intake form')}{when}"


def _records(paper: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Also what is about no condition of the forms: it is kept, so that somebody sees it."""
    for given in _objects(paper, "records"):
        condition = identifier(str(given.get("condition", "")))
        yield {
            "condition_id": condition if condition in known else "",
            "condition": known.get(condition, str(given.get("condition", ""))),
            "on": str(given.get("on", "")),
            "says": _stated(given, "says"),
            "kind": str(given.get("kind", "record")),
            "source": _stated(paper, "source"),
        }


def _differences(case: Case, supplements: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    stated = [(_stated(paper, "source"), paper.get("answers", {})) for paper in supplements]
    for field, value in case.customer.items():
        others = [(source, answers[field]) for source, answers in stated if answers.get(field, value) != value]
        if others:
            values = [{"value": value, "source": "Intake forms"}, *({"value": v, "source": s} for s, v in others)]
            yield {"field": field, "values": values}


def _note(given: Mapping[str, Any], case: Case) -> dict[str, Any]:
    text, about = _stated(given, "text"), {identifier(str(each)) for each in given.get("about", [])}
    meant = [
        each["id"] for each in case.conditions if each["id"] in about or each["name"].casefold() in text.casefold()
    ]
    return {"on": str(given.get("on", "")), "by": str(given.get("by", "")), "text": text, "conditions": meant}


def _stated(given: Mapping[str, Any], name: str) -> str:
    if not str(given.get(name, "")).strip():
        raise ToolError(f"The customer's papers have an entry without “{name}”.", kind="ValueError")
    return str(given[name])


def _objects(papers: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    given = papers.get(name, [])
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise ToolError(f"“{name}” in the customer's papers must be a list of objects.", kind="ValueError")
    return given
