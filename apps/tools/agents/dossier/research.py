"""What the knowledge shelf says about a condition, with the documents' titles."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apps.knowledge import search
from apps.knowledge.models import Document
from apps.tools.agents import writing
from apps.tools.agents.contract import Work
from apps.tools.agents.dossier.case import Case, cited, sentences, sources

SHELF = "disability claims"
"""The tag of the documents that count, unless the node's parameter `shelf` names another."""
MAX_DOCUMENTS = 4
SHELF_READERS = frozenset({"knowledge.view_document"})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One document that speaks of a condition, with its sentences, or of claims in general (`is_general`)."""

    title: str
    statements: tuple[str, ...]
    is_general: bool


class WriteResearchSection:
    """Writes what the knowledge shelf and the case's papers say about one condition, and names each source.

    `condition` among the parameters is the condition (or its id), `shelf` the tag of the documents that count. Needs
    `intake_info`; `supplemental_info` and `notes_information` are read where the node waits for them. Answers a text with
    `condition_id`, `title`, `findings` and `sources`.
    """

    permissions: ClassVar[frozenset[str]] = SHELF_READERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        case = Case.of(work)
        condition = case.condition(work)
        found = list(findings(condition, work.parameters))
        records = case.records_of(condition)
        paragraphs = [f"{each.title}: {sentences(*each.statements)}" for each in found]
        if not found:
            paragraphs.append(f"The knowledge shelf has no document that speaks of {condition['name']}.")
        paragraphs += [f"What the papers say: {' '.join(map(cited, records))}"] if records else []
        facts = {"findings": plain(found), "records": records}
        title = f"Research: {condition['name']}"
        written = writing.write(work, f"Write the research section about {condition['name']}.", paragraphs, facts)
        return {
            "condition_id": condition["id"],
            "condition": condition["name"],
            "title": title,
            "findings": plain(found),
            "sources": [*(each.title for each in found), *sources(records)],
            **written,
        }


def findings(condition: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Finding]:
    """Documents about the condition first, in the order of the search; then those about claims in general."""
    shelf = str(parameters.get("shelf") or SHELF)
    hits = [hit.id for hit in search.search(f"{condition['name']} {shelf}", search.MAX_LIMIT)]
    documents = [each for each in Document.objects.filter(pk__in=hits) if shelf in each.tags]
    documents.sort(key=lambda each: hits.index(each.pk))
    named = [each for each in documents if _speaks_of(each, condition)]
    general = [each for each in documents if "general" in each.tags]
    for document in [*named, *(each for each in general if each not in named)][:MAX_DOCUMENTS]:
        statements = tuple(_statements(document.body))
        yield Finding(title=document.title, statements=statements, is_general=document not in named)


def _speaks_of(document: Document, condition: Mapping[str, Any]) -> bool:
    names = [str(condition["name"]), *map(str, condition.get("also_called", []))]
    return any(name.casefold() in f"{document.title}\n{document.body}".casefold() for name in names)


def _statements(body: str) -> Iterator[str]:
    """The document's sentences. Markdown's marks at the begin of a line are left out, headings with them."""
    lines = [line.strip() for line in body.splitlines()]
    text = " ".join(re.sub(r"^[-*] ", "", line) for line in lines if line and not line.startswith("#"))
    yield from (part.strip() for part in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9“])", text) if part.strip())


def plain(found: list[Finding]) -> list[dict[str, Any]]:
    return [{"title": each.title, "statements": list(each.statements), "is_general": each.is_general} for each in found]
