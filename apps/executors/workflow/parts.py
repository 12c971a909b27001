"""The parts of a node, each read from its own object: what it waits for, whether and how often it runs, what it must keep to."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

from apps.executors.workflow import conditions
from apps.executors.workflow.conditions import Condition
from apps.executors.workflow.faults import short
from apps.executors.workflow.fields import Fields
from apps.executors.workflow.graph import (
    Assertion,
    Choice,
    ChosenBy,
    Cleanup,
    Dependency,
    DependencyKind,
    Join,
    JoinKind,
    Loop,
    Retry,
    State,
    Timeouts,
    Validation,
)
from apps.executors.workflow.paths import ABSENT, is_name

JSON_TYPES = ("string", "number", "integer", "boolean", "array", "object")
KINDS: tuple[DependencyKind, ...] = get_args(DependencyKind)
STATES: tuple[State, ...] = get_args(State)
JOINS: tuple[JoinKind, ...] = ("all", "any", "structured")
CHOSEN_BY: tuple[ChosenBy, ...] = get_args(ChosenBy)
MAX_DEPENDENCIES = 10_000
MAX_ROUNDS = 1_000
MAX_ASSERTIONS = 50
MAX_TEXT = 100_000
MAX_MESSAGE = 2_000
MAX_EVENT = 100

DEPENDENCY_FIELDS = frozenset({
    "key", "kind", "optional", "type", "default", "timeout", "timeout_ms", "task", "state", "event", "keep",
})  # fmt: skip
AT_LEAST_FIELDS = frozenset({"at_least"})
CHOICE_FIELDS = frozenset({"name", "by"})
LOOP_FIELDS = frozenset({"until", "while", "most", "delay", "delay_ms"})
ASSERTION_FIELDS = frozenset({"if", "message", "critical"})
RETRY_FIELDS = frozenset({"max_attempts", "delay_ms", "backoff_factor", "timeout_ms"})
TIMEOUT_FIELDS = frozenset({"wait", "wait_ms", "run", "run_ms"})
VALIDATION_FIELDS = frozenset({"check_dependencies", "validate_result_keys", "track_completion", "verify_context"})
CLEANUP_FIELDS = frozenset({"before", "after", "on_error"})


def inner(fields: Fields, name: str, known: frozenset[str]) -> Fields:
    return Fields(fields.value(name, {}), fields.at(name), fields.notes, known, fields.about)


def condition(fields: Fields, name: str) -> Condition | None:
    if name not in fields:
        return None
    found = conditions.read(fields.value(name))
    for path, message in found.wrong:
        fields.note(f"{name}.{path}" if path else name, message, code="CFG_009")
    return found.condition


def dependencies(fields: Fields) -> Iterator[Dependency]:
    seen = set()
    for place, given in fields.items("dependencies", MAX_DEPENDENCIES):
        found = _dependency(given, place, fields)
        if found is None:
            continue
        what = (found.key, found.task, found.state)
        if what in seen:
            fields.note(place.removeprefix(f"{fields.place}."), "It is named twice. Remove one of them.")
        else:
            seen.add(what)
            yield found


def _dependency(given: Any, place: str, fields: Fields) -> Dependency | None:
    """From "key", "key?", {"key": …}, {"task": …, "state": …} or {"event": …, "key": …}."""
    if isinstance(given, str):
        key = given.removesuffix("?")
        if is_name(key):
            return Dependency(key=key, is_optional=given.endswith("?"), place=place)
        given = {"key": given}
    one = Fields(given, place, fields.notes, DEPENDENCY_FIELDS, fields.about)
    if not isinstance(given, dict):
        return None
    event, task = one.text("event", MAX_EVENT), one.text("task", 100)
    written = one.text("key", 200, event if is_name(event) else "")
    key = written.removesuffix("?")
    if task and (key or event):
        one.note("task", "A dependency is on a task's state, a key or an event. Make several of it.")
    if (key or not task) and not is_name(key):
        one.note("key", f"“{short(key)}” is no key: letters, digits, _ and -, beginning with a letter.", dependency=key)
        return None
    return Dependency(
        key=key,
        kind=one.word("kind", KINDS, "prerequisite" if task else "data"),
        is_optional=written.endswith("?") or one.truth("optional", False),
        type=one.word("type", ("", *JSON_TYPES), ""),
        default=one.value("default", ABSENT),
        timeout=one.duration("timeout"),
        task=task,
        state=one.word("state", STATES, "completed"),
        event=event,
        is_kept=one.truth("keep", True),
        place=place,
    )


def join(fields: Fields) -> Join:
    given = fields.value("join", "all")
    if isinstance(given, dict):
        return Join(kind="at_least", at_least=number_in(fields, "join", 1, MAX_DEPENDENCIES) or 1)
    return Join(kind=fields.word("join", JOINS, "all"))


def number_in(fields: Fields, name: str, least: int, most: int) -> int | None:
    """Of {"at_least": n}."""
    one = inner(fields, name, AT_LEAST_FIELDS)
    if one.value("at_least") is None:
        one.missing("at_least", 'Give the number: {"at_least": 2}.')
    return one.whole("at_least", least, most)


def choice(fields: Fields) -> Choice | None:
    given = fields.value("choice")
    if given is None:
        return None
    if isinstance(given, str):
        return Choice(name=fields.text("choice", 100)) if given else None
    one = inner(fields, "choice", CHOICE_FIELDS)
    name = one.needed_text("name", 100, "Name the choice; its alternatives have the same name.")
    return Choice(name=name, by=one.word("by", CHOSEN_BY, "condition")) if name else None


def loop(fields: Fields) -> Loop | None:
    if "loop" not in fields:
        return None
    one = inner(fields, "loop", LOOP_FIELDS)
    ways = [name for name in ("until", "while") if name in one]
    if len(ways) != 1:
        one.note("until", "Say when it ends: either until or while, with a condition.")
        return None
    if one.value("most") is None:
        one.missing("most", f"A loop has a bound: the most rounds, up to {MAX_ROUNDS:,}.")
    most = one.whole("most", 1, MAX_ROUNDS, 1) or 1
    found = condition(one, ways[0])
    if found is None:
        return None
    return Loop(condition=found, is_until=ways == ["until"], most=most, delay=one.duration("delay") or timedelta())


def assertions(fields: Fields, name: str) -> tuple[Assertion, ...]:
    found = []
    for place, given in fields.items(name, MAX_ASSERTIONS):
        one = Fields(given, place, fields.notes, ASSERTION_FIELDS, fields.about)
        if "if" not in one:
            one.missing("if", 'Give the condition: {"if": {"total": {"minimum": 1}}, "message": "…"}.')
        message, is_critical, test = one.text("message", MAX_MESSAGE), one.truth("critical", True), condition(one, "if")
        if test is not None:
            said = message or f"{'Before' if name == 'preconditions' else 'After'} this task a condition does not hold."
            found.append(Assertion(condition=test, message=said, is_critical=is_critical))
    return tuple(found)


def retry(fields: Fields) -> Retry | None:
    if fields.value("retry_config") is None:
        return None
    one, usual = inner(fields, "retry_config", RETRY_FIELDS), Retry()
    delay, timeout = one.whole("delay_ms", 0, 86_400_000), one.whole("timeout_ms", 1, 31_536_000_000)
    return Retry(
        max_attempts=one.whole("max_attempts", 1, 100) or usual.max_attempts,
        delay=usual.delay if delay is None else timedelta(milliseconds=delay),
        backoff_factor=one.number("backoff_factor", 1, 100) or usual.backoff_factor,
        timeout=usual.timeout if timeout is None else timedelta(milliseconds=timeout),
    )


def timeouts(fields: Fields) -> Timeouts:
    if "timeouts" not in fields:
        return Timeouts()
    one = inner(fields, "timeouts", TIMEOUT_FIELDS)
    return Timeouts(wait=one.duration("wait"), run=one.duration("run"))


def validation(fields: Fields, base: Validation | None = None) -> Validation:
    usual = base or Validation()
    if "validation" not in fields:
        return usual
    one = inner(fields, "validation", VALIDATION_FIELDS)
    return Validation(**{name: one.truth(name, getattr(usual, name)) for name in VALIDATION_FIELDS})


def drops(fields: Fields) -> Cleanup:
    """The lists of keys in a cleanup."""
    return Cleanup(**{name: fields.names(name, 100, are_keys=True) for name in CLEANUP_FIELDS})
