"""Reading request bodies: strict JSON of a bearable size and shape. Nothing deeper looks before this has."""

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from apps.api.refusals import TooLarge
from apps.core.errors import InvalidInput
from apps.core.schema import plain

CAPS = plain.Caps(depth=24, values=20_000, characters=1_000_000)


class StrictJSONParser(BaseParser):
    """UTF-8 JSON, at most API_MAX_BODY bytes, each name once in its object, no NaN, no half characters.

    Raises TooLarge, ParseError (not JSON) or InvalidInput (JSON that no database could hold).
    """

    media_type = "application/json"
    most: int | None = None
    """Bytes of a body; None: API_MAX_BODY."""
    caps = CAPS

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most = self.most or settings.API_MAX_BODY
        data = stream.read(most + 1)
        if len(data) > most:
            raise TooLarge(f"The body has more than {most:,} bytes. Send less.")
        return parse(data, self.caps)


def parse(data: bytes, caps: plain.Caps = CAPS) -> Any:
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8 text.") from None
    except RecursionError:
        raise ParseError(f"The body is nested more than {caps.depth} levels deep. Flatten it.") from None
    except ValueError as error:
        raise ParseError(f"The body is not JSON: {_short(error)}.") from None
    if said := plain.objection(value, caps):
        path, message = said
        raise InvalidInput(f"{path}: {message}" if path else message, fields={path: message} if path else {})
    return value


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name[:80]!r} appears twice in one object")
        found[name] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _short(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno} column {error.colno}"
    text = str(error)
    return "a number has too many digits" if "integer string conversion" in text else text
