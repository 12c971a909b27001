"""Questions that tasks put to people: asked once, decided once, by who may, and each act on record.

A task asks (`ask`) and falls asleep; who decides (`decide`) wakes it; it goes on at the same call, which reads what was
decided (`answer_of`). `due` does what time does: it reminds, escalates, expires, and withdraws what ended tasks asked.
Locks are taken in the order task, approval.
"""

from apps.tasks.approvals.asking import Answer, answer_of, ask
from apps.tasks.approvals.deciding import decide, delegate, objection, withdraw
from apps.tasks.approvals.questions import Question, read
from apps.tasks.approvals.timing import due
from apps.tasks.approvals.wording import waits_for

__all__ = [
    "Answer",
    "Question",
    "answer_of",
    "ask",
    "decide",
    "delegate",
    "due",
    "objection",
    "read",
    "waits_for",
    "withdraw",
]
