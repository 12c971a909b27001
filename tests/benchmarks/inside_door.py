"""A platform that delivers: `python -m tests.benchmarks.inside_door '{"port": …}'`. Prints one JSON object.

A steady rate, the same while the database is locked, and as much as is answered; then what was acknowledged is compared
with the rows.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from typing import Any

import django

django.setup()

from apps.chat.models import Connection, Incoming
from tests.chaos.installation import wait_for
from tests.platforms import held, webhook
from tests.platforms.deliveries import Deliveries

KEY = "bench"
WARM_SECONDS = 1.0


def main() -> None:
    asked = json.loads(sys.argv[1])
    connection = Connection(key=KEY, platform="webhook", name="Bench")
    connection.put_secrets({"secret": webhook.SECRET})
    connection.save()
    path = f"/chat/hooks/{KEY}"
    asyncio.run(Deliveries(port=asked["port"], path=path, marked="warm").steadily(50, WARM_SECONDS))

    steady = Deliveries(port=asked["port"], path=path, marked="steady")
    asyncio.run(steady.steadily(asked["rate"], asked["seconds"]))
    behind = Deliveries(port=asked["port"], path=path, marked="locked")
    with held.locked():
        asyncio.run(behind.steadily(asked["rate"], asked["locked_seconds"]))
    most = Deliveries(port=asked["port"], path=path, marked="most")
    began = time.monotonic()
    asyncio.run(most.flood(asked["seconds"]))
    took = time.monotonic() - began
    print(json.dumps({
        "steady": _found(steady), "locked": _found(behind), "most": _found(most) | {"rate": len(most.acknowledged) / took}
    }))  # fmt: skip


def _found(deliveries: Deliveries) -> dict[str, Any]:
    """What was acknowledged becomes rows, once each."""
    mine = Incoming.objects.filter(event_id__startswith=deliveries.marked)
    with suppress(AssertionError):  # they are counted as lost
        wait_for("all rows", lambda: mine.count() >= len(deliveries.acknowledged), seconds=30)
    events = list(mine.values_list("event_id", flat=True))
    messages = list(mine.values_list("message_id", flat=True))
    return {
        "milliseconds": [1000 * each for each in deliveries.seconds], "answers": deliveries.answers,
        "acknowledged": len(deliveries.acknowledged), "lost": len(deliveries.acknowledged - set(events)),
        "doubled": len(messages) - len(set(messages)),
    }  # fmt: skip


if __name__ == "__main__":
    main()
