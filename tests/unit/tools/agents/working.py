"""Work for agent classes, without a task around it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apps.core import codec
from apps.tools import agents

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Anybody:
    """A requester who may do what is listed; everything without a list."""

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, name: str) -> bool:
        return not self.permissions or name in self.permissions

    def get_username(self) -> str:
        return "bob"


@dataclass
class FakeCall:
    """The part of registry.Call that agents use."""

    requester: Any = field(default_factory=Anybody)
    key: str = "12:7"
    admitted: list[str] = field(default_factory=list)
    usage: list[dict[str, int]] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        return {"id": 12, "title": "Made here", "requested_by": "Bob", "started_at": BEGAN}

    def admit(self, service: str, *, tokens: int = 0) -> None:
        self.admitted.append(service)

    def settle(self, *, requests: int, tokens: int) -> None:
        pass

    def record_usage(self, **counts: int) -> None:
        self.usage.append(counts)


def work(name: str, call: FakeCall | None = None, **fields: Any) -> Any:
    """What the class answers, as the journal gives it to the next node."""
    answer = agents.carry_out(agents.Work(name=name, call=call or FakeCall(), **fields))
    return codec.decode(codec.encode(answer))
