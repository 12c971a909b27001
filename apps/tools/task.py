"""The running task itself: progress, log, waiting, and the time, ids and chance that stay the same after a crash."""

import random as chance
import uuid
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from apps.core.errors import ToolError
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
