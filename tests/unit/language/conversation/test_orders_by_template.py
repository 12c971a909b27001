"""A command that names a template in place of a task is a command: nothing is started by it."""

from dataclasses import replace

import pytest

from apps.language.contract import TemplateCard
from apps.language.conversation import KnownTask, Order
from tests.unit.language.conversation.scene import PAUSED, RUNNING, Chat, schema, world

NONE_OPEN = {
    "pause the invoice report": "No task “Invoice report” of yours is open.",
    "please stop my invoice report for last year": "No task “Invoice report” of yours is open.",
    "how is the invoice report going?": "No task “Invoice report” of yours is open.",
    "why is the invoice report not running": "No task “Invoice report” of yours is open.",
    "tell me when the invoice report is done": "No task “Invoice report” of yours is open.",
    "pausiere den Rechnungsbericht": "Von Ihnen ist keine Aufgabe „Invoice report“ offen.",
    "приостанови отчёт по счетам": "У вас нет открытой задачи «Invoice report».",
    "pausa el informe de facturas": "No tiene ninguna tarea «Invoice report» abierta.",
    "suspends le rapport de factures": "Vous n’avez aucune tâche « Invoice report » ouverte.",
}


@pytest.mark.parametrize("text", NONE_OPEN)
def test_without_such_a_task_that_is_said_and_nothing_is_asked(text: str) -> None:
    chat = Chat(world=world(tasks=[PAUSED]))
    chat.say(text)
    assert chat.text.startswith(NONE_OPEN[text]) and "invoice report for last year" in chat.text
    assert chat.acts == () and chat.state.open is None


@pytest.mark.parametrize(
    "text", ["pausiere den Rechnungsbericht", "приостанови отчёт по счетам", "pause the invoice report"]
)
def test_task_is_found_by_its_template_in_any_language(text: str) -> None:
    chat = Chat(world=world(tasks=[PAUSED, RUNNING]))
    chat.say(text)
    order = chat.only(Order)
    assert (order.verb, tuple(order.task_ids)) == ("pause", (7,))


def test_which_of_several_of_a_template_is_asked() -> None:
    chat = Chat(world=world(tasks=[RUNNING, KnownTask(id=8, title="Invoice report 2024", status="running")]))
    chat.say("pausiere den Rechnungsbericht")
    assert chat.labels == ["7 Invoice report 2025", "8 Invoice report 2024"]


def test_question_in_between_stays_open() -> None:
    chat = Chat()
    chat.say("client dossier for Northwind")
    before = chat.state.open
    chat.say("pause the invoice report")
    assert chat.text.startswith("No task “Invoice report”") and chat.state.open == before


@pytest.mark.parametrize("text", ["cancel the order 4711", "storniere die Bestellung 4711"])
def test_verb_of_a_template_is_no_command(text: str) -> None:
    order = TemplateCard(
        key="cancel", name="Cancel order", patterns=[r"(?i)^cancel the order", r"(?i)^storniere die bestellung"],
        keywords=["cancel", "order"], examples=["cancel the order 12"], must_confirm=True,
        parameter_schema=schema([], order={"type": "integer", "title": "Order"}),
    )  # fmt: skip
    chat = Chat(world=world(cards=[order, replace(order, key="other", name="Order", patterns=[])]))
    chat.say(text)
    assert chat.card.title == "Cancel order"


@pytest.mark.parametrize("text", ["end of month invoice report", "hold an invoice report for last year"])
def test_words_that_only_look_like_a_verb_ask_for_the_template(text: str) -> None:
    chat = Chat()
    chat.say(text)
    assert "No task" not in chat.text and "Invoice report" in chat.text + str(chat.labels) + str(chat.reply.card)
