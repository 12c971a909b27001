"""Checkpoints at rest: compressed, bounded, and sealed so that only our own, for this very place, is ever loaded.

The seal is a keyed BLAKE2b over the bytes and over everything that must not be swapped: task, call index, interpreter
version and the generation (lease token) of the attempt that made it. A flipped bit in a dump can run to a wrong result
unnoticed, so what does not verify is refused; the task then replays from the top.
"""

import hashlib
import hmac
import zlib
from collections import Counter

from django.conf import settings

from apps.tasks import sql
from apps.tasks.models import Checkpoint
from apps.tasks.record.journal import Lease, LoadedCheckpoint, NewCheckpoint

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


def adopt(task_id: int, ancestor_id: int, most: int) -> int | None:
    """Give a fork its ancestor's newest good checkpoint at call `most` or before, sealed anew for its own place.

    Only for the same script and the same parameters: the dump holds both. Answers the call's index, None without one.
    """
    for row in Checkpoint.objects.filter(task_id=ancestor_id, index__lte=most):
        if not _is_usable(row, row.interpreter, most):
            continue
        data, index = bytes(row.data), row.index
        row.pk, row._state.adding = None, True
        row.task_id, row.generation = task_id, 0  # before the first attempt of its own
        row.mac = _seal(settings.CHECKPOINT_KEYS[0], task_id, index, 0, row.interpreter, data)
        row.save()
        return index
    return None


def forget(task_id: int) -> None:
    """A task that has ended needs none."""
    sql.run("DELETE FROM tasks_checkpoint WHERE task_id = %s", [task_id])


def by_key() -> Counter[int | None]:
    """How many checkpoints each of the keys has sealed, by its place; None: none of them."""
    return Counter(_key_of(row) for row in Checkpoint.objects.iterator(chunk_size=20))


def reseal() -> int:
    """Give every checkpoint that verifies the newest key's seal. Returns how many had another one."""
    number = 0
    for row in Checkpoint.objects.iterator(chunk_size=20):
        if not _key_of(row):
            continue  # the newest key's already, or nobody's
        mac = _seal(
            settings.CHECKPOINT_KEYS[0], row.task_id, row.index, row.generation, row.interpreter, bytes(row.data)
        )
        number += Checkpoint.objects.filter(pk=row.pk, mac=row.mac).update(mac=mac)
    return number


def _is_usable(row: Checkpoint, interpreter: str, last_index: int) -> bool:
    if row.interpreter != interpreter or row.index > last_index + 1:
        return False
    return _key_of(row) is not None


def _key_of(row: Checkpoint) -> int | None:
    """The place of the key that sealed it, None when none of ours did."""
    data, mac = bytes(row.data), bytes(row.mac)
    for place, key in enumerate(settings.CHECKPOINT_KEYS):
        if hmac.compare_digest(mac, _seal(key, row.task_id, row.index, row.generation, row.interpreter, data)):
            return place
    return None


def _seal(key: str, task_id: int, index: int, generation: int, interpreter: str, data: bytes) -> bytes:
    context = f"{task_id}:{index}:{generation}:{interpreter}".encode()
    # The setting's text may be longer than BLAKE2b's 64-byte key.
    hashed_key = hashlib.sha256(key.encode()).digest()
    return hashlib.blake2b(context + b"\0" + data, key=hashed_key, digest_size=32, person=b"chantilly-ckpt").digest()
