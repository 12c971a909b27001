"""Writes the page about a task's statuses from the dict of legal moves."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.tasks.states import FINAL, TRANSITIONS

PAGE = """\
# A task's statuses

Drawn from `TRANSITIONS` in `apps/tasks/states.py` by `python manage.py draw_states > docs/states.md`; a test keeps the
two in step. Only the verbs of `apps/tasks/lifecycle.py` and the claim of `apps/tasks/claims/claiming.py` make these moves, and
each leaves an event in the same transaction. `failed → pending` is a person's retry and nothing else; `failed → blocked`, too, of
a child that waits for a place in its bounded branch.

```mermaid
stateDiagram-v2
{lines}
```
"""


def page() -> str:
    """The page in Markdown, with the diagram in Mermaid."""
    moves = [f"    {before} --> {after}" for before, afters in TRANSITIONS.items() for after in sorted(afters)]
    ends = [f"    {status} --> [*]" for status in TRANSITIONS if status in FINAL]
    return PAGE.format(lines="\n".join(["    [*] --> pending", "    [*] --> blocked", *moves, *ends]))


class Command(BaseCommand):
    help = "Write docs/states.md to standard output."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(page(), ending="")
