"""The verbs that move a task. The only writer of its status; every move leaves an event in the same transaction.

Verbs of a worker take a Lease and are fenced: when it is not the task's current one they raise LeaseLost and write
nothing. Verbs of a person take the user, check the permission, and raise Conflict when the task is not in a state in
which this can be done.
"""

from apps.tasks.lifecycle.attempts import (
    complete,
    fail,
    give_back,
    note,
    note_resumed,
    release,
    rescue,
    stop_asked,
    stop_cancelled,
    stop_paused,
    suspend,
)
from apps.tasks.lifecycle.elsewhere import ask_release
from apps.tasks.lifecycle.people import (
    cancel,
    change_priority,
    clean,
    move_queue,
    pause,
    resume,
    retry_failed,
    start_now,
)
from apps.tasks.lifecycle.timers import expire, shed, wake, wake_now

__all__ = [
    "ask_release",
    "cancel",
    "change_priority",
    "clean",
    "complete",
    "expire",
    "fail",
    "give_back",
    "move_queue",
    "note",
    "note_resumed",
    "pause",
    "release",
    "rescue",
    "resume",
    "retry_failed",
    "shed",
    "start_now",
    "stop_asked",
    "stop_cancelled",
    "stop_paused",
    "suspend",
    "wake",
    "wake_now",
]
