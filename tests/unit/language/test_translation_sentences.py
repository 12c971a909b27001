"""Sentences for the shipped bulk translation in five languages, beside the other shipped templates: a floor that may only rise.

33 sentences of one author, written before the template's triggers were tried on them.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.catalog import transfer
from apps.catalog.management.commands.load_templates import SHIPPED
from apps.language.contract import TemplateCard
from apps.language.evaluation import scores
from apps.language.evaluation.judging import Verdict, judge
from apps.language.evaluation.rows import read_rows

ROWS = Path(__file__).parent / "sentences" / "translation.jsonl"
AT_LEAST = {"solved": 1.0, "started_right": 0.95, "out_of_scope_recall": 1.0, "parameters_exact": 0.9}


def card(folder: Path) -> TemplateCard:
    file = transfer.read(folder)
    triggers = file.definition.triggers
    return TemplateCard(
        key=file.key,
        name=file.metadata["name"],
        description=file.metadata["description"],
        category=file.metadata["category"],
        parameter_schema=file.definition.parameter_schema,
        must_confirm=file.definition.parameter_schema.get("x-confirm") is True,
        has_effects=file.key == "bulk_translation_v1",
        **{name: tuple(triggers[name]) for name in ("patterns", "keywords", "contexts", "examples")},
    )


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    cards = [card(each.parent) for each in sorted(SHIPPED.glob("*/template.json"))]
    lines = ROWS.read_text(encoding="utf-8").splitlines()
    rows = read_rows(lines, [each.key for each in cards], datetime(2026, 11, 18, 9, tzinfo=UTC))
    return [judge(row, cards) for row in rows]


def test_figures_do_not_fall(verdicts: list[Verdict]) -> None:
    found = {name: share.value or 0.0 for name, share in scores.shares(verdicts).items()}
    assert {name: round(found[name], 3) for name, floor in AT_LEAST.items() if found[name] < floor} == {}
    assert found["wrong_starts"] == 0


@pytest.mark.parametrize("language", ["en", "de", "ru", "es", "fr"])
def test_each_language_is_solved(verdicts: list[Verdict], language: str) -> None:
    assert scores.by_language(verdicts)[language]["solved"].value == 1.0
