"""What the check says of a script's imports, each with its line."""

import pytest

from apps.catalog.definition import Definition, Problem
from apps.executors.script import check
from apps.executors.script.sandbox import limits, session

LIMITS = limits(memory_mb=64, cpu_seconds=5, max_calls=10)


def problems(first: str) -> list[Problem]:
    return check.problems(Definition(script=f'"""A script."""\n{first}\n\n\ndef run(params):\n    return 1\n'))


@pytest.mark.parametrize(
    ("line", "name", "instead"),
    [
        ("import os", "os", "report"),
        ("import os.path", "os.path", "report"),
        ("from os import *", "os", "report"),
        ("import sys as json", "sys", "print"),
        ("import pathlib", "pathlib", "report"),
        ("import subprocess", "subprocess", "return a result"),
        ("import socket", "socket", "crm"),
        ("import threading", "threading", "one after another"),
        ("import asyncio", "asyncio", "one after another"),
        ("from urllib.request import urlopen", "urllib.request", "crm"),
        ("import http", "http", "crm"),
        ("import uuid", "uuid", "task.new_id"),
        ("from __future__ import annotations", "__future__", "Leave the line out"),
        ("import calendar", "calendar", "datetime"),
        ("from collections.abc import Iterable", "collections.abc", "typing"),
    ],
)
def test_a_module_that_the_sandbox_lacks_is_refused_with_its_line_and_a_way_out(
    line: str, name: str, instead: str
) -> None:
    [found] = [each for each in problems(line) if each.code == "module"]
    assert (found.line, found.severity) == (2, "error")
    assert found.message.startswith(f"Scripts cannot import {name}. ") and instead in found.message


@pytest.mark.parametrize("name", sorted(check.MODULES))
def test_what_is_allowed_exists_in_the_interpreter(name: str) -> None:
    assert problems(f"import {name}") == []
    with session(LIMITS) as opened:
        assert opened.feed_start(f"import {name}\n'there'").output == "there"


def test_tools_may_be_imported() -> None:
    assert problems("import crm\nfrom task import progress") == []


def test_a_module_that_nobody_knows_is_refused_once() -> None:
    [found] = problems("import nonsense")
    assert found.line == 2
