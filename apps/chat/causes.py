"""Why a task does not run, and what it does, in the person's language: holder or cause, since when, what ends it.

The same facts as `workers.answers.reasons`, which the pages say in English. What is rare (a limit and who holds it), and
what a script or a person wrote, stays as it is there.
"""

from collections.abc import Callable, Mapping

from apps.chat.wording import say
from apps.core import durations
from apps.core.saying import clock, sentence
from apps.tasks.models import Task
from apps.tasks.states import Control, Status
from apps.workers.answers import reasons
from apps.workers.answers.reasons import Around
from apps.workers.answers.waiting import Hold, Prospect

OURS = frozenset({"asked in chat", "taken back in chat"})
"""Reasons that the chat itself writes down for the record: they tell people nothing."""


def why(task: Task, facts: Around, locale: str) -> str:
    """One or two sentences; empty for a task that simply runs."""
    said = _SENTENCES.get(Status(task.status))
    found = said(task, facts, locale) if said else None
    return reasons.why(task, facts) if found is None else found


def doing(task: Task, locale: str) -> str:
    """What a running task does now: "Line 24, crm.invoices"; or what its script says of itself."""
    execution = task.execution
    parts = [say("why_line", locale, line=execution.line)] if execution.line else []
    parts += [part for part in (execution.call, execution.message or execution.stage) if part]
    return ", ".join(parts) or say("why_begins", locale)


def _pending(task: Task, facts: Around, locale: str) -> str | None:
    prospect = facts.prospects.get(task.pk) or Prospect(hold=Hold.WORKER)
    if prospect.hold == Hold.UNSERVED and not prospect.words:
        return say("why_unserved", locale, queue=task.queue)
    if prospect.hold != Hold.WORKER or task.failures or (task.attempt_count and task.status_reason):
        return None
    if task.available_at > facts.now:
        rest = durations.describe(task.available_at - facts.now)
        return say("why_later", locale, at=clock(task.available_at, facts.now), time=rest)
    return " ".join(filter(None, [say("why_worker", locale, queue=task.queue), _place(prospect, locale)]))


def _place(prospect: Prospect, locale: str) -> str:
    if prospect.place is None:
        return ""
    seconds = round(prospect.seconds or 0)
    about = f", {say('about', locale, time=durations.describe(float(seconds)))}" if seconds else ""
    return f"{say('why_place', locale, place=prospect.place)}{about}."


def _running(task: Task, facts: Around, locale: str) -> str | None:
    control = task.execution.control
    if control == Control.PAUSE:
        return say("pausing", locale, task=task.pk)
    if control == Control.CANCEL:
        return say("cancelling", locale, task=task.pk)
    return None if control else ""


def _waiting(task: Task, facts: Around, locale: str) -> str | None:
    if task.is_listening or task.available_at <= facts.now:
        return None
    rest = durations.describe(task.available_at - facts.now)
    return say("why_sleeps", locale, at=clock(task.available_at, facts.now), time=rest)


def _paused(task: Task, facts: Around, locale: str) -> str | None:
    stop = facts.stops.get(task.pk)
    if stop is None or not stop.by:
        return None
    told = say("why_paused", locale, by=stop.by, at=clock(stop.at, facts.now), reason=_reason(stop.reason))
    return f"{told} {say('why_resumed', locale)}"


def _cancelled(task: Task, facts: Around, locale: str) -> str | None:
    stop = facts.stops.get(task.pk)
    if stop is None or not stop.by:
        return None
    return say("why_cancelled", locale, by=stop.by, reason=_reason(stop.reason))


def _reason(text: str) -> str:
    return f" (“{text}”)" if text and text not in OURS else ""


def _completed(task: Task, facts: Around, locale: str) -> str | None:
    if task.started_at is None or task.finished_at is None:
        return None
    return say("why_done", locale, time=durations.describe(task.finished_at - task.started_at))


def _failed(task: Task, facts: Around, locale: str) -> str | None:
    """The error is as the script met it."""
    error = task.error or {}
    if task.is_dead_letter or not error.get("message"):
        return None
    where = f"{say('why_line', locale, line=error['line'])}: " if error.get("line") else ""
    return f"{where}{sentence(str(error['message']))} {say('why_not_retried', locale)}"


_SENTENCES: Mapping[Status, Callable[[Task, Around, str], str | None]] = {
    Status.PENDING: _pending,
    Status.RUNNING: _running,
    Status.WAITING: _waiting,
    Status.PAUSED: _paused,
    Status.COMPLETED: _completed,
    Status.FAILED: _failed,
    Status.CANCELLED: _cancelled,
}
