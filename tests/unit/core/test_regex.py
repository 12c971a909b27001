"""RELIABILITY H10: no pattern and no text of any size takes long."""

import json
import subprocess
import sys

import pytest

from apps.core import regex
from apps.core.regex import MAX_TEXT, BadPattern

# Catastrophic for a backtracking engine, or huge for an automaton.
KNOWN_BAD = [
    r"^(a+)+$",
    r"^(a|a)*$",
    r"^(a|aa)+$",
    r"^(a*)*$",
    r"^((a+)+)+$",
    r"(x+x+)+y",
    r"(.*a){20}",
    r"(.*a){25}x",
    r"([a-zA-Z]+)*$",
    r"^(\w+\s?)+$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r".*.*.*.*.*=.*",
    r"^(.*?,){11}P",
    r"(a?){30}a{30}",
    r"(?:a?){500}a{500}",
    r"(a{1,100}){1,10}b",
    r"((a{0,30}){0,30})$",
    r"((a{100}){100}){100}",
    r"(.{0,200}x){0,5}y",
    r".*a.{500}c",
    r"[ab]*a[ab]{13}c",
    r"[ab]*a[ab]{1000}c",
    r"([ab]*a[ab]{20}c|[ab]*b[ab]{20}d)",
    r"(?:\pL{1,50}\s?){1,10}!",
    r"(?i)(?:\pL|\d|[- ]){1,40}",
    r"(?i)(\w|\W|.|a){50}(b)$",
    r"^(?:(?:a|b|ab)+)+c$",
    r"(\d+)*\1",
    r"^(?=(a+)+$)",
    r"<(.|\s)*>(.|\s)*</(.|\s)*>",
    r"\s+$",
    r"^(?:.*\s)*(?:.*\s)*x$",
]
# One script for all patterns: it prints a line a pattern, and the bound is the process's, with a wide margin.
WORKOUT = """
import json, random, sys
from apps.core import regex
random.seed(7)
mixed = "".join(random.choice("ab") for _ in range(65536))
for pattern in json.loads(sys.stdin.read()):
    try:
        compiled = regex.compile(pattern)
    except regex.BadPattern:
        print("refused")
        continue
    for text in ("a" * 65536, mixed, "a b! " * 13107):
        compiled.search(text)
        compiled.search(text[: regex.MAX_TEXT])
    print("finished")
"""


def test_known_bad_patterns_are_refused_or_finish_on_64_kilobytes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKOUT], input=json.dumps(KNOWN_BAD), text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "RE2 must not write to the log"
    answers = done.stdout.split()
    assert len(answers) == len(KNOWN_BAD) >= 30
    assert set(answers) == {"refused", "finished"}


@pytest.mark.parametrize("pattern", [r"(?:\pL{1,50}\s?){1,10}!", r".{1,1000}", r"((a{100}){100}){100}"])
def test_patterns_that_repeat_too_much_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"smaller numbers|at most"):
        regex.compile(pattern)


def test_every_accepted_pattern_has_a_small_program() -> None:
    accepted = [regex.compile(pattern) for pattern in KNOWN_BAD if regex.problem(pattern) is None]
    assert accepted
    assert all(pattern.compiled.programsize <= regex.MAX_PROGRAM for pattern in accepted)


def test_a_text_beyond_the_cap_matches_nothing() -> None:
    assert regex.search("a$", "a" * MAX_TEXT) is not None
    assert regex.search("a", "a" * (MAX_TEXT + 1)) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)", "look-around"),
        (r"(a)\1", "references"),
        ("*a", "nothing before"),
        ("(", "no closing )"),
        (")", "no opening ("),
        ("[", "no closing ]"),
        ("a\\", "single backslash"),
        ("[z-a]", "backwards"),
        ("a{1001}", "up to {1000}"),
        ("a" * 1001, "1,000 are the most"),
        ("\ud800", "lone surrogate"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_the_pattern(pattern: str, words: str) -> None:
    said = regex.problem(pattern)
    assert said is not None
    assert words in said


def test_search_answers_where_and_which_groups() -> None:
    found = regex.search(r"report for (?P<period>.+?)(?P<rest>!)?$", "invoice REPORT for été", ignore_case=True)
    assert found == regex.Found(start=8, end=22, groups={"period": "été"})
    assert regex.search("REPORT", "report") is None


def test_search_survives_half_characters() -> None:
    assert regex.search("b", "\ud800b") == regex.Found(start=1, end=2, groups={})
