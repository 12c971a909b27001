"""A conversation, one message at a time: `converse(state, said, world)` answers what to keep, to say and to do.

Pure: no database, no clock, nothing looked up but through `World`. What a message says is data; it can name only
templates, tasks and approvals that the world holds, and nothing is started that should have been confirmed and was not.
"""

from apps.language.contract import About, Message
from apps.language.conversation.contract import (
    Act,
    AskModel,
    Button,
    Card,
    Decide,
    DraftSchedule,
    Estimate,
    KnownApproval,
    KnownTask,
    Learn,
    Order,
    Reply,
    Row,
    Start,
    Subscribe,
    Undo,
    World,
)
from apps.language.conversation.state import State, Turn
from apps.language.conversation.turning import converse

__all__ = [
    "About",
    "Act",
    "AskModel",
    "Button",
    "Card",
    "Decide",
    "DraftSchedule",
    "Estimate",
    "KnownApproval",
    "KnownTask",
    "Learn",
    "Message",
    "Order",
    "Reply",
    "Row",
    "Start",
    "State",
    "Subscribe",
    "Turn",
    "Undo",
    "World",
    "converse",
]
