"""X1: nothing that a script says gets it a file, the network, the environment or a process of the host."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.core import codec
from apps.executors.contract import Completed, Failed, Outcome
from apps.executors.script import run, sandbox
from tests.unit.executors import escapes
from tests.unit.executors.memory import MemorySession, MemoryStore

SECRET = "canary-5d0a9a2f3c11-must-not-be-seen"
VARIABLE = "CHANTILLY_TEST_CANARY"
HEADER = "import task, sink\n"


@dataclass
class Canaries:
    file: Path
    made: Path
    port: socket.socket

    def fill(self, text: str) -> str:
        places = {"{path}": str(self.file), "{made}": str(self.made), "{env}": VARIABLE}
        places |= {"{path!r}": repr(str(self.file)), "{made!r}": repr(str(self.made))}
        for name, value in {**places, "{port}": str(self.port.getsockname()[1])}.items():
            text = text.replace(name, value)
        return text

    def assert_untouched(self, outcome: Outcome) -> None:
        seen = repr(outcome)
        if isinstance(outcome, Completed):
            seen += repr(codec.decode(outcome.result))
        assert SECRET not in seen
        assert "subclasses" not in seen or "no attribute" in seen or "Error" in seen
        assert not self.made.exists(), "a file was made"
        assert self.file.read_text() == SECRET, "the file was changed"
        with pytest.raises(BlockingIOError):
            self.port.accept()


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canaries]:
    file = tmp_path / "canary.txt"
    file.write_text(SECRET)
    monkeypatch.setenv(VARIABLE, SECRET)
    monkeypatch.setattr(run, "MAX_OUTPUT", 1_000_000)
    with socket.create_server(("127.0.0.1", 0)) as port:
        port.setblocking(False)
        yield Canaries(file, tmp_path / "made.txt", port)


def body(script: str) -> str:
    return HEADER + "\ndef run(params):\n" + "".join(f"    {line}\n" for line in script.split("\n"))


def corpus() -> dict[str, str]:
    walks = {
        walk.format(root=root): "return " + walk.format(root=root) for root in escapes.ROOTS for walk in escapes.WALKS
    }
    expressions = {
        text: "return " + text.replace("{{", "{").replace("}}", "}") for text in map(str, escapes.EXPRESSIONS)
    }
    imports = {f"import {name}": f"import {name}\nreturn {name}" for name in escapes.IMPORTS}
    return {**walks, **expressions, **imports, **escapes.SCRIPTS}


def attempt(source: str, **limits: int) -> Outcome:
    limits = {"memory_mb": 32, "cpu_seconds": 1, "max_calls": 200, **limits}
    return run.attempt(MemorySession(source, MemoryStore(), parameters={"n": 1}, **limits))


GROUPS = 12
CORPUS = list(corpus().items())


@pytest.mark.parametrize("group", range(GROUPS))
def test_no_script_of_the_corpus_gets_out(group, canaries):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    for name, script in CORPUS[group::GROUPS]:
        for source in (
            body(script),
            HEADER + canaries.fill(script).replace("return ", "x = ") + "\ndef run(p):\n  return 1\n",
        ):
            outcome = attempt(canaries.fill(source))
            assert isinstance(outcome, Completed | Failed), name
            assert not isinstance(outcome, Failed) or outcome.failure.message, name
            canaries.assert_untouched(outcome)
    after = psutil.Process().children(recursive=True)
    assert len(after) <= max(1, len(before)), "one sandbox and nothing else is running"
    assert attempt("def run(params):\n    return 6 * 7\n") == Completed(result="42"), "and it still works"


def test_the_corpus_is_large_enough():
    assert len(CORPUS) >= 400


HARMLESS: dict[str, Any] = {
    "return len(params)": 1,
    "return f'{1 + 1:>4}'": "   2",
    "return '{0}-{1}'.format(1, 2)": "1-2",
    "match 1:\n    case int():\n        return 'int'": "int",
    "return [i for i in range(3)]": [0, 1, 2],
    "import math\nreturn math.floor(1.5)": 1,
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    return str(e)": "division by zero",
}


@pytest.mark.parametrize("script", HARMLESS)
def test_the_sandbox_does_run_what_is_harmless(script):
    assert attempt(body(script)) == Completed(result=codec.encode(HARMLESS[script]))


def test_the_sandboxs_process_has_no_environment_and_may_gain_nothing():
    with sandbox.session(sandbox.limits(memory_mb=16, cpu_seconds=1, max_calls=10)) as session:
        pid = session.worker_pid
        assert pid is not None
        process = Path("/proc") / str(pid)
        assert VARIABLE not in (process / "environ").read_text()
        assert "SECRET" not in (process / "environ").read_text()
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"].strip() == "1"
        limits = (process / "limits").read_text()
        assert _limit(limits, "Max file size") == "0"
        assert _limit(limits, "Max core file size") == "0"
        assert _limit(limits, "Max address space") != "unlimited"
        open_files = [str(each.readlink()) for each in (process / "fd").iterdir()]
        assert not [name for name in open_files if name.endswith((".sqlite3", ".sqlite3-wal"))], "no database inherited"


def _limit(text: str, name: str) -> str:
    return next(line.removeprefix(name).split()[0] for line in text.splitlines() if line.startswith(name))
