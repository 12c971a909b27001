import re
import string

import pytest

from apps.chat.wording import LANGUAGES, language, say, table


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("short", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_places(short: str) -> None:
    english = table("en")
    assert table(short).keys() == english.keys()
    for name, text in table(short).items():
        assert _places(text) == _places(english[name]), name


def test_a_locale_without_a_table_is_english() -> None:
    assert language("pt-BR") == "en"
    assert say("paused", "de_AT", task=7) == "Aufgabe 7 ist angehalten."


@pytest.mark.parametrize(
    ("short", "familiar"),
    [
        ("de", r"\b(?:du|dich|dir|dein\w*)\b"),
        ("ru", r"\b(?:ты|тебя|тебе|тво[йяеи]\w*)\b"),
        ("es", r"\b(?:tú|te|tus?|puedes|tienes|puedas|di|pide|envía(?:lo|melo)?|entra|abre|obtén)\b"),
        ("fr", r"\b(?:tu|te|toi|ton|ta|tes)\b"),
    ],
)
def test_people_are_addressed_politely_throughout(short: str, familiar: str) -> None:
    assert [text for text in table(short).values() if re.search(familiar, text, re.IGNORECASE)] == []
