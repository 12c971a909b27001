"""Five tables that say the same: every sentence in every language, with the same values in it."""

import ast
import re
import string
from datetime import date
from pathlib import Path

import pytest

from apps.language import wording
from apps.language.wording.speaking import LANGUAGES, table_of

APP = Path(wording.__file__).parents[1]
NEVER = r"(?i)\b(?:please|oops|successfully|bitte|пожалуйста|por favor|s'il vous pla[iî]t|s’il vous pla[iî]t)\b|!"


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_table_has_every_sentence_with_the_same_values(language: str) -> None:
    english, table = table_of("en").sentences, table_of(language).sentences
    assert list(table) == list(english)
    assert {name: places(text) for name, text in table.items()} == {
        name: places(text) for name, text in english.items()
    }
    assert len(table_of(language).months) == 12 and len(table_of(language).weekdays) == 7
    assert table_of(language).units.keys() == table_of("en").units.keys()
    assert table_of(language).forms.keys() == table_of("en").forms.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_tone_is_plain(language: str) -> None:
    said = [text for text in table_of(language).sentences.values() if re.search(NEVER, text)]
    assert said == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_rows_begin_with_a_capital(language: str) -> None:
    labels = [text for name, text in table_of(language).sentences.items() if name.startswith("row.")]
    assert len(labels) > 5 and all(label[0].isupper() for label in labels), labels


def test_other_languages_are_no_copies() -> None:
    english = table_of("en").sentences
    for language in LANGUAGES.keys() - {"en"}:
        table = table_of(language).sentences
        same = {
            name
            for name in english
            if table[name] == english[name] and re.search(r"[a-z]{3}", places_gone(english[name]))
        }
        assert same == set(), language


def places_gone(text: str) -> str:
    return re.sub(r"\{\w+\}", "", text)


def test_every_sentence_that_is_said_exists() -> None:
    """Names that are put together ("button.…") count by their beginning."""
    said: set[str] = set()
    for path in APP.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        for call in (call for call in calls if ast.unparse(call.func) in ("say", "wording.say")):
            texts = [each.value for each in ast.walk(call.args[0]) if isinstance(each, ast.Constant)]
            said |= {text for text in texts if isinstance(text, str)}
    known = set(table_of("en").sentences)
    assert {name for name in said if name not in known and not (name.endswith(".") and any(
        each.startswith(name) for each in known))} <= {"expired", "yes", "no"}  # fmt: skip
    assert len(said) > 60


@pytest.mark.parametrize(
    ("language", "period", "number", "tasks", "duration"),
    [
        ("en", "Wed 1 January 2025 to Wed 31 December 2025", "1,234.5", "2 tasks", "2 h 5 m"),
        ("de", "Mi 1. Januar 2025 bis Mi 31. Dezember 2025", "1.234,5", "2 Aufgaben", "2 h 5 min"),
        ("ru", "ср 1 января 2025 – ср 31 декабря 2025", "1\u00a0234,5", "2 задачи", "2 ч 5 мин"),
        ("es", "mié 1 de enero de 2025 a mié 31 de diciembre de 2025", "1.234,5", "2 tareas", "2 h 5 min"),
        ("fr", "du mer 1er janvier 2025 au mer 31 décembre 2025", "1\u202f234,5", "2 tâches", "2 h 5 min"),
    ],
)
def test_dates_numbers_and_units_are_the_languages_own(
    language: str, period: str, number: str, tasks: str, duration: str
) -> None:
    with wording.speaking(language):
        assert wording.days(date(2025, 1, 1), date(2025, 12, 31)) == period
        assert wording.shown_number(1234.5) == number
        assert wording.counted(2, "task") == tasks
        assert wording.duration(7500) == duration


@pytest.mark.parametrize(
    ("count", "shown"), [(1, "1 задача"), (3, "3 задачи"), (5, "5 задач"), (12, "12 задач"), (21, "21 задача")]
)
def test_russian_counts_in_three_forms(count: int, shown: str) -> None:
    with wording.speaking("ru"):
        assert wording.counted(count, "task") == shown


def test_values_with_braces_stay_as_they_are() -> None:
    assert wording.ask_template(["{limit} {0}"]) == "Did you mean “{limit} {0}”?"


def test_english_is_spoken_where_nobody_said_otherwise_or_no_table_is_there() -> None:
    with wording.speaking("xx"):
        assert wording.spoken() == "en"
    assert wording.spoken() == "en"


def test_examples_of_commands_are_commands() -> None:
    """What the sentences tell people to say is understood."""
    from apps.language import commands
    from tests.unit.language.evaluation import message

    for language in LANGUAGES:
        table = table_of(language).sentences
        for name, text in table.items():
            if name.startswith("example."):
                found = commands.recognise(message(text))
                assert found and (found.verb, found.ids, found.language) == (
                    name.removeprefix("example."),
                    (12,),
                    language,
                )
