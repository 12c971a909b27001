"""What a revision may change beyond its own task: whoever asks for it in their own words confirms it first."""

from functools import lru_cache

from apps.catalog import kinds
from apps.catalog.definition import Definition
from apps.catalog.kinds import Effects
from apps.catalog.models import TaskTemplate, TemplateRevision

MOST_DEEP = 10
"""Templates that start templates that start templates: beyond it we know nothing, and say that there are effects."""


def of(revision: TemplateRevision, *, deep: int = 0) -> Effects:
    """With those of the templates that it starts.

    A revision never changes, so it is read once in a process; which revisions those templates have, is looked at each
    time.
    """
    found = _read(revision.pk)
    if not found.templates:
        return found
    if deep >= MOST_DEEP:
        return Effects(names=found.names | found.templates, tools=found.tools)
    known = TaskTemplate.objects.filter(key__in=found.templates, published__isnull=False).select_related("published")
    serving = {template.key: template.published for template in known if template.published}
    inner = [of(each, deep=deep + 1) for each in serving.values()]
    return Effects(
        names=found.names.union(*(each.names for each in inner), found.templates - serving.keys()),
        tools=found.tools.union(*(each.tools for each in inner)),
    )


@lru_cache(maxsize=512)
def _read(revision_id: int) -> Effects:
    revision = TemplateRevision.objects.get(pk=revision_id)
    return kinds.get(revision.kind).effects(Definition.of(revision))
