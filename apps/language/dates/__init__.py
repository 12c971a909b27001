"""Periods in sentences: `find(text, context)` answers every period that the text names, and what it could also mean."""

from apps.language.dates.grammar import Context, Found, Note, find
from apps.language.dates.periods import Period

__all__ = ["Context", "Found", "Note", "Period", "find"]
