"""An open chat page: whose it is, which dialog it shows, and which versions of which bubbles it has."""

from dataclasses import dataclass, field

from apps.chat.pages.bubbles import Mark
from apps.console.live.followers import Follower

OWN = 0
"""In place of a dialog's number: one's own conversation, which begins with the first message."""


@dataclass(eq=False, kw_only=True)
class ChatFollower(Follower):
    dialog_id: int
    mark: Mark | None = None
    known: dict[str, str] = field(default_factory=dict)
    looked_at: float = 0.0
