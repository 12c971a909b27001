"""Commands in a conversation: which task "it" is, what is confirmed, what is decided in a thread."""

from dataclasses import replace

import pytest

from apps.language.contract import About
from apps.language.conversation import Decide, KnownTask, Order, Start, Subscribe
from tests.unit.language.conversation.scene import FAILED, LETTERS, PAUSED, REFUND, RUNNING, Chat, world

ELSEWHERE = KnownTask(id=12, title="Somebody's", status="running")


def find(number: int) -> KnownTask | None:
    return ELSEWHERE if number == 12 else None


def chat(**changes: object) -> Chat:
    tasks = {"tasks": [RUNNING, PAUSED], "recent": [FAILED], "find_task": find}
    return Chat(world=world(**{**tasks, **changes}))


@pytest.mark.parametrize(
    ("text", "verb", "ids"),
    [
        ("pause task 7", "pause", (7,)),
        ("setze Aufgabe 9 fort", "resume", (9,)),
        ("статус задачи 12", "status", (12,)),
        ("por qué no avanza la tarea 7", "why", (7,)),
        ("relance la tâche 3", "retry", (3,)),
        ("retry", "retry", (3,)),
        ("pause tasks 7, 9 and 12", "pause", (7, 9, 12)),
        ("pause all my tasks", "pause", (7, 9)),
        ("list my tasks", "list", ()),
        ("Warteschlange", "queue", ()),
        ("status of the client dossier", "status", (9,)),
    ],
)
def test_order_names_its_tasks(text: str, verb: str, ids: tuple[int, ...]) -> None:
    said = chat()
    said.say(text)
    order = said.only(Order)
    assert (order.verb, tuple(order.task_ids)) == (verb, ids)


def test_task_that_may_not_be_seen_is_not_acted_upon() -> None:
    said = chat()
    said.say("pause task 99")
    assert said.acts == () and said.text == "There is no task 99 that you may see."
    said.say("pause tasks 7 and 99")
    assert tuple(said.only(Order).task_ids) == (7,) and "no task 99" in said.text


def test_which_of_several_is_asked_and_any_answer_will_do() -> None:
    for answer in ("2", "9", "#9", "client dossier"):
        said = chat()
        said.say("pause it")
        assert said.labels == ["7 Invoice report 2025", "9 Client dossier Acme"]
        said.say(answer)
        assert tuple(said.only(Order).task_ids) == (9,), answer


def test_it_is_the_task_that_was_talked_about() -> None:
    said = chat()
    said.say("how is task 9 going")
    said.say("pause it")
    assert tuple(said.only(Order).task_ids) == (9,)


def test_it_is_the_task_that_was_just_started() -> None:
    said = chat(tasks=[RUNNING, PAUSED, KnownTask(id=44, title="Greeting", status="running")])
    said.say("say hello to Alice")
    said.state = said.state.began(said.only(Start).request_key, 44)
    assert said.state.last and said.state.last.task_id == 44
    said.say("pause it")
    assert tuple(said.only(Order).task_ids) == (44,)


def test_it_is_the_task_of_the_thread() -> None:
    said = chat()
    said.reply_to(About(kind="task", id=9), "why is it not running")
    assert tuple(said.only(Order).task_ids) == (9,)


@pytest.mark.parametrize(
    ("text", "ids"), [("cancel task 7", (7,)), ("stop all tasks", (7, 9)), ("brich Aufgabe 7 ab", (7,))]
)
def test_cancel_is_confirmed(text: str, ids: tuple[int, ...]) -> None:
    said = chat()
    said.say(text)
    assert said.acts == () and len(said.labels) == 2
    said.say("no")
    assert said.acts == () and said.text in ("Nothing was changed.", "Nichts wurde geändert.")
    said.say(text)
    said.say("yes")
    assert tuple(said.only(Order).task_ids) == ids
    said.say("yes")
    assert said.acts == ()


def test_cancel_says_what_is_cancelled() -> None:
    said = chat()
    said.say("cancel all my tasks")
    assert said.text == "Cancel 2 tasks (7, 9)? This cannot be undone; it can be run again."
    assert said.labels == ["Cancel 2 tasks", "Keep"]


def test_cancel_quotes_as_the_language_does() -> None:
    said = chat()
    said.say("brich Aufgabe 7 ab")
    assert said.text.startswith("Aufgabe 7, „Invoice report 2025“ abbrechen?")


def test_task_that_vanished_before_the_yes_is_left_alone() -> None:
    said = chat()
    said.say("cancel task 7")
    said.world = world(tasks=[PAUSED])
    said.say("yes")
    assert said.acts == ()


@pytest.mark.parametrize(
    ("text", "is_wanted"),
    [
        ("tell me when task 7 is done", True),
        ("sag Bescheid, wenn Aufgabe 7 fertig ist", True),
        ("сообщи, когда задача 7 будет готова", True),
        ("avísame cuando termine la tarea 7", True),
        ("préviens-moi quand la tâche 7 est finie", True),
        ("unsubscribe from task 7", False),
        ("ne me parle plus de la tâche 7", False),
    ],
)
def test_subscription_is_an_act(text: str, is_wanted: bool) -> None:
    said = chat()
    said.say(text)
    assert said.only(Subscribe) == Subscribe(task_id=7, is_wanted=is_wanted)


@pytest.mark.parametrize(
    ("text", "choice", "comment"),
    [
        ("approve", "approve", ""),
        ("Approved, looks good to me", "approve", "looks good to me"),
        ("reject because the Amount is wrong", "reject", "the Amount is wrong"),
        ("genehmigt", "approve", ""),
        ("abgelehnt, weil zu teuer", "reject", "zu teuer"),
        ("одобряю", "approve", ""),
        ("отклоняю, потому что дорого", "reject", "дорого"),
        ("aprobado", "approve", ""),
        ("rechazado, porque es caro", "reject", "es caro"),
        ("approuvé", "approve", ""),
        ("refusé, parce que trop cher", "reject", "trop cher"),
    ],
)
def test_decision_in_its_thread_is_taken_at_its_word(text: str, choice: str, comment: str) -> None:
    said = chat(approvals=[LETTERS, REFUND])
    said.reply_to(About(kind="approval", id=52), text)
    assert said.only(Decide) == Decide(approval_id=52, choice=choice, comment=comment)


def test_decision_in_the_thread_of_its_task_is_that_tasks() -> None:
    said = chat(approvals=[LETTERS, REFUND])
    said.reply_to(About(kind="task", id=7), "approve")
    assert said.only(Decide).approval_id == 51


def test_decision_elsewhere_is_confirmed_with_its_title() -> None:
    said = chat(approvals=[LETTERS])
    said.say("reject: too many letters")
    assert said.acts == () and "Reject “Send 13 letters” of task 7?" in said.text and "too many letters" in said.text
    said.say("yes")
    assert said.only(Decide) == Decide(approval_id=51, choice="reject", comment="too many letters")


def test_which_decision_is_asked_then_confirmed() -> None:
    said = chat(approvals=[LETTERS, REFUND])
    said.say("approve")
    said.say("2")
    assert said.acts == ()
    said.say("yes")
    assert said.only(Decide).approval_id == 52


def test_decision_is_named_by_its_title() -> None:
    said = chat(approvals=[LETTERS, REFUND])
    said.say("approve the refund")
    said.say("yes")
    assert said.only(Decide).approval_id == 52


@pytest.mark.parametrize("about", [None, About(kind="approval", id=51), About(kind="task", id=7)])
def test_nothing_is_decided_that_does_not_wait(about: About | None) -> None:
    said = chat()
    said.say("approve", about=about)
    assert said.acts == () and ("does not wait" in said.text or "Nothing waits" in said.text)


def test_choices_of_its_own_are_not_guessed() -> None:
    said = chat(approvals=[replace(LETTERS, approve="", reject="")])
    said.reply_to(About(kind="approval", id=51), "approve")
    assert said.acts == () and "choices of its own" in said.text


@pytest.mark.parametrize("text", ["approve the budget of Mars", "accept my apologies", "reject modernity"])
def test_ordinary_sentence_decides_nothing(text: str) -> None:
    said = chat(approvals=[LETTERS])
    said.say(text)
    assert not any(isinstance(act, Decide) for act in said.acts)
    said.say("yes")
    assert not any(isinstance(act, Decide) for act in said.acts)


CANCELLED = KnownTask(id=5, title="Slow count", status="cancelled", is_open=False)


@pytest.mark.parametrize("text", ["retry task 5", "run the slow count again", "rerun slow count"])
def test_what_was_cancelled_can_be_run_again_once_that_is_confirmed(text: str) -> None:
    said = chat(recent=[FAILED, CANCELLED])
    said.say(text)
    assert not said.acts and said.text == "Run task 5, “Slow count” again from the beginning? That makes a new task."
    assert said.labels == ["Start", "Keep"]
    said.say("yes")
    order = said.only(Order)
    assert (order.verb, order.task_ids) == ("again", (5,))


@pytest.mark.parametrize("text", ["retry it", "retry", "versuche es noch einmal", "повтори", "repite", "relance-la"])
def test_retry_right_after_a_cancel_means_what_was_cancelled(text: str) -> None:
    said = chat(recent=[FAILED])
    said.say("cancel task 7")
    said.say("yes")
    said.world = replace(
        said.world, tasks=[PAUSED], recent=[replace(RUNNING, status="cancelled", is_open=False), FAILED]
    )
    said.say(text)
    assert "7" in said.text and not said.acts
    said.click(said.labels[0])
    assert said.only(Order).verb == "again"


def test_what_has_not_stopped_yet_is_named_to_be_refused() -> None:
    said = chat(recent=[])
    said.say("cancel task 7")
    said.say("yes")
    said.say("retry it")
    order = said.only(Order)
    assert (order.verb, order.task_ids) == ("retry", (7,))


def test_retry_without_anything_to_retry_says_so() -> None:
    said = chat(recent=[])
    said.say("retry")
    assert said.text.startswith("Which task? None has failed or was cancelled")
