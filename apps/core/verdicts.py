"""What somebody or something said of a result: was it a rejection, and why?

A judge may be a person (an approval), a tool, an agent or a model, so the shapes differ and the meaning does not.
"""

from collections.abc import Mapping
from typing import Any

TRUTHS = ("valid", "approved", "accepted", "passed", "ok")
WORDS = ("decision", "verdict", "status")
REJECTING = frozenset({"reject", "rejected", "fail", "failed", "invalid"})
REASONS = ("reason", "message", "comment", "explanation")
MAX_REASON = 500


def rejection(value: Any) -> str | None:
    """Why the verdict is a rejection, None if it is none.

    A rejection is False, or an object in which one of `TRUTHS` is false or one of `WORDS` is a word of `REJECTING`.
    Anything else lets the result pass, null too: a judge that has nothing to say does not stop a run.
    """
    if value is False:
        return "It was rejected."
    if not isinstance(value, Mapping):
        return None
    said = next((name for name in TRUTHS if value.get(name) is False), None)
    if said is None:
        said = next((name for name in WORDS if _is_rejecting(value.get(name))), None)
    if said is None:
        return None
    return _reason(value) or f"It was rejected: {said} is {str(value[said]).lower()}."


def _is_rejecting(word: Any) -> bool:
    return isinstance(word, str) and word.strip().lower() in REJECTING


def _reason(value: Mapping[str, Any]) -> str:
    given = (value.get(name) for name in REASONS)
    return next((text.strip()[:MAX_REASON] for text in given if isinstance(text, str) and text.strip()), "")
