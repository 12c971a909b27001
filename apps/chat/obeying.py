"""What a conversation decided is done, with the person's own permissions, and what came of it becomes an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.catalog.models import TaskTemplate
from apps.chat import facts, places
from apps.chat.content import Content
from apps.chat.models import Account, Dialog, ScheduleDraft
from apps.chat.saying import ENTRY
from apps.chat.wording import say
from apps.core.errors import ChantillyError, Conflict, NotFound, NotPermitted
from apps.language.conversation import (
    AskModel,
    Decide,
    DraftSchedule,
    Learn,
    Order,
    Start,
    State,
    Subscribe,
    Undo,
)
from apps.tasks import lifecycle
from apps.tasks.approvals import deciding
from apps.tasks.making.again import run_again
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Approval, Execution, Queue, Task
from apps.tasks.states import Control, Status

SHOWN = 10
"""Tasks of a list at once."""
VERBS: Mapping[str, Callable[[Task, Any], Task]] = {
    "pause": lambda task, user: lifecycle.pause(task, user, "asked in chat"),
    "resume": lifecycle.resume,
    "cancel": lambda task, user: lifecycle.cancel(task, user, "asked in chat"),
    "cancel!": lambda task, user: lifecycle.cancel(task, user, "asked in chat"),
    "retry": lifecycle.retry_failed,
}
"""How each is told depends on whether it has happened or was only asked for."""
DONE = {"pause": ("paused", "pausing"), "resume": ("resumed", "resumed"), "retry": ("retried", "retried"),
        "cancel": ("cancelled", "cancelling"), "cancel!": ("cancelled", "cancelling")}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Done:
    """`here` is said where it was asked, `aside` where only the asker hears it. `follow`: tasks to be told of."""

    here: list[Content] = field(default_factory=list)
    aside: list[Content] = field(default_factory=list)
    follow: list[int] = field(default_factory=list)
    unfollow: list[int] = field(default_factory=list)
    began: list[tuple[str, int]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Keys of requests that were not started: that they are is not said then."""


class Obeying:
    """Does the acts of one turn. Safe to repeat: a start has a key, and a verb that has been obeyed refuses quietly."""

    def __init__(self, user: Any, account: Account, dialog: Dialog, locale: str, now: datetime) -> None:
        self.user, self.account, self.dialog, self.locale, self.now = user, account, dialog, locale, now
        self.done = Done()

    def obey(self, state: State, acts: Any) -> State:
        for act in acts:
            try:
                self._do(act)
            except ChantillyError as error:
                self._refuse(self._why_not(act, error))
                if isinstance(act, Start):
                    self.done.refused.append(act.request_key)
        for request_key, task_id in self.done.began:
            state = state.began(request_key, task_id)
        for request_key in self.done.refused:
            state = state.refused(request_key)
        return state

    def _refuse(self, why: str) -> None:
        """Aside: a reason can name what only the asker may know."""
        self._aside(Content(text=say("refused", self.locale, why=why)))

    def _why_not(self, act: Any, error: ChantillyError) -> str:
        """In the person's language what people meet; a rare reason is English, as everywhere."""
        if isinstance(act, Start) and isinstance(error, (NotPermitted, NotFound)):
            name = TaskTemplate.objects.filter(key=act.template_key).values_list("name", flat=True).first()
            return say("may_not_start", self.locale, name=name or act.template_key)
        return error.message

    def _do(self, act: Any) -> None:
        match act:
            case Start():
                self._start(act)
            case Order():
                self._order(act)
            case Undo():
                self._undo(act)
            case Subscribe():
                self._subscribe(act)
            case Decide():
                self._decide(act)
            case DraftSchedule():
                self._draft(act)
            case AskModel() | Learn():
                pass  # the one is answered before, the other is kept by `turns`

    def _start(self, act: Start) -> None:
        request = Request(
            template=act.template_key,
            parameters=act.parameters,
            origin="chat",
            instructions=act.sentence,
            idempotency_key=self._key(act.request_key),
        )
        submitted = submit(request, self.user)
        task = submitted.task
        self.done.began.append((act.request_key, task.pk))
        self.done.follow.append(task.pk)
        if not submitted.is_new and submitted.because != "key":
            self._say("exists", task=task.pk, title=task.title)
        if not places.is_discreet(self.dialog) and places.for_details(self.dialog, self.account) is not None:
            self._say("in_private", name=self.account.shown_name or self.user.get_username())

    def _order(self, act: Order) -> None:
        if act.verb == "list":
            self._list(act.offset)
        elif act.verb == "queue":
            self._queues()
        elif act.verb == "schedules":
            self._drafts()
        else:
            for task_id in act.task_ids:
                self._order_one(act, task_id)

    def _order_one(self, act: Order, task_id: int) -> None:
        """What cannot be done with one task does not keep the others from it."""
        verb = act.verb
        task = Task.objects.visible_to(self.user).select_related(*facts.RELATED).filter(pk=task_id).first()
        if task is None:
            self._say("no_task", task=task_id)
        elif verb in (*VERBS, "again"):
            try:
                self._steer(act, task)
            except ChantillyError as error:
                self._refuse(_unfit(verb, task, error, self.locale))
        else:
            self._aside(facts.status(task, self.user, self.locale, self.now))

    def _steer(self, act: Order, task: Task) -> None:
        if act.verb == "again":
            key = self._key(f"{act.request_key}:{task.pk}")
            task = run_again(task, self.user, origin="chat", idempotency_key=key).task
            self._say("started", task=task.pk, title=task.title)
        else:
            VERBS[act.verb](task, self.user)
            task.refresh_from_db(fields=["status"])
            self._say(_outcome(act.verb, task), task=task.pk)
        if act.verb in ("retry", "again"):
            self.done.follow.append(task.pk)

    def _list(self, offset: int) -> None:
        """Own tasks that are open; in a group they are told in private."""
        mine = Task.objects.filter(requester=self.user).open().wholes().select_related(*facts.RELATED).order_by("-pk")
        shown = list(mine[offset : offset + SHOWN])
        total = mine.count()
        if not shown:
            self._aside(Content(text=say("list_end" if offset else "list_none", self.locale)))
            return
        lines = [say("list_head", self.locale, shown=offset + len(shown), total=total)]
        lines += facts.listed(shown, self.user, self.locale, self.now)
        if offset + len(shown) < total:
            lines.append(say("list_more", self.locale))
        self._aside(Content(text="\n".join(lines)))

    def _drafts(self) -> None:
        """Own ones, the newest first; a template that has gone since is named by its key."""
        mine = ScheduleDraft.objects.filter(user=self.user)
        total, drafts = mine.count(), list(mine[:SHOWN])
        if not drafts:
            self._aside(Content(text=say("drafts_none", self.locale)))
            return
        keys = {each.template_key for each in drafts}
        known = {each.key: each for each in TaskTemplate.objects.select_related("published").filter(key__in=keys)}
        lines = [say("drafts_head", self.locale, shown=len(drafts), total=total)]
        lines += [_draft_line(each, known.get(each.template_key), self.locale) for each in drafts]
        self._aside(Content(text="\n".join(lines)))

    def _queues(self) -> None:
        """What this user can see of them: who sees own tasks only, counts own ones."""
        counts: dict[str, dict[str, int]] = {}
        seen = Task.objects.visible_to(self.user).open()
        for queue, status in seen.values_list("queue", "status"):
            counts.setdefault(queue, {}).setdefault(status, 0)
            counts[queue][status] += 1
        held = Queue.objects.filter(name__in=counts).exclude(is_paused=False, is_draining=False)
        lines = [say("queue_head", self.locale)] if counts else [say("queue_none", self.locale)]
        lines += [_queue_line(queue, found, self.locale) for queue, found in sorted(counts.items())]
        lines += [say("queue_held", self.locale, queue=row.name, why=row.reason) for row in held]
        self._aside(Content(text="\n".join(lines)))

    def _undo(self, act: Undo) -> None:
        key = self._key(act.request_key)
        task = Task.objects.filter(requester=self.user, idempotency_key=key).first()
        if task is None or task.is_final:
            self._say("nothing_to_undo")
            return
        lifecycle.cancel(task, self.user, "taken back in chat")
        self._say("undone", task=task.pk)

    def _subscribe(self, act: Subscribe) -> None:
        if not Task.objects.visible_to(self.user).filter(pk=act.task_id).exists():
            self._say("no_task", task=act.task_id)
        elif act.is_wanted:
            self.done.follow.append(act.task_id)
            self._say("subscribed", task=act.task_id)
        else:
            self.done.unfollow.append(act.task_id)
            self._say("unsubscribed", task=act.task_id)

    def _decide(self, act: Decide) -> None:
        approval = Approval.objects.visible_to(self.user).filter(pk=act.approval_id).first()
        choice = approval.choice(act.choice) if approval else None
        if approval is not None and choice is not None and choice.get("takes_data") and _needs_data(approval):
            self._say("needs_page", url=facts.approval_page(approval.pk))
            return
        decided = deciding.decide(act.approval_id, self.user, act.choice, comment=act.comment)
        self._say("decided", label=decided.label(decided.decision))

    def _draft(self, act: DraftSchedule) -> None:
        ScheduleDraft.objects.get_or_create(
            key=self._key(act.request_key),
            defaults={
                "user": self.user, "rule": act.rule[:300], "template_key": act.template_key,
                "parameters": dict(act.parameters), "sentence": act.sentence,
            },
        )  # fmt: skip
        self._say("drafted", rule=act.rule)

    def _key(self, request_key: str) -> str:
        """Request keys tell the cards of one person's conversations apart."""
        return f"chat:{self.account.pk}:{request_key}"[:200]

    def _say(self, sentence: str, **values: Any) -> None:
        self.done.here.append(Content(text=say(sentence, self.locale, **values)))

    def _aside(self, content: Content) -> None:
        (self.done.here if places.is_discreet(self.dialog) else self.done.aside).append(content)


def _outcome(verb: str, task: Task) -> str:
    happened, asked = DONE[verb]
    is_done = task.status != Status.RUNNING
    return happened if is_done else asked


def _unfit(verb: str, task: Task, error: ChantillyError, locale: str) -> str:
    """Why the verb was refused: the person may not, or the task is in no state for it."""
    verb = verb.rstrip("!")
    if isinstance(error, NotPermitted):
        return say(
            "may_not_start" if verb == "again" else "may_not_steer", locale, task=task.pk, name=task.template.name
        )
    if not isinstance(error, Conflict) or verb == "again":
        return error.message
    task.refresh_from_db(fields=["status"])
    is_stopping = Execution.objects.filter(pk=task.pk, control=Control.CANCEL).exists() and not task.is_final
    if is_stopping:
        return say("cancelling", locale, task=task.pk)
    return say(f"cannot_{verb}", locale, task=task.pk, state=say(f"is_{task.status}", locale))


def _draft_line(draft: ScheduleDraft, template: TaskTemplate | None, locale: str) -> str:
    name = template.name if template else draft.template_key
    schema = template.published.parameter_schema if template and template.published else {}
    values = facts.data(draft.parameters, schema, locale)
    return f"{ENTRY}{draft.rule}: {name}" + (f" ({values})" if values else "")


def _queue_line(queue: str, found: Mapping[str, int], locale: str) -> str:
    running, paused = found.get(Status.RUNNING, 0), found.get(Status.PAUSED, 0)
    waiting = sum(found.values()) - running - paused
    return say("queue_line", locale, queue=queue, running=running, waiting=waiting, paused=paused)


def _needs_data(approval: Approval) -> bool:
    """Whether its form cannot be taken as it is filled in already."""
    missing = [name for name in approval.form.get("required", []) if name not in approval.data]
    return bool(missing)
