"""What operators set: limits, rates, and how long and old queues may grow. Every edge sets it here.

A change is permitted, checked and written together with its entry in the audit; workers hear of it after the commit.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from apps.catalog.models import TaskTemplate
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.tasks import queuenames
from apps.tasks.limits import gates, intake, rates
from apps.tasks.models import Limit, Queue, RateLimit
from apps.tasks.operators import audit

Settable = Limit | RateLimit | Queue
MAX_REASON = 300
LIMIT_FIELDS = ("most", "is_enabled", "note")
RATE_FIELDS = ("per_second", "burst", "is_enabled", "note")
QUEUE_FIELDS = ("description", "max_length", "max_age_seconds")
WORDS: Mapping[type[Settable], str] = {Limit: "limit", RateLimit: "rate", Queue: "queue"}
KEEP: Any = object()
"""Stands for a setting that nobody named: it stays as it is."""
_MODELS = {"limit": "limit", "rate": "ratelimit", "queue": "queue"}
_PLURALS = {"limit": "limits", "rate": "rates", "queue": "queues"}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Whose tasks a limit counts. `user` empty with the scope `user`: each person by themselves."""

    scope: str
    queue: str = ""
    template: str = ""
    user: str = ""


# Limits


def add_limit(by: Any, group: Group, values: Mapping[str, Any], reason: str = "") -> Limit:
    """Raises NotPermitted, InvalidInput, NotFound (a template or user that is none), Conflict (it is set already)."""
    permit(by, "add", Limit)
    row = _limit_of(group)
    _assign(row, values, LIMIT_FIELDS)
    return save(row, by, reason)


def find_limit(group: Group) -> Limit | None:
    wanted = _limit_of(group)
    same = {name: getattr(wanted, name) for name in ("scope", "queue", "template", "user")}
    return Limit.objects.filter(**_exactly(same)).select_related("template", "user").first()


def change(row: Settable, by: Any, values: Mapping[str, Any], reason: str = "") -> Settable:
    """Set the named values of a limit, rate or queue. Nothing is written where nothing changes."""
    permit(by, "change", type(row))
    fields = {Limit: LIMIT_FIELDS, RateLimit: RATE_FIELDS, Queue: QUEUE_FIELDS}[type(row)]
    _assign(row, values, fields)
    return save(row, by, reason, fields=[name for name in fields if name in values])


def set_limit(by: Any, group: Group, values: Mapping[str, Any], reason: str = "") -> Limit:
    """Add the group's limit, or change the one that it has."""
    row = find_limit(group)
    if row is None:
        return add_limit(by, group, values, reason)
    change(row, by, values, reason)
    return row


def _limit_of(group: Group) -> Limit:
    needs = {"queue": ("queue",), "template": ("template",), "user": (), "key": ("template",)}
    allows = {"queue": ("queue",), "template": ("template",), "user": ("template", "user"), "key": ("template",)}
    if group.scope not in needs:
        raise InvalidInput("There is no such limit.", fields={"scope": f"Use one of {', '.join(needs)}."})
    wrong = {name: "Name it." for name in needs[group.scope] if not getattr(group, name)}
    extra = [name for name in ("queue", "template", "user") if getattr(group, name) and name not in allows[group.scope]]
    wrong |= dict.fromkeys(extra, f"Leave it out: the scope is {group.scope}.")
    if wrong:
        raise InvalidInput("The limit does not name its group.", fields=wrong)
    if group.queue:
        queuenames.checked(group.queue)
    return Limit(scope=group.scope, queue=group.queue, template=_template(group.template), user=_user(group.user))


def _template(key: str) -> TaskTemplate | None:
    found = TaskTemplate.objects.filter(key=key).first() if key else None
    if key and found is None:
        raise NotFound(f"There is no template {key!r}.", code="no_such_template")
    return found


def _user(name: str) -> Any:
    found = get_user_model().objects.filter(username=name).first() if name else None
    if name and found is None:
        raise NotFound(f"There is no user {name!r}.", code="no_such_user")
    return found


# Rates


def add_rate(by: Any, service: str, unit: str, values: Mapping[str, Any], reason: str = "") -> RateLimit:
    """Raises NotPermitted, InvalidInput, Conflict (it is set already)."""
    permit(by, "add", RateLimit)
    row = RateLimit(service=service, unit=unit)
    _assign(row, values, RATE_FIELDS)
    return save(row, by, reason)


def set_rate(by: Any, service: str, unit: str, values: Mapping[str, Any], reason: str = "") -> RateLimit:
    """Add the service's rate, or change the one that it has."""
    row = RateLimit.objects.filter(service=service, unit=unit).first()
    if row is None:
        return add_rate(by, service, unit, values, reason)
    change(row, by, values, reason)
    return row


# Queues


def set_queue(
    name: str,
    by: Any,
    values: Mapping[str, Any],
    reason: str = "",
    *,
    at_once: int | None = KEEP,
    served: Collection[str] = (),
) -> Queue:
    """Its length, age and description, and how many of its tasks run at once: a limit. None takes a setting away.

    Raises NotPermitted, InvalidInput, NotFound (there is no such queue).
    """
    found = queuenames.existing(name, served)
    with transaction.atomic():
        if values or at_once is KEEP:
            permit(by, "change", Queue)
            Queue.objects.get_or_create(name=found, defaults={"changed_by": by})
        row = Queue.objects.filter(name=found).first() or Queue(name=found)
        if values:
            change(row, by, values, reason)
        if at_once is not KEEP:
            _set_at_once(found, by, at_once, reason)
    return row


def _set_at_once(queue: str, by: Any, most: int | None, reason: str) -> None:
    group = Group(scope=Limit.Scope.QUEUE, queue=queue)
    if most is not None:
        set_limit(by, group, {"most": most, "is_enabled": True}, reason)
    elif row := find_limit(group):
        remove(row, by, reason)
    else:
        permit(by, "delete", Limit)


# All of them


def save(row: Any, by: Any, reason: str = "", *, fields: Collection[str] | None = None) -> Any:
    """Write a row that was filled in, new or changed. `fields`: what was changed, and is written.

    What else is in the row may have moved on since it was read: a queue's pause, a bucket's level.
    Raises InvalidInput by field, and Conflict when another one is there.
    """
    is_new = row.pk is None
    permit(by, "add" if is_new else "change", type(row))
    check_reason(reason)
    try:
        with transaction.atomic():
            before = {} if is_new else values_of(type(row)._default_manager.select_for_update().get(pk=row.pk))
            _check(row)
            after = values_of(row)
            if not is_new and _changed(before, {**before, **{name: after[name] for name in fields or after}}) == {}:
                return row
            row.save(update_fields=None if is_new or fields is None else list(fields))
            _note(row, by, "added" if is_new else "changed", reason, before, after, fields)
    except type(row).DoesNotExist:
        raise NotFound(f"This {WORDS[type(row)]} is not there any more.") from None
    except IntegrityError:
        raise Conflict(f"This {WORDS[type(row)]} is set already. Change that one.", code="is_set") from None
    return row


def remove(row: Any, by: Any, reason: str = "") -> None:
    """Raises Conflict for a queue's row that still holds something back."""
    permit(by, "delete", type(row))
    check_reason(reason)
    if isinstance(row, Queue) and (why := queuenames.why_kept(row)):
        raise Conflict(why)
    with transaction.atomic():
        _note(row, by, "removed", reason, values_of(row), {}, None)
        row.delete()


def permit(by: Any, verb: str, model: type[Any]) -> None:
    """`verb`: view, add, change or delete. Raises NotPermitted."""
    word = WORDS[model]
    if not (by.is_active and by.has_perm(f"tasks.{verb}_{_MODELS[word]}")):
        raise NotPermitted(f"You may not {verb} {_PLURALS[word]}. Ask an administrator for the permission to.")


def check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON or "\0" in reason:
        text = f"Use a text of at most {MAX_REASON} characters."
        raise InvalidInput("The reason cannot be used.", fields={"reason": text})


def values_of(row: Any) -> dict[str, Any]:
    """JSON values of the editable columns."""
    return model_to_dict(row)


def _assign(row: Any, values: Mapping[str, Any], known: Collection[str]) -> None:
    if unknown := sorted(set(values) - set(known)):
        raise InvalidInput(
            f"This cannot be set: {', '.join(unknown)}.",
            fields=dict.fromkeys(unknown, f"Known: {', '.join(known)}."),
        )
    for name, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidInput("This is no number.", fields={name: "Use a finite number."})
        setattr(row, name, value)


def _check(row: Any) -> None:
    """Raises InvalidInput by field; a second one for the same group is a Conflict."""
    try:
        row.full_clean(exclude=["changed_by"], validate_constraints=False)
        row.validate_constraints()
    except ValidationError as error:
        said = {name: " ".join(texts) for name, texts in error.message_dict.items()}
        if set(said) == {NON_FIELD_ERRORS} and _is_taken(row):
            raise Conflict(f"This {WORDS[type(row)]} is set already. Change that one.", code="is_set") from None
        if NON_FIELD_ERRORS in said:
            said[_BLAMED[type(row)]] = _PROPER[type(row)]
            del said[NON_FIELD_ERRORS]
        raise InvalidInput(f"The {WORDS[type(row)]} needs attention: {', '.join(sorted(said))}.", fields=said) from None


_BLAMED = {Limit: "scope", RateLimit: "per_second", Queue: "max_length"}
_PROPER = {
    Limit: "Name the queue, the template or the user that this scope is about, and no other.",
    RateLimit: "Use more than 0 a second, and a burst of at least 1.",
    Queue: "Use 1 or more, or none.",
}


def _is_taken(row: Any) -> bool:
    names = {Limit: ("scope", "queue", "template", "user"), RateLimit: ("service", "unit"), Queue: ("name",)}[type(row)]
    values = {name: getattr(row, name) for name in names}
    return bool(type(row)._default_manager.filter(**_exactly(values)).exclude(pk=row.pk).exists())


def _exactly(values: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions in which None means NULL."""
    return {f"{name}__isnull" if value is None else name: True if value is None else value
            for name, value in values.items()}  # fmt: skip


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: after.get(name) for name in {*before, *after} if before.get(name) != after.get(name)}


def _note(
    row: Any, by: Any, verb: str, reason: str, before: dict[str, Any], after: dict[str, Any],
    fields: Collection[str] | None,
) -> None:  # fmt: skip
    """The audit's entry, and word to the workers after the commit."""
    is_change = before and after and fields is not None
    names = {name for name in _changed(before, after) if not is_change or name in (fields or ())}
    word = WORDS[type(row)]
    audit.record(
        by, f"{word}.{verb}", f"{word}:{row.name if isinstance(row, Queue) else row.pk}", reason=reason,
        before={name: value for name, value in before.items() if name in names},
        after={name: value for name, value in after.items() if name in names},
    )  # fmt: skip
    transaction.on_commit(rates.forget if isinstance(row, RateLimit) else intake.forget, robust=True)
    gates.changed()
