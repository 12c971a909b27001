"""Keeps a checkpoint and its journal as this version of the interpreter makes them: run once for each release.

    DJANGO_SETTINGS_MODULE=config.settings.test python -m tests.unit.executors.make_kept

writes checkpoints_kept/<interpreter>.json beside this file. What was ever released with the product stays there.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "checkpoints_kept"
SCRIPT = """\
import random, sink, task
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

class Tally:
    def __init__(self):
        self.total = Decimal("0.10")

    def add(self, value):
        self.total = self.total + Decimal(value)

def counted(rows):
    return [row["square"] for row in rows if row["id"] % 2]

def run(params):
    tally = Tally()
    kept = {"day": date(2026, 2, 28), "span": timedelta(hours=3), "names": {"b", "a"}, (1, 2): b"bytes"}
    later = lambda number: number + params["n"]
    for n in range(4):
        tally.add(sink.put(n))
    rows = sink.get(3)
    seen = [task.new_id(), task.random(), random.random()]
    try:
        sink.refuse(5)
    except LookupError as error:
        seen.append(str(error))
        task.sleep(3600)
        seen.append(type(error).__name__)
    tally.add(sink.put(4))
    return {"total": tally.total, "rows": counted(rows), "seen": seen, "kept": kept, "later": later(1),
            "chance": random.random(), "now": datetime.now(timezone.utc), "sorted": sorted(kept["names"])}
"""
PARAMETERS = {"n": 41}
OLDER = {"from decimal import Decimal\n": "", 'Decimal("0.10")': "10", "Decimal(value)": "value"}
"""What the script goes without for an interpreter before 1.4 (given as --older)."""


def make(script: str = SCRIPT) -> dict[str, Any]:
    """Run until the script sleeps; then to the end, from the record, for the result that must come of it."""
    from apps.core import codec
    from apps.executors.contract import Completed, Suspended
    from apps.executors.script import run
    from apps.executors.script.sandbox import INTERPRETER
    from tests.unit.executors.memory import MemorySession, MemoryStore

    store = MemoryStore()
    session = MemorySession(script, store, parameters=PARAMETERS)
    asleep = run.attempt(session)
    assert isinstance(asleep, Suspended), asleep
    store.write(session.lease, asleep.rest)
    assert asleep.rest.checkpoint is not None
    steps = [store.steps[key] for key in sorted(store.steps)]
    done = run.attempt(MemorySession(script, store, parameters=PARAMETERS, use_checkpoints=False))
    assert isinstance(done, Completed), done
    return {
        "interpreter": INTERPRETER,
        "codec": codec.VERSION,
        "script": script,
        "parameters": PARAMETERS,
        "seed": session.task.seed,
        "seeded_at": session.task.seeded_at.isoformat(),
        "steps": [
            {
                "index": step.index, "name": step.name, "digest": step.digest.hex(), "arguments": step.arguments,
                "succeeded": step.succeeded, "result": step.result,
            }
            for step in steps
        ],
        "checkpoint": {"index": asleep.rest.checkpoint.index, "dump": base64.b64encode(asleep.rest.checkpoint.dump).decode()},
        "result": done.result,
    }  # fmt: skip


def main() -> None:
    import django
    from django.conf import settings

    django.setup()
    settings.TOOL_MODULES = {**settings.TOOL_MODULES, "sink": "tests.unit.executors.sink"}
    script = SCRIPT
    for before, after in OLDER.items() if "--older" in sys.argv else ():
        script = script.replace(before, after)
    kept = make(script)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{kept['interpreter'].replace(' ', '-')}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"{path.name}: {len(kept['steps'])} steps, a checkpoint at call {kept['checkpoint']['index']}.")


if __name__ == "__main__":
    main()
