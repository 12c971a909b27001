"""The kinds of work that a revision can define: names in settings.TASK_KINDS, each a dotted path, loaded when needed.

So the catalogue imports nothing that lies above it, and a site adds kinds of its own by a setting.
"""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from apps.catalog.definition import Definition, Problem
from apps.core.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What a definition may do beyond its own task, as far as its text tells.

    `names`: the tools and agents that can change something. `tools`: all that it uses. `templates`: keys of those that
    it starts, whose effects are its own.
    """

    names: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()


class Kind(Protocol):
    """What the catalogue asks of the class behind a kind; the rest of its contract is `executors/contract.py`.

    1. It can be made without arguments, at little cost.
    2. `check` says what is wrong with a definition of its kind: syntax, types, tools that do not exist. Lines from 1.
    3. `check` runs nothing of the definition, changes nothing, and answers for hostile input too, within a bound.
    4. `permissions` names what a requester needs for the tools that the definition uses; empty for a broken one.
    5. `effects` leaves out no effect that the definition may have: where it cannot know, it names one.
    """

    def check(self, definition: Definition) -> list[Problem]: ...

    def permissions(self, definition: Definition) -> set[str]: ...

    def effects(self, definition: Definition) -> Effects: ...


class UnknownKind(NotFound):
    code = "unknown_kind"


def names() -> list[str]:
    return sorted(settings.TASK_KINDS)


def get(name: str) -> Kind:
    """Raises UnknownKind. A path that cannot be imported is an error of the installation and raises ImportError."""
    path = settings.TASK_KINDS.get(name)
    if path is None:
        raise UnknownKind(f"There is no kind “{name[:64]}”. There are: {', '.join(names())}.")
    kind: Kind = import_string(path)()
    return kind
