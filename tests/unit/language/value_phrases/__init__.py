"""Sentences in five languages with a value each, and what it is. One line: `language | place | sentence | value`.

`-` where nothing may be read, `?` where it must be asked, whatever was read first. Money may carry its currency: `1200.5`.
The sentences were written before they were read for the first time.

`python -m tests.unit.language.value_phrases` prints the score.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from apps.language.dates import Context, find
from apps.language.parameters import read

TODAY, NOW = date(2026, 11, 21), datetime(2026, 11, 21, 10, 0)
FILE = Path(__file__).parent / "sentences.txt"
PLACES: dict[str, dict[str, Any]] = {
    "amount": {"type": "number", "x-quantity": "money", "x-names": ["betrag", "сумма", "importe", "montant"]},
    "share": {"type": "number", "x-quantity": "percent", "x-names": ["rabatt", "скидка", "descuento", "remise"]},
    "copies": {
        "type": "integer",
        "x-names": ["kopien", "копии", "копий", "copias", "copies", "exemplaires", "exemplare", "экземпляров"],
    },
    "delay": {"type": "string", "x-quantity": "duration", "x-names": ["frist", "отсрочка", "plazo", "délai"]},
    "details": {"type": "boolean", "x-names": ["einzelheiten", "подробности", "detalles", "détails"]},
    "status": {
        "type": "string",
        "enum": ["paid", "unpaid", "overdue"],
        "x-synonyms": {
            "paid": ["bezahlt", "bezahlte", "оплаченные", "pagadas", "payées", "settled"],
            "unpaid": ["offen", "offene", "неоплаченные", "impagadas", "impayées", "open"],
            "overdue": ["überfällig", "überfällige", "просроченные", "vencidas", "en retard"],
        },
    },
    "regions": {
        "type": "array",
        "items": {
            "type": "string",
            "enum": ["north", "south", "west"],
            "x-synonyms": {
                "north": ["norden", "север", "norte", "nord"],
                "south": ["süden", "юг", "sur", "sud"],
                "west": ["westen", "запад", "oeste", "ouest"],
            },
        },
    },
    "recipient": {"type": "string", "format": "email"},
    "client": {"type": "string", "x-after": ["client", "kunden", "клиента", "cliente", "für", "for", "para", "pour"]},
}


@dataclass(frozen=True)
class Judged:
    language: str
    place: str
    sentence: str
    wanted: str
    got: str

    @property
    def is_right(self) -> bool:
        return self.got == self.wanted or (self.wanted == "?" and self.got.startswith("?"))


def judged() -> Iterator[Judged]:
    for line in FILE.read_text().splitlines():
        language, place, sentence, wanted = (cell.strip() for cell in line.split(" | "))
        yield Judged(language, place, sentence, wanted, said(language, place, sentence))


def said(language: str, place: str, sentence: str) -> str:
    schema = {"type": "object", "properties": {place: PLACES[place]}}
    found = find(sentence, Context(today=TODAY, now=NOW, locale=language))
    values = read(sentence, schema, found, language)
    if values.questions or any(each.must_confirm for each in values.ambiguities):
        return "?" + ", ".join(str(choice.value) for question in values.questions for choice in question.choices)
    value = values.parameters.get(place)
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value)
