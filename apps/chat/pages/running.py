"""What runs for a user now, whoever of their tasks was asked for where."""

from dataclasses import dataclass
from typing import Any

from apps.console import state
from apps.core import clock
from apps.tasks.models import Task
from apps.workers.answers import reasons

MOST = 8


@dataclass(frozen=True, kw_only=True)
class Row:
    task: Task
    word: str
    sentence: str


def of(user: Any) -> list[Row]:
    """Newest first; a bounded number of queries."""
    now = clock.now()
    mine = Task.objects.filter(requester=user).open().wholes()
    tasks = list(mine.select_related(*state.RELATED).defer(*state.HEAVY).order_by("-pk")[:MOST])
    facts = reasons.around(tasks, now, user)
    return [_row(each, facts) for each in tasks]


def _row(task: Task, facts: reasons.Around) -> Row:
    sentence = reasons.why(task, facts) or reasons.doing(task)
    return Row(task=task, word=state.badge(task, facts.now), sentence=sentence)
