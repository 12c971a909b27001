"""What this user can say: an example of each template that they may start, and commands that always work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from apps.catalog.models import TaskTemplate

MOST = 6
COMMANDS = ("how is it going?", "list my tasks", "why is it waiting?", "help")


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """`more`: templates beyond those whose examples are shown."""

    examples: Sequence[str]
    commands: Sequence[str] = COMMANDS
    more: int = 0


def of(user: Any) -> Suggestions:
    """One query."""
    templates = TaskTemplate.objects.runnable_by(user).order_by("category", "name")
    said = [example for each in templates if (example := _example(each))]
    return Suggestions(examples=said[:MOST], more=max(0, len(said) - MOST))


def _example(template: TaskTemplate) -> str:
    assert template.published is not None  # runnable_by answers only templates that serve
    examples = template.published.triggers.get("examples") or []
    return str(examples[0])[:200] if examples else template.name
