"""Buttons of posts about a task or an approval. Their values say all: `do:pause:12`, `decide:7:approve`.

They are values like any other that came from outside: what they name is looked up with the person's own rights.
"""

import re
from collections.abc import Sequence
from typing import Any

from apps.chat import asking, facts
from apps.chat.content import Button, Content
from apps.chat.wording import say
from apps.language.conversation import Act, Decide, Order
from apps.tasks.models import Task

SURE = "cancel!"
_DO = re.compile(rf"{facts.PRESSED}(pause|resume|cancel|cancel!|retry):(\d{{1,18}})")
_DECIDE = re.compile(rf"{asking.PRESSED}(\d{{1,18}}):(.{{1,50}})", re.DOTALL)


def acts(value: str) -> list[Act]:
    """What the button means; nothing for those of a conversation."""
    if found := _DO.fullmatch(value):
        verb: Any = found[1]
        return [Order(verb=verb, task_ids=[int(found[2])])]
    if found := _DECIDE.fullmatch(value):
        return [Decide(approval_id=int(found[1]), choice=found[2])]
    return []


def questions(wanted: Sequence[Act], user: Any, locale: str) -> list[Content]:
    """What has to be confirmed before: a task is not stopped by one press."""
    asked = []
    for act in wanted:
        if isinstance(act, Order) and act.verb == "cancel":
            task = Task.objects.visible_to(user).filter(pk__in=act.task_ids).first()
            if task is not None:
                asked.append(_sure(task, locale))
    return asked


def _sure(task: Task, locale: str) -> Content:
    stop = Button(label=say("stop_it", locale, task=task.pk), value=f"{facts.PRESSED}{SURE}:{task.pk}", style="danger")
    return Content(text=say("sure", locale, task=task.pk, title=task.title), buttons=[stop])
