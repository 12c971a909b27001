"""Who goes first: priority with slow ageing, folded into one number that never has to be recomputed.

A task's effective priority at moment t is `priority + (t - available_at) / AGEING_SECONDS`. All waiting tasks age at
the same rate, so their order is that of `priority - available_at / AGEING_SECONDS`: a constant, and an index.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.catalog import priorities
from apps.catalog.models import TemplateRevision
from apps.core.errors import InvalidInput, NotPermitted
from apps.tasks.models import Task
from apps.tasks.states import AGEING_SECONDS, PRIORITY_WORDS


def rank(priority: int, available_at: datetime) -> float:
    return priority - available_at.timestamp() / AGEING_SECONDS


def number(asked: int | str) -> int:
    """0 to 100 from a number or one of the words. Raises InvalidInput."""
    if isinstance(asked, str) and asked.strip().lower() in PRIORITY_WORDS:
        return PRIORITY_WORDS[asked.strip().lower()]
    if isinstance(asked, int) and not isinstance(asked, bool) and 0 <= asked <= 100:
        return asked
    words = ", ".join(PRIORITY_WORDS)
    raise InvalidInput(
        f"Priority {asked!r} is not known.", fields={"priority": f"Use a number from 0 to 100, or one of {words}."}
    )


def usual(revision: TemplateRevision, parameters: Mapping[str, Any]) -> int:
    """What a task with these parameters gets when nobody names a priority: by the revision's rules, or its own."""
    match = priorities.first_match(revision.priority_rules, parameters) if revision.priority_rules else None
    return match.priority if match else revision.priority


def reason(task: Task) -> str:
    """Why the task has its priority, in a few words. Needs its revision."""
    rules = task.revision.priority_rules
    match = priorities.first_match(rules, task.parameters) if rules else None
    if match is not None and match.priority == task.priority:
        return f"{match.title} of its template"
    if match is None and task.priority == task.revision.priority:
        return "as its template has it"
    return "as it was asked for"


def permit(asked: int, given: int, by: Any) -> None:
    """The one rule of who may set which priority, for a new task as for one that waits. Raises NotPermitted.

    `given`: what the task has by itself, from its template or as it stands. Whoever asks for it may lower that; more
    takes the permission to control tasks, else everybody's would be the first. `bulk` says the same in SQL.
    """
    if asked > given and not by.has_perm("tasks.control_task"):
        raise NotPermitted(
            f"You may ask for a priority up to {given}, as its template gives. Above that takes the permission to"
            " control tasks."
        )
