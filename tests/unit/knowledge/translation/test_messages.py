"""What translators paste."""

import pytest

from apps.knowledge.translation.messages import Message, read


def pairs(*lines: str) -> list[tuple[str, str]]:
    return [(each.key, each.text) for each in read(list(lines))]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Hello", " ", "Bye"], [("", "Hello"), ("", "Bye")]),
        (["a.b = Hello", "c-d= Bye = now"], [("a.b", "Hello"), ("c-d", "Bye = now")]),
        (['"a" = "Hello";', "b = 'Bye'"], [("a", "Hello"), ("b", "Bye")]),
        (["a = Hello", "Bye"], [("", "a = Hello"), ("", "Bye")]),
        (["two words = Hello"], [("", "two words = Hello")]),
        (["a\tHello", "b\tBye\tnote"], [("a", "Hello"), ("b", "Bye")]),
        (["key\ttext", "a\tHello"], [("a", "Hello")]),
        (["key,text", 'a,"Hello, ""you"""', "b,Bye"], [("a", 'Hello, "you"'), ("b", "Bye")]),
        (["Key;Source", "a;Hello"], [("a", "Hello")]),
        (["Hello, world", "Bye, all"], [("", "Hello, world"), ("", "Bye, all")]),
        (["{", '"a": "Hello",', '"menu": {"file": "File", "n": 3}', "}"], [("a", "Hello"), ("menu.file", "File")]),
        (['["Hello", "Bye"]'], [("", "Hello"), ("", "Bye")]),
        (["{name} is here"], [("", "{name} is here")]),
        (["[1, 2]"], [("", "[1, 2]")]),
        ([], []),
    ],
)
def test_keys_are_read_where_every_line_has_one(lines: list[str], expected: list[tuple[str, str]]) -> None:
    assert pairs(*lines) == expected


def test_json_of_any_depth_is_read_as_far_as_it_makes_sense() -> None:
    deep = "{" + '"a": {' * 30 + '"b": "Hello"' + "}" * 31
    assert read([deep]) == [Message(key="", text=deep)]
    assert read(["[" * 100_000]) == [Message(key="", text="[" * 100_000)]
