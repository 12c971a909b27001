"""One customer's case as the nodes of a dossier are given it, and how its facts are said."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.core.errors import ToolError
from apps.core.saying import listed, sentence
from apps.tools.agents.contract import Work

Fact = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known, from the keys that the node waits for. Records and notes are in the order of their days."""

    customer: Fact
    conditions: Sequence[Fact]
    records: Sequence[Fact] = ()
    """{condition_id, condition, on, says, kind, source}: what the papers of others say."""
    differences: Sequence[Fact] = ()
    """{field, values: [{value, source}]}: what two papers say differently."""
    notes: Sequence[Fact] = ()
    """{on, by, text, conditions}."""

    @classmethod
    def of(cls, work: Work) -> "Case":
        intake = needed(work, "intake_info")
        combined = work.context.get("supplemental_info") or {}
        return cls(
            customer=intake.get("customer", {}),
            conditions=intake.get("conditions", []),
            records=combined.get("records", []),
            differences=combined.get("differences", []),
            notes=(work.context.get("notes_information") or {}).get("notes", []),
        )

    def condition(self, work: Work) -> Fact:
        """The condition that the node is about: `condition` among its parameters, as an object or by its id."""
        given = work.parameters.get("condition")
        wanted = given.get("id") if isinstance(given, Mapping) else given
        found = next((each for each in self.conditions if each["id"] == wanted), None)
        if found is None:
            known = listed([each["id"] for each in self.conditions]) if self.conditions else "none"
            message = (
                f"{work.name}: there is no condition “{str(wanted)[:64]}” in the intake forms. There are: {known}."
            )
            raise ToolError(message, kind="LookupError")
        return found

    def records_of(self, condition: Fact, kind: str = "") -> list[Fact]:
        return [
            each
            for each in self.records
            if each["condition_id"] == condition["id"] and kind in ("", each.get("kind", ""))
        ]

    def notes_of(self, condition: Fact) -> list[Fact]:
        return [each for each in self.notes if condition["id"] in each["conditions"]]

    @property
    def name(self) -> str:
        return str(self.customer.get("name") or self.customer.get("id", "the customer"))


def needed(work: Work, key: str) -> Any:
    """The value of a key that the node must wait for. ToolError that says so."""
    if not work.context.get(key):
        raise ToolError(f"{work.name} needs “{key}”: add it to the task's dependencies.", kind="ValueError")
    return work.context[key]


def about(work: Work, key: str, condition: Fact) -> Fact:
    """What an expanded node has left under a key for one condition; {} if nothing."""
    return next((each for each in items(work.context.get(key)) if each.get("condition_id") == condition["id"]), {})


def items(value: Any) -> Iterable[Fact]:
    """The results of an expanded node in any of its formats: a list, also with gaps, or an object by identifier."""
    values = value.values() if isinstance(value, Mapping) else value or ()
    return [each for each in values if isinstance(each, Mapping)]


def identifier(name: str) -> str:
    """“Lumbar strain” → lumbar-strain."""
    return "-".join(re.findall(r"\w+", name.casefold()))[:64]


def day(value: Any) -> str:
    """“14 September 2006” of an ISO day, “September 2006” of a month; any other text as it is."""
    text = str(value or "")
    try:
        found = date.fromisoformat(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text)
    except ValueError:
        return text
    return f"{found:%B %Y}" if len(text) == 7 else f"{found.day} {found:%B %Y}"


def sentences(*texts: str) -> str:
    """One paragraph of what is not empty, each with a capital and a full stop."""
    return " ".join(sentence(each) for each in texts if each and each.strip())


def cited(record: Fact) -> str:
    """“On 14 September 2006 the service treatment records say: Seen at sick call.”"""
    when = f"On {day(record['on'])}: " if record.get("on") else ""
    return f"{when}{str(record['says']).rstrip('.')} ({record['source']})."


def sources(facts: Iterable[Fact]) -> list[str]:
    """The names of their sources, each once, in order."""
    return list(dict.fromkeys(str(each["source"]) for each in facts if each.get("source")))
