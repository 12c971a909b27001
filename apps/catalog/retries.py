"""The shape of a revision's `retry`: how often and how soon a failed attempt is tried again, also by kind of error."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.catalog.definition import Problem

MAX_ATTEMPTS = 100
MAX_DELAY = 86_400.0  # seconds
LEAST_FACTOR, MOST_FACTOR = 1.0, 100.0
JITTERS = ("full", "equal", "none")
RULES = ("never", "always")
MAX_ERRORS = 50
SECONDS = ("first", "cap", "floor")
POLICY = frozenset({"max_attempts", "delays", "factor", "jitter", *SECONDS})
EXAMPLE = '{"max_attempts": 3, "first": 1, "factor": 2, "cap": 60, "errors": {"rate_limited": {"first": 30}}}'


def check(retry: Any) -> Iterator[Problem]:
    """What is wrong with a revision's `retry`, whatever it is."""
    if not isinstance(retry, dict):
        yield _problem("", f"Give an object: {EXAMPLE}.")
        return
    rest = {name: value for name, value in retry.items() if name != "errors"}
    yield from _check_policy(rest, "")
    yield from _check_errors(retry.get("errors", {}))


def _check_errors(errors: Any) -> Iterator[Problem]:
    if not isinstance(errors, dict) or len(errors) > MAX_ERRORS:
        message = (
            f'Give up to {MAX_ERRORS} classes or codes: {{"TimeoutError": {{"first": 30}}, "rate_limited": "never"}}.'
        )
        yield _problem(".errors", message)
        return
    for name, rule in errors.items():
        place = f".errors.{name[:64]}"
        if isinstance(rule, dict):
            yield from _check_policy(rule, place)
        elif rule not in RULES:
            yield _problem(place, 'Say "never", "always", or what differs: {"max_attempts": 5, "first": 30}.')


def _check_policy(policy: Mapping[str, Any], place: str) -> Iterator[Problem]:
    if unknown := sorted(name for name in policy if name not in POLICY):
        known = ", ".join(sorted(POLICY))
        yield _problem(place, f"There is no {', '.join(name[:64] for name in unknown)}. There are: {known}, errors.")
    if "delays" in policy and {"first", "factor", "cap"} & set(policy):
        yield _problem(place, "Give either delays, or first, factor and cap.")
    attempts = policy.get("max_attempts", 1)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or not 1 <= attempts <= MAX_ATTEMPTS:
        yield _problem(f"{place}.max_attempts", f"Give a whole number from 1 to {MAX_ATTEMPTS}.")
    delays = policy.get("delays", [])
    usable = isinstance(delays, list) and len(delays) <= MAX_ATTEMPTS
    if not usable or not all(_is_number(delay, 0, MAX_DELAY) for delay in delays):
        yield _problem(f"{place}.delays", f"Give a list of seconds, each from 0 to {MAX_DELAY:,.0f}.")
    for name in SECONDS:
        if not _is_number(policy.get(name, 0), 0, MAX_DELAY):
            yield _problem(f"{place}.{name}", f"Give seconds from 0 to {MAX_DELAY:,.0f}.")
    if not _is_number(policy.get("factor", 1), LEAST_FACTOR, MOST_FACTOR):
        yield _problem(f"{place}.factor", f"Give a number from {LEAST_FACTOR:g} to {MOST_FACTOR:g}.")
    if policy.get("jitter", "none") not in JITTERS:
        yield _problem(f"{place}.jitter", f"Say {', '.join(JITTERS[:-1])} or {JITTERS[-1]}.")


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _problem(path: str, message: str) -> Problem:
    return Problem(place=f"retry{path}", message=message, code="retry")
