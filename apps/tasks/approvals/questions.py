"""A question as a script or a graph writes it, read and checked. Needs no database: names of people are looked up later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from apps.core import durations
from apps.core.errors import InvalidInput
from apps.core.schema import check_schema, plain, validate
from apps.tasks.approvals import evidence
from apps.tasks.models.approvals import FAIL

USUAL = (
    {"name": "approve", "label": "Approve", "takes_data": True},
    {"name": "reject", "label": "Reject", "takes_data": False},
)
SPANS = ("expires_after", "remind_after", "remind_every", "escalate_after")
FREE = ("form", "data", "evidence")
"""Fields whose inside has no fixed shape."""
LEAST = timedelta(seconds=1)


def _names() -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 150},
        "maxItems": 50,
        "default": [],
    }


_SPAN: dict[str, Any] = {"type": "string", "maxLength": 100}
SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
        "text": {"type": "string", "maxLength": 20_000, "default": ""},
        "users": _names(),
        "groups": _names(),
        "four_eyes": {"type": "boolean", "default": False},
        "choices": {
            "type": "array",
            "maxItems": 10,
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,49}$"},
                    "label": {"type": "string", "minLength": 1, "maxLength": 60},
                    "takes_data": {"type": "boolean", "default": True},
                },
            },
        },
        **dict.fromkeys(SPANS, _SPAN),
        "at_expiry": {"type": "string", "minLength": 1, "maxLength": 50, "default": FAIL},
        "escalate_to": {"type": "object", "properties": {"users": _names(), "groups": _names()}},
    },
}


@dataclass(frozen=True, kw_only=True)
class Who:
    """Names of users and of groups."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.users or self.groups)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What to ask. `who` empty: the task's requester decides. Spans count from the moment when it is asked.

    `at_expiry`: the choice that silence makes, or "fail".
    """

    title: str
    text: str = ""
    evidence: list[dict[str, Any]] = field(default_factory=list)
    form: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    choices: list[dict[str, Any]] = field(default_factory=lambda: [dict(each) for each in USUAL])
    who: Who = Who()
    is_four_eyes: bool = False
    expires_after: timedelta | None = None
    at_expiry: str = FAIL
    remind_after: timedelta | None = None
    remind_every: timedelta | None = None
    escalate_after: timedelta | None = None
    escalate_to: Who = Who()


def read(given: Mapping[str, Any]) -> Question:
    """The question that `given` describes: `SHAPE`, with form, data and evidence beside it; spans as "2 d" or seconds.

    Raises InvalidInput; its `fields` name all that is wrong.
    """
    free = {name: given[name] for name in FREE if given.get(name) is not None}
    rest = {name: value for name, value in given.items() if name not in FREE and value is not None}
    for name in SPANS:
        if type(rest.get(name)) in (int, float):
            rest[name] = f"{rest[name]} s"
    told = validate(rest, SHAPE)
    wrong = dict(_wrong(told, free))
    spans = {name: _span(name, told, wrong) for name in SPANS}
    if wrong:
        raise _refusal(wrong)
    choices = [_choice(each) for each in told.get("choices") or USUAL]
    question = Question(
        title=told["title"],
        text=told["text"],
        evidence=free.get("evidence", []),
        form=free.get("form", {}),
        data=free.get("data", {}),
        choices=choices,
        who=_who(told),
        is_four_eyes=told["four_eyes"],
        at_expiry=told["at_expiry"],
        escalate_to=_who(told.get("escalate_to", {})),
        **spans,
    )
    if wrong := dict(_contradictions(question)):
        raise _refusal(wrong)
    return question


def _wrong(told: Mapping[str, Any], free: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = [each["name"] for each in told.get("choices") or USUAL]
    if len(set(names)) < len(names) or FAIL in names:
        yield "choices", f"Each choice has a name of its own, and none is called {FAIL}."
    if free.get("form"):
        for problem in check_schema(free["form"]):
            yield f"form.{problem.path}".rstrip("."), problem.message
    if said := plain.objection(free.get("data", {}), plain.PARAMETERS):
        yield f"data.{said[0]}".rstrip("."), said[1]
    elif not isinstance(free.get("data", {}), dict):
        yield "data", 'Give an object: {"name": value, …}.'
    yield from evidence.problems(free.get("evidence", []))


def _span(name: str, told: Mapping[str, Any], wrong: dict[str, str]) -> timedelta | None:
    if name not in told:
        return None
    try:
        span = durations.parse(told[name])
    except InvalidInput as error:
        wrong[name] = error.message
        return None
    if span < LEAST:
        wrong[name] = "Give at least one second."
    return span


def _choice(given: Mapping[str, Any]) -> dict[str, Any]:
    label = given.get("label") or given["name"].replace("_", " ").capitalize()
    return {"name": given["name"], "label": label, "takes_data": given["takes_data"]}


def _who(given: Mapping[str, Any]) -> Who:
    return Who(users=tuple(dict.fromkeys(given.get("users", ()))), groups=tuple(dict.fromkeys(given.get("groups", ()))))


def _contradictions(question: Question) -> Iterator[tuple[str, str]]:
    names = [each["name"] for each in question.choices]
    if question.at_expiry != FAIL and question.at_expiry not in names:
        yield "at_expiry", f"Use {FAIL} or one of {', '.join(names)}."
    elif question.at_expiry != FAIL and question.expires_after is None:
        yield "at_expiry", "It never expires. Give expires_after, too."
    elif question.at_expiry != FAIL:
        yield from _unusable_default(question)
    if question.remind_every is not None and question.remind_after is None:
        yield "remind_every", "Say when to remind first: remind_after."
    if bool(question.escalate_to) != (question.escalate_after is not None):
        yield "escalate_after", "Give both or neither of escalate_after and escalate_to."
    if question.is_four_eyes and not question.who:
        yield "four_eyes", "Say in users or groups who else decides than who asked for the task."


def _unusable_default(question: Question) -> Iterator[tuple[str, str]]:
    """What silence decides has to be valid as it stands."""
    choice = next(each for each in question.choices if each["name"] == question.at_expiry)
    if question.form and choice["takes_data"]:
        try:
            validate(question.data, question.form)
        except InvalidInput as error:
            yield "data", f"Silence would decide {question.at_expiry} with it, but: {error.message}"


def _refusal(wrong: dict[str, str]) -> InvalidInput:
    path, message = next(iter(wrong.items()))
    if len(wrong) > 1:
        return InvalidInput(f"The question needs attention: {', '.join(sorted(wrong))}.", fields=wrong)
    return InvalidInput(f"{path}: {message}", fields=wrong)
