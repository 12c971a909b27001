"""The phrases of `phrases/` are a floor that may only rise; so are sentences of more than one language and times."""

import time
from datetime import date

import pytest

from apps.language.dates import Context, find
from tests.unit.language.phrases import LANGUAGES, TODAY, false_finds, outcomes, said

KNOWN_FALSE_FINDS = {"the today show would be nice to cancel"}
"""A name that holds a word for a day: nothing in the words tells."""


@pytest.mark.parametrize("is_heldout", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_read_and_none_is_silently_wrong(language: str, is_heldout: bool) -> None:
    judged = list(outcomes(language, is_heldout=is_heldout))
    assert [each for each in judged if not each.is_exact] == []
    assert len(judged) >= (20 if is_heldout else 40)


@pytest.mark.parametrize("is_heldout", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_language_is_seen_in_the_words_and_not_taken_from_the_locale(language: str, is_heldout: bool) -> None:
    judged = list(outcomes(language, is_heldout=is_heldout, locale="en"))
    assert [each for each in judged if each.is_silently_wrong] == []
    assert sum(each.is_exact for each in judged) >= 0.9 * len(judged)


@pytest.mark.parametrize("is_heldout", [False, True])
def test_sentences_without_a_date_name_none(is_heldout: bool) -> None:
    assert [text for _, text, _ in false_finds(is_heldout=is_heldout) if text not in KNOWN_FALSE_FINDS] == []


@pytest.mark.parametrize(
    ("locale", "text", "meaning"),
    [
        ("en", "Rechnungsbericht for last quarter", "2026-07-01..2026-09-30"),
        ("de", "Invoice report für letztes Quartal", "2026-07-01..2026-09-30"),
        ("en", "отчёт за last month", "2026-10-01..2026-10-31"),
        ("de", "report für last März 2025", "2025-03-01..2025-03-31"),
        ("en", "informe de mars 2025", "2025-03-01..2025-03-31"),
        ("fr", "report for yesterday", "2026-11-20..2026-11-20"),
        ("ru", "report за Q3 2024", "2024-07-01..2024-09-30"),
    ],
)
def test_one_sentence_may_mix_languages(locale: str, text: str, meaning: str) -> None:
    assert [said(each) for each in find(text, Context(today=TODAY, locale=locale))] == [meaning]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("tomorrow at 3", "half_day"),
        ("demain à 3h", "half_day"),
        ("morgen um 3 Uhr", "half_day"),
        ("завтра в 3 часа", "half_day"),
        ("mañana a las 3", "half_day"),
        ("in two weeks", "which_day"),
        ("за 9 месяцев 2025 года", "vague"),
    ],
)
def test_what_can_be_meant_otherwise_is_asked_in_every_language(text: str, kind: str) -> None:
    (found,) = find(text, Context(today=TODAY))
    assert kind in [note.kind for note in found.notes]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("vom 5. bis 12.03.2025", "2025-03-05..2025-03-12"),
        ("05.03–12.03.2025", "2025-03-05..2025-03-12"),
        ("01.02.-15.02.2025", "2025-02-01..2025-02-15"),
        ("5/3 - 25/3/2025", "2025-03-05..2025-03-25"),
        ("meeting from 9:00 to 10:30 on 3 December 2026", "2026-12-03..2026-12-03@09:00@10:30"),
        ("de 9h à 10h30 le 3 décembre 2026", "2026-12-03..2026-12-03@09:00@10:30"),
        ("am 3. Dezember 2026 von 9 bis 10 Uhr", "2026-12-03..2026-12-03@09:00@10:00"),
        ("les trois premiers mois de 2025", "2025-01-01..2025-03-31"),
        ("los dos primeros trimestres de 2025", "2025-01-01..2025-06-30"),
        ("la primera quincena de marzo de 2025", "2025-03-01..2025-03-15"),
        ("вторая половина марта 2025", "2025-03-16..2025-03-31"),
        ("первые 9 месяцев 2025 года", "2025-01-01..2025-09-30"),
    ],
)
def test_both_ends_are_read(text: str, meaning: str) -> None:
    assert [said(each) for each in find(text, Context(today=TODAY))] == [meaning]


def test_reading_a_message_costs_little_time() -> None:
    """Processor time, and ten times what was measured, so that only a change of kind fails here."""
    text = "Please give me the revenue for Q3 2024, and remind me on 3 December 2026 at 9:30 about last month"
    context = Context(today=date(2026, 11, 21))
    find(text, context)
    began = time.process_time()
    for _ in range(20):
        find(text, context)
    assert (time.process_time() - began) / 20 < 0.03
