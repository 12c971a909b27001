from apps.chat.models.connections import Connection, ConnectionEvent
from apps.chat.models.lessons import Lesson, ScheduleDraft
from apps.chat.models.people import Account, LinkCode
from apps.chat.models.posts import Following, Post, PostKind, PostState, Told
from apps.chat.models.talks import Dialog, Incoming, IncomingState, Talk

__all__ = [
    "Account",
    "Connection",
    "ConnectionEvent",
    "Dialog",
    "Following",
    "Incoming",
    "IncomingState",
    "Lesson",
    "LinkCode",
    "Post",
    "PostKind",
    "PostState",
    "ScheduleDraft",
    "Talk",
    "Told",
]
