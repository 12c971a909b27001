"""Commands in a conversation: which task is meant, and what has to be confirmed."""

from collections.abc import Sequence
from dataclasses import replace

from apps.language import commands, wording
from apps.language.commands import DECISIONS, MAX_CHOICES, WITHOUT_A_TASK, Recognised
from apps.language.contract import Choice, Command, OpenTask, Question, TemplateCard
from apps.language.conversation import hearing, helping
from apps.language.conversation.contract import Decide, KnownApproval, KnownTask, Order, Style, Subscribe
from apps.language.conversation.state import More, Open
from apps.language.conversation.talk import Talk
from apps.language.understanding import understand
from apps.language.wording import say

FREELY = frozenset({"cancel", "pause", "resume"})
"""With these a template may be named with more words, or in another language's. "How are our clients doing" asks for more."""
UNCLEAR = ("end", "hold", "para")
"""Verbs that are other words as well: "end of month", "hold a room", "para marzo"."""
NEAR = 0.5
"""How sure it must be that a name in another language is a template's."""
FOR_OPEN = frozenset({"cancel", "pause", "resume", "why"})
MAX_TASKS = 20
"""More than these are not named in one order."""


def recognise(talk: Talk) -> Recognised | None:
    if talk.said.text not in talk.ordered:
        talk.ordered[talk.said.text] = _recognised(talk)
    return talk.ordered[talk.said.text]


def _recognised(talk: Talk) -> Recognised | None:
    tasks = (*talk.world.tasks, *talk.world.recent)
    known = [OpenTask(id=task.id, title=task.title) for task in tasks]
    found = commands.recognise(replace(talk.said, open_tasks=known))
    if found is not None or (named := commands.named(talk.said)) is None:
        return found
    card = _template(talk, named)
    if card is None:
        return None
    ids = tuple(task.id for task in tasks if card.name.casefold() in task.title.casefold())
    return replace(named, ids=ids, is_titled=True, words=card.name)


def _template(talk: Talk, found: Recognised) -> TemplateCard | None:
    """The template that a command names in place of a task, in its own words or as its request would be worded.

    None where the verb is the template's own: "cancel the order" asks for the template "Cancel orders".
    """
    said, is_free = set(found.words.casefold().split()), found.verb in FREELY and not _is_unclear(talk, found)
    names = {card.key: set(card.name.casefold().split()) for card in talk.world.cards}
    key = next((key for key, name in names.items() if said == name or (is_free and said >= name)), None)
    if key is None and is_free and found.language != "en":
        meant = understand(replace(talk.said, text=found.words, open_tasks=()), talk.world.cards)
        is_near = meant.confidence >= NEAR and meant.runner_ups
        key = meant.template_key or (meant.runner_ups[0].key if is_near else None)
    card = talk.template(key)
    return None if card is None or _is_own(card, found.verb, talk) else card


def _is_unclear(talk: Talk, found: Recognised) -> bool:
    """Whether the verb can be another word, or more is asked for behind an "and"."""
    before = talk.text.casefold().partition(found.words)[0]
    is_more = len(hearing.parts(talk.text)) > 1 or bool(hearing.joined(talk.text))
    return is_more or any(word in UNCLEAR for word in before.split())


def _is_own(card: TemplateCard, verb: str, talk: Talk) -> bool:
    for text in (card.name, *card.keywords, *card.examples):
        said = replace(talk.said, text=text, open_tasks=())
        order = commands.recognise(said) or commands.named(said)
        if order is not None and order.verb == verb:
            return True
    return False


def obey(talk: Talk, found: Recognised) -> bool:
    """False where it is no command after all: it names no decision that waits."""
    if found.verb == "help":
        helping.show(talk, 0)
    elif found.verb in WITHOUT_A_TASK:
        talk.change(more=More(kind="list", offset=0) if found.verb == "list" else None)
        talk.do(Order(verb=found.verb))
    elif found.verb in DECISIONS:
        return _decide(talk, found)
    else:
        _order(talk, found)
    return True


# Tasks ---------------------------------------------------------------------------------------------------------------


def _order(talk: Talk, found: Recognised) -> None:
    assert found.verb != "help"  # it was answered before
    command = Command(verb=found.verb, comment=found.comment)
    if found.ids and not found.is_titled:
        _numbered(talk, command, found.ids)
        return
    tasks = _meant(talk, found)
    if found.is_all and tasks:
        _do(talk, command, [task.id for task in tasks])
    elif len(tasks) == 1:
        _do(talk, command, [tasks[0].id])
    elif found.words and not tasks:
        _none_named(talk, found.words)
    else:
        _ask_which(talk, command, tasks)


def _numbered(talk: Talk, command: Command, ids: Sequence[int]) -> None:
    seen = {number: _known(talk, number) for number in dict.fromkeys(ids[:MAX_TASKS])}
    for number in (number for number, task in seen.items() if task is None):
        talk.say(say("no_such_task", number=number))
    if there := [number for number, task in seen.items() if task is not None]:
        _do(talk, command, there)


def _known(talk: Talk, number: int) -> KnownTask | None:
    named = (task for task in (*talk.world.tasks, *talk.world.recent) if task.id == number)
    return next(named, None) or talk.world.find_task(number)


def _meant(talk: Talk, found: Recognised) -> list[KnownTask]:
    """Those with the title; else the thread's, the one that was talked about, the open ones, the last that ended."""
    if found.verb == "retry":
        possible = _ended(talk, found)
    elif found.verb in FOR_OPEN:
        possible = list(talk.world.tasks)
    else:
        possible = [*talk.world.tasks, *talk.world.recent]
    if found.is_titled:
        return [task for task in possible if task.id in found.ids]
    if found.is_all:
        return (possible if found.verb == "retry" else list(talk.world.tasks))[:MAX_TASKS]
    if (about := _about(talk)) and (task := _known(talk, about)):
        return [task]
    last = [task for number in talk.state.talked[:1] for task in _named(talk, possible, found) if task.id == number]
    open_ = [task for task in possible if task.is_open]
    return last or open_ or possible[:1]


def _ended(talk: Talk, found: Recognised) -> list[KnownTask]:
    """What can be tried again, or run again: those that failed first. Who went well only where it is named."""
    statuses = ("failed", "cancelled", "completed") if found.is_titled else ("failed", "cancelled")
    ended = [task for status in statuses for task in talk.world.recent if task.status == status]
    first = next((task.status for task in ended if not found.is_titled or task.id in found.ids), "")
    return [task for task in ended if task.status == first] if found.is_titled or found.is_all else ended


def _named(talk: Talk, possible: Sequence[KnownTask], found: Recognised) -> Sequence[KnownTask]:
    """What was just cancelled can still be stopping: to try it again is refused, and why is said."""
    return [*possible, *talk.world.tasks] if found.verb == "retry" else possible


def _about(talk: Talk) -> int | None:
    about = talk.said.about
    if about is None or about.kind == "task":
        return about.id if about else None
    return next((each.task_id for each in talk.world.approvals if each.id == about.id), None)


def _ask_which(talk: Talk, command: Command, tasks: Sequence[KnownTask]) -> None:
    text = wording.ask_task(command.verb, len(tasks))
    choices = tuple(Choice(label=f"{task.id} {task.title}".strip(), value=task.id) for task in tasks[:MAX_CHOICES])
    opened = talk.wait("task", order=command, question=Question(path="task_id", text=text, choices=choices))
    talk.ask(opened, text)


def _none_named(talk: Talk, name: str) -> None:
    """Nothing of that name is there to be ordered about: that is said, and nothing is started in its place."""
    card = next((card for card in talk.world.cards if card.name == name), None)
    example = next(iter(card.examples), name) if card else name
    talk.say(say("none_named", name=name), say("to_start", example=example))


def answer_task(talk: Talk, opened: Open, text: str) -> bool:
    """By the button's number, the task's number or its title."""
    question, command = opened.question, opened.order
    if question is None or command is None:
        return False
    number = text.lstrip("# ")
    if number.isdecimal() and len(number) < 10 and any(choice.value == int(number) for choice in question.choices):
        choice: Choice | None = Choice(label=text, value=int(number))
    else:
        choice = _chosen(question, text)
    if choice is None and number.isdecimal() and len(number) < 10:
        talk.close("done")
        _numbered(talk, command, [int(number)])
        return True
    if choice is None:
        return False
    pick_task(talk, opened, choice)
    return True


def pick_task(talk: Talk, opened: Open, choice: Choice) -> None:
    if opened.order is not None:
        talk.close("done")
        _do(talk, opened.order, [int(choice.value)])


def _chosen(question: Question, text: str) -> Choice | None:
    said = text.casefold()
    if text.isdecimal() and 1 <= int(text[:9]) <= len(question.choices):
        return question.choices[int(text) - 1]
    named = [choice for choice in question.choices if said in choice.label.casefold()] if len(said) > 2 else []
    return named[0] if len(named) == 1 else None


def _do(talk: Talk, command: Command, ids: Sequence[int]) -> None:
    talk.state = talk.state.about(*ids)
    if command.verb == "cancel":
        _confirm_cancel(talk, replace(command, task_ids=tuple(ids)))
    elif command.verb == "retry" and any(_is_over(talk, number) for number in ids):
        _confirm_again(talk, replace(command, task_ids=tuple(ids)))
    elif command.verb in ("subscribe", "unsubscribe"):
        for number in ids:
            talk.do(Subscribe(task_id=number, is_wanted=command.verb == "subscribe"))
    else:
        talk.do(Order(verb=command.verb, task_ids=tuple(ids), request_key=_order_key(talk, command, ids)))


def _order_key(talk: Talk, command: Command, ids: Sequence[int]) -> str:
    talk.change(count=talk.state.count + 1)
    return talk.key("order", command.verb, *ids)[:32]


def _is_over(talk: Talk, number: int) -> bool:
    """Whether it can only be run again, as a new task: what failed goes on where it stopped."""
    task = _known(talk, number)
    return task is not None and task.status in ("cancelled", "completed")


def _confirm_again(talk: Talk, command: Command) -> None:
    """What it did, it does once more: it is asked first."""
    opened = talk.wait("order", order=command)
    buttons = (talk.button(opened, "yes", say("button.start"), "primary"), talk.button(opened, "keep"))
    talk.ask(opened, say("confirm.again", what=_called(talk, command.task_ids)), buttons=buttons)


def _confirm_cancel(talk: Talk, command: Command) -> None:
    """What is cancelled stays so: it is asked first."""
    what = _called(talk, command.task_ids)
    opened = talk.wait("order", order=command)
    label = say("button.cancel", what=wording.tasks(command.task_ids))
    buttons = (talk.button(opened, "yes", label, "danger"), talk.button(opened, "keep"))
    talk.ask(opened, say("confirm.cancel", what=what), buttons=buttons)


def _called(talk: Talk, ids: Sequence[int]) -> str:
    if len(ids) > 1:
        return f"{wording.tasks(ids)} ({', '.join(map(str, ids))})"
    task = _known(talk, ids[0])
    return say("task.titled", number=task.id, title=task.title) if task and task.title else wording.task(ids[0])


def confirm(talk: Talk, opened: Open) -> None:
    command = opened.order
    talk.close("done")
    if command is None:
        return
    if command.verb in DECISIONS:
        _give(talk, command, opened.approval_id)
        return
    there = [number for number in command.task_ids if _known(talk, number)]
    over = [number for number in there if command.verb == "retry" and _is_over(talk, number)]
    if rest := [number for number in there if number not in over]:
        key = _order_key(talk, command, rest)
        talk.do(Order(verb=command.verb, task_ids=tuple(rest), request_key=key))
    if over:
        talk.do(Order(verb="again", task_ids=tuple(over), request_key=_order_key(talk, command, over)))


# Decisions -----------------------------------------------------------------------------------------------------------


def _decide(talk: Talk, found: Recognised) -> bool:
    """In its thread a decision is taken at its word; elsewhere it is confirmed, with its title."""
    waiting = list(talk.world.approvals)
    about = talk.said.about
    if found.words:
        waiting = [each for each in waiting if _fits(found.words, each)]
        if not waiting:
            return False
    elif found.ids:
        waiting = [each for each in waiting if each.task_id in found.ids]
    elif about is not None:
        waiting = [each for each in waiting if about.id == (each.id if about.kind == "approval" else each.task_id)]
    assert found.verb != "help"  # it is one of DECISIONS
    command = Command(verb=found.verb, comment=found.comment)
    if not waiting:
        talk.say(say("no_approval_here" if about or found.ids else "no_approval"))
    elif len(waiting) > 1:
        _ask_approval(talk, command, waiting)
    elif about is not None and not found.words:
        _give(talk, command, waiting[0].id)
    else:
        _confirm_decision(talk, command, waiting[0])
    return True


def _fits(words: str, approval: KnownApproval) -> bool:
    return set(words.casefold().split()) <= set(approval.title.casefold().split())


def _ask_approval(talk: Talk, command: Command, waiting: Sequence[KnownApproval]) -> None:
    text = say("ask.approval", count=len(waiting))
    choices = tuple(Choice(label=f"{each.title} ({wording.task(each.task_id)})", value=each.id) for each in waiting)
    question = Question(path="approval_id", text=text, choices=choices[:MAX_CHOICES])
    talk.ask(talk.wait("approval", order=command, question=question), text)


def pick_approval(talk: Talk, opened: Open, choice: Choice) -> None:
    approval = _approval(talk, int(choice.value))
    if opened.order is None or approval is None:
        talk.close("done")
        talk.say(say("no_approval"))
    else:
        _confirm_decision(talk, opened.order, approval)


def answer_approval(talk: Talk, opened: Open, text: str) -> bool:
    choice = _chosen(opened.question, text) if opened.question else None
    if choice is not None:
        pick_approval(talk, opened, choice)
    return choice is not None


def _approval(talk: Talk, number: int | None) -> KnownApproval | None:
    return next((each for each in talk.world.approvals if each.id == number), None)


def _confirm_decision(talk: Talk, command: Command, approval: KnownApproval) -> None:
    opened = talk.wait("decision", order=command, approval_id=approval.id)
    text = say(f"confirm.{command.verb}", title=approval.title, number=approval.task_id)
    style: Style = "primary" if command.verb == "approve" else "danger"
    buttons = (talk.button(opened, "yes", say(f"button.{command.verb}"), style), talk.button(opened, "keep"))
    talk.ask(opened, text, *([say("quoted", text=command.comment)] if command.comment else []), buttons=buttons)


def _give(talk: Talk, command: Command, approval_id: int | None) -> None:
    approval = _approval(talk, approval_id)
    if approval is None:
        talk.say(say("no_approval"))
        return
    choice = approval.approve if command.verb == "approve" else approval.reject
    if not choice:
        talk.say(say("no_choice", title=approval.title))
        return
    talk.state = talk.state.about(approval.task_id)
    talk.do(Decide(approval_id=approval.id, choice=choice, comment=command.comment))
