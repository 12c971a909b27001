"""The verbs of the catalogue: save a draft, publish (also an older revision: that is rolling back), test, withdraw.

`author` and `by` are users whose permissions are checked here; None stands for the operator at the command line.
"""

from collections.abc import Iterator

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.dispatch import Signal

from apps.catalog import validation
from apps.catalog.definition import Definition, Problem
from apps.catalog.models import PUBLISH, Publication, TaskTemplate, TemplateRevision
from apps.core import clock
from apps.core.errors import InvalidInput, NotPermitted
from apps.core.schema import plain

SAVE = "catalog.add_templaterevision"
served = Signal()
"""Sent after the commit that put another revision into service, or took a template out of it: sender=TaskTemplate."""

MAX_VERSION = 32
MAX_NOTE = 10_000
_JSON = ("parameter_schema", "triggers", "outputs", "stages", "required_tools", "retry", "priority_rules")
_STORED = plain.Caps(depth=40, values=50_000, characters=1_000_000)
_GRAPH = plain.Caps(depth=40, values=400_000, characters=8_000_000)
"""What a workflow's check reads of a graph, so that whatever it accepts can be saved."""


class HasErrors(InvalidInput):
    """The definition cannot be published; `problems` are its errors."""

    code = "has_errors"

    def __init__(self, what: str, problems: list[Problem]) -> None:
        lines = sorted({problem.line for problem in problems if problem.line})
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        where = f", {'line' if len(lines) == 1 else 'lines'} {_listed(lines)}" if lines else ""
        message = f"{what} cannot be published: {count}{where}. {problems[0]}"
        super().__init__(message, fields={_path(problem): problem.message for problem in problems})
        self.problems = problems


def save_draft(
    template: TaskTemplate,
    author: User | AnonymousUser | None,
    definition: Definition,
    *,
    version: str = "1.0.0",
    note: str = "",
) -> TemplateRevision:
    """The next numbered revision, as a draft. It may have errors: they only keep it from being published.

    Raises NotPermitted, and InvalidInput for what no column can hold (a priority of 200, a script with NUL).
    """
    _permit(author, SAVE, "save revisions")
    if fields := dict(_unstorable(definition, version, note)):
        raise InvalidInput("The revision cannot be saved: " + " ".join(fields.values()), fields=fields)
    with transaction.atomic():
        _lock(template)
        last = template.revisions.order_by("-number").values_list("number", flat=True).first() or 0
        return TemplateRevision.objects.create(
            template=template,
            number=last + 1,
            version=version.strip(),
            note=note,
            author=author if isinstance(author, User) else None,
            created_at=clock.now(),
            **definition.as_fields(),
        )


def publish(revision: TemplateRevision, by: User | AnonymousUser | None) -> TemplateRevision:
    """Put `revision` into service: the next task of its template, in any process, is made from it.

    Running tasks keep theirs. Publishing what serves already changes nothing. Raises NotPermitted and HasErrors.
    """
    _permit(by, PUBLISH, "publish revisions")
    require_no_errors(Definition.of(revision), f"Revision {revision.number}")
    with transaction.atomic():
        template = _lock(revision.template)
        if template.published_id != revision.pk:
            now = clock.now()
            revision.status, revision.published_at = TemplateRevision.Status.PUBLISHED, now
            revision.save(update_fields=["status", "published_at"])
            _put_in_service(template, revision, by)
    revision.template = template
    return revision


def require_no_errors(definition: Definition, what: str = "The definition") -> None:
    """Raises HasErrors. Takes as long as the kind's check, so not inside a transaction."""
    if problems := validation.errors(validation.check(definition)):
        raise HasErrors(what, problems)


def withdraw(template: TaskTemplate, by: User | AnonymousUser | None) -> TaskTemplate:
    """Take the template out of service: nobody can start it until a revision is published again."""
    _permit(by, PUBLISH, "withdraw templates")
    with transaction.atomic():
        template = _lock(template)
        if template.published_id is not None:
            _put_in_service(template, None, by)
    return template


def mark_tested(revision: TemplateRevision, by: User | AnonymousUser | None, *, is_tested: bool = True) -> None:
    """Record that somebody has tried this revision, or that it must be tried again."""
    _permit(by, SAVE, "mark revisions as tested")
    revision.is_tested = is_tested
    revision.save(update_fields=["is_tested"])


def _put_in_service(template: TaskTemplate, revision: TemplateRevision | None, by: User | AnonymousUser | None) -> None:
    template.published = revision
    template.save(update_fields=["published"])
    Publication.objects.create(
        template=template, revision=revision, by=by if isinstance(by, User) else None, at=clock.now()
    )
    transaction.on_commit(lambda: served.send(TaskTemplate), robust=True)


def _lock(template: TaskTemplate) -> TaskTemplate:
    """The row as it is now, held until the transaction ends: numbers and publications come one after the other.

    Not against foreign keys (no_key): tasks of the template can be made meanwhile.
    """
    return TaskTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)


def _permit(user: User | AnonymousUser | None, permission: str, what: str) -> None:
    if user is not None and not user.has_perm(permission):
        raise NotPermitted(f"You may not {what}; that needs the permission {permission}. Ask an administrator.")


def _unstorable(definition: Definition, version: str, note: str) -> Iterator[tuple[str, str]]:
    for problem in validation.check_limits(definition):
        yield problem.place, problem.message
    if not 0 < len(version.strip()) <= MAX_VERSION:
        yield "version", f"Give a version of up to {MAX_VERSION} characters, such as 2.1.0."
    if len(note) > MAX_NOTE:
        yield "note", f"Shorten the note to {MAX_NOTE:,} characters."
    if not isinstance(definition.script, str):
        yield "script", "The script must be text."
    if not isinstance(definition.kind, str) or not 0 < len(definition.kind) <= validation.NAME_LENGTH:
        yield "kind", f"Name the kind, in up to {validation.NAME_LENGTH} characters."
    for name in _JSON:
        if getattr(definition, name) is None:
            yield name, f"Write {name.replace('_', ' ')} as JSON; {{}} or [] stands for nothing."
    for name, value in {**definition.as_fields(), "version": version, "note": note}.items():
        if said := plain.objection(value, _GRAPH if name == "graph" else _STORED):
            yield name, f"{name}: {said[1]}"


def _path(problem: Problem) -> str:
    return f"{problem.place}:{problem.line}" if problem.line else problem.place


def _listed(lines: list[int]) -> str:
    shown = [str(line) for line in lines[:5]]
    rest = len(lines) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
