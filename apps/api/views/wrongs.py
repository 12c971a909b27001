"""Naming wrong fields by their place in the request."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.core.errors import InvalidInput


@contextmanager
def as_parameters() -> Iterator[None]:
    """Complaints about parameters get the path that they have in the body: `parameters.period.start`."""
    try:
        yield
    except InvalidInput as error:
        fields = {f"parameters.{path}" if path else "parameters": said for path, said in error.fields.items()}
        raise InvalidInput(error.message, fields=fields, code=error.code) from None
