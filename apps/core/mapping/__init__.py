"""Output mapping: the results of a workflow's tasks into one document. `docs/authors/mapping.md` is for its users."""

from apps.core.mapping.applying import apply
from apps.core.mapping.errors import MappingError, in_short
from apps.core.mapping.formats import BadFormat, Format, read_format
from apps.core.mapping.rules import Envelope, Mode, Rule, check_rule, read_envelope, read_rule

__all__ = [
    "BadFormat",
    "Envelope",
    "Format",
    "MappingError",
    "Mode",
    "Rule",
    "apply",
    "check_rule",
    "in_short",
    "read_envelope",
    "read_format",
    "read_rule",
]
