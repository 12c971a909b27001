"""Faults of translations: what must not be delivered is serious, what may be right is worth a look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.knowledge.translation import checking, marks
from apps.knowledge.translation.checking import Compared
from tests.unit.knowledge.translation.making import term

pytestmark = pytest.mark.django_db
SERIOUS, LOOK = True, False


def faults(text: str, translation: str, language: str = "de", source: str = "en") -> list[tuple[str, bool]]:
    (found,) = checking.check([(text, translation)], source, language)
    return [(fault.kind.value, fault.is_serious) for fault in found]


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("Hello {name}", "Hallo {name}"),
        ("{a} of {b}", "{b}: {a}"),
        ("Hello {{ name }}", "Hallo {{name}}"),
        (
            "{count, plural, one {# file} other {# files}}",
            "{count, plural, =0 {keine Datei} one {# Datei} other {# Dateien}}",
        ),
        ('<a href="/x" title="Open">Open</a> &amp; go', '<a href="/x" title="Öffnen">Öffnen</a> &amp; los'),
        ("See **the page**.\n- one", "Siehe **die Seite**.\n- eins"),
        ("On 12/31/2024 at 1,234.50", "Am 31.12.2024 um 1.234,50"),
        ("1234.5 litres", "1 234,5 Liter"),
        ("Status", "Status"),
        ("", ""),
        ("   ", "   "),
        ("Total&nbsp;due now", "Jetzt zu zahlen"),
    ],
)
def test_a_right_translation_has_no_faults_that_are_serious(text: str, translation: str) -> None:
    assert [fault for fault in faults(text, translation) if fault[1]] == []


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("Hello", " ", ("empty", SERIOUS)),
        ("Hello {name}", "Hallo", ("placeholder", SERIOUS)),
        ("Hello {name}", "Hallo {Name}", ("placeholder", SERIOUS)),
        ("Hello", "Hallo {name}", ("placeholder", SERIOUS)),
        ("Hello {name}", "Hallo {name} {name}", ("placeholder", SERIOUS)),
        ("%s of %d", "%d von %s", ("placeholder", SERIOUS)),
        (
            "{n, plural, one {# file} other {# files}}",
            "{n, plural, one {# Datei} other {# Dateien}",
            ("placeholder", SERIOUS),
        ),
        ("{n, plural, one {{x} a} other {{x} b}}", "{n, plural, one {a} other {b}}", ("placeholder", SERIOUS)),
        ("{w, select, her {She} other {They}}", "{w, select, sie {Sie} other {Sie}}", ("placeholder", SERIOUS)),
        ("Mail a@b.example", "Schreibe an a@c.example", ("placeholder", SERIOUS)),
        ("Done ✅", "Fertig", ("placeholder", SERIOUS)),
        ("Done", "Fertig ✅", ("placeholder", LOOK)),
        ("<b>Hi</b> you", "<b>Hallo<b> du", ("markup", SERIOUS)),
        ("<b>a</b> <i>b</i>", "<b>eins <i>zwei</b></i>", ("markup", SERIOUS)),
        ("<a href='/x'>Go</a>", "<a href='/y'>Los</a>", ("markup", SERIOUS)),
        ("Keep **this**", "Behalte das", ("markup", SERIOUS)),
        ("R &amp; D", "F und E", ("markup", SERIOUS)),
        ("One&nbsp;two", "Eins zwei", ("markup", LOOK)),
        ("One\nTwo", "Eins, zwei", ("lines", SERIOUS)),
        ("Name: ", "Der Name:", ("space", LOOK)),
        ("Please pay the bill", "Please pay the bill", ("untranslated", SERIOUS)),
        ("Good morning", "Good morning", ("untranslated", LOOK)),
        ("Due in 2024", "Bald fällig", ("numbers", SERIOUS)),
        ("Due at 3 pm", "Fällig um 15 Uhr", ("numbers", LOOK)),
        ("Due soon", "Fällig in 14 Tagen", ("numbers", LOOK)),
        ("Due soon", "Das hier ist leider sehr viel länger geworden, als es sein sollte", ("length", LOOK)),
        ("This is a rather long sentence about invoices", "Kurz", ("length", LOOK)),
    ],
)
def test_what_is_wrong_is_found(text: str, translation: str, fault: tuple[str, bool]) -> None:
    assert fault in faults(text, translation)


def test_the_letters_of_the_language_are_expected_and_names_are_excused() -> None:
    assert ("script", SERIOUS) in faults("Pay the bill today", "Bezahle sie heute", "ru")
    assert faults("Send the PDF to Amazon Web Services", "Отправьте PDF в Amazon Web Services", "ru") == []
    assert ("script", SERIOUS) in faults("Zahle heute", "Plati danas odmah", "sr-Cyrl", source="de")
    assert faults("Pay the bill today", "Plati račun danas", "sr") == []


def test_variants_of_one_language_may_agree() -> None:
    assert faults("Please pay the bill", "Please pay the bill", "en-GB", source="en-US") == []


def test_a_kept_name_must_stand_as_it_is() -> None:
    term("Chantilly Desk")
    assert ("term", SERIOUS) in faults("Ask Chantilly Desk", "Frage den Chantilly-Tisch")
    assert faults("Ask Chantilly Desk", "Frage Chantilly Desk") == []
    assert faults("Chantilly Desk", "Chantilly Desk") == []


@pytest.mark.parametrize("translation", ["Jahresrechnungen", "Die Rechnung", "Meiner Rechnungen"])
def test_a_term_may_be_bent_and_be_a_part_of_a_word(translation: str) -> None:
    term("invoice", "Rechnung")
    assert ("term", LOOK) not in faults("My invoice", translation)


def test_a_term_that_is_not_as_the_base_says_is_worth_a_look() -> None:
    term("invoice", "Rechnung")
    term("invoice", "счёт-фактура", target="ru")
    assert ("term", LOOK) in faults("My invoice", "Meine Faktura")
    assert faults("Pay the invoice", "Оплатите счёт-фактуру", "ru") == []
    assert ("term", LOOK) in faults("Pay the invoice", "Оплатите квитанцию", "ru")


def test_each_pair_has_its_own_faults() -> None:
    found = checking.check([("Hello {name}", "Hallo"), ("Bye", "Tschüss")], "en", "de")
    assert [[fault.message for fault in each] for each in found] == [["{name} is missing, or changed."], []]


PIECES = [
    *(
        "{a}",
        "{{ b }}",
        "%s",
        "%(n)s",
        "<b>",
        "</b>",
        "<br/>",
        "&amp;",
        "**",
        "*",
        "_",
        "`x`",
        "[t](http://a.b)",
        "\n",
        "- ",
    ),
    *(
        " ",
        "Hello",
        "12",
        "1,5",
        "{n, plural, one {#} other {# x}}",
        "{w, select, a {b} other {c}}",
        "{n, plural,",
        "}",
        "{",
    ),
    *("'", '"', "😀", ":name", "%", "https://x.y/z", "привет", "#", "<", ">", "=", "x@y.de", r"\n"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_a_text_has_lost_nothing_against_itself(text: str) -> None:
    """Nor do its marks overlap or swallow anything that people read."""
    marked = marks.find(text)
    spans = sorted([(mark.start, mark.end) for mark in marked.marks if mark.text] + marked.words)
    assert "".join(text[start:end] for start, end in spans) == text
    compared = Compared(source="en", language="de", text=marked, translation=marked, hits=())
    assert {fault.kind for fault in checking.faults(compared)} <= {checking.Kind.UNTRANSLATED}
