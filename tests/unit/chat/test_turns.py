"""Turns of conversations, from what came in to what was started and said: order, crashes, groups and strangers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User

from apps.catalog.models import TaskTemplate
from apps.chat import inbox, obeying, turns
from apps.chat.models import Account, Connection, Dialog, Incoming, ScheduleDraft, Talk
from apps.chat.obeying import Obeying
from apps.core import clock
from apps.core.errors import NotPermitted
from apps.language.conversation import Order, State
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task
from tests.making import template
from tests.unit.chat import noted
from tests.unit.chat.conftest import came, linked, send, work
from tests.unit.tasks.standing_at import running

pytestmark = pytest.mark.django_db
Say = Callable[..., list[str]]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "title": "City", "enum": ["Oslo", "Graz"]}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture
def weather(alice: User) -> str:
    triggers = {
        "patterns": ["weather report"], "keywords": ["weather"], "contexts": [],
        "examples": ["Make the weather report for Oslo", "Weather report of Graz"],
    }  # fmt: skip
    made = template(
        "def run(params): return params['city']", alice, key="weather", parameter_schema=SCHEMA, triggers=triggers
    )
    return made.key


def test_a_request_is_started_and_followed(say: Say, weather: str, dana: Account, alice: User) -> None:
    answered = say("make the weather report for Oslo")
    if not Task.objects.exists():
        answered += say("yes")
    task = Task.objects.get()
    assert (task.parameters, task.requester, task.origin) == ({"city": "Oslo"}, alice, "chat")
    assert task.instructions == "make the weather report for Oslo"
    assert any(f"({task.pk})" in each for each in answered)


def test_what_is_missing_is_asked_for_and_the_answer_fills_it(say: Say, weather: str, dana: Account) -> None:
    asked = say("make the weather report")
    assert "City" in asked[-1]
    say("Graz")
    if not Task.objects.exists():
        say("yes")
    assert Task.objects.get().parameters == {"city": "Graz"}


def test_the_same_message_again_starts_nothing_twice(
    say: Say, weather: str, dana: Account, finance: Connection
) -> None:
    again = came("make the weather report for Oslo")
    for _ in range(3):
        inbox.accept(finance.pk, [again], clock.now())
        work(finance)
    inbox.accept(finance.pk, [came("make the weather report for Oslo", message_id=again.message_id)], clock.now())
    work(finance)
    say("yes")
    say("yes")
    assert Task.objects.count() == 1


def test_a_turn_that_died_after_its_start_is_repeated_without_a_second_task(
    say: Say, weather: str, dana: Account, finance: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(turns._Turn, "_end", die)
        say("make the weather report for Oslo")
    assert Task.objects.count() == 1
    with clock.frozen(clock.now() + turns.TAKEN + timedelta(seconds=1)):
        work(finance)
    assert Task.objects.count() == 1
    assert Incoming.objects.get().state == "done"


def test_what_must_be_confirmed_is_started_by_a_yes_and_once(say: Say, alice: User, dana: Account) -> None:
    template("def run(params): return 1", alice, key="letters", parameter_schema={**SCHEMA, "x-confirm": True},
             triggers={"patterns": ["send letters"], "keywords": [], "contexts": [], "examples": []})  # fmt: skip
    say("send letters to Oslo")
    assert not Task.objects.exists()
    say("yes")
    say("yes")
    assert Task.objects.get().parameters == {"city": "Oslo"}


def test_a_conversation_goes_on_after_a_restart(say: Say, weather: str, dana: Account) -> None:
    say("make the weather report")
    assert Talk.objects.get().state  # all there is of it is in the row
    say("Oslo")
    say("yes")
    assert Task.objects.get().parameters == {"city": "Oslo"}


def test_messages_of_a_conversation_are_taken_in_their_order(finance: Connection, dana: Account) -> None:
    for text in ("help", "list my tasks", "queue"):
        inbox.accept(finance.pk, [came(text)], clock.now())
    inbox.accept(finance.pk, [came("help", sender="U-x", dialog="D-x")], clock.now())
    assert [row.text for row in turns.due(clock.now(), 10)] == ["help", "help"]


def test_a_turn_that_fails_is_tried_again_and_then_given_up_with_a_word(
    say: Say, dana: Account, finance: Connection, room: noted.Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(turns, "converse", fail)
        say("help")
        for seconds in (3, 20):
            with clock.frozen(clock.now() + timedelta(seconds=seconds)):
                work(finance)
    assert Incoming.objects.get().state == "failed"
    assert "went wrong" in room.said()[-1]
    assert say("help")  # and the conversation goes on


def test_nothing_is_understood_for_who_may_start_nothing(
    say: Say, weather: str, finance: Connection, charlie: User
) -> None:
    linked(finance, charlie, "U-c")
    say("make the weather report for Oslo", sender="U-c", dialog="D-U-c")
    say("yes", sender="U-c", dialog="D-U-c")
    assert not Task.objects.exists()


def test_templates_of_other_groups_are_neither_started_nor_named(
    say: Say, weather: str, dana: Account, alice: User, bob: User, finance: Connection
) -> None:
    secret = template("def run(params): return 1", alice, key="payroll")
    secret.run_groups.add(Group.objects.create(name="board"))
    linked(finance, bob, "U-bob")
    said = "\n".join(
        each for text in ("run payroll", "help", "start payroll", "which templates are there")
        for each in say(text, sender="U-bob", dialog="D-U-bob")
    )  # fmt: skip
    assert "payroll" not in said.lower().replace("“run payroll”", "").replace("“start payroll”", "")
    assert not Task.objects.exists()


def test_a_task_of_somebody_else_is_neither_told_nor_touched(
    say: Say, weather: str, dana: Account, alice: User, charlie: User, finance: Connection
) -> None:
    made = running(weather, alice, parameters={"city": "Oslo"})
    linked(finance, charlie, "U-c")
    for text in (f"status of {made.task_id}", f"cancel task {made.task_id}", "yes", f"pause {made.task_id}"):
        for each in say(text, sender="U-c", dialog="D-U-c"):
            assert "Oslo" not in each
    say(kind="button", button=f"do:cancel!:{made.task_id}", sender="U-c", dialog="D-U-c")
    assert made.task.execution.control == ""
    assert made.task.status == "running"


def test_a_task_can_be_steered_by_words_and_by_buttons(say: Say, weather: str, dana: Account, alice: User) -> None:
    made = running(weather, alice, parameters={"city": "Oslo"})
    say(f"pause task {made.task_id}")
    assert made.task.execution.control == "pause"
    say(kind="button", button=f"do:resume:{made.task_id}")
    assert made.task.execution.control == ""
    sure = say(kind="button", button=f"do:cancel:{made.task_id}")
    assert "cannot be undone" in sure[0]
    assert made.task.execution.control == ""
    say(kind="button", button=f"do:cancel!:{made.task_id}")
    assert made.task.execution.control == "cancel"


def test_the_status_says_what_the_first_design_lists(say: Say, weather: str, dana: Account, alice: User) -> None:
    made = running(weather, alice, parameters={"city": "Oslo"})
    told = say(f"status of task {made.task_id}")[-1]
    for label in ("Type: Weather", "State: running", "Completion: 0 %", "Elapsed:", "Worker: elm-1", "City: Oslo"):
        assert label in told


def test_in_a_group_lists_and_details_go_to_the_asker(
    say: Say, weather: str, dana: Account, alice: User, room: noted.Room
) -> None:
    running(weather, alice, parameters={"city": "Oslo"})
    say("list my tasks", dialog="G-1", dialog_kind="group")
    assert all("Weather" not in each for each in room.said("G-1"))
    assert any("Weather" in each for each in room.said("D-dana"))


def test_what_people_write_stays_what_they_wrote(say: Say, weather: str, dana: Account, room: noted.Room) -> None:
    for text in (
        "<b>bold</b> [url=http://x]x[/url] *a* {0} %s",
        "🦄" * 3000,
        "\u202edetrever",
        "'; DROP TABLE chat_post; --",
    ):
        say(text)
    assert Incoming.objects.filter(state="done").count() == 4


def test_who_is_sent_away_says_nothing_more(say: Say, weather: str, dana: Account, finance: Connection) -> None:
    say("help", dialog="G-1", dialog_kind="group")
    say(kind="left", dialog="G-1", dialog_kind="group")
    assert finance.dialogs.get(external_id="G-1").is_gone


def test_a_wish_for_every_monday_is_a_draft_and_starts_nothing(say: Say, weather: str, dana: Account) -> None:
    say("every Monday at 9 make the weather report for Oslo")
    if not ScheduleDraft.objects.exists():
        say("yes")
    draft = ScheduleDraft.objects.get()
    assert (draft.template_key, draft.parameters) == ("weather", {"city": "Oslo"})
    assert "monday" in draft.rule.lower()
    assert not Task.objects.exists()


def test_what_was_cancelled_is_run_again_as_a_new_task(say: Say, weather: str, dana: Account, alice: User) -> None:
    first = submit(Request(template=weather, parameters={"city": "Oslo"}, origin="chat"), alice).task
    say(f"cancel task {first.pk}")
    say("yes")
    assert "again from the beginning" in say("retry it")[0]
    assert Task.objects.count() == 1
    answered = say("yes")
    second = Task.objects.get(ancestor=first)
    assert (second.parameters, second.origin) == ({"city": "Oslo"}, "chat")
    assert answered[0].startswith(f"Started: task {second.pk}")


def test_that_it_is_starting_is_not_said_of_what_was_refused(
    say: Say, weather: str, dana: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(request: Request, requester: User) -> None:
        raise NotPermitted("This template uses tools that you may not use (you lack crm.view_client).")

    monkeypatch.setattr(obeying, "submit", refused)
    answered = say("make the weather report for Oslo")
    answered += say("yes") if "Starting" not in str(answered) and "Not done" not in str(answered) else []
    said = "\n".join(answered)
    assert "Not done: You may not start “Weather”" in said
    assert "Starting" not in said and "view_client" not in said
    assert State.from_json(Talk.objects.get().state).last is None


@pytest.mark.parametrize(
    ("locale", "verb", "said"),
    [
        ("en", "resume", "Not done: Task {task} (waiting its turn) cannot be resumed: only a paused one can."),
        ("de", "resume", "Nicht getan: Aufgabe {task} (wartet, bis sie dran ist) lässt sich nicht fortsetzen"),
        ("ru", "retry", "Не сделано: Задачу {task} (ждёт очереди) нельзя повторить"),
        ("es", "resume", "No se ha hecho: La tarea {task} (espera su turno) no se puede reanudar"),
        ("fr", "retry", "Pas fait : La tâche {task} (attend son tour) ne peut pas être réessayée"),
    ],
)
def test_what_a_task_is_in_no_state_for_is_said_in_ones_language_and_keeps_no_other_from_it(
    say: Say, weather: str, dana: Account, alice: User, locale: str, verb: Any, said: str
) -> None:
    say("hello")
    done = Obeying(alice, dana, Dialog.objects.get(), locale, clock.now())
    tasks = [submit(Request(template=weather, parameters={"city": city}, origin="chat"), alice).task.pk for city in
             ("Oslo", "Graz")]  # fmt: skip
    done.obey(State(), [Order(verb=verb, task_ids=tasks)])
    texts = [each.text for each in done.done.here]
    assert [text.startswith(said.format(task=task)) for text, task in zip(texts, tasks, strict=True)] == [True, True]


def test_who_may_not_steer_a_task_reads_no_permissions_name(
    say: Say, weather: str, dana: Account, alice: User, bob: User
) -> None:
    say("hello")
    theirs = submit(Request(template=weather, parameters={"city": "Oslo"}, origin="chat"), alice).task
    bob.user_permissions.add(Permission.objects.get(codename="view_task", content_type__app_label="tasks"))
    done = Obeying(User.objects.get(pk=bob.pk), dana, Dialog.objects.get(), "de", clock.now())
    done.obey(State(), [Order(verb="pause", task_ids=[theirs.pk])])
    (said,) = done.done.here
    assert said.text == (
        f"Nicht getan: Sie dürfen Aufgabe {theirs.pk} nicht steuern: Sie gehört Ihnen nicht. Fragen Sie einen Administrator."
    )


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("list my schedules", "Your drafts of schedules, 1 of 1."),
        ("zeige meine Zeitpläne", "Ihre Entwürfe für Zeitpläne, 1 von 1."),
        ("покажи мои расписания", "Ваши черновики расписаний, 1 из 1."),
        ("muestra mis programaciones", "Sus borradores de programaciones, 1 de 1."),
        ("montre mes planifications", "Vos brouillons de planifications, 1 sur 1."),
    ],
)
def test_own_drafts_are_listed_with_what_they_would_do(
    say: Say, weather: str, dana: Account, alice: User, bob: User, text: str, head: str
) -> None:
    wish = {"rule": "every Monday at 9", "template_key": weather, "parameters": {"city": "Oslo"}, "sentence": "…"}
    ScheduleDraft.objects.create(user=alice, key="a", **wish)
    ScheduleDraft.objects.create(user=bob, key="b", **wish)
    (answer,) = say(text)
    assert answer.startswith(head)
    assert answer.splitlines()[1:] == ["• every Monday at 9: Weather (City: Oslo)"]


def test_who_has_no_drafts_is_told_how_to_make_one(say: Say, weather: str, dana: Account) -> None:
    assert "every Monday at 9" in say("my schedules")[0]


def test_posts_of_a_turn_answer_in_their_order(
    say: Say, weather: str, dana: Account, finance: Connection, room: noted.Room
) -> None:
    say("help")
    send(finance)
    assert room.calls == ["send"] * len(room.shown)


def test_in_a_group_what_is_for_one_alone_and_has_no_place_is_said_so(say: Say, dana: Account) -> None:
    Account.objects.filter(pk=dana.pk).update(private_dialog="")
    assert "private" in say("list my tasks", dialog="G-1", dialog_kind="group")[0]


def test_a_private_chat_that_others_have_joined_gets_nothing_that_is_for_one_alone(
    say: Say, dana: Account, room: noted.Room
) -> None:
    say("hello")
    say("hello", dialog_kind="group")
    say("list my tasks", dialog="G-1", dialog_kind="group")
    assert "private" in room.said("G-1")[0]
    assert len(room.said("D-dana")) == 2


def test_what_is_said_after_a_start_is_answered_with_the_task(say: Say, weather: str, dana: Account) -> None:
    say("make the weather report for Oslo")
    if not Task.objects.exists():
        say("yes")
    task = Task.objects.get()
    for text in ("forget it", "change", "no"):
        (answer,) = say(text)
        assert answer.startswith(f"Task {task.pk}, “{task.title}” is under way") and "cancel it" in answer
    assert f"Task {task.pk}" in say("cancel it")[-1].replace("task", "Task")


@pytest.mark.parametrize("text", ["pause the weather", "stop the weather report for Oslo", "how is weather going"])
def test_command_on_a_template_without_a_task_starts_nothing(say: Say, weather: str, dana: Account, text: str) -> None:
    TaskTemplate.objects.filter(key=weather).update(name="Weather")
    (answer,) = say(text)
    assert answer.startswith("No task “Weather” of yours is open.")
    assert not Task.objects.exists() and "open" not in Talk.objects.get().state
