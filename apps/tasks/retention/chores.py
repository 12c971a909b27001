"""Work that one process of the whole installation does at a time. Nobody holds it for ever: a turn has an end."""

from apps.tasks import dbclock, sql


def take(name: str, seconds: float) -> int | None:
    """The right to do the chore for so many seconds, as a number to give back; None when it is not due.

    A look without a lock first: idle workers ask every second, and must not take SQLite's one write lock for it.
    """
    row = sql.run(f"SELECT due_at <= {dbclock.now_sql()} FROM tasks_chore WHERE name = %s", [name])
    if row is None:
        sql.run("INSERT INTO tasks_chore (name, due_at, taken) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING", [name])
    elif not row[0]:
        return None
    taken = sql.run(
        f"UPDATE tasks_chore SET due_at = {dbclock.now_sql()} + %s, taken = taken + 1"
        f" WHERE name = %s AND due_at <= {dbclock.now_sql()} RETURNING taken",
        [seconds, name],
    )
    return None if taken is None else int(taken[0])


def keep(name: str, turn: int, seconds: float) -> bool:
    """Hold it for so many seconds more. False when somebody else has taken it since."""
    kept = sql.run(
        f"UPDATE tasks_chore SET due_at = {dbclock.now_sql()} + %s WHERE name = %s AND taken = %s RETURNING taken",
        [seconds, name, turn],
    )
    return kept is not None


def forget(name: str) -> None:
    """There is nothing more to do of it."""
    sql.run("DELETE FROM tasks_chore WHERE name = %s", [name])


def give_back(name: str, turn: int, seconds: float) -> None:
    """Due again in so many seconds. Nothing when somebody else has taken it since."""
    sql.run(
        f"UPDATE tasks_chore SET due_at = {dbclock.now_sql()} + %s WHERE name = %s AND taken = %s",
        [seconds, name, turn],
    )
