"""The journal's codec: what goes in comes out, the same text in every process, and nothing unrecordable passes."""

import json
import subprocess
import sys
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum

import pytest
from django.db import models
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

from apps.core import codec

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas()
    | st.complex_numbers(allow_nan=False)
)
hashable = scalars | st.tuples(scalars, scalars)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.just("$"), inner, max_size=4)
        | st.dictionaries(hashable, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_what_goes_in_comes_out(value):
    text = codec.encode(value)
    back = codec.decode(text)
    assert back == value
    assert shape(back) == shape(value)
    assert codec.encode(back) == text
    assert text.isascii()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def shape(value: object) -> object:
    """Types all the way down: 1 equals True and 1.0, the journal must not mix them up."""
    if isinstance(value, list | tuple):
        return (type(value), [shape(item) for item in value])
    if isinstance(value, dict):
        return (dict, [(shape(key), shape(item)) for key, item in value.items()])
    if isinstance(value, set | frozenset):
        return (type(value), len(value))
    return type(value)


@pytest.mark.parametrize(
    "value",
    [
        float("inf"), float("-inf"), -0.0, 2**53, -(2**53) + 1, 10**400, Decimal("NaN"), Decimal("-0.00"), Decimal("1E+30"),
        "\0", "\ud800", "𝕏", "", {"$": ["int", "0x1"]}, {"$": {"$": 1}}, {1: "a", "1": "b"}, {True: 1}, {None: None},
        {(1, (2, 3)): []}, datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime.max, date.min, timedelta.max, timedelta(microseconds=-1), (), [], {}, set(), frozenset(), b"",
    ],
    ids=repr,
)  # fmt: skip
def test_odd_values_come_back(value):
    back = codec.decode(codec.encode(value))
    assert str(back) == str(value) or back == value
    assert type(back) is type(value)


def test_half_a_character_is_replaced_and_nothing_else_is():
    value = ["a\ud83d", "\udc00b", "\U0001f600", "\\ud83d", "\\\ud83d", {"\ud800": 1}]
    whole = ["a\ufffd", "\ufffdb", "\U0001f600", "\\ud83d", "\\\ufffd", {"\ufffd": 1}]
    assert codec.decode(codec.without_halves(codec.encode(value))) == whole


def test_nan_comes_back():
    assert str(codec.decode(codec.encode(float("nan")))) == "nan"


class Colour(models.TextChoices):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


@pytest.mark.parametrize(
    ("value", "plain"),
    [(Colour.RED, "red"), (Size.LARGE, 3), (mark_safe("<b>"), "<b>"), (OrderedDict(a=1), {"a": 1})],
)
def test_dressed_up_plain_values_come_back_plain(value, plain):
    back = codec.decode(codec.encode(value))
    assert back == plain
    assert type(back) is type(plain)


class Plain(Enum):
    A = 1


@pytest.mark.parametrize(
    "value",
    [object(), len, lambda: 0, (i for i in ()), Plain.A, range(3), {"a": [object()]}, type],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_recorded_is_refused_with_its_type(value):
    with pytest.raises(codec.NotEncodable, match="cannot be recorded"):
        codec.encode(value)


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"a": x}, lambda x: (x,)], ids=["list", "dict", "tuple"])
def test_what_is_nested_too_deeply_is_refused(wrap):
    value: object = 1
    for _ in range(codec.MAX_DEPTH):
        value = wrap(value)
    codec.encode(value)
    with pytest.raises(codec.NotEncodable, match="deep"):
        codec.encode(wrap(value))


def test_a_cycle_is_refused():
    value: list[object] = []
    value.append(value)
    with pytest.raises(codec.NotEncodable):
        codec.encode(value)


def test_the_text_is_the_same_in_another_process_whatever_its_hash_seed():
    code = (
        "from apps.core import codec; from decimal import Decimal;"
        "print(codec.encode({'s': {str(i) for i in range(50)}, 'f': frozenset([1, 'a', Decimal('1.10'), (1, 2)])}))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(runs) == 1


def test_a_digest_tells_calls_apart():
    texts = [codec.encode(value) for value in (1, 1.0, True, "1", Decimal(1), [1], (1,), {1}, {"1": 1})]
    assert len({codec.digest(text) for text in texts}) == len(texts)
    assert all(len(codec.digest(text)) == 16 for text in texts)
