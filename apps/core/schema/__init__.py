"""Parameter schemas: JSON Schema 2020-12, in the subset that forms can draw, without any remote reference.

`check_schema` says what is wrong with a schema; `validate` fills, tidies and validates parameters by one.
`matches` asks whether parameters satisfy a condition.
The subset is listed in `subset.py`; what JSON Schema does not have is spelled `x-…`. We know `x-not-before`: the name
of a property beside this one whose date or number may not lie behind this one's.
"""

from apps.core.schema.subset import Problem, check_schema
from apps.core.schema.validation import matches, validate

__all__ = ["Problem", "check_schema", "matches", "validate"]
