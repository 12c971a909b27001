"""Commands on tasks: fixed sentences, looked at before anything else. `read(message)` answers an interpretation or None."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import ModuleType

from apps.language import wording
from apps.language.contract import Choice, Command, Interpretation, Message, OpenTask, Question, Verb

LANGUAGES = {"en": "apps.language.commands.english"}
NEED_A_TASK = frozenset({"status", "cancel", "pause", "resume", "retry"})
MAX_LENGTH = 200
MAX_CHOICES = 8
VERBS: Mapping[str, Verb] = {
    "status": "status",
    "list": "list",
    "queue": "queue",
    "cancel": "cancel",
    "pause": "pause",
    "resume": "resume",
    "retry": "retry",
}


def read(message: Message) -> Interpretation | None:
    """None where the message is no command, also where it names something that is no task of the person."""
    table = _table(message.locale)
    text = _plain(message.text, table)
    if not text or len(text) > MAX_LENGTH:
        return _help() if message.text.strip() == "?" else None
    for name, patterns in table.COMMANDS:
        for pattern in patterns:
            if match := re.fullmatch(pattern, text):
                meant = _obey(name, match.groupdict(), message, table)
                if meant is not None:
                    return meant
    return None


def _obey(name: str, groups: Mapping[str, str | None], message: Message, table: ModuleType) -> Interpretation | None:
    if name == "help":
        return _help()
    verb = VERBS[name]
    if verb not in NEED_A_TASK:
        return _command(verb, None)
    said = (groups.get("number") or groups.get("task") or "").strip()
    numbers = _numbers(said, table)
    if len(numbers) == 1:
        return _command(verb, numbers[0])
    if numbers:
        return _ask(verb, [OpenTask(id=each, title="") for each in numbers], wording.ask_one_of(verb, numbers))
    if said and not re.fullmatch(table.PRONOUNS, said):
        titled = _titled(said, message, table)
        return _one_of(verb, titled) if titled else None
    return _one_of(verb, list(message.open_tasks))


def _plain(text: str, table: ModuleType) -> str:
    plain = " ".join(text[: 4 * MAX_LENGTH].casefold().replace("’", "'").split())
    for pattern in table.POLITE:
        while (shorter := re.sub(pattern, "", plain)) != plain:
            plain = shorter
    return plain.strip()


def _numbers(said: str, table: ModuleType) -> list[int]:
    match = re.fullmatch(rf"{table.BEFORE_NUMBER}(\d{{1,9}}(?:{table.BETWEEN_NUMBERS}\d{{1,9}})*)", said)
    return [int(number) for number in re.findall(r"\d+", match.group(1))] if match else []


def _titled(said: str, message: Message, table: ModuleType) -> list[OpenTask]:
    """Open tasks whose title holds every word."""
    words = set(re.sub(table.BEFORE_TITLE, "", said).split())
    return [task for task in message.open_tasks if words and words <= set(task.title.casefold().split())]


def _one_of(verb: Verb, tasks: list[OpenTask]) -> Interpretation:
    return _command(verb, tasks[0].id) if len(tasks) == 1 else _ask(verb, tasks)


def _command(verb: Verb, task_id: int | None) -> Interpretation:
    command = Command(verb=verb, task_id=task_id)
    return Interpretation(intent="command", command=command, confidence=1.0, echo=wording.command(verb, task_id))


def _ask(verb: Verb, tasks: list[OpenTask], text: str = "") -> Interpretation:
    ask = wording.ask_status(len(tasks)) if verb == "status" else wording.ask_task(verb, len(tasks))
    choices = tuple(Choice(label=f"{task.id} {task.title}".strip(), value=task.id) for task in tasks[:MAX_CHOICES])
    question = Question(path="task_id", text=text or ask, choices=choices)
    return Interpretation(
        intent="command", command=Command(verb=verb), confidence=1.0, questions=(question,), echo=question.text
    )


def _help() -> Interpretation:
    return Interpretation(intent="help", confidence=1.0, echo=wording.HELP)


@lru_cache
def _table(locale: str) -> ModuleType:
    language = locale.replace("_", "-").split("-")[0].lower()
    return import_module(LANGUAGES.get(language, LANGUAGES["en"]))
