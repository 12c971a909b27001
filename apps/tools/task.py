"""The running task itself: progress, log, waiting, and the time, ids and chance that stay the same after a crash."""

import random as chance
import uuid
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from apps.core.errors import ToolError
from apps.core.saying import count
from apps.tasks import approvals
from apps.tasks.lifecycle import telling
from apps.tasks.making import children
from apps.tasks.models import Message, Task
from apps.tools.registry import Call, Suspension, tool

LONGEST_SLEEP = 366 * 86_400


class TaskInfo(TypedDict):
    """The task as its requester knows it. `outputs` is what the template declares: attachments and notifications."""

    id: int
    title: str
    requested_by: str
    revision: str
    outputs: dict[str, Any]
    started_at: datetime


@tool(call_class="telemetry")
def progress(call: Call, percent: float, stage: str = "", message: str = "") -> None:
    """Show how far the task is: 0 to 100 per cent, the stage it is in, and a sentence.

    Calls cost nothing worth counting: the newest is shown with the next step, or within a second. A percentage never
    goes back. A stage that the template declares is drawn on the task's page.
    """
    if not 0 <= percent <= 100:
        raise ToolError(f"task.progress(): percent is {percent}; it goes from 0 to 100.", kind="ValueError")
    call.report_progress(float(percent), stage, message)


@tool(call_class="telemetry")
def log(call: Call, message: str, level: Literal["debug", "info", "warning", "error"] = "info") -> None:
    """Write a line to the task's log. `print(...)` does the same at level info."""
    call.log(message, level)


@tool(call_class="telemetry")
def warn(call: Call, message: str) -> None:
    """Write a warning to the task's log; the task's page counts warnings."""
    call.log(message, "warning")


@tool(call_class="suspending")
def sleep(call: Call, seconds: float) -> Suspension:
    """Wait. From one second on the task leaves its worker meanwhile, so that waiting costs nothing and survives all.

    `time.sleep(seconds)` does the same.
    """
    if not 0 <= seconds <= LONGEST_SLEEP:
        raise ToolError(f"task.sleep(): {seconds} s; use 0 to {LONGEST_SLEEP:,} (a year).", kind="ValueError")
    until = call.now + timedelta(seconds=seconds)
    return Suspension(until=until, reason=f"sleeps until {until:%Y-%m-%d %H:%M:%S} UTC")


class ChildResult(TypedDict):
    """What became of a task that this one started. `result` is what its script returned; `error` says why it failed."""

    id: int
    status: str
    result: Any
    error: str


@tool(call_class="effect")
def spawn(call: Call, template: str, parameters: dict[str, Any] | None = None, title: str = "") -> int:
    """Start a task of another template and go on at once; its id is for `task.join`.

    It acts in the name of the same person, and ends when this task is cancelled or fails.
    """
    child = children.Templates(call.requester).child(template, parameters or {}, title)
    branch = children.make(call.lease, str(call.index), [child])
    return int(Task.objects.values_list("pk", flat=True).get(branch=branch))


@tool(call_class="suspending")
def join(call: Call, ids: list[int]) -> list[ChildResult] | Suspension:
    """Wait until these tasks, which this one started with `task.spawn`, have ended; what became of each, in their order.

    The task leaves its worker meanwhile. For many tasks at once `task.gather` costs less.
    """
    found = {each["id"]: each for each in children.of_parent(call.task_id, ids)}
    if strangers := [task_id for task_id in ids if task_id not in found]:
        raise ToolError(f"task.join(): this task did not start {', '.join(map(str, strangers))}.", kind="ValueError")
    waiting = [each["id"] for each in found.values() if not each["is_final"]]
    if waiting:
        return Suspension(until=None, reason=f"waits for {_some('task', waiting)}", is_open=True)
    return [_result(found[task_id]) for task_id in ids]


@tool(call_class="suspending", has_effects=True)
def gather(
    call: Call, requests: list[dict[str, Any]], at_once: int | None = None, at_least: int | None = None
) -> list[ChildResult] | Suspension:
    """Start many tasks and wait for all: `[{"template": "…", "parameters": {…}, "title": "…"}, …]`.

    The task leaves its worker meanwhile. At most `at_once` of them run at the same time. All must complete, or
    `at_least` so many (0: whatever becomes of them); as soon as that is impossible the rest is cancelled and an error raised.
    """
    name = str(call.index)
    branch = children.branch(call.task_id, name)
    if branch is None or branch.made < branch.total:
        branch = children.make(
            call.lease, name, _children(call, requests),
            at_once=_positive("at_once", at_once), at_least=at_least,
        )  # fmt: skip
    if branch.is_lost:
        raise ToolError(f"task.gather(): {children.complaint(branch, call.lease)}", kind="RuntimeError")
    if branch.outstanding:
        reason = f"waits for {count(branch.total, 'task')} that it has started"  # how many are left, changes meanwhile
        return Suspension(until=None, reason=reason, is_open=True)
    return [_result(each) for each in children.results(branch)]


@tool(call_class="suspending")
def wait_for_event(call: Call, name: str, seconds: float | None = None) -> Any | Suspension:
    """Wait until somebody tells this task of an event of this name, and answer its data.

    It is told with `manage.py tasks tell`, or `POST /api/v1/tasks/ID/tell/`. What came before is kept for the first who asks.
    After `seconds` (None: never) the answer is None. The task leaves its worker meanwhile.
    """
    if seconds is not None and not 0 <= seconds <= LONGEST_SLEEP:
        raise ToolError(f"task.wait_for_event(): {seconds} s; use 0 to {LONGEST_SLEEP:,}.", kind="ValueError")
    heard = telling.heard(call.task_id, call.index, name[: telling.LONGEST_NAME], call.now, seconds)
    if isinstance(heard, Message):
        return heard.data if heard.told_at else None
    return Suspension(until=heard, reason=f"waits for the event “{name}”", is_open=True)


class Decision(TypedDict):
    """What people decided. `by` is empty where silence took the declared default; `data` is the form as it was sent."""

    decision: str
    by: str
    data: dict[str, Any]
    comment: str
    at: datetime


@tool(call_class="suspending")
def approve(
    call: Call,
    title: str,
    text: str = "",
    users: list[str] | None = None,
    groups: list[str] | None = None,
    four_eyes: bool = False,
    choices: list[dict[str, Any]] | None = None,
    form: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    evidence: list[dict[str, Any]] | None = None,
    expires_after: str | None = None,
    at_expiry: str = "fail",
    remind_after: str | None = None,
    escalate_after: str | None = None,
    escalate_to: dict[str, list[str]] | None = None,
) -> Decision | Suspension:
    """Ask people and wait for their decision; the task leaves its worker meanwhile.

    `users` and `groups` may decide (nobody named: who asked for the task), under `four_eyes` not who asked for it.
    `choices` are approve and reject, or `[{"name": "later", "label": "Next week", "takes_data": False}, …]`. `form` is a
    JSON Schema, prefilled with `data`, which the decider may edit. Spans are texts: "2 d", "90 min". After
    `expires_after` silence means `at_expiry`, one of the choices; "fail" raises a TimeoutError.
    """
    place = str(call.index)
    answer = approvals.answer_of(call.task_id, place)
    if answer is None:
        question = approvals.read({
            "title": title, "text": text, "users": users, "groups": groups, "four_eyes": four_eyes,
            "choices": choices, "form": form, "data": data, "evidence": evidence, "expires_after": expires_after,
            "at_expiry": at_expiry, "remind_after": remind_after, "escalate_after": escalate_after,
            "escalate_to": escalate_to,
        })  # fmt: skip
        asked = approvals.ask(call.task_id, place, question)
        return Suspension(until=None, reason=approvals.waits_for(asked, call.now), is_open=True)
    if not answer.is_decided:
        raise ToolError(f"task.approve(): nobody decided “{title}” in time.", kind="TimeoutError")
    return Decision(decision=answer.decision, by=answer.by, data=answer.data, comment=answer.comment, at=answer.at)


def _children(call: Call, requests: list[dict[str, Any]]) -> list[children.Child]:
    templates = children.Templates(call.requester)
    return [_child(templates, number, request) for number, request in enumerate(requests)]


def _child(templates: children.Templates, number: int, request: dict[str, Any]) -> children.Child:
    unknown = sorted(set(request) - {"template", "parameters", "title"})
    if unknown or not isinstance(request.get("template"), str):
        what = f"has {', '.join(unknown)}, which means nothing here" if unknown else "names no template"
        raise ToolError(f"task.gather(): request {number} {what}.", kind="ValueError")
    return templates.child(request["template"], request.get("parameters") or {}, str(request.get("title") or ""))


def _positive(name: str, number: int | None) -> int | None:
    if number is not None and number < 1:
        raise ToolError(f"task.gather(): {name} is {number}; use 1 or more.", kind="ValueError")
    return number


def _result(row: children.Row) -> ChildResult:
    return ChildResult(id=row["id"], status=row["status"], result=row["result"], error=row["error"])


def _some(noun: str, ids: list[int]) -> str:
    return f"{noun} {ids[0]}" if len(ids) == 1 else f"{len(ids):,} {noun}s"


@tool(call_class="volatile")
def now(call: Call) -> datetime:
    """The moment of this call, aware, in UTC. It is recorded: after a crash the same call gives the same moment.

    `datetime.now()` in a script stands still at the moment the task was made.
    """
    return call.now


@tool(call_class="volatile")
def new_id(call: Call) -> str:
    """A UUID that is new for each call and the same when the call is repeated after a crash."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, call.seed()))


@tool(call_class="volatile")
def random(call: Call) -> float:
    """A number from 0 (included) to 1 (excluded), the same when the call is repeated. `import random` works too."""
    return chance.Random(call.seed()).random()


@tool(call_class="volatile")
def info(call: Call) -> TaskInfo:
    """What is known of the task: its id, title, who asked for it, its revision, its declared outputs."""
    facts = call.facts()
    return TaskInfo(
        id=facts["id"],
        title=facts["title"],
        requested_by=facts["requested_by"],
        revision=facts["revision"],
        outputs=dict(facts["outputs"]),
        started_at=facts["started_at"],
    )
