"""Commands, run in the test's own process."""

import io
from collections.abc import Callable

import pytest
from django.core.management import call_command

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run() -> Run:
    """Runs a command: (exit code, output, errors)."""

    def call(*words: str) -> tuple[int, str, str]:
        out, errors, code = io.StringIO(), io.StringIO(), 0
        try:
            call_command(*words, stdout=out, stderr=errors)
        except SystemExit as left:
            code = int(left.code or 0)
        return code, out.getvalue(), errors.getvalue()

    return call
