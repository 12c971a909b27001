"""A floor under hard sentences: it may only rise.

Twenty templates of offices and warehouses with English examples, some of them close to each other on purpose, and 229 of
686 sentences in five languages that were written before the code was looked at: terse, indirect, with slips, without the
words of the examples; the 126 that nobody is meant by name the same things. docs/language.md has the figures of all.
"""

from datetime import UTC, datetime
from pathlib import Path

from apps.language.evaluation import scores
from apps.language.evaluation.judging import judge
from apps.language.evaluation.rows import read_cards, read_rows

HERE = Path(__file__).parent / "sentences"
AT_LEAST = {"right_first": 0.83, "solved": 0.82, "out_of_scope_recall": 0.95, "alone_refused": 0.72}
AT_MOST = {"wrong_starts": 0.01}


def test_figures_of_hard_sentences_do_not_fall() -> None:
    cards = read_cards((HERE / "office_templates.jsonl").read_text(encoding="utf-8").splitlines())
    lines = (HERE / "offices.jsonl").read_text(encoding="utf-8").splitlines()
    rows = read_rows(lines, [card.key for card in cards], datetime(2026, 11, 18, 9, tzinfo=UTC))
    found = {name: share.value or 0.0 for name, share in scores.shares([judge(row, cards) for row in rows]).items()}
    assert {name: round(found[name], 3) for name, floor in AT_LEAST.items() if found[name] < floor} == {}
    assert {name: round(found[name], 3) for name, ceiling in AT_MOST.items() if found[name] > ceiling} == {}
