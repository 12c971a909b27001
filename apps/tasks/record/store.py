"""The journal's store in the database: one fenced transaction a step, in SQL, because it is the hottest path we have.

PostgreSQL gets the usual batch (one step, nothing else) as one statement; everything else, and all of SQLite, is a
transaction of a few statements.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from apps.core import codec, hints
from apps.tasks import blobs, dbclock, sql
from apps.tasks.record import checkpoints
from apps.tasks.record.journal import Ack, Batch, Lease, LeaseLost, NewStep, Recorded, RecordTooNew

STEP_COLUMNS = (
    "task_id, seq, index, try_number, attempt, name, call_class, digest, arguments, outcome, result,"
    " codec_version, line, started_at, seconds, retries"
).replace("index", '"index"')
STEP_CASTS = (
    "%s::int, %s::int, %s::int, %s, %s, %s::bytea, %s, %s, %s, %s::smallint, %s::int,"
    " %s::timestamptz, %s::float8, %s::int"
)
INSERT_STEP = f"INSERT INTO tasks_step ({STEP_COLUMNS}) VALUES ({', '.join(['%s'] * 16)})"
INSERT_EVENT = "INSERT INTO tasks_event (task_id, seq, kind, at, data) VALUES (%s, %s, %s, %s, %s)"
INSERT_FILE = (
    'INSERT INTO tasks_artifact (task_id, "index", name, kind, content_type, size, sha256, path, created_at)'
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    ' ON CONFLICT (task_id, "index", name) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256,'
    " path = excluded.path"
)
MAX_RESULT = 1_000_000
"""Characters of a result kept in its row; a longer one goes to a file beside the artifacts."""
SHOWN_ARGUMENTS = 4_000
"""Characters of encoded arguments kept for display; the digest is of all of them."""


class DatabaseStore:
    """Obeys `journal.Store` on Django's connection of the calling thread."""

    def records(self, task_id: int, start: int, limit: int) -> Sequence[Recorded]:
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT "index", try_number, name, digest, outcome, result, arguments, codec_version FROM tasks_step'
                ' WHERE task_id = %s AND "index" >= %s AND "index" < %s ORDER BY "index", try_number',
                [task_id, start, start + limit],
            )
            newest = {row[0]: row for row in cursor.fetchall()}
        return [
            Recorded(
                index=index,
                try_number=try_number,
                name=name,
                digest=bytes(digest),
                succeeded=outcome == "succeeded",
                result=blobs.read(_readable(result, index, version)),
                arguments=arguments,
            )
            for index, try_number, name, digest, outcome, result, arguments, version in newest.values()
        ]

    def last_index(self, task_id: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute('SELECT max("index") FROM tasks_step WHERE task_id = %s', [task_id])
            highest = cursor.fetchone()[0]
        return -1 if highest is None else int(highest)

    def write(self, lease: Lease, batch: Batch) -> Ack:
        ack = self._write(lease, batch)
        hints.send(hints.FEED, lease.task_id)
        return ack

    def _write(self, lease: Lease, batch: Batch) -> Ack:
        is_plain = len(batch.steps) == 1 and not (batch.events or batch.files or batch.checkpoint)
        if is_plain and not sql.is_sqlite():
            return self._write_one_statement(lease, batch)
        # A checkpoint goes through the ORM, which wants Django's own transaction; it is rare.
        with transaction.atomic() if batch.checkpoint else sql.transaction():
            seq, control = self._fence(lease, batch)
            self._insert_rows(lease, batch, seq - _rows(batch))
        return Ack(seq=seq, control=control)

    def _write_one_statement(self, lease: Lease, batch: Batch) -> Ack:
        update, parameters = _fence_sql(lease, batch)
        row = sql.run(
            f"WITH fence AS ({update}), step AS (INSERT INTO tasks_step ({STEP_COLUMNS})"
            f" SELECT %s, fence.seq, {STEP_CASTS} FROM fence) SELECT seq, control FROM fence",
            [*parameters, lease.task_id, *_step_values(lease, batch.steps[0])],
        )
        return Ack(seq=row[0], control=row[1]) if row else _refuse(lease)

    def _fence(self, lease: Lease, batch: Batch) -> tuple[int, str]:
        row = sql.run(*_fence_sql(lease, batch))
        return row or _refuse(lease)

    def _insert_rows(self, lease: Lease, batch: Batch, seq: int) -> None:
        for event in batch.events:
            seq += 1
            sql.run(INSERT_EVENT, [lease.task_id, seq, event.kind, sql.moment(event.at), json.dumps(event.data)])
        for step in batch.steps:
            seq += 1
            sql.run(INSERT_STEP, [lease.task_id, seq, *_step_values(lease, step)])
        for file in batch.files:
            sql.run(INSERT_FILE, [
                lease.task_id, file.index, file.name, file.kind, file.content_type, file.size, file.sha256, file.path,
                sql.moment(file.created_at),
            ])  # fmt: skip
        if batch.checkpoint:
            checkpoints.save(lease, batch.checkpoint)


def _rows(batch: Batch) -> int:
    return len(batch.steps) + len(batch.events)


def _fence_sql(lease: Lease, batch: Batch) -> tuple[str, list[Any]]:
    """The UPDATE that proves the lease, extends it, shows progress and gives out the numbers of the new rows."""
    first_tries = sum(step.try_number == 1 for step in batch.steps)
    sets = [f"lease_until = {dbclock.now_sql()} + %s", "seq = seq + %s", "steps = steps + %s", "call = %s"]
    values: list[Any] = [settings.LEASE_SECONDS, max(1, _rows(batch)), first_tries, batch.call]
    if batch.call or batch.call_started_at:
        sets.append("call_started_at = %s")
        values.append(sql.moment(batch.call_started_at))
    if batch.line is not None:
        sets.append("line = %s")
        values.append(batch.line)
    if batch.progress:
        # A percentage never goes back, whatever a script says.
        greatest = "max" if sql.is_sqlite() else "greatest"
        sets.append(f"percent = {greatest}(percent, %s), stage = %s, message = %s")
        values += [batch.progress.percent, batch.progress.stage[:100], batch.progress.message[:300]]
    if batch.checkpoint:
        sets.append("checkpoint_index = %s")
        values.append(batch.checkpoint.index)
    if batch.memory_bytes:
        greatest = "max" if sql.is_sqlite() else "greatest"
        sets.append(f"memory_bytes = {greatest}(memory_bytes, %s)")
        values.append(batch.memory_bytes)
    for counter, addition in batch.counts.items():
        if counter in COUNTERS:
            sets.append(f"{counter} = {counter} + %s")
            values.append(addition)
    return (
        f"UPDATE tasks_execution SET {', '.join(sets)} WHERE task_id = %s AND lease_token = %s RETURNING seq, control",
        [*values, lease.task_id, lease.token],
    )


COUNTERS = frozenset({"warnings", "errors", "api_calls", "model_tokens"})


def _step_values(lease: Lease, step: NewStep) -> list[Any]:
    result = step.result if len(step.result) <= MAX_RESULT else blobs.write(lease.task_id, step.index, step.result)
    return [
        step.index, step.try_number, lease.attempt, step.name, step.call_class, step.digest,
        step.arguments[:SHOWN_ARGUMENTS], "succeeded" if step.succeeded else "failed", result, codec.VERSION, step.line,
        sql.moment(step.started_at), step.seconds, step.retries,
    ]  # fmt: skip


def _readable(result: str, index: int, version: int) -> str:
    """Older codecs are read; what a newer one wrote could be taken for something else."""
    if version > codec.VERSION:
        raise RecordTooNew(
            f"Step {index} was recorded by a newer version of Chantilly (codec {version}; this one reads up to"
            f" {codec.VERSION}). Run the workers on that version again, then retry the task: its record is kept."
        )
    return result


def _refuse(lease: Lease) -> Any:
    raise LeaseLost(f"Attempt {lease.attempt} of task {lease.task_id} no longer holds the task; its write was refused.")
