"""A task as the chat shows it: its progress, its status in full, what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

from django.urls import reverse

from apps.chat import causes
from apps.chat.content import Button, Content, Link, Row
from apps.chat.wording import language, say
from apps.console import words
from apps.core import durations
from apps.core.masking import mask
from apps.language import wording
from apps.language.conversation import cards
from apps.tasks import standing
from apps.tasks.models import Artifact, Task
from apps.tasks.states import AttemptOutcome, Status
from apps.workers.answers import reasons
from apps.workers.supervisor import address

RELATED = ("template", "revision", "requester", "execution")
MOST_DATA, MOST_RESULT = 12, 1_500
PERCENT_STEP = 1.0
BUTTONS = {"pause": "pause_it", "resume": "resume_it", "cancel": "cancel_it", "retry": "retry_it"}
PRESSED = "do:"
"""How the values of these buttons begin: do:pause:12. They mean a command on that very task, whatever the talk is about."""


def page(task_id: int) -> str:
    return f"{address.of_site()}{reverse('admin:tasks_task_change', args=[task_id])}"


def artifact_page(artifact_id: int) -> str:
    return f"{address.of_site()}{reverse('admin:download', args=[artifact_id])}"


def approval_page(approval_id: int) -> str:
    return f"{address.of_site()}{reverse('admin:approval', args=[approval_id])}"


def link(task_id: int, locale: str) -> Link:
    return Link(label=say("page", locale, task=task_id), url=page(task_id))


def file_links(files: Sequence[Artifact], locale: str, *, is_plain: bool = False) -> list[Link]:
    """Where files are that the chat does not take; `is_plain`: it takes none, and need not say why."""
    sentence = "file_line" if is_plain else "file_elsewhere"
    return [
        Link(label=say(sentence, locale, name=each.name, size=words.size(each.size)), url=artifact_page(each.pk))
        for each in files
    ]


def progress(task: Task, viewer: Any, locale: str, now: datetime, *, is_discreet: bool) -> Content:
    """The message that changes while a task runs. Needs RELATED."""
    execution = task.execution
    lines = [_state(task, locale)]
    if is_discreet:
        lines += _doing(task, viewer, locale, now)
    return Content(
        title=f"{task.title} ({task.pk})",
        text="\n".join(line for line in lines if line),
        percent=None if task.is_final and task.status != Status.COMPLETED else round(execution.percent),
        links=[link(task.pk, locale)],
        buttons=_buttons(task, locale),
    )


def ending(task: Task, viewer: Any, locale: str, now: datetime, message: str = "") -> Content:
    """What came of it, once it has ended: the template's message, the summary, what to do after a failure."""
    lines = [f"{task.title} ({task.pk}): {say(f'is_{task.status}', locale)}", message]
    if task.status == Status.COMPLETED:
        summary = standing.summary(task)
        lines += [] if message and summary in message else [summary]
    else:
        lines += [_why(task, viewer, locale, now)]
        if advice := (task.error or {}).get("advice"):
            lines.append(say("advice", locale, advice=mask(str(advice))))
    return Content(
        text="\n\n".join(line for line in lines if line),
        links=[link(task.pk, locale)],
        buttons=_buttons(task, locale) if task.status == Status.FAILED else (),
    )


def status(task: Task, viewer: Any, locale: str, now: datetime) -> Content:
    """Everything that the first design lists: type, completion, step, message, times, worker, data, results, files, error."""
    execution = task.execution
    elapsed = standing.elapsed(task, now)
    left = standing.remaining(task, elapsed or 0.0) if not task.is_final else None
    told = [
        ("type", task.template.name),
        ("state", say(f"is_{task.status}", locale)),
        ("completion", f"{execution.percent:.0f} %"),
        ("stage", _stage(task, locale, now)),
        ("message", mask(execution.message, 300)),
        ("elapsed", "" if elapsed is None else durations.describe(round(elapsed))),
        ("remaining", "" if left is None else say("about", locale, time=durations.describe(round(left)))),
        ("worker", execution.worker if task.status == Status.RUNNING else ""),
        ("why", _why(task, viewer, locale, now) if task.status != Status.COMPLETED else ""),
        ("data", data(task.parameters, task.revision.parameter_schema, locale)),
        ("result", mask(standing.summary(task), MOST_RESULT) if task.status == Status.COMPLETED else ""),
        ("files", ", ".join(artifact.name for artifact in Artifact.objects.of(task)[:20])),
        ("error", mask(str((task.error or {}).get("message", "")), 500) if task.error else ""),
    ]
    rows = [Row(label=say(name, locale), value=value) for name, value in told if value]
    return Content(
        title=f"{task.title} ({task.pk})",
        rows=rows,
        links=[link(task.pk, locale)],
        buttons=_buttons(task, locale),
        percent=round(execution.percent),
    )


def listed(tasks: Sequence[Task], viewer: Any, locale: str, now: datetime) -> list[str]:
    """A line each: number, title, state, how far, why."""
    facts = reasons.around(tasks, now, viewer)
    lines = []
    for task in tasks:
        is_running = task.status == Status.RUNNING
        why = causes.doing(task, locale) if is_running else causes.why(task, facts, locale)
        state = say(f"is_{task.status}", locale)
        lines.append(f"{task.pk}  {task.title}: {state}, {task.execution.percent:.0f} %. {why}".strip())
    return lines


def _state(task: Task, locale: str) -> str:
    return say(f"is_{task.status}", locale).capitalize() + "."


def _doing(task: Task, viewer: Any, locale: str, now: datetime) -> list[str]:
    if task.is_final:
        return []
    if task.status != Status.RUNNING:
        return [_why(task, viewer, locale, now)]
    elapsed = standing.elapsed(task, now) or 0.0
    left = standing.remaining(task, standing.worked(list(task.attempts.all()), now))
    lines = [_stage(task, locale, now), mask(task.execution.message, 300)]
    times = f"{say('elapsed', locale)}: {durations.describe(round(elapsed))}"
    if left is not None:
        times += f". {say('remaining', locale)}: {say('about', locale, time=durations.describe(round(left)))}"
    return [*lines, times, _resumed(task, locale)]


def _why(task: Task, viewer: Any, locale: str, now: datetime) -> str:
    return mask(causes.why(task, reasons.around([task], now, viewer), locale))


def _resumed(task: Task, locale: str) -> str:
    """That it went on after a crash, and at what line: good news, said as such."""
    couples = reversed(list(pairwise(task.attempts.all())))
    again = next((now for was, now in couples if was.outcome == AttemptOutcome.CRASHED and now.resumed_line), None)
    if again is None:
        return ""
    return say("gone_on", locale, line=again.resumed_line, calls=again.resumed_index or 0)


def _stage(task: Task, locale: str, now: datetime) -> str:
    stages = standing.stages(task, now)
    for number, stage in enumerate(stages, start=1):
        if stage.state == "current":
            return say("stage_of", locale, number=number, total=len(stages), name=stage.name)
    return ""


def data(parameters: Any, schema: Mapping[str, Any], locale: str) -> str:
    """The values as a card shows them: by their titles, dates and yes or no as people say them."""
    if not isinstance(parameters, dict):
        return ""
    with wording.speaking(language(locale)):
        shown = [f"{title}: {value}" for _, title, value in islice(cards.shown(parameters, schema), MOST_DATA)]
    return mask("; ".join(shown), 1_000)


def _buttons(task: Task, locale: str) -> list[Button]:
    return [
        Button(
            label=say(BUTTONS[verb], locale),
            value=f"{PRESSED}{verb}:{task.pk}",
            style="danger" if verb == "cancel" else "",
        )
        for verb in standing.legal(task)
        if verb in BUTTONS
    ]
