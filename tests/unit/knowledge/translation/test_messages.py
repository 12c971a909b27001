"""What translators paste."""

import pytest

from apps.core.errors import InvalidInput
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
        (['a = "One" or "two"', "b = Price&nbsp;"], [("a", '"One" or "two"'), ("b", "Price&nbsp;")]),
        (["a = Hello", "b =", "c = Bye"], [("a", "Hello"), ("c", "Bye")]),
        (["key,text", "a,Hello, world", "b,Bye"], [("a", "Hello, world"), ("b", "Bye")]),
        (["key,text,note", "a,Hello, world,x"], [("", "key,text,note"), ("", "a,Hello, world,x")]),
        (["a\tHello", "b\t"], [("a", "Hello")]),
        (["Hello\t"], [("", "Hello\t")]),
        (['{"menu": ["New", {"a": "Old"}]}'], [("menu.0", "New"), ("menu.1.a", "Old")]),
        (['[{"Key": "a", "text": "Hello"}, {"id": 7, "text": "Bye"}]'], [("a", "Hello"), ("7", "Bye")]),
        (['["Enter"] ends it'], [("", '["Enter"] ends it')]),
        ([], []),
    ],
)
def test_keys_are_read_where_every_line_has_one(lines: list[str], expected: list[tuple[str, str]]) -> None:
    assert pairs(*lines) == expected


def test_json_of_any_depth_is_read_as_far_as_it_makes_sense() -> None:
    deep = "{" + '"a": {' * 30 + '"b": "Hello"' + "}" * 31
    assert read([deep]) == [Message(key="", text=deep)]
    assert read(["[" * 100_000]) == [Message(key="", text="[" * 100_000)]


@pytest.mark.parametrize("lines", [["{", '"a": "Hello",', "}"], ['["a", "b",]'], ['{"a": "b" "c"}']])
def test_broken_json_is_refused_rather_than_translated(lines: list[str]) -> None:
    with pytest.raises(InvalidInput, match="looks like JSON"):
        read(lines)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["a = b" + " " * 5000 + "c", "a = b" + " ;" * 2500 + "c", 'a = "' + "\\" * 5000])
def test_no_text_takes_long(text: str) -> None:
    assert len(read([text])) == 1
