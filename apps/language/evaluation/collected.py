"""Sentences that people really said and that somebody has judged: whoever keeps them is named in COLLECTED_SENTENCES."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from apps.language.contract import TemplateCard
from apps.language.evaluation import rows
from apps.language.evaluation.judging import judge
from apps.language.evaluation.rows import Row

MOST_ON_PAGE = 100
"""The last ones, which are read while somebody waits: a second or two."""


def collected(keys: Iterable[str], now: datetime) -> list[Row]:
    """Those that mean one of these templates, or none. Empty where nothing is kept."""
    known = frozenset(keys)
    source = import_string(settings.COLLECTED_SENTENCES)
    lines = [json.dumps(each) for each in source() if each["template"] is None or each["template"] in known]
    return rows.read_rows(lines, known, now) if lines else []


def of_template(card: TemplateCard, others: Sequence[TemplateCard], now: datetime) -> tuple[int, int]:
    """(understood, all) of the last sentences that were really said and mean this template, beside the others."""
    cards = [card, *(other for other in others if other.key != card.key)]
    mine = [row for row in collected([each.key for each in cards], now) if row.wanted == card.key][-MOST_ON_PAGE:]
    return sum(judge(row, cards).is_solved for row in mine), len(mine)
