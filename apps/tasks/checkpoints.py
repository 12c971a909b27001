"""Checkpoints at rest: compressed, bounded, and sealed so that only our own, for this very place, is ever loaded.

The seal is a keyed BLAKE2b over the bytes and over everything that must not be swapped: task, call index, interpreter
version and the generation (lease token) of the attempt that made it. A flipped bit in a dump can run to a wrong result
unnoticed, so what does not verify is refused; the task then replays from the top.
"""

import hashlib
import hmac
import zlib

from django.conf import settings

from apps.tasks import sql
from apps.tasks.journal import Lease, LoadedCheckpoint, NewCheckpoint
from apps.tasks.models import Checkpoint

MAX_BYTES = 8 * 1024 * 1024
"""Compressed size; a larger dump is not kept, the task replays its journal instead."""
KEPT = 2


def save(lease: Lease, new: NewCheckpoint) -> None:
    """Store the checkpoint (inside the caller's fenced transaction) and drop all but the newest two."""
    data = zlib.compress(new.dump, 1)
    if len(data) > MAX_BYTES:
        return
    Checkpoint.objects.create(
        task_id=lease.task_id,
        index=new.index,
        generation=lease.token,
        line=new.line,
        interpreter=new.interpreter,
        size=len(new.dump),
        data=data,
        mac=_seal(settings.CHECKPOINT_KEYS[0], lease.task_id, new.index, lease.token, new.interpreter, data),
        created_at=new.created_at,
    )
    kept = Checkpoint.objects.filter(task_id=lease.task_id).order_by("-generation", "-index").values("pk")[:KEPT]
    Checkpoint.objects.filter(task_id=lease.task_id).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


def load(task_id: int, interpreter: str, last_index: int) -> tuple[list[LoadedCheckpoint], int]:
    """The usable checkpoints, newest first, and how many were refused.

    Refused are those that do not verify, come from another interpreter, or lie beyond the journal's next call.
    """
    usable, refused = [], 0
    for row in Checkpoint.objects.filter(task_id=task_id):
        if not _is_usable(row, interpreter, last_index):
            refused += 1
            continue
        dump = zlib.decompress(bytes(row.data))
        usable.append(LoadedCheckpoint(index=row.index, line=row.line, dump=dump))
    return usable, refused


def forget(task_id: int) -> None:
    """A task that has ended needs none."""
    sql.run("DELETE FROM tasks_checkpoint WHERE task_id = %s", [task_id])


def _is_usable(row: Checkpoint, interpreter: str, last_index: int) -> bool:
    if row.interpreter != interpreter or row.index > last_index + 1:
        return False
    data, mac = bytes(row.data), bytes(row.mac)
    return any(
        hmac.compare_digest(mac, _seal(key, row.task_id, row.index, row.generation, row.interpreter, data))
        for key in settings.CHECKPOINT_KEYS
    )


def _seal(key: str, task_id: int, index: int, generation: int, interpreter: str, data: bytes) -> bytes:
    context = f"{task_id}:{index}:{generation}:{interpreter}".encode()
    # The setting's text may be longer than BLAKE2b's 64-byte key.
    hashed_key = hashlib.sha256(key.encode()).digest()
    return hashlib.blake2b(context + b"\0" + data, key=hashed_key, digest_size=32, person=b"chantilly-ckpt").digest()
