"""Which tasks are meant: the filters of the task list as one value, the same on every edge and for actions on many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, F, Func, Q, Value
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from apps.catalog.models import TaskTemplate
from apps.core.errors import InvalidInput
from apps.tasks.models.task import TaskQuerySet, in_status, is_number
from apps.tasks.states import FINAL, Status

MOST_IDS = 1000
LONGEST = 200
ANY = "any"
"""The word for tasks and parts of tasks alike, where a truth is asked for."""
OPEN_WORD, FINAL_WORD = "open", "final"
"""Words for several statuses: all that have not ended; all that have."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """All conditions hold at once; what is empty does not limit."""

    ids: tuple[int, ...] = ()
    parent: int | None = None
    """Parts of the task with this number: what it has started itself."""
    status: tuple[str, ...] = ()
    template: str = ""
    queue: str = ""
    requester: str = ""
    tag: str = ""
    error: str = ""
    dead_letter: bool | None = None
    whole: bool | None = None
    """Part of no other task: neither a node of a workflow nor started by a script. None: parts and whole ones."""
    created_after: datetime | None = None
    """From this moment on."""
    created_before: datetime | None = None
    due_before: datetime | None = None
    """Could have started before this moment: for a pending task, since when it has waited."""
    search: str = ""

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Filter":
        """From query parameters or JSON. None and "" mean: not limited by it. Raises InvalidInput, by field."""
        wrong = {
            str(name)[:80]: f"There is no such filter. Known: {', '.join(NAMES)}." for name in given.keys() - NAMES
        }
        values: dict[str, Any] = {}
        for name in NAMES:
            if given.get(name) in (None, ""):
                continue
            try:
                values[name] = _READERS[name](given[name])
            except ValueError as error:
                wrong[name] = str(error)
        if wrong:
            raise InvalidInput(f"The filter needs attention: {', '.join(sorted(wrong))}.", fields=wrong)
        return cls(**values)

    @classmethod
    def asked(cls, given: Mapping[str, Any]) -> "Filter":
        """As a person or a program asks for tasks: without the parts of others, or one workflow would drown the rest.

        Parts are among them where `whole` says so, and where the tasks are named by what parts have as well: by their
        numbers, by the task that they are a part of, or by their queue, which is what workers have to do.
        """
        chosen = cls.parse(given)
        names_parts = chosen.ids or chosen.parent or chosen.queue or is_number(chosen.search)
        is_said = given.get("whole") not in (None, "")
        return chosen if is_said or names_parts else replace(chosen, whole=True)

    @property
    def is_empty(self) -> bool:
        """Whether it lets every task through; one that names every status, or all but the parts, does, too."""
        limits = [
            name for name in NAMES if name not in ("status", "whole") and getattr(self, name) not in (None, "", ())
        ]
        return not limits and (not self.status or set(self.status) == set(Status.values))

    def apply(self, tasks: TaskQuerySet) -> TaskQuerySet:
        for name in NAMES:
            value = getattr(self, name)
            if value not in (None, "", ()):
                tasks = tasks.filter(_CONDITIONS[name](value))
        return tasks

    def as_json(self) -> dict[str, Any]:
        """What `parse` reads again."""
        present = {name: getattr(self, name) for name in NAMES if getattr(self, name) not in (None, "", ())}
        return {name: _plain(value) for name, value in present.items()}

    def words(self, count: int | None = None) -> str:
        """'374 failed tasks of invoice_report_v2 since 1 November 2026'; without a count 'failed tasks …'."""
        noun = "task" if count == 1 else "tasks"
        parts = [f"{count:,}"] if count is not None else []
        parts += [_status_words(self.status), "dead-letter" if self.dead_letter else "", noun]
        if self.ids:
            shown = ", ".join(map(str, self.ids[:5])) + ("…" if len(self.ids) > 5 else "")
            parts.append(f"among {shown}" if len(self.ids) > 1 else f"with number {shown}")
        parts += [said.format(getattr(self, name)) for name, said in _SAID.items() if getattr(self, name)]
        parts += [f"that are parts of task {self.parent}"] if self.parent else []
        parts += ["that are no dead letters"] if self.dead_letter is False else []
        parts += [f"{word} {_day(getattr(self, name))}" for name, word in _MOMENTS.items() if getattr(self, name)]
        parts += [_WHOLE[self.whole]] if self.whole is not None else []
        return " ".join(part for part in parts if part)


class _Tagged(Func):
    """Whether a JSON list holds this text: SQLite has no `contains` for it."""

    output_field = BooleanField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "EXISTS (SELECT 1 FROM json_each(%(expressions)s)"
        return super().as_sql(compiler, connection, template=template + ")", arg_joiner=") WHERE value IN (", **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" ? ", **extra)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or "\0" in value:
        raise ValueError(f"Use a text of 1 to {LONGEST} characters.")
    return value.strip()


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _statuses(value: Any) -> tuple[str, ...]:
    chosen: set[str] = set()
    for word in _listed(value):
        if word in (OPEN_WORD, FINAL_WORD):
            chosen |= {status.value for status in Status if (status in FINAL) == (word == FINAL_WORD)}
        elif isinstance(word, str) and word in Status.values:
            chosen.add(word)
        else:
            known = ", ".join([*Status.values, OPEN_WORD, FINAL_WORD])
            raise ValueError(f"There is no status {str(word)[:40]!r}. Use one or more of {known}, with commas between.")
    if not chosen:
        raise ValueError("Name a status, or leave it out.")
    return tuple(status for status in Status.values if status in chosen)


def _ids(value: Any) -> tuple[int, ...]:
    found = [int(each) if isinstance(each, str) and each.isdecimal() and len(each) < 19 else each
             for each in _listed(value)]  # fmt: skip
    if not found or not all(type(each) is int and 0 < each < 2**63 for each in found):
        raise ValueError("Use the numbers of tasks, with commas between.")
    if len(found) > MOST_IDS:
        raise ValueError(f"Name at most {MOST_IDS:,} tasks; for more use other filters.")
    return tuple(dict.fromkeys(found))


def _id(value: Any) -> int:
    found = _ids(value)
    if len(found) > 1:
        raise ValueError("Use the number of one task.")
    return found[0]


def _wholeness(value: Any) -> bool | None:
    if isinstance(value, str) and value.lower() == ANY:
        return None
    try:
        return _truth(value)
    except ValueError:
        raise ValueError(f"Use true (no parts of other tasks), false (only those) or {ANY}.") from None


def _truth(value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError("Use true or false.")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        found: datetime | None = value
    else:
        text = value.strip() if isinstance(value, str) else ""
        day = parse_date(text) if len(text) <= 10 else None
        found = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
    if found is None or not 1970 < found.year < 9000:
        raise ValueError("Use a day or a moment, as 2026-11-01 or 2026-11-01T08:30:00Z.")
    return timezone.make_aware(found) if timezone.is_naive(found) else found


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "ids": _ids, "parent": _id, "status": _statuses, "template": _text, "queue": _text, "requester": _text, "tag": _text,
    "error": _text, "dead_letter": _truth, "whole": _wholeness, "created_after": _moment,
    "created_before": _moment, "due_before": _moment, "search": _text,
}  # fmt: skip
NAMES = tuple(field.name for field in fields(Filter))


def _mentions(text: str) -> Q:
    found = Q()
    for word in text.split():
        found &= _mentions_word(word)
    return found


def _mentions_word(word: str) -> Q:
    found = Q(title__icontains=word) | Q(instructions__icontains=word)
    # Templates and people are looked through once, and not again beside each task as in a join.
    found |= Q(template__in=TaskTemplate.objects.filter(key__icontains=word).order_by().values("pk"))
    found |= Q(requester__in=get_user_model().objects.filter(username__icontains=word).order_by().values("pk"))
    return found | Q(pk=int(word.removeprefix("#"))) if is_number(word) else found


def _of_template(key: str) -> Q:
    """By its number: the database knows how many tasks a number has, and nothing of what a join will find."""
    return Q(template_id__in=list(TaskTemplate.objects.filter(key=key).values_list("pk", flat=True)))


def _asked_by(name: str) -> Q:
    return Q(requester_id__in=list(get_user_model().objects.filter(username=name).values_list("pk", flat=True)))


_CONDITIONS: Mapping[str, Callable[[Any], Any]] = {
    "ids": lambda ids: Q(pk__in=ids),
    "parent": lambda number: Q(parent_id=number),
    "status": lambda statuses: in_status(*statuses),
    "template": _of_template,
    "queue": lambda name: Q(queue=name),
    "requester": _asked_by,
    "tag": lambda tag: _Tagged(F("tags"), Value(tag)),
    "error": lambda code: Q(error__code=code),
    "dead_letter": lambda is_one: Q(is_dead_letter=is_one),
    "whole": lambda is_one: Q(parent__isnull=is_one),
    "created_after": lambda moment: Q(created_at__gte=moment),
    "created_before": lambda moment: Q(created_at__lt=moment),
    "due_before": lambda moment: Q(available_at__lt=moment),
    "search": _mentions,
}
_SAID: Mapping[str, str] = {
    "template": "of {}", "queue": "in queue {}", "requester": "asked for by {}", "tag": "tagged “{}”",
    "error": "with error {}", "search": "that mention “{}”",
}  # fmt: skip
_WHOLE = {True: "(without parts)", False: "(only parts of others)"}
_MOMENTS: Mapping[str, str] = {
    "created_after": "since",
    "created_before": "before",
    "due_before": "waiting since before",
}


def _status_words(statuses: tuple[str, ...]) -> str:
    if set(statuses) == {status.value for status in Status if status not in FINAL}:
        return OPEN_WORD
    return f"{', '.join(statuses[:-1])} or {statuses[-1]}" if len(statuses) > 1 else "".join(statuses)


def _day(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.day} {local:%B %Y}" + (f" {local:%H:%M}" if (local.hour, local.minute) != (0, 0) else "")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
