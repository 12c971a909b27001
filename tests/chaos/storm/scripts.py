"""The templates of the storm: what each does, how often it is asked for, and how it may end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Script:
    body: str
    weight: float
    returns: Callable[[int], Any] | None = None
    """What it must return for parameter n; None: it never completes."""
    effects: int = 0
    """How many calls of a completed task reach the sink."""
    is_poison: bool = False
    needs_disk: bool = False
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        lines = "\n".join(f"    {line}" for line in self.body.splitlines())
        return f"import storm, task\n\ndef run(params):\n    n = params['n']\n{lines}\n"


SCRIPTS = {
    "short": Script(
        body="return storm.put(n) + storm.put(n + 1)", weight=40, returns=lambda n: 4 * n + 2, effects=2
    ),
    "long": Script(
        body="total = 0\nfor i in range(30):\n    print('call', i)\n    total += storm.put(n + i)\nreturn total",
        weight=15, returns=lambda n: 2 * sum(n + i for i in range(30)), effects=30,
    ),
    "sleeping": Script(
        body="a = storm.put(n)\ntask.sleep(1.2)\nb = storm.put(n)\ntask.sleep(1.5)\nreturn a + b + storm.put(n)",
        weight=8, returns=lambda n: 6 * n, effects=3,
    ),
    "flaky": Script(
        body="return storm.put(n) + storm.flaky(n) + storm.put(n)", weight=8, returns=lambda n: 6 * n, effects=3
    ),
    "shaky": Script(
        body="return storm.put(n) + storm.shaky(n) + storm.put(n)", weight=8, returns=lambda n: 6 * n, effects=3
    ),
    "computing": Script(
        body=(
            "a = storm.put(n)\nx = 0\nfor i in range(6):\n    for j in range(400_000):\n        x += 1\n"
            "    a += storm.put(i)\nreturn a + x"
        ),
        weight=6, returns=lambda n: 2 * n + 30 + 2_400_000, effects=7,
    ),
    "big": Script(
        body="a = storm.big(n)\nb = storm.put(n)\nreturn len(a) + b",
        weight=4, returns=lambda n: 1_300_000 + 2 * n, effects=2, needs_disk=True,
    ),
    "files": Script(
        body="a = storm.file(n)\nb = storm.put(n)\nreturn a['size'] + b",
        weight=6, returns=lambda n: 200_000 + 2 * n, effects=2, needs_disk=True,
    ),
    "hog": Script(body="storm.put(n)\nx = [0] * 200_000_000\nreturn len(x)", weight=1),
    "poison": Script(body="storm.put(n)\nstorm.kill_worker()", weight=0.4, is_poison=True),
}  # fmt: skip
