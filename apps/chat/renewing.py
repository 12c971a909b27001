"""Secrets that run out: exchanged by one process at a time, and kept before anybody uses them.

Nobody holds a lock of the database meanwhile: the platform is asked in between, and may take its time.
"""

import threading
import time
from collections import defaultdict

from django.db import transaction

from apps.chat.models import Connection
from apps.chat.platforms.contract import Exchange, PlatformError, Secrets, Wiring
from apps.tasks.retention import chores

TURN_SECONDS = 90.0
"""Longer than a platform can hold an exchange up."""
PATIENCE, PACE = 10.0, 0.2
_locks: defaultdict[int, threading.Lock] = defaultdict(threading.Lock)


def renew(wiring: Wiring, name: str, exchange: Exchange) -> Secrets:
    """`contract.Wiring.renew`."""
    chore, until = f"chat:renew:{wiring.id}", time.monotonic() + PATIENCE
    with _locks[wiring.id]:
        while (turn := chores.take(chore, TURN_SECONDS)) is None:
            if time.monotonic() > until:
                raise PlatformError("Another process is renewing this connection's tokens.", retry_after=5.0)
            time.sleep(PACE)
        try:
            kept = Connection.objects.get(pk=wiring.id).secrets
            found = kept if kept.get(name) != wiring.secrets.get(name) else _keep(wiring.id, name, kept, exchange(kept))
        except Connection.DoesNotExist:
            raise PlatformError("This connection is not there any more.", is_permanent=True) from None
        finally:
            chores.give_back(chore, turn, 0.0)
    if not found.get(name):
        raise PlatformError("The platform has taken its tokens back meanwhile: see what happened to the connection.")
    return found


@transaction.atomic
def _keep(connection_id: int, name: str, exchanged: Secrets, fresh: Secrets) -> Secrets:
    """What came or was taken away during the exchange stands: what was got for the tokens before it is theirs no more."""
    row = Connection.objects.select_for_update().get(pk=connection_id)
    if row.secrets.get(name) != exchanged.get(name):
        return row.secrets
    secrets = {**row.secrets, **fresh}
    row.put_secrets(secrets)
    row.save(update_fields=["sealed"])
    return secrets
