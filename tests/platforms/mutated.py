"""Documented payloads that somebody has bent: parts of them missing, of another kind, huge or deep."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("x" * 5_000),
    st.sampled_from(["\x00", "\ud800", "<at>", "-1", "٣", [], {}, [[]], {"id": {}}, 10**30, -1, "\u202e"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
DEEP = b"[" * 100_000
GONE = object()


@st.composite
def mutated(draw: st.DrawFn, payload: dict[str, Any]) -> bytes:
    """The payload's JSON with one to three of its values replaced or taken away; sometimes with bytes of its own."""
    document = copy.deepcopy(payload)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if places:
            holder, name = draw(st.sampled_from(places))
            value = draw(st.just(GONE) | VALUES)
            if value is GONE:
                del holder[name]
            else:
                holder[name] = copy.deepcopy(value)  # the next round may bend what is inside it
    body = json.dumps(document).encode()
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(st.binary(max_size=5) | st.just(DEEP)) + body[place + draw(st.integers(0, 3)) :]
    return body


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in items:
        yield value, name
        yield from _places(child)
