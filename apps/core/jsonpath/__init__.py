"""JSONPath (RFC 9535): `read` paths and follow them; `target` a place and write there with a `Writer`."""

from apps.core.jsonpath.bounds import Bounds
from apps.core.jsonpath.errors import BadPath, NoPlace, PathTooCostly
from apps.core.jsonpath.reading import Found, Path, first, found, normalized, read, values
from apps.core.jsonpath.targets import Target, problem, target
from apps.core.jsonpath.writing import Limits, Place, Writer

__all__ = [
    "BadPath",
    "Bounds",
    "Found",
    "Limits",
    "NoPlace",
    "Path",
    "PathTooCostly",
    "Place",
    "Target",
    "Writer",
    "first",
    "found",
    "normalized",
    "problem",
    "read",
    "target",
    "values",
]
