"""Summaries and sections of the dossier, and the look at a text before it goes in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from apps.core.saying import count, listed
from apps.tools.agents import writing
from apps.tools.agents.contract import Work
from apps.tools.agents.dossier.case import Case, Fact, about, items, needed

NOBODY: frozenset[str] = frozenset()
PARTS = (
    ("research_sections", "Research"),
    ("cfr_tips", "Regulatory points"),
    ("key_points", "Key points"),
    ("future_considerations", "Still open"),
)
UNFILLED = re.compile(r"\{[^{}]*\}|\bTODO\b|\bXXX\b|lorem ipsum", re.IGNORECASE)


class WriteExecutiveSummary:
    """Sums up one condition, or, without the parameter `condition`, the whole case from its `condition_sections`.

    Of a condition it needs `intake_info`, `key_points` and `future_considerations`. Answers a text with `title`; of a
    condition also with `condition_id` and `is_complete`, of the case with `conditions`.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        return _of_condition(work) if work.parameters.get("condition") else _of_case(work)


class WriteConditionReportSection:
    """Puts together what the other nodes have written about one condition, in the order in which it is read.

    `summary` among the parameters is the condition's executive summary. Answers `{"condition_id", "title", "summary",
    "parts": [{"title", "paragraphs", "note"}], "sources"}` with a text.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        summary = work.parameters.get("summary") or {}
        condition = {"id": summary.get("condition_id")}
        found = [(title, about(work, key, condition)) for key, title in PARTS]
        parts = [
            {"title": title, "paragraphs": each["paragraphs"], "note": each["note"]} for title, each in found if each
        ]
        sources = dict.fromkeys(source for _, each in found for source in each.get("sources", []))
        texts = [
            *summary.get("paragraphs", []),
            *(f"{each['title']}. {' '.join(each['paragraphs'])}" for each in parts),
        ]
        note = summary.get("note", writing.BY_RULES)
        return {
            "condition_id": summary.get("condition_id"),
            "title": summary.get("condition", ""),
            "summary": summary.get("paragraphs", []),
            "is_complete": summary.get("is_complete", False),
            "note": note,
            "parts": parts,
            "sources": list(sources),
            "text": "\n\n".join([*texts, note]),
        }


class CheckText:
    """Looks at a written text: is it there, is nothing left to fill in, does it name its sources?

    A validator: gets `result`, answers `{"valid", "reason"}`. Texts are objects with `text`, also one level below keys.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        result = work.parameters.get("result")
        texts = [each for each in _candidates(result) if "text" in each]
        wrong = [said for each in texts if (said := _wrong_with(each))] if texts else ["There is no text."]
        return {"valid": not wrong, "reason": " ".join(wrong)}


def _of_condition(work: Work) -> Any:
    case = Case.of(work)
    condition = case.condition(work)
    points = about(work, "key_points", condition).get("points", [])
    missing = about(work, "future_considerations", condition).get("open", [])
    letter = about(work, "nexus_letters", condition)
    draft = [
        f"{condition['name']}: {' '.join(points[:3])}"
        if points
        else f"{condition['name']} is named in the intake forms.",
        f"Still open: {' '.join(missing)}" if missing else "Nothing that is looked for is missing.",
        "A letter for a clinician is drafted." if letter else "",
    ]
    return {
        "condition_id": condition["id"],
        "condition": condition["name"],
        "title": f"Summary: {condition['name']}",
        "is_complete": not missing,
        **writing.write(
            work, f"Sum up {condition['name']} in a few sentences.", draft, {"points": points, "open": missing}
        ),
    }


def _of_case(work: Work) -> Any:
    needed(work, "condition_sections")
    sections = list(items(work.context["condition_sections"]))
    complete = [each["title"] for each in sections if each["is_complete"]]
    waiting = [each["title"] for each in sections if not each["is_complete"]]
    draft = [
        f"The case has {count(len(sections), 'condition')}: {listed([each['title'] for each in sections])}.",
        _stand(complete, waiting),
        *(each["summary"][0] for each in sections if each["summary"]),
    ]
    return {
        "title": "Overall summary",
        "conditions": [each["title"] for each in sections],
        "sources": list(dict.fromkeys(source for each in sections for source in each["sources"])),
        **writing.write(work, "Sum up the whole case.", draft, {"sections": sections}),
    }


def _stand(complete: Sequence[str], waiting: Sequence[str]) -> str:
    ready = f"Nothing is open about {listed(complete)}." if complete else ""
    return f"{ready} {f'Something is still open about {listed(waiting)}.' if waiting else ''}".strip()


def _candidates(result: Any) -> list[Fact]:
    if not isinstance(result, Mapping):
        return list(items(result))
    return [result, *(each for value in result.values() for each in ([value] if isinstance(value, Mapping) else []))]


def _wrong_with(text: Fact) -> str:
    if not str(text["text"]).strip():
        return "A text is empty."
    if found := UNFILLED.search(str(text["text"])):
        return f"A text still has “{found[0]}” in it."
    return "" if text.get("sources", True) else "A text names no source."
