"""Tasks that start tasks, for tests: their scripts, and workers that carry out so many attempts."""

from apps.core import saying as words
from apps.workers.registry import roster
from apps.workers.running import slice as worker
from apps.workers.running.hand import Hand
from tests import making

DOUBLE = """
def run(params):
    if params.get('n', 0) < 0:
        raise ValueError('negative')
    return params.get('n', 0) * 2
"""

GATHER = """
import task

def run(params):
    done = task.gather([{'template': 'double', 'parameters': {'n': n}} for n in range(params['n'])])
    return [each['result'] for each in done]
"""


def attempts(number):
    """Let a worker carry out so many, the best first."""
    registered = roster.register(["default"])
    with worker._heartbeat(registered) as heartbeat, Hand(registered) as hand:
        for _ in range(number):
            worker.run_next(hand, ["default"], heartbeat)


def run(script, by, **parameters):
    """The parent once nothing can be claimed any more."""
    parent = making.task(script, by, parameters, parameter_schema={"type": "object", "properties": {
        name: {"type": "integer"} for name in parameters}})  # fmt: skip
    worker.drain()
    parent.refresh_from_db()
    return parent


def waiting(alice, count=3):
    """A parent that waits for children which nobody has begun."""
    parent = making.task(GATHER, alice, {"n": count})
    attempts(1)
    parent.refresh_from_db()
    assert (parent.status, parent.status_reason) == (
        "waiting",
        f"waits for {words.count(count, 'task')} that it has started",
    )
    return parent


def statuses(parent):
    return set(parent.children.values_list("status", flat=True))


def in_order(parent):
    return list(parent.children.order_by("item").values_list("status", flat=True))
