"""Templates of the catalog as the language knows them."""

from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.language.contract import TemplateCard


def published() -> list[TemplateCard]:
    """Every template that serves."""
    serving = TaskTemplate.objects.in_service().select_related("published")
    return [card_of(template, template.published) for template in serving if template.published]


def card_of(template: TaskTemplate, revision: TemplateRevision) -> TemplateCard:
    """As it would be with this revision, whether it is published or a draft."""
    triggers = {
        name: tuple(revision.triggers.get(name, ())) for name in ("patterns", "keywords", "contexts", "examples")
    }
    return TemplateCard(
        key=template.key,
        name=template.name,
        description=template.description,
        category=template.category,
        parameter_schema=revision.parameter_schema,
        patterns=triggers["patterns"],
        keywords=triggers["keywords"],
        contexts=triggers["contexts"],
        examples=triggers["examples"],
    )
