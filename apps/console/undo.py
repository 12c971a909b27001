"""What was done can be taken back: a message with the opposite verb behind a button, which is a POST like every verb."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

TAG = "undo"


def offer(request: HttpRequest, said: str, url: str) -> None:
    """`url`: of the opposite verb, which takes a POST without further fields."""
    messages.success(request, said, extra_tags=f"{TAG} {url}")


def address(tags: str) -> str:
    """Of a message's extra tags; empty when it offers nothing."""
    first, _, url = tags.partition(" ")
    return url if first == TAG and url.startswith("/") and not url.startswith("//") else ""


@dataclass(frozen=True, kw_only=True)
class Parted:
    plain: list[Any]
    undoable: list[tuple[Any, str]]
    """With the address of the opposite verb."""


def parted(given: Iterable[Any]) -> Parted:
    """A page's messages: those for its top, and those that offer to take back what was done."""
    shown = [(message, address(message.extra_tags or "")) for message in given]
    return Parted(plain=[message for message, url in shown if not url], undoable=[each for each in shown if each[1]])
