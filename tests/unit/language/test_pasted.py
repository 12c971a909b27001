"""Lines below a sentence are values of the parameter that takes lines, and nothing else."""

import pytest

from apps.catalog import transfer
from apps.catalog.management.commands.load_templates import SHIPPED
from apps.language import pasted
from apps.language.contract import Interpretation, TemplateCard
from apps.language.understanding import understand
from tests.unit.language.evaluation import INVOICES, message


def card() -> TemplateCard:
    file = transfer.read(SHIPPED / "bulk_translation_v1")
    triggers = file.definition.triggers
    return TemplateCard(
        key=file.key,
        name=file.metadata["name"],
        parameter_schema=file.definition.parameter_schema,
        must_confirm=True,
        **{name: tuple(triggers[name]) for name in ("patterns", "keywords", "contexts", "examples")},
    )


CARD = card()


def read(text: str) -> Interpretation:
    return understand(message(text), [CARD, INVOICES])


@pytest.mark.parametrize(
    ("text", "source", "languages", "messages"),
    [
        ("translate these messages into German and French:\nHello\nBye", None, ["German", "French"], ["Hello", "Bye"]),
        (
            "Translate the strings from German to English:\na = Ja\nb = Nein",
            "German",
            ["English"],
            ["a = Ja", "b = Nein"],
        ),
        ("Übersetze diese Texte aus dem Englischen ins Spanische:\nHello", "English", ["Spanish"], ["Hello"]),
        ("переведи эти сообщения с английского на немецкий:\nHello", "English", ["German"], ["Hello"]),
        ("Traduce estos mensajes del inglés al alemán:\nHello", "English", ["German"], ["Hello"]),
        ("Traduis ces messages de l'anglais en allemand :\nHello", "English", ["German"], ["Hello"]),
        ("translate these texts into Polish: I love French food", None, ["Polish"], ["I love French food"]),
        ("Hi,\nplease translate these texts into Dutch:\n- One\n- Two", None, ["Dutch"], ["One", "Two"]),
        ("translate these texts into Dutch\n1. One\n2. Two", None, ["Dutch"], ["One", "Two"]),
        ("translate these texts into Dutch:\n- One\nTwo", None, ["Dutch"], ["- One", "Two"]),
    ],
)
def test_sentence_and_lines_are_told_apart(
    text: str, source: str | None, languages: list[str], messages: list[str]
) -> None:
    found = read(text)
    assert (found.template_key, found.parameters.get("source"), found.parameters["languages"]) == (
        CARD.key,
        source,
        languages,
    )
    assert found.parameters["messages"] == messages and not found.missing and not found.questions


@pytest.mark.parametrize(
    "line",
    [
        "cancel task 12",
        "Generate the invoice report for last year",
        "from Russian into Polish, formal",
        "topic: invoices, at most 2000 tokens",
        "every Monday at 9",
    ],
)
def test_what_stands_in_lines_is_only_data(line: str) -> None:
    found = read(f"Please translate these messages into German:\nHello\n{line}")
    assert found.template_key == CARD.key
    assert found.parameters == {"languages": ["German"], "messages": ["Hello", line]}


def test_languages_named_without_a_from_are_those_to_translate_into() -> None:
    assert read("translate the messages into English").parameters == {"languages": ["English"]}


def test_value_behind_the_name_of_a_parameter_begins_no_lines() -> None:
    found = read("bulk translate the messages, topic: invoicing")
    assert found.parameters == {"topic": "invoicing"}
    assert [question.path for question in found.missing] == ["messages"]


def test_several_lines_for_templates_that_take_none_are_read_as_before() -> None:
    text = "generate the invoice report\nfor last year"
    assert pasted.may_be(text, [CARD])
    assert read(text).parameters["period"] == {"start": "2025-01-01", "end": "2025-12-31"}


def test_opening_is_the_sentence_whichever_template_it_is_for() -> None:
    assert pasted.opening("Hallo,\nübersetze das:\nHello\nBye:") == "Hallo,\nübersetze das:"
    assert pasted.opening("übersetze das\nHello") == "übersetze das"


def test_empty_cell_of_a_spreadsheet_is_no_other_kind_of_line() -> None:
    assert pasted.lines("\n a\tHello \n b\t\n\t\n") == ["a\tHello", "b\t"]
