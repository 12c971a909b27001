"""The same rules with another table: German phrases on Saturday 2026-11-21."""

from datetime import date

import pytest

from apps.language.dates import Context, find

CONTEXT = Context(today=date(2026, 11, 21), locale="de-DE")

PERIODS = """
letztes Jahr | 2025-01-01 | 2025-12-31
im letzten Jahr | 2025-01-01 | 2025-12-31
dieses Jahr | 2026-01-01 | 2026-12-31
im Vorjahr | 2025-01-01 | 2025-12-31
im Vormonat | 2026-10-01 | 2026-10-31
letzten Monat | 2026-10-01 | 2026-10-31
laufender Monat | 2026-11-01 | 2026-11-30
letztes Quartal | 2026-07-01 | 2026-09-30
letzte Woche | 2026-11-09 | 2026-11-15
nächste Woche | 2026-11-23 | 2026-11-29
die letzten 7 Tage | 2026-11-15 | 2026-11-21
die letzten drei Monate | 2026-08-01 | 2026-10-31
Q3 2024 | 2024-07-01 | 2024-09-30
3. Quartal 2024 | 2024-07-01 | 2024-09-30
drittes Quartal 2024 | 2024-07-01 | 2024-09-30
erstes Halbjahr 2025 | 2025-01-01 | 2025-06-30
im zweiten Halbjahr 2025 | 2025-07-01 | 2025-12-31
im Jahr 2024 | 2024-01-01 | 2024-12-31
2024 | 2024-01-01 | 2024-12-31
März 2024 | 2024-03-01 | 2024-03-31
im Mai | 2026-05-01 | 2026-05-31
März letzten Jahres | 2025-03-01 | 2025-03-31
von März bis Mai | 2026-03-01 | 2026-05-31
von März bis Mai 2025 | 2025-03-01 | 2025-05-31
zwischen März und Mai 2025 | 2025-03-01 | 2025-05-31
5. März 2025 | 2025-03-05 | 2025-03-05
5.3.2025 | 2025-03-05 | 2025-03-05
vom 5. bis 12. März 2025 | 2025-03-05 | 2025-03-12
zwischen dem 5. und 12. März 2025 | 2025-03-05 | 2025-03-12
1. Januar 2025 bis 31. März 2025 | 2025-01-01 | 2025-03-31
01.01.2025 - 31.03.2025 | 2025-01-01 | 2025-03-31
seit dem 1. Februar 2024 | 2024-02-01 | 2026-11-21
seit März | 2026-03-01 | 2026-11-21
seit Jahresbeginn | 2026-01-01 | 2026-11-21
bis Ende Juni | - | 2026-06-30
vor März 2025 | - | 2025-02-28
gestern | 2026-11-20 | 2026-11-20
vor 3 Tagen | 2026-11-18 | 2026-11-18
letzten Freitag | 2026-11-20 | 2026-11-20
KW 12 2025 | 2025-03-17 | 2025-03-23
Bitte den Rechnungsbericht für das letzte Jahr | 2025-01-01 | 2025-12-31
Umsatz im 1. Quartal 2025 nach Monaten | 2025-01-01 | 2025-03-31
"""


@pytest.mark.parametrize("row", PERIODS.strip().splitlines())
def test_german_phrase_means_these_days(row: str) -> None:
    phrase, first, last = (cell.strip() for cell in row.split("|"))
    found = [each.period for each in find(phrase, CONTEXT) if each.period]
    assert [(str(period.start) if period.start else "-", str(period.last)) for period in found] == [(first, last)]


@pytest.mark.parametrize(
    "sentence",
    [
        "so ist es",
        "Do it",
        "mach mir einen Bericht",
        "die Rechnung 2024 ist falsch",
        "vor allem",
        "das letzte Mal",
        "jeden Monat",
        "der erste Kunde",
    ],
)
def test_ordinary_german_sentence_names_no_period(sentence: str) -> None:
    assert find(sentence, CONTEXT) == []
