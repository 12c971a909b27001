"""What is missing is asked one by one, with choices; what is no answer is asked once more, then a way out is offered."""

from dataclasses import replace

import pytest

from apps.language.contract import TemplateCard
from apps.language.conversation import Learn, Start
from tests.unit.language.conversation.scene import PERIOD, REPORT, RUNNING, Chat, schema, world

FORM = TemplateCard(
    key="form", name="Order form", patterns=[r"(?i)^order form"], keywords=["order", "form"], examples=["order form"],
    parameter_schema=schema(
        ["who", "size", "count", "gift", "colours", "period"],
        who={"type": "string", "title": "Who"},
        size={"type": "string", "title": "Size", "enum": ["small", "large"]},
        count={"type": "integer", "title": "Count", "minimum": 1, "maximum": 9},
        gift={"type": "boolean", "title": "Gift"},
        colours={"type": "array", "title": "Colours", "items": {"type": "string", "enum": ["red", "green", "blue"]}},
        period=PERIOD,
        note={"type": "string", "title": "Note"},
    ),
)  # fmt: skip


def test_missing_values_are_asked_in_the_schemas_order_and_no_others() -> None:
    chat = Chat(world=world(cards=[FORM]))
    asked = []
    chat.say("order form")
    for answer in ("the whole team", "2", "3", "yes", "1, 3", "last year"):
        assert chat.state.open and chat.state.open.question
        asked.append(chat.state.open.question.path)
        chat.say(answer)
    assert asked == ["who", "size", "count", "gift", "colours", "period"]
    assert chat.only(Start)


def answered(*answers: str) -> Chat:
    chat = Chat(world=world(cards=[FORM]))
    chat.say("order form")
    for _ in answers:
        path = chat.state.open.question.path if chat.state.open and chat.state.open.question else ""
        by_path = dict(each.split("=", 1) for each in answers)
        chat.say(by_path[path])
    return chat


def test_every_type_of_value_can_be_answered() -> None:
    chat = answered("who=the whole team", "size=2", "count=3", "gift=ja", "colours=1, 3", "period=last year")
    assert chat.only(Start).parameters == {
        "who": "the whole team",
        "size": "large",
        "count": 3,
        "gift": True,
        "colours": ["red", "blue"],
        "period": {"start": "2025-01-01", "end": "2025-12-31"},
    }


def test_choices_are_buttons() -> None:
    narrow = replace(FORM, parameter_schema=schema(["size"], size=FORM.parameter_schema["properties"]["size"]))
    for how in ("click", "2", "large", "LARGE", "“large”"):
        chat = Chat(world=world(cards=[narrow]))
        chat.say("order form")
        assert chat.labels == ["small", "large"]
        if how == "click":
            chat.click("large")
        else:
            chat.say(how)
        assert chat.only(Start).parameters == {"size": "large"}


def test_what_is_no_answer_is_asked_again_and_then_a_way_out_is_offered() -> None:
    chat = Chat()
    chat.say("invoice report")
    chat.say("hmm tja")
    assert "did not understand" in chat.text and "which period" in chat.text and chat.labels == []
    chat.say("hmm tja")
    assert "forget it" in chat.text and chat.labels == ["Forget it"]
    chat.click("Forget it")
    assert chat.text == "Dropped. Nothing was started." and chat.state.open is None


FORGET = {
    "en": ("forget it", "never mind", "cancel"),
    "de": ("vergiss es", "abbrechen", "lass es"),
    "ru": ("отмена", "забудь", "не надо уже"),
    "es": ("olvídalo", "cancela", "déjalo"),
    "fr": ("laisse tomber", "annule", "oublie"),
}


@pytest.mark.parametrize("text", [text for texts in FORGET.values() for text in texts if text != "не надо уже"])
@pytest.mark.parametrize("open_", ["invoice report", "invoice report for last year", "something with reports"])
def test_forget_it_ends_whatever_is_open(text: str, open_: str) -> None:
    chat = Chat()
    chat.say(open_)
    chat.say(text)
    assert chat.state.open is None and chat.acts == () and len(chat.turn.replies) == 1


def test_refused_value_is_asked_again_in_the_schemas_words() -> None:
    chat = Chat(world=world(cards=[replace(FORM, parameter_schema=schema(["count"], count={
        "type": "integer", "title": "Count", "minimum": 1, "maximum": 9}))]))  # fmt: skip
    chat.say("order form")
    chat.say("99")
    assert "Give 9 or less" in chat.text and chat.acts == ()
    chat.say("7")
    assert chat.only(Start).parameters == {"count": 7}


def test_twelve_questions_are_enough() -> None:
    chat = Chat(world=world(cards=[replace(FORM, parameter_schema=schema(["count"], count={
        "type": "integer", "title": "Count", "minimum": 1, "maximum": 9}))]))  # fmt: skip
    chat.say("order form")
    for _ in range(12):
        chat.say("99")
    assert "asked 12 questions" in chat.text and chat.state.open is None


def test_new_clear_request_takes_the_place_of_a_question_and_says_so() -> None:
    chat = Chat()
    chat.say("invoice report")
    chat.say("say hello to Alice")
    assert chat.text.startswith("I leave “Invoice report” and take this instead.")
    assert chat.only(Start).template_key == "greeting"


def test_new_clear_request_is_no_text_for_a_question() -> None:
    chat = Chat(world=world(cards=[replace(FORM, parameter_schema=schema(["who"], who={"type": "string"})), REPORT]))
    chat.say("order form")
    chat.say("invoice report for last year")
    assert chat.card.title == "Invoice report"


def test_command_in_between_leaves_the_question_open() -> None:
    chat = Chat()
    chat.say("invoice report")
    chat.say("list my tasks")
    assert [type(act).__name__ for act in chat.acts] == ["Order"]
    chat.say("last year")
    assert chat.card.title == "Invoice report"


def test_command_that_asks_takes_the_place_of_a_question_and_says_so() -> None:
    chat = Chat(world=world(tasks=[RUNNING]))
    chat.say("invoice report for last year")
    start = chat.button("Start").value
    chat.say("cancel task 7")
    assert chat.text.startswith("I leave “Invoice report”") and "Cancel task 7" in chat.text
    chat.press(start)
    assert chat.acts == () and "out of date" in chat.text


def test_unclear_sentence_offers_templates_and_a_click_teaches() -> None:
    chat = Chat()
    chat.say("something about reports for last month")
    assert "Invoice report" in chat.labels and chat.labels[-1] == "None of these"
    chat.click("Invoice report")
    (learn,) = chat.acts
    assert isinstance(learn, Learn)
    assert (learn.text, learn.template_key) == ("something about reports for last month", "report")
    assert chat.rows["Period"] == "Thu 1 October 2026 to Sat 31 October 2026"


def test_none_of_these_teaches_too() -> None:
    chat = Chat()
    chat.say("something about reports for last month")
    chat.say("none of these")
    (learn,) = chat.acts
    assert isinstance(learn, Learn) and learn.template_key is None
    assert "other words" in chat.text and chat.state.open is None


def test_date_that_can_be_two_is_asked_before_the_card() -> None:
    chat = Chat()
    chat.say("invoice report for 03/04/2024")
    assert "day first or month first" in chat.text and len(chat.labels) == 2
    chat.say("2")
    assert chat.rows["Period"] == "Mon 4 March 2024"


def test_impossible_day_is_asked() -> None:
    chat = Chat()
    chat.say("invoice report for 31 February 2025")
    assert "no date that exists" in chat.text and chat.acts == ()


def test_name_that_could_be_two_is_asked_and_one_that_is_none_too() -> None:
    chat = Chat()
    chat.say("client dossier for Northwind")
    assert chat.labels == ["Northwind Trading, Oslo", "Northwind Energy, Graz", "Both, two tasks"]
    chat.click("Northwind Energy, Graz")
    assert chat.rows["Client"] == "Northwind Energy, Graz"
    chat.say("forget it")
    chat.say("client dossier for Umbrella")
    assert "I find nothing named “Umbrella”" in chat.text
    chat.say("Acme")
    assert chat.rows["Client"] == "Acme"


def test_name_that_is_asked_takes_no_other_talk() -> None:
    chat = Chat()
    chat.say("client dossier for Northwind")
    for text in ("yes", "change", "hm"):
        chat.say(text)
        assert chat.acts == ()
        assert f"nothing named “{text}”" in chat.text or "still do not understand" in chat.text
        assert chat.labels[:2] == ["Northwind Trading, Oslo", "Northwind Energy, Graz"]
    chat.say("no, for Acme")
    assert chat.rows["Client"] == "Acme"
    chat.say("not this")
    chat.say("client dossier for Northwind")
    chat.say("forget it")
    assert chat.state.open is None


def test_only_the_persons_templates_are_offered() -> None:
    chat = Chat(world=world(cards=[]))
    chat.say("invoice report for last year")
    assert "Invoice report" not in chat.text and "nothing that you may start" in chat.text


COUNTED = replace(
    REPORT,
    parameter_schema=schema(
        ["period"],
        period=PERIOD,
        most={"type": "integer", "title": "At most", "default": 200},
        format={"type": "string", "title": "Format", "enum": ["pdf", "csv"], "default": "pdf"},
    ),
)


@pytest.mark.parametrize("answer", ["42", "1000", "-3"])
def test_bare_number_that_answers_nothing_becomes_no_other_value(answer: str) -> None:
    chat = Chat(world=world(cards=[COUNTED]))
    chat.say("invoice report")
    chat.say(answer)
    assert "did not understand" in chat.text and "which period" in chat.text
    chat.say("last year")
    assert chat.rows["At most"] == "200"


def test_value_that_was_not_asked_for_is_taken_and_told_before_the_question() -> None:
    chat = Chat(world=world(cards=[COUNTED]))
    chat.say("invoice report")
    chat.say("as csv")
    assert "Format: csv." in chat.text and "which period" in chat.text
    chat.say("last year")
    assert chat.rows["Format"] == "csv"
