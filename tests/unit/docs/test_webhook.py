"""What docs/chat/webhook.md shows works, with nothing but what it names."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.chat.content import Content
from apps.chat.platforms.contract import Arrived, PlatformError, Refused
from apps.chat.platforms.webhook import BETWEEN, SCHEMA, Webhook
from apps.core import clock
from tests.platforms.loopback import Given, Loopback, Request, closed_port
from tests.platforms.webhook import KINDS, SECRET
from tests.unit.chat.platforms.hooks import hook, wired
from tests.unit.docs.pages import blocks, page, rows, section

PAGE = page("docs/chat/webhook.md")
SAY, TAKE = blocks(PAGE, "python")
[SHELL] = blocks(PAGE, "sh")


class Door(Loopback):
    """The connection's address, without the site around it."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[Arrived] = []

    def answer(self, request: Request) -> Given:
        try:
            received = Webhook().receive(wired({"secret": SECRET}), hook(request.body, request.headers))
        except Refused as refused:
            return Given(status=refused.status)
        self.arrived += received.arrived
        return Given(status=received.answer.status)


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    with door.serving():
        yield door


@pytest.fixture
def program(tmp_path: Path):
    """Writes the block to a file and runs it."""

    def start(code: str, *words: str, **variables: str) -> subprocess.Popen[str]:
        file = tmp_path / "shown"
        file.write_text(code)
        runner = [sys.executable] if code is not SHELL else ["sh", "-e"]
        environment = {"PATH": os.environ["PATH"], "CHANTILLY_SECRET": SECRET, **variables}
        return subprocess.Popen(
            [*runner, str(file), *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    started: list[subprocess.Popen[str]] = []
    yield lambda *given, **variables: started.append(start(*given, **variables)) or started[-1]
    for each in started:
        each.kill()
        each.communicate()


def test_the_python_program_is_heard(door, program):
    out, err = program(SAY, "invoice report", "for 2023", CHANTILLY_HOOK=door.url).communicate(timeout=30)
    assert (out.strip(), err) == ("200", "")
    [arrived] = door.arrived
    heard = (arrived.text, arrived.dialog, arrived.sender)
    assert heard == ("invoice report for 2023", f"desk-7{BETWEEN}u-17", "u-17"), "a private dialog is its sender's"


def test_the_shell_is_heard(door, program):
    _, err = program(SHELL, CHANTILLY_HOOK=door.url).communicate(timeout=30)
    assert err == ""
    assert [arrived.text for arrived in door.arrived] == ["status"]


def test_both_are_refused_with_another_secret(door, program):
    for code in (SAY, SHELL):
        ran = program(code, "hello", CHANTILLY_HOOK=door.url, CHANTILLY_SECRET="x" * 32)
        _, err = ran.communicate(timeout=30)
        assert ran.returncode != 0
        assert "401" in err
    assert door.arrived == []


def test_the_program_that_takes_our_messages_takes_each_once(program):
    port = closed_port()
    taking = program(TAKE, str(port))
    wiring = wired({"secret": SECRET}, url=f"http://127.0.0.1:{port}/")
    _until_it_answers(wiring)
    for _ in range(2):
        Webhook().send(wiring, "desk-7", Content(text="Done"), key="in:1:0")
    Webhook().edit(wiring, "desk-7", "in:1:0", Content(text="Done!"))
    with pytest.raises(PlatformError, match="401"):
        Webhook().send(wired({"secret": "x" * 32}, url=wiring.settings["url"]), "d", Content(text="x"), key="k")
    taking.terminate()
    out, _ = taking.communicate(timeout=10)
    assert [line.split(" ", 1) for line in out.splitlines() if not line.startswith("ping")] == [
        ["message", "desk-7 Done"],
        ["edit", "desk-7 Done!"],
    ]


def _until_it_answers(wiring) -> None:
    ends = clock.now().timestamp() + 20
    while clock.now().timestamp() < ends:
        try:
            Webhook().check(wiring)
            return
        except PlatformError:
            time.sleep(0.05)
    raise AssertionError("The program of the page does not answer.")


def test_the_tables_name_every_field():
    shown = {row[0].strip("`") for row in rows(section(PAGE, "## What people say"))}
    assert shown == SCHEMA["properties"].keys()
    types = {row[0].strip("`"): row[1] for row in rows(section(PAGE, "## What Chantilly says")) if len(row) == 3}
    assert types.keys() == KINDS.keys()
    for kind, fields in types.items():
        assert {field.strip(" `") for field in fields.split(",") if field.strip()} == KINDS[kind] - {
            "connection",
            "type",
        }
