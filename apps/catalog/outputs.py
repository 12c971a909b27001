"""What a task hands over: its files with their names, and who hears of its end.

{"attachments": [{"type": "pdf", "page_template": "invoice_report", "name": "invoice_report_{date}.pdf"}],
 "notifications": {"channels": ["origin", "email"], "message": "The report for {period} is ready."}}

Placeholders are names in braces and nothing else: no attribute, index or format can be reached through them.
`{date}` is the day the task began (2026-11-21), `{period}` the words of its period, `{task_id}` its number, `{template}`
the template's key; any parameter of a plain type can be named too, in messages also the result's `{summary}`.
`origin` is the chat that the task was asked for in.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.catalog.definition import Problem
from apps.core import regex
from apps.core.schema.wording import did_you_mean

TYPES = ("pdf", "csv", "json", "kml", "html", "txt", "xlsx")
CHANNELS = ("origin", "email")
PLACEHOLDERS = ("date", "period", "task_id", "template")
MAX_ATTACHMENTS = 20
MAX_NAME = 120
MAX_MESSAGE = 4_000
_PLAIN = ("string", "integer", "number", "boolean")


def fill(text: str, values: Mapping[str, Any]) -> str:
    """`text` with its placeholders replaced by `str(values[name])`; one that is not among `values` stays as it is."""
    done, rest = "", text
    while found := regex.search(r"\{(?P<name>[A-Za-z_]\w*)\}", rest):
        name = found.groups["name"]
        done += rest[: found.start] + (str(values[name]) if name in values else rest[found.start : found.end])
        rest = rest[found.end :]
    return done + rest


def check(outputs: Any, schema: Any) -> Iterator[Problem]:
    if not isinstance(outputs, dict) or set(outputs) - {"attachments", "notifications"}:
        yield _problem("", "Give an object with attachments and notifications.")
        return
    known = [*PLACEHOLDERS, *_plain_parameters(schema)]
    yield from _check_attachments(outputs.get("attachments", []), known)
    yield from _check_notifications(outputs.get("notifications", {}), [*known, "summary"])


def _check_attachments(attachments: Any, known: list[str]) -> Iterator[Problem]:
    if not isinstance(attachments, list) or len(attachments) > MAX_ATTACHMENTS:
        yield _problem(".attachments", f"Give a list of up to {MAX_ATTACHMENTS} attachments.")
        return
    names = []
    for number, attachment in enumerate(attachments):
        place = f".attachments.{number}"
        if not isinstance(attachment, dict) or set(attachment) - {"type", "page_template", "name"}:
            yield _problem(place, "An attachment has a type, a name and, where it is drawn, a page_template.")
            continue
        yield from _check_attachment(attachment, place, known)
        names.append(attachment.get("name"))
    for name in names:
        if isinstance(name, str) and names.count(name) > 1:
            yield _problem(".attachments", f"Two attachments are named “{name}”. Give each its own name.")
            return


def _check_attachment(attachment: dict[str, Any], place: str, known: list[str]) -> Iterator[Problem]:
    type_, name = attachment.get("type"), attachment.get("name")
    if type_ not in TYPES:
        yield _problem(f"{place}.type", f"Give one of {', '.join(TYPES)}.{did_you_mean(str(type_), TYPES)}")
    page_template = attachment.get("page_template", "")
    if not isinstance(page_template, str) or (page_template and regex.search(r"^[\w-]{1,64}$", page_template) is None):
        yield _problem(f"{place}.page_template", "Name a page template with letters, digits, _ and - only.")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        yield _problem(f"{place}.name", f"Give a file name of up to {MAX_NAME} characters: report_{{date}}.pdf.")
        return
    if regex.search(r"^[\pL\d_{}][\pL\d_{} ().-]*$", name) is None or ".." in name:
        message = "A file name has letters, digits, _, -, dots, spaces and brackets, and no path in it."
        yield _problem(f"{place}.name", message)
    elif type_ in TYPES and not name.endswith(f".{type_}"):
        yield _problem(f"{place}.name", f"A file of type {type_} is named with .{type_} at the end.")
    yield from _check_placeholders(name, f"{place}.name", known)


def _check_notifications(notifications: Any, known: list[str]) -> Iterator[Problem]:
    if not isinstance(notifications, dict) or set(notifications) - {"channels", "message"}:
        yield _problem(".notifications", "Give an object with channels and a message.")
        return
    channels, message = notifications.get("channels", []), notifications.get("message", "")
    if not isinstance(channels, list) or any(channel not in CHANNELS for channel in channels):
        yield _problem(".notifications.channels", f"Give a list with any of {', '.join(CHANNELS)}.")
    if not isinstance(message, str) or len(message) > MAX_MESSAGE:
        yield _problem(".notifications.message", f"Give a text of up to {MAX_MESSAGE:,} characters.")
    else:
        yield from _check_placeholders(message, ".notifications.message", known)


def _check_placeholders(text: str, place: str, known: list[str]) -> Iterator[Problem]:
    if "{" in (bare := fill(text, dict.fromkeys(known, ""))) or "}" in bare:
        found = regex.search(r"\{(?P<name>[^{}]*)\}", bare)
        if found is None:
            yield _problem(place, "A brace is open or closed alone. Placeholders are written {date}.")
            return
        name = found.groups["name"]
        hint = did_you_mean(name, known) or f" There are: {', '.join(known)}."
        yield _problem(place, f"There is no placeholder “{{{name[:40]}}}”.{hint}")


def _plain_parameters(schema: Any) -> list[str]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return []
    return [
        name
        for name, described in properties.items()
        if isinstance(name, str) and isinstance(described, dict) and described.get("type") in _PLAIN
    ]


def _problem(path: str, message: str) -> Problem:
    return Problem(place=f"outputs{path}", message=message, code="outputs")
