"""The agent classes that are installed, by their exact names."""

import inspect
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from apps.core.errors import ToolError
from apps.core.schema.wording import did_you_mean
from apps.tools.agents.contract import Agent, Work


def names() -> list[str]:
    return sorted(settings.AGENT_CLASSES)


def get(name: str) -> type[Agent]:
    """Raises LookupError with the nearest name. A path that cannot be imported raises ImportError."""
    path = settings.AGENT_CLASSES.get(name)
    if path is None:
        hint = did_you_mean(name, names()) or f" There are: {', '.join(names())}."
        raise LookupError(f"There is no agent class “{name[:64]}”.{hint}")
    return _imported(path)


def permissions(name: str, tools: Iterable[str] = ()) -> set[str]:
    """What a requester needs for the class, and for those of its tools that are classes too. Empty for unknown names."""
    known = [each for each in (name, *tools) if each in settings.AGENT_CLASSES]
    return {permission for each in known for permission in get(each).permissions}


def has_effects(name: str) -> bool:
    """Whether the class can change something elsewhere; what does not say so, and what is not known, may."""
    return name not in settings.AGENT_CLASSES or getattr(get(name), "has_effects", True)


def describe(name: str) -> str:
    """What the class says of itself. Raises LookupError."""
    return inspect.getdoc(get(name)) or ""


def carry_out(work: Work) -> Any:
    """The class's answer. Raises ToolError: no such class, not permitted, or what the class could not do."""
    try:
        found = get(work.name)
    except LookupError as error:
        raise ToolError(str(error), kind="LookupError") from None
    lacking = [each for each in sorted(found.permissions) if not work.call.requester.has_perm(each)]
    if lacking:
        who = work.call.requester.get_username()
        raise ToolError(f"{work.name}: {who} may not use it (lacks {', '.join(lacking)}).", kind="PermissionError")
    return found().run(work)


@cache
def _imported(path: str) -> type[Agent]:
    found: type[Agent] = import_string(path)
    return found
