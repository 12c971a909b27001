"""Periods in sentences: `find(text, context)` answers every period that the text names, and what it could also mean."""

from apps.language.dates.grammar import Found, find
from apps.language.dates.lexicon import language_of
from apps.language.dates.periods import Period
from apps.language.dates.reading import Context
from apps.language.dates.token import Note

__all__ = ["Context", "Found", "Note", "Period", "find", "language_of"]
