"""Forms as PHP's `http_build_query` writes them: `data[chat][dialogId]=chat5`. All scalars are texts there."""

import re
from typing import Any
from urllib.parse import parse_qsl

from apps.chat.platforms.contract import Refused

MAX_FIELDS = 1_000
MAX_DEPTH = 10
KEY = re.compile(r"([^\[\]]{1,100})((?:\[[^\[\]]{0,100}\])*)")
Tree = dict[str, Any]


def read(body: bytes) -> Tree:
    """Lists stay objects with the keys "0", "1", …; `[]` counts on. Raises Refused (400)."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS,
            strict_parsing=bool(body),
        )  # fmt: skip
    except ValueError as error:
        raise Refused("The form cannot be read.", status=400) from error
    tree: Tree = {}
    for key, value in pairs:
        *path, last = _path(key)
        place = tree
        for name in path:
            place = _below(place, name)
        if isinstance(place.get(last), dict):
            raise Refused("The form says one thing in two ways.", status=400)
        place[last or str(len(place))] = value
    return tree


def _path(key: str) -> list[str]:
    match = KEY.fullmatch(key)
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else []
    if not path or len(path) > MAX_DEPTH:
        raise Refused("The form has a field with an unreadable name.", status=400)
    return path


def _below(place: Tree, name: str) -> Tree:
    found = place.setdefault(name or str(len(place)), {})
    if not isinstance(found, dict):
        raise Refused("The form says one thing in two ways.", status=400)
    return found
