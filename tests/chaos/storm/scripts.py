"""The templates of the storm: what each does, how often it is asked for, and how it may end."""

from collections.abc import Callable, Mapping
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
    soak: float = 0.0
    """How often it is asked for in an hour without faults."""
    distinct: int = 0
    """How many different requests there are; 0: no two are alike."""
    merges: bool = False
    """A later request may take the place of one that has not started."""
    most: Mapping[str, int] = field(default_factory=dict)
    """How many of it may run at once, by the scope of the limit: template, queue, user (of each), key (of each value)."""
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        lines = "\n".join(f"    {line}" for line in self.body.splitlines())
        return f"import storm, task\n\ndef run(params):\n    n = params['n']\n{lines}\n"

    def parameters(self, number: int) -> dict[str, Any]:
        n = number % self.distinct if self.distinct else number
        return {"n": n, "group": f"g{n % GROUPS}"}


GROUPS = 4
NARROW = "narrow"
"""The queue that has a limit."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "group": {"type": "string"}},
}
SLOW = "total = 0\nfor i in range(6):\n    total += storm.slow(n + i)\nreturn total"
SHOP = {"service": "shop", "per_second": 1.5, "burst": 3.0}
"""The rate limit in front of `storm.buy`."""


def slow(n: int) -> int:
    return 2 * sum(n + i for i in range(6))


SCRIPTS = {
    "short": Script(
        body="return storm.put(n) + storm.put(n + 1)", weight=40, soak=25, returns=lambda n: 4 * n + 2, effects=2
    ),
    "long": Script(
        body="total = 0\nfor i in range(30):\n    print('call', i)\n    total += storm.put(n + i)\nreturn total",
        weight=15, soak=8, returns=lambda n: 2 * sum(n + i for i in range(30)), effects=30,
    ),
    "sleeping": Script(
        body="a = storm.put(n)\ntask.sleep(1.2)\nb = storm.put(n)\ntask.sleep(1.5)\nreturn a + b + storm.put(n)",
        weight=8, soak=8, returns=lambda n: 6 * n, effects=3,
    ),
    "flaky": Script(
        body="return storm.put(n) + storm.flaky(n) + storm.put(n)", weight=8, soak=5, returns=lambda n: 6 * n, effects=3
    ),
    "shaky": Script(
        body="return storm.put(n) + storm.shaky(n) + storm.put(n)", weight=8, soak=5, returns=lambda n: 6 * n, effects=3
    ),
    "computing": Script(
        body=(
            "a = storm.put(n)\nx = 0\nfor i in range(6):\n    for j in range(400_000):\n        x += 1\n"
            "    a += storm.put(i)\nreturn a + x"
        ),
        weight=6, soak=2, returns=lambda n: 2 * n + 30 + 2_400_000, effects=7,
    ),
    "big": Script(
        body="a = storm.big(n)\nb = storm.put(n)\nreturn len(a) + b",
        weight=4, returns=lambda n: 1_300_000 + 2 * n, effects=2, needs_disk=True,
    ),
    "files": Script(
        body="a = storm.file(n)\nb = storm.put(n)\nreturn a['size'] + b",
        weight=6, soak=1, returns=lambda n: 200_000 + 2 * n, effects=2, needs_disk=True,
    ),
    "noop": Script(body="return n", weight=10, soak=25, returns=lambda n: n),
    "limited": Script(body=SLOW, weight=4, soak=3, returns=slow, effects=6, most={"template": 1}),
    "queued": Script(body=SLOW, weight=4, soak=3, returns=slow, effects=6, most={"queue": 1}, fields={"queue": NARROW}),
    "personal": Script(body=SLOW, weight=4, soak=3, returns=slow, effects=6, most={"user": 1}),
    "keyed": Script(body=SLOW, weight=4, soak=3, returns=slow, effects=6, most={"key": 1}, fields={"limit_key": "{group}"}),
    "cores": Script(
        body="a = storm.put(n)\nx = 0\nfor i in range(300_000):\n    x += 1\nreturn a + storm.put(n) + x",
        weight=4, soak=2, returns=lambda n: 4 * n + 300_000, effects=2, fields={"is_cpu_intensive": True},
    ),
    "rated": Script(body="return storm.buy(n) + storm.buy(n)", weight=4, soak=3, returns=lambda n: 4 * n, effects=2),
    "debounced": Script(
        body="return storm.put(n)", weight=5, soak=4, returns=lambda n: 2 * n, effects=1, merges=True,
        fields={"debounce_seconds": 1, "debounce_key": "{group}"},
    ),
    "cached": Script(
        body="return storm.put(n) + storm.put(n)", weight=5, soak=4, returns=lambda n: 4 * n, effects=2, distinct=20,
        fields={"cache_seconds": 30},
    ),
    "hog": Script(body="storm.put(n)\nx = [0] * 200_000_000\nreturn len(x)", weight=1),
    "poison": Script(body="storm.put(n)\nstorm.kill_worker()", weight=0.4, is_poison=True),
}  # fmt: skip
