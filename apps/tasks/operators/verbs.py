"""The verbs that people give to one task or to many: what each needs, what it applies to, and how it is done."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.errors import InvalidInput
from apps.tasks import lifecycle, queuenames
from apps.tasks.models import Task
from apps.tasks.ranking import number
from apps.tasks.states import FINAL, Control, Status

MAX_REASON = 300
Act = Callable[[Task, Any, Mapping[str, Any], int | None], Task]


@dataclass(frozen=True, kw_only=True)
class Verb:
    """`done`: what has become of a task, as in '3 tasks paused'. `needs`: the names of its arguments."""

    name: str
    done: str
    needs: tuple[str, ...]
    act: Act
    lets_go: bool = False
    """Tasks can start by it: those that were first shall be so again."""


VERBS: Mapping[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(name="pause", done="paused", needs=("reason",),
             act=lambda task, by, given, bulk: lifecycle.pause(task, by, given["reason"], bulk=bulk)),
        Verb(name="resume", done="resumed", needs=(), lets_go=True,
             act=lambda task, by, given, bulk: lifecycle.resume(task, by, bulk=bulk)),
        Verb(name="cancel", done="cancelled", needs=("reason",),
             act=lambda task, by, given, bulk: lifecycle.cancel(task, by, given["reason"], bulk=bulk)),
        Verb(name="retry", done="to be tried again", needs=(), lets_go=True,
             act=lambda task, by, given, bulk: lifecycle.retry_failed(task, by, bulk=bulk)),
        Verb(name="start", done="to be started at once", needs=(), lets_go=True,
             act=lambda task, by, given, bulk: lifecycle.start_now(task, by, bulk=bulk)),
        Verb(name="priority", done="given another priority", needs=("priority",),
             act=lambda task, by, given, bulk: lifecycle.change_priority(task, by, given["priority"], bulk=bulk)),
        Verb(name="queue", done="moved", needs=("queue",),
             act=lambda task, by, given, bulk: lifecycle.move_queue(task, by, given["queue"], bulk=bulk)),
        Verb(name="clean", done="cancelled", needs=("reason",),
             act=lambda task, by, given, bulk: lifecycle.clean(task, by, given["reason"], bulk=bulk)),
    )
}  # fmt: skip
OFFERED = tuple(name for name in VERBS if name != "clean")
"""What edges offer for tasks; cleaning is a verb of queues."""


def known(name: str) -> Verb:
    """Raises InvalidInput."""
    if name not in VERBS:
        raise InvalidInput(f"There is no verb {name!r}.", fields={"verb": f"Use one of {', '.join(OFFERED)}."})
    return VERBS[name]


def arguments(name: str, given: Mapping[str, Any], served: Collection[str] = ()) -> dict[str, Any]:
    """What the verb needs, checked. Raises InvalidInput (also for what it does not need) and NotFound (no such queue)."""
    verb = known(name)
    if unknown := sorted(str(each)[:80] for each in given if each not in verb.needs):
        takes = f"takes {', '.join(verb.needs)}" if verb.needs else "takes nothing more"
        raise InvalidInput(
            f"The arguments need attention: {', '.join(unknown)}.",
            fields=dict.fromkeys((f"arguments.{each}" for each in unknown), f"The verb {name} {takes}."),
        )
    return {need: _READERS[need](given.get(need), served) for need in verb.needs}


def _reason(value: Any, served: Collection[str]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_REASON or "\0" in value:
        text = f"Use a text of at most {MAX_REASON} characters."
        raise InvalidInput("The reason cannot be used.", fields={"arguments.reason": text})
    return value.strip()


def _priority(value: Any, served: Collection[str]) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 5:
        value = int(value)
    try:
        return number(value)
    except InvalidInput as error:
        fields = {f"arguments.{name}": said for name, said in error.fields.items()}
        raise InvalidInput(error.message, fields=fields) from None


def _queue(value: Any, served: Collection[str]) -> str:
    return queuenames.existing(value, served)


_READERS: Mapping[str, Callable[[Any, Collection[str]], Any]] = {
    "reason": _reason, "priority": _priority, "queue": _queue,
}  # fmt: skip


def objection(name: str, status: str, control: str = "", *, is_so: bool = False) -> str:
    """Why the verb does not apply to a task in this state, '' where it does. The lifecycle decides again.

    `control`: what was asked of a running one. `is_so`: it has the priority, is in the queue, or waits for no moment,
    already.
    """
    is_stopping = status == Status.RUNNING and control in (Control.CANCEL, Control.EXPIRE)
    is_pausing = status == Status.RUNNING and control == Control.PAUSE
    if name == "retry":
        return "" if status == Status.FAILED else f"it is {status}"
    if name == "start" and status == Status.PENDING:
        return "it waits for no moment" if is_so else ""
    if status in FINAL or name == "start":
        return f"it is {status}"
    if name == "resume":
        return "" if status == Status.PAUSED or is_pausing else f"it is {status}"
    if name == "clean":
        return f"it is {status}" if status == Status.RUNNING else ""
    if name == "pause" and status == Status.PAUSED:
        return "it is paused"
    if name in ("pause", "priority", "queue") and is_stopping:
        return "it is being cancelled"
    return "it is so already" if is_so else ""
