"""What travels over the websockets. A server's message has a number; the client answers with the last it has shown.

Each socket counts its own messages; the rest of a message may be made once for many of them.
"""

import json
from typing import Any, Literal, TypedDict, TypeGuard

from apps.console.feedrows import FeedRow, LogRow

MAX_FRAME = 4096
MAX_SHOWN = 200
"""Rows of a list that one socket may follow."""


class TaskMessage(TypedDict):
    """Changes of one task. With `is_reset` the feed and the log replace what the page has.

    `nodes`: of a workflow that went on, [number, state] of nodes that changed, as far as they are named; else null.
    """

    type: Literal["task"]
    is_reset: bool
    state: dict[str, Any]
    feed: list[FeedRow]
    log: list[LogRow]
    nodes: list[tuple[int, str]] | None


class TaskRow(TypedDict):
    id: int
    status: str
    icon: str
    word: str
    sentence: str
    percent: float


class TasksMessage(TypedDict):
    """Rows of a list that changed, and the ids of other tasks that did: the list itself never moves."""

    type: Literal["tasks"]
    rows: list[TaskRow]
    others: list[int]


class ApprovalsMessage(TypedDict):
    """How many questions its reader may decide, as the menu writes it, and a mark of all that they may see.

    Another mark: something was asked, decided, handed over or hurried.
    """

    type: Literal["approvals"]
    count: str
    mark: str


ServerMessage = TaskMessage | TasksMessage | ApprovalsMessage


def body(message: ServerMessage) -> str:
    return json.dumps(message, separators=(",", ":"))


def numbered(number: int, body: str) -> str:
    """The text that one socket sends."""
    return f'{{"number":{number},{body[1:]}'


class Seen(TypedDict):
    type: Literal["seen"]
    number: int


class Show(TypedDict):
    """`parts`: whether news of parts of other tasks are wanted, too."""

    type: Literal["show"]
    tasks: list[int]
    parts: bool


ClientMessage = Seen | Show


class NotUnderstood(ValueError):
    """The client sent something that no page of ours sends."""


def parse(text: str) -> ClientMessage:
    """Raises NotUnderstood."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise NotUnderstood from None
    if not isinstance(given, dict):
        raise NotUnderstood
    number, tasks = given.get("number"), given.get("tasks")
    if given.get("type") == "seen" and type(number) is int and number >= 0:
        return Seen(type="seen", number=number)
    if given.get("type") == "show" and _are_ids(tasks):
        return Show(type="show", tasks=tasks, parts=given.get("parts") is True)
    raise NotUnderstood


def _are_ids(tasks: Any) -> TypeGuard[list[int]]:
    return (
        isinstance(tasks, list)
        and len(tasks) <= MAX_SHOWN
        and all(type(task) is int and 0 < task < 2**63 for task in tasks)
    )
