"""What people say beside the matter while something is open, or has just been started."""

import pytest

from apps.language.conversation import KnownTask, Start
from apps.language.wording import say, speaking
from tests.unit.language.conversation.scene import Chat, world

POLITE = {
    "thanks": "You are welcome.",
    "hello": "Hello.",
    "who are you": "I am Chantilly.",
    "danke": "Gern geschehen.",
    "Guten Morgen": "Guten Tag.",
    "wer bist du?": "Ich bin Chantilly.",
    "привет": "Здравствуйте.",
    "кто ты": "Я Chantilly",
    "gracias": "De nada.",
    "¿quién eres?": "Soy Chantilly.",
    "merci": "Avec plaisir.",
    "qui es-tu ?": "Je suis Chantilly.",
}


@pytest.mark.parametrize("text", POLITE)
@pytest.mark.parametrize("opened", ["invoice report", "invoice report for last year", "client dossier for Northwind"])
def test_polite_words_are_answered_and_the_question_stays(text: str, opened: str) -> None:
    chat = Chat()
    chat.say(opened)
    before = chat.state.open
    chat.say(text)
    assert chat.text.startswith(POLITE[text]) and chat.acts == ()
    assert chat.state.open == before and chat.turn.replies[-1].card_id == (before.id if before else "")


@pytest.mark.parametrize("text", ["who are you", "wer sind Sie", "как тебя зовут", "cómo te llamas", "qui êtes-vous"])
def test_who_answers_is_told_where_nothing_is_open(text: str) -> None:
    chat = Chat()
    chat.say(text)
    assert "Chantilly" in chat.text and "12" in chat.text and chat.state.open is None


def changing() -> Chat:
    chat = Chat()
    chat.say("invoice report for March 2025")
    chat.say("change")
    return chat


@pytest.mark.parametrize("text", ["start", "yes", "yes please", "ja, starten", "да", "sí", "oui"])
def test_start_after_change_starts_as_it_was(text: str) -> None:
    chat = changing()
    chat.say(text)
    assert chat.only(Start).parameters["period"] == {"start": "2025-03-01", "end": "2025-03-31"}


@pytest.mark.parametrize(
    ("text", "title", "value"),
    [
        ("only overdue", "Statuses", "overdue"),
        ("nur überfällige", "Statuses", "overdue"),
        ("as csv", "Format", "csv"),
        ("no, 2023", "Period", "Wed 1 March 2023 to Fri 31 March 2023"),
        ("the same for April", "Period", "Tue 1 April 2025 to Wed 30 April 2025"),
    ],
)
def test_what_is_to_be_different_can_be_said_at_once(text: str, title: str, value: str) -> None:
    chat = changing()
    chat.say(text)
    assert chat.rows.get(title, chat.rows.get(f"{title}")) == value


def test_start_where_a_value_was_to_be_changed_leaves_it() -> None:
    chat = changing()
    chat.click("Format")
    chat.say("start")
    assert chat.only(Start).parameters["format"] == "pdf"


def test_start_answers_no_question_about_a_value_that_is_missing() -> None:
    chat = Chat()
    chat.say("invoice report")
    chat.say("start")
    assert chat.acts == () and "which period" in chat.text


YES = [
    "yes please do it",
    "yes, do it please",
    "ja bitte mach das",
    "да, давай",
    "sí, por favor, hazlo",
    "oui, vas-y svp",
]


@pytest.mark.parametrize("text", YES)
def test_yes_in_several_words_confirms_a_card(text: str) -> None:
    chat = Chat()
    chat.say("invoice report for last year")
    chat.say(text)
    assert chat.only(Start).template_key == "report"


@pytest.mark.parametrize("text", YES)
def test_yes_in_several_words_asks_for_no_template(text: str) -> None:
    chat = Chat()
    chat.say(text)
    assert chat.state.open is None and chat.labels == []


@pytest.mark.parametrize("text", ["no, cancel it", "nein, brich ab", "нет, отмени", "no, cancélalo", "non, annule"])
def test_no_and_forget_it_is_one(text: str) -> None:
    chat = Chat()
    chat.say("invoice report for last year; client dossier for Acme")
    chat.say(text)
    assert chat.state.open is None and not chat.state.waiting and chat.acts == ()


def test_none_of_these_can_be_pressed_when_the_question_is_put_again() -> None:
    chat = Chat()
    chat.say("something with reports")
    chat.say("hm")
    chat.say("hm")
    assert chat.labels[-2:] == ["None of these", "Forget it"]


STOPS = {"en": "cancel it", "de": "brich sie ab", "ru": "отмени её", "es": "cancélala", "fr": "annule-la"}
OTHERS = {"en": "no, 2023", "de": "nein, 2023", "ru": "нет, 2023", "es": "no, 2023", "fr": "non, 2023"}


def started(language: str = "en", *, is_open: bool = True) -> Chat:
    chat = Chat(locale=language)
    chat.say("invoice report for March 2025")
    chat.click(chat.labels[0])
    chat.state = chat.state.began(chat.only(Start).request_key, 44)
    task = KnownTask(id=44, title="Invoice report", is_open=is_open)
    chat.world = world(tasks=[task] if is_open else [], recent=[] if is_open else [task])
    return chat


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "forget it",
        "change",
        "yes",
        "nein",
        "vergiss es",
        "ändern",
        "не надо",
        "забудь",
        "no",
        "déjalo",
        "non",
        "oublie",
    ],
)
def test_what_is_said_after_a_start_is_answered_with_the_task(text: str) -> None:
    chat = started()
    chat.say(text)
    assert "44" in chat.text and "Invoice report" in chat.text and "2023" in chat.text
    assert chat.acts == () and chat.state.open is None


@pytest.mark.parametrize("language", STOPS)
def test_what_is_offered_after_a_start_is_understood(language: str) -> None:
    chat = started(language)
    chat.say("no")
    with speaking(language):
        assert STOPS[language] in say("under_way", task="") and OTHERS[language] in say("under_way", task="")
    chat.say(STOPS[language])
    assert chat.state.open and chat.state.open.order and chat.state.open.order.verb == "cancel"
    chat = started(language)
    chat.say(OTHERS[language])
    assert "2023" in chat.rows["Period"]


@pytest.mark.parametrize("later", [{"minutes": 16}, {}])
def test_task_that_is_over_or_long_ago_is_not_named(later: dict[str, int]) -> None:
    chat = started(is_open=bool(later))
    chat.wait(**later).say("no")
    assert chat.text.startswith("Nothing is open between us.")


@pytest.mark.parametrize("text", ["start", "ok", "stop"])
def test_word_of_several_languages_leaves_the_language_as_it_is(text: str) -> None:
    chat = Chat()
    chat.say("Rechnungsbericht für letztes Jahr")
    chat.say(text)
    assert chat.state.language == "de"


@pytest.mark.parametrize("text", ["no, change it", "nein, ändern", "нет, измени", "no, cámbialo", "non, change"])
def test_no_and_change_is_a_change(text: str) -> None:
    chat = started()
    chat.say(text)
    assert "44" in chat.text and chat.state.open is None
    chat = Chat()
    chat.say("invoice report for last year")
    chat.say(text)
    assert chat.state.open is not None and chat.state.open.kind == "slot"
