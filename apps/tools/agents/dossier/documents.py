"""Documents for somebody to sign: the customer's own statement, and a letter that a clinician completes."""

from typing import Any, ClassVar

from apps.core.saying import listed
from apps.tools.agents import writing
from apps.tools.agents.contract import Work
from apps.tools.agents.dossier.case import Case, Fact, about, cited, day, sentences, sources

NOBODY: frozenset[str] = frozenset()


class WritePersonalStatement:
    """Drafts the customer's statement in the first person from the intake forms and the notes, for them to sign.

    Needs `intake_info`; `notes_information` is read where the node waits for it. Answers a text with `title`, `sources`
    and `is_draft`.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        paragraphs = [_introduction(case), *(_told(case, each) for each in case.conditions)]
        written = writing.write(
            work,
            f"Write a personal statement of {case.name}, in the first person.",
            paragraphs,
            {"customer": case.customer, "conditions": case.conditions, "notes": case.notes},
        )
        return {
            "title": f"Personal statement of {case.name}",
            "sources": [*sources(case.conditions), *(f"Note of {day(each['on'])}" for each in case.notes)],
            "is_draft": True,
            **written,
        }


class WriteNexusLetter:
    """Drafts a letter about one condition that a clinician checks, completes and signs.

    It lists what the records say. An opinion on the connection stands in it only if a record has one, as a quotation with
    its source; else the letter says that it is to be given. `condition` among the parameters; needs `intake_info`.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        condition = case.condition(work)
        opinions, records = case.records_of(condition, "opinion"), case.records_of(condition)
        others = [each for each in records if each not in opinions]
        written = writing.write(
            work,
            f"Write a letter about {condition['name']} of {case.name} for a clinician to complete.",
            [
                f"To whom it may concern. This letter is about {case.name} and the condition {condition['name']}.",
                sentences(diagnosis(condition), quoted(condition)),
                f"Records that were looked at: {' '.join(map(cited, others))}" if others else "",
                f"Opinion on record: {' '.join(map(cited, opinions))}"
                if opinions
                else "Opinion on the connection with the service: to be given by the clinician. No paper in the case has one.",
            ],
            {"condition": condition, "records": records},
        )
        return {
            "condition_id": condition["id"],
            "condition": condition["name"],
            "title": f"Letter about {condition['name']}",
            "has_opinion": bool(opinions),
            "sources": [*sources([condition]), *sources(records)],
            "research": about(work, "research_sections", condition).get("title", ""),
            "is_draft": True,
            **written,
        }


def diagnosis(condition: Fact) -> str:
    """“Tinnitus was diagnosed on 20 March 2012 by Hollow Creek Audiology”, as far as it is known; or nothing."""
    when = f" on {day(condition['diagnosed_on'])}" if condition.get("diagnosed_on") else ""
    who = f" by {condition['diagnosed_by']}" if condition.get("diagnosed_by") else ""
    return f"{condition['name']} was diagnosed{when}{who}" if when or who else ""


def quoted(condition: Fact) -> str:
    """What happened in service, as the customer put it; or nothing."""
    return f"In the customer's words: “{condition['event']}”" if condition.get("event") else ""


def _introduction(case: Case) -> str:
    told = case.customer
    served = told.get("branch") and f"I served in the {told['branch']}"
    span = (
        f" from {day(told['served_from'])} to {day(told['served_until'])}"
        if "served_from" in told and "served_until" in told
        else ""
    )
    duties = f"My work was {told['duties']}" if told.get("duties") else ""
    names = [str(each["name"]) for each in case.conditions]
    claims = f"This statement is about {listed(names)}" if names else ""
    return sentences(f"My name is {case.name}", f"{served}{span}" if served else "", duties, claims)


def _told(case: Case, condition: Fact) -> str:
    began = (
        f"{condition['name']} began in {day(condition['began'])}" if condition.get("began") else str(condition["name"])
    )
    symptoms, effects = condition.get("symptoms", []), condition.get("effects", [])
    treatment = condition.get("treatment", [])
    notes = [
        f"On {day(each['on'])} I said: {each['text']}"
        for each in case.notes_of(condition)
        if each.get("by") == "customer"
    ]
    return sentences(
        began,
        str(condition.get("event", "")),
        f"What I notice: {listed(symptoms)}" if symptoms else "",
        f"What it does to my days: {listed(effects)}" if effects else "",
        f"Treatment so far: {listed(treatment)}" if treatment else "",
        *notes,
    )
