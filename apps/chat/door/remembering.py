"""What came with an installation (a token, an address) is kept before the platform is told that it was heard."""

import asyncio
from collections.abc import Mapping

from asgiref.sync import sync_to_async
from django.db import connections, transaction

from apps.chat import events
from apps.chat.door.known import directory
from apps.chat.models import Connection, ConnectionEvent

PATIENCE = 0.8


async def remember(connection_id: int, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Raises TimeoutError and DatabaseError: then it may not be acknowledged."""
    await asyncio.wait_for(sync_to_async(_remember, thread_sensitive=False)(connection_id, settings, secrets), PATIENCE)
    directory.forget()


def _remember(connection_id: int, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    try:
        with transaction.atomic():
            connection = Connection.objects.select_for_update().get(pk=connection_id)
            connection.settings = {**connection.settings, **settings}
            if secrets:
                connection.put_secrets({**connection.secrets, **secrets})
            connection.save(update_fields=["settings", "sealed"])
        names = ", ".join(sorted({*settings, *secrets}))
        events.note(connection, ConnectionEvent.Kind.INSTALLED, f"The platform told us: {names}.")
    finally:
        connections.close_all()  # a thread of the pool, which may not come here again
