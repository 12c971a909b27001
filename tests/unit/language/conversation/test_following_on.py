""" "The same for March": the last confirmed request with that changed, and always confirmed."""

import pytest

from apps.language.conversation import Start
from tests.unit.language.conversation.scene import Chat

# said after the invoice report of February 2025, as csv | period | format
AFTER = """
the same for March | 2025-03-01 2025-03-31 | csv
do the same for March | 2025-03-01 2025-03-31 | csv
same again for April | 2025-04-01 2025-04-30 | csv
again for April | 2025-04-01 2025-04-30 | csv
and for 2024 | 2024-02-01 2024-02-29 | csv
the same as pdf | 2025-02-01 2025-02-28 | pdf
the same for last year as pdf | 2025-01-01 2025-12-31 | pdf
the same | 2025-02-01 2025-02-28 | csv
once more | 2025-02-01 2025-02-28 | csv
only for March | 2025-03-01 2025-03-31 | csv
what about March | 2025-03-01 2025-03-31 | csv
last month | 2026-10-01 2026-10-31 | csv
dasselbe für März | 2025-03-01 2025-03-31 | csv
nochmal für April | 2025-04-01 2025-04-30 | csv
das gleiche für letztes Jahr | 2025-01-01 2025-12-31 | csv
und für März | 2025-03-01 2025-03-31 | csv
то же самое за март | 2025-03-01 2025-03-31 | csv
ещё раз за апрель | 2025-04-01 2025-04-30 | csv
а за прошлый год | 2025-01-01 2025-12-31 | csv
lo mismo para marzo | 2025-03-01 2025-03-31 | csv
otra vez para abril | 2025-04-01 2025-04-30 | csv
y para el año pasado | 2025-01-01 2025-12-31 | csv
la même chose pour mars | 2025-03-01 2025-03-31 | csv
encore une fois pour avril | 2025-04-01 2025-04-30 | csv
et pour l'année dernière | 2025-01-01 2025-12-31 | csv
no, 2024 | 2024-02-01 2024-02-29 | csv
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def reported() -> Chat:
    chat = Chat()
    chat.say("invoice report for February 2025 as csv")
    chat.say("yes")
    assert chat.only(Start)
    return chat


@pytest.mark.parametrize(("said", "period", "format"), rows(AFTER))
def test_last_request_is_repeated_with_what_was_said(said: str, period: str, format: str) -> None:
    chat = reported()
    chat.say(said)
    assert chat.acts == () and chat.card.title == "Invoice report", chat.text
    chat.say("yes")
    start, end = period.split()
    assert chat.only(Start).parameters["period"] == {"start": start, "end": end}
    assert chat.only(Start).parameters["format"] == format


def test_list_and_format_follow_on_together() -> None:
    chat = reported()
    chat.say("only overdue ones, as pdf")
    assert (chat.rows["Statuses"], chat.rows["Format"]) == ("overdue", "pdf")
    assert {row.label: row.source for row in chat.card.rows}["Period"] == "as before"


def test_name_follows_on_where_the_template_has_one() -> None:
    chat = Chat()
    chat.say("client dossier for Acme")
    chat.say("yes")
    chat.say("and for Beta")
    assert chat.rows["Client"] == "Beta"
    chat.say("yes")
    chat.say("do the same for northwind")
    assert chat.labels == ["Northwind Trading, Oslo", "Northwind Energy, Graz", "Both, two tasks"]


def test_harmless_template_is_confirmed_too() -> None:
    chat = Chat()
    chat.say("say hello to Alice")
    chat.say("the same to Bob")
    assert chat.acts == () and chat.rows["Name"] == "Bob"


def test_what_has_no_place_is_said_and_not_left_out_silently() -> None:
    chat = reported()
    chat.say("the same for Northwind")
    assert "I could not place “Northwind”. It changes nothing." in (*chat.card.notes, chat.text)


def test_request_of_its_own_is_no_follow_up() -> None:
    chat = reported()
    chat.say("and say hello to Bob")
    assert chat.only(Start).template_key == "greeting"


def test_nothing_to_repeat_is_said() -> None:
    chat = Chat()
    chat.say("the same for March")
    assert chat.text == "There is nothing yet that I could do the same way." and chat.acts == ()


def test_what_was_only_shown_is_not_repeated() -> None:
    chat = Chat()
    chat.say("invoice report for February 2025")
    chat.say("not this")
    chat.say("the same for March")
    assert "nothing yet" in chat.text


def test_correction_after_the_start_says_that_the_first_goes_on() -> None:
    chat = reported()
    chat.say("no, 2024")
    assert "goes on beside it" in chat.card.notes[0]


@pytest.mark.parametrize("text", ["and the weather in March", "only you", "what about lunch", "then what"])
def test_other_talk_starts_nothing(text: str) -> None:
    chat = reported()
    chat.say(text)
    assert chat.acts == () and all(reply.card is None for reply in chat.turn.replies)
