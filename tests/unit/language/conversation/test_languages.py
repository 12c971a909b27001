"""In which language a message is answered."""

import pytest

from tests.unit.language.conversation.scene import Chat


@pytest.mark.parametrize(
    ("settled", "text", "answered"),
    [
        ("de", "du bist dumm", "Das habe ich nicht verstanden"),
        ("de", "rapport de factures du 3 au 5 mars 2025", "J’ai compris"),
        ("fr", "Rechnungsbericht für März 2025", "Verstanden"),
    ],
)
def test_one_word_that_another_language_has_too_does_not_change_the_language(
    settled: str, text: str, answered: str
) -> None:
    chat = Chat(locale=settled)
    chat.say(text)
    said = f"{chat.text} {chat.reply.card.heading if chat.reply.card else ''}"
    assert answered in said


def test_what_a_card_notes_is_in_the_language_that_is_spoken_when_it_is_shown() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    chat.say("yes")
    chat.say("no, 2023")
    assert list(chat.card.notes) == ["The task that was started before goes on beside it."]
    chat.say("hola")
    assert list(chat.card.notes) == ["La tarea que se inició antes sigue al lado."]
