"""The contract of agent classes: what carries out a node of a workflow under an installed name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from apps.tools.registry import Call


@dataclass(frozen=True, kw_only=True)
class Work:
    """One node's work. Texts and parameters have their placeholders filled; all values are plain data."""

    name: str
    """The class that is to carry it out."""
    call: Call
    """The step that it is recorded as: requester, files, counters, rate limits."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    instructions: str = ""
    message: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    """The values of the keys that the node waits for."""
    tools: tuple[str, ...] = ()
    result_keys: tuple[str, ...] = ()


class Agent(Protocol):
    """The duties of an agent class. The setting AGENT_CLASSES gives each its name.

    1. It can be made without arguments, at little cost, and keeps nothing from one work to the next.
    2. Its docstring says what it does, what it reads and what it answers: people see it.
    3. `permissions` names what the requester needs for the data that it reads by itself.
    4. `run` answers plain data, or raises ToolError and says in it whether another try may help.
    5. The whole work is one recorded step. After a crash it may be run again with the same `call.key`: so it changes
       nothing elsewhere, or asks the other side to recognise the key.
    6. With one result key it answers that value; with several an object that has each of them.
    7. What it says rests on the work and on data it can name. Without a language model it still answers, and says so.
    8. `has_effects` says whether it can change something elsewhere: work that does is confirmed before it is started.
    """

    permissions: ClassVar[frozenset[str]]
    has_effects: ClassVar[bool]

    def run(self, work: Work) -> Any: ...
