"""What is open ends after a quarter of an hour; nothing is too long, too odd or too much to be answered."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from apps.language.contract import Interpretation
from apps.language.conversation import AskModel, Order, Start, State
from apps.language.conversation.state import MAX_BYTES
from tests.unit.language.conversation.scene import GREETING, RUNNING, Chat, schema, world


@pytest.mark.parametrize("answer", ["yes", "last year", "1", "start", "forget it", "hmm"])
@pytest.mark.parametrize("open_", ["invoice report for last year", "invoice report"])
def test_answer_that_comes_too_late_starts_nothing_and_is_told_why(open_: str, answer: str) -> None:
    chat = Chat()
    chat.say(open_)
    chat.wait(minutes=15)
    chat.say(answer)
    assert chat.acts == () and chat.state.open is None
    assert "open for 15 minutes and has ended" in chat.text


def test_click_that_comes_too_late_starts_nothing() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    start = chat.button("Start").value
    chat.wait(minutes=16).press(start)
    assert chat.acts == () and "has ended" in chat.text


def test_answer_just_in_time_counts_and_a_new_request_needs_no_notice() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    chat.wait(minutes=14, seconds=50)
    chat.say("yes")
    assert chat.only(Start)
    chat.say("invoice report")
    chat.wait(minutes=20)
    chat.say("invoice report for 2024")
    assert len(chat.turn.replies) == 1 and chat.card.title == "Invoice report"


def test_waiting_requests_end_with_the_card() -> None:
    chat = Chat()
    chat.say("invoice report for last year; client dossier for Acme")
    chat.wait(minutes=20)
    chat.say("yes")
    assert chat.acts == () and not chat.state.waiting and chat.state.open is None


def test_last_request_can_be_repeated_the_next_day() -> None:
    chat = Chat()
    chat.say("invoice report for February 2025")
    chat.say("yes")
    chat.wait(days=1)
    chat.say("the same for March")
    assert chat.rows["Period"] == "Sat 1 March 2025 to Mon 31 March 2025"


@pytest.mark.parametrize("open_", ["", "invoice report", "invoice report for last year", "hm"])
@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "🙂", "!!!", "…", "a" * 4000, "no, " * 900, "\n" * 3000, "; " * 1500, "every Monday " * 300,
     "cancel " + "9" * 500, "no", "1" * 3000, "not " * 1000, "and then " * 440, "\u202e" * 100 + "x", "{0} {name} %s"],
)  # fmt: skip
def test_odd_text_is_answered_soon_and_starts_nothing(open_: str, text: str) -> None:
    chat = Chat()
    if open_:
        chat.say(open_)
    began = time.monotonic()
    chat.say(text)
    assert time.monotonic() - began < 5
    assert chat.turn.replies and not any(isinstance(act, Start) for act in chat.acts)


def test_message_that_is_too_long_is_refused_and_leaves_all_as_it_is() -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    chat.say("yes " + "x" * 4000)
    assert "at most 4000 characters" in chat.text and chat.acts == ()
    chat.say("yes")
    assert chat.only(Start)


def test_state_that_would_be_too_big_is_dropped_and_said() -> None:
    texts = {f"text{n}": {"type": "string", "title": f"Text {n}"} for n in range(12)}
    big = replace(GREETING, must_confirm=True, parameter_schema=schema(list(texts), **texts))
    chat = Chat(world=world(cards=[big]))
    chat.say("say hello")
    for _ in range(12):
        chat.say("x" * 3990)
        assert len(json.dumps(chat.state.to_json())) <= MAX_BYTES
    assert chat.acts == ()


@pytest.mark.parametrize(
    "kept",
    [
        None,
        {},
        {"version": 99},
        {"version": 1, "open": 3},
        {"version": 1, "open": {"kind": "card"}},
        {"version": 1, "count": "7"},
        {"version": 1, "unknown": 1},
        {"version": 1, "closed": [{"id": 1, "fate": "started"}]},
        {"version": 1, "open": {"kind": "card", "id": "a", "expires_at": "never"}},
        {"version": 1, "talked": {"0": 1}},
        [1, 2],
    ],
)
def test_state_that_cannot_be_read_is_a_fresh_one(kept: Any) -> None:
    assert State.from_json(kept) == State()


def test_model_is_asked_where_rules_do_not_know_and_its_reading_is_confirmed() -> None:
    chat = Chat(world=world(has_model=True))
    before = chat.state
    chat.say("could you welcome the new colleague Alice for me")
    assert chat.only(AskModel) and chat.turn.replies == ()
    chat.state = before
    reading = Interpretation(
        intent="start", template_key="greeting", confidence=0.99, parameters={"name": "Alice", "times": 500, "evil": 1}
    )
    chat.world = world(reading=reading)
    chat.say("could you welcome the new colleague Alice for me")
    assert chat.acts == () and chat.rows["Name"] == "Alice"
    chat.say("yes")
    assert chat.only(Start).parameters == {"name": "Alice", "times": 1, "volume": 5}


def test_model_is_not_taken_for_the_parts_of_a_message() -> None:
    reading = Interpretation(intent="start", template_key="greeting", confidence=0.99, parameters={"name": "Alice"})
    chat = Chat(world=world(reading=reading))
    chat.say("welcome Alice; and be nice")
    chat.say("yes")
    assert chat.only(Start) and chat.state.open is None and not chat.state.waiting


@pytest.mark.parametrize("key", ["secret", None])
def test_model_cannot_name_what_the_person_may_not_start(key: str | None) -> None:
    reading = Interpretation(intent="start", template_key=key, confidence=1.0, parameters={})
    chat = Chat(world=world(reading=reading))
    chat.say("could you welcome the new colleague for me")
    assert chat.acts == () and all(reply.card is None for reply in chat.turn.replies)


def test_model_that_says_nothing_leaves_the_rules_reading() -> None:
    chat = Chat(world=world(has_model=False, reading=None))
    chat.say("could you welcome the new colleague for me")
    assert chat.turn.replies and not any(isinstance(act, AskModel) for act in chat.acts)


def test_help_lists_by_category_what_this_person_may_do_and_more_shows_the_rest() -> None:
    many = [replace(GREETING, key=f"t{n}", name=f"Template {n:02}", category="lots") for n in range(11)]
    chat = Chat(world=world(cards=[GREETING, *many]))
    chat.say("help")
    assert "General" in chat.text and "Template 10" not in chat.text and "And 4 more" in chat.text
    chat.say("more")
    assert "Template 10" in chat.text and chat.state.more is None
    chat.say("more")
    assert chat.text == "That was all."


def test_more_of_a_list_of_tasks_goes_on_where_it_ended() -> None:
    chat = Chat(world=world(tasks=[RUNNING]))
    chat.say("list my tasks")
    chat.say("more")
    assert (chat.only(Order).verb, chat.only(Order).offset) == ("list", 10)
    chat.say("more")
    assert chat.only(Order).offset == 20


@pytest.mark.parametrize(
    ("text", "answer"),
    [("hello", "Hello."), ("thanks!", "You are welcome."), ("guten Morgen", "Guten Tag."), ("merci", "Avec plaisir."),
     ("спасибо", "Не за что."), ("hola", "Hola.")],
)  # fmt: skip
def test_small_talk_is_answered_in_its_language(text: str, answer: str) -> None:
    chat = Chat()
    chat.say(text)
    assert chat.text.startswith(answer) and chat.acts == ()


def test_language_stays_where_the_words_do_not_tell() -> None:
    chat = Chat()
    chat.say("Rechnungsbericht für letztes Jahr")
    assert chat.labels == ["Starten", "Ändern", "Das nicht"]
    chat.say("no, 2023")
    assert chat.labels == ["Starten", "Ändern", "Das nicht"] or chat.labels[0] == "Start"
    chat.say("2")
    assert chat.state.language in ("de", "en")
