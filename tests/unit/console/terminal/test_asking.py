"""A sentence becomes something that can be done; what is open is asked, and never guessed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from apps.console.terminal import asking
from apps.console.terminal.asking import Conversation, Unanswered
from apps.language.contract import Interpretation, Message, OpenTask, Question, TemplateCard
from tests.making import template

PERIOD = {
    "type": "object",
    "properties": {
        "start": {"type": "string", "format": "date"},
        "end": {"type": "string", "format": "date", "x-not-before": "start"},
    },
    "required": ["start", "end"],
    "additionalProperties": False,
}


def schema(required: list[str], **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


REPORT = TemplateCard(
    key="report", name="Invoice report", patterns=["(?i)invoice report"], keywords=["invoice", "report"],
    examples=["Generate the invoice report for last year"],
    parameter_schema=schema(["period"], period=PERIOD, format={"type": "string", "enum": ["long", "short"],
                                                               "default": "long"}),
)  # fmt: skip
GREETING = TemplateCard(
    key="greeting", name="Greeting", patterns=["(?i)^greet"], keywords=["greet"], examples=["Greet Alice twice"],
    parameter_schema=schema(
        ["who", "times", "loud"],
        who={"type": "string", "title": "Who"},
        times={"type": "integer", "title": "Times", "minimum": 1, "maximum": 9},
        loud={"type": "boolean", "title": "Loud"},
    ),
)  # fmt: skip
CARDS = [REPORT, GREETING]


def ask(
    text: str, *answers: str | None, open_tasks: tuple[OpenTask, ...] = ()
) -> tuple[Interpretation, list[Question]]:
    """The settled interpretation, and the questions that were put on the way."""
    left, put = list(answers), []

    def answer(question: Question, wrong: str) -> str | None:
        put.append(question)
        return left.pop(0) if left else None

    said = Message(
        text=text, today=date(2026, 11, 21), now=datetime(2026, 11, 21, 9, tzinfo=UTC), open_tasks=open_tasks
    )
    found = Conversation(said=said, cards=CARDS, answer=answer).settle()
    assert not left, "not every answer was asked for"
    return found, put


def test_a_whole_sentence_needs_no_answer_and_gets_its_defaults() -> None:
    found, put = ask("Generate the invoice report for last year")
    assert put == []
    assert found.parameters == {"period": {"start": "2025-01-01", "end": "2025-12-31"}, "format": "long"}
    assert "format" not in found.sources


def test_template_that_a_person_chose_is_not_asked_again() -> None:
    found, put = ask("How do I make an invoice report for last year?", "1")
    assert ([question.path for question in put], found.template_key) == (["template"], "report")
    assert found.parameters["period"] == {"start": "2025-01-01", "end": "2025-12-31"}


def test_what_is_missing_is_asked_and_read() -> None:
    found, put = ask("invoice report", "the last quarter, please")
    assert [question.path for question in put] == ["period"]
    assert found.parameters["period"] == {"start": "2026-07-01", "end": "2026-09-30"}
    assert found.sources["period"] == "the last quarter, please"


def test_every_type_of_missing_value_can_be_typed() -> None:
    found, put = ask("Greet", "the whole team", "3", "yes")
    assert [question.path for question in put] == ["who", "times", "loud"]
    assert found.parameters == {"who": "the whole team", "times": 3, "loud": True}


def test_a_value_that_the_schema_refuses_is_asked_for_again() -> None:
    found, put = ask("Greet", "Bob", "99", "no", "2")
    assert [question.path for question in put][-1] == "times"
    assert found.parameters == {"who": "Bob", "times": 2, "loud": False}


def test_an_answer_that_is_not_understood_is_asked_for_again_and_then_given_up() -> None:
    _, put = ask("Greet", "Bob", "many", "2", "yes")
    assert [question.path for question in put] == ["who", "times", "times", "loud"]
    with pytest.raises(Unanswered):
        ask("Greet", "Bob", "many", "very many", "lots")


def test_the_template_is_chosen_by_number_or_name_and_the_sentence_is_kept() -> None:
    with pytest.raises(Unanswered) as asked:
        ask("something with last month")
    labels = [choice.label for choice in asked.value.questions[0].choices]
    for answer in (str(labels.index("Invoice report") + 1), "invoice REPORT"):
        found, put = ask("something with last month", answer)
        assert put[0].path == "template"
        assert found.template_key == "report"
        assert found.parameters["period"] == {"start": "2026-10-01", "end": "2026-10-31"}


def test_a_date_that_can_be_two_is_confirmed() -> None:
    found, put = ask("invoice report for 03/04/2024", "2")
    assert "day first or month first" in put[0].text and len(put[0].choices) == 2
    assert found.parameters["period"] == {"start": "2024-03-04", "end": "2024-03-04"}
    assert found.sources["period"] == put[0].choices[1].label


def test_an_answer_that_can_be_two_is_confirmed_too() -> None:
    found, put = ask("invoice report", "03/04/2024", "1")
    assert [question.path for question in put] == ["period", "period"]
    assert found.parameters["period"] == {"start": "2024-04-03", "end": "2024-04-03"}


def test_which_task_is_meant_is_asked() -> None:
    tasks = (OpenTask(id=7, title="one"), OpenTask(id=8, title="two"))
    for answer, expected in (("2", 8), ("12", 12)):
        found, put = ask("stop it", answer, open_tasks=tasks)
        assert put[0].path == "task_id"
        assert found.command is not None and (found.command.verb, found.command.task_id) == ("cancel", expected)


@pytest.mark.parametrize(
    "text", ["invoice report", "Greet", "something", "", "stop it", "invoice report for 03/04/2024"]
)
def test_where_nobody_can_be_asked_the_questions_are_given_back(text: str) -> None:
    with pytest.raises(Unanswered) as refused:
        ask(text)
    assert refused.value.questions and all(question.text for question in refused.value.questions)


def test_an_endless_conversation_ends() -> None:
    with pytest.raises(Unanswered):
        ask("Greet", "Bob", *["99", "yes", *["99"] * 30])


@pytest.mark.django_db
def test_templates_are_offered_to_those_who_may_use_their_tools(alice: User, charlie: User) -> None:
    template("import crm\ndef run(params): return crm.clients()", alice, key="clients_list")
    template("def run(params): return 1", alice, key="plain")
    charlie.user_permissions.add(Permission.objects.get(codename="run_tasktemplate"))
    assert [card.key for card in asking.cards(User.objects.get(pk=charlie.pk))] == ["plain"]
    assert {card.key for card in asking.cards(alice)} >= {"clients_list", "plain"}
