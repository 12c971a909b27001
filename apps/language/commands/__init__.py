"""Commands on tasks: fixed sentences, looked at before anything else.

`recognise(message)` answers what a sentence orders, in whichever language; `read(message)` the same as an interpretation,
with the questions that are left. Both answer None where the message is no command, also where it names something that
is no task of the person.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Literal

from apps.language import wording
from apps.language.contract import Choice, Command, Interpretation, Message, OpenTask, Question, Verb

LANGUAGES = {
    "en": "apps.language.commands.english",
    "de": "apps.language.commands.german",
    "ru": "apps.language.commands.russian",
    "es": "apps.language.commands.spanish",
    "fr": "apps.language.commands.french",
}
WITHOUT_A_TASK = frozenset({"list", "queue", "schedules", "help"})
DECISIONS = frozenset({"approve", "reject"})
NAMEABLE = frozenset({"status", "cancel", "pause", "resume", "why", "subscribe", "unsubscribe"})
"""What is said of tasks only, also by the name of their template."""
MAX_LENGTH = 200
MAX_CHOICES = 8


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """`ids`: tasks that were named, by number or by title. `words`: what names something, where it is no task's.

    Without ids and words the task is meant that everybody has in mind.
    """

    verb: Verb | Literal["help"]
    language: str
    ids: tuple[int, ...] = ()
    is_titled: bool = False
    is_all: bool = False
    words: str = ""
    comment: str = ""


def recognise(message: Message) -> Recognised | None:
    """What the whole message orders, read in the locale's language before the others."""
    if message.text.strip() == "?":
        return Recognised(verb="help", language=_language(message))
    text = " ".join(message.text[: 4 * MAX_LENGTH].replace("’", "'").split())
    named = None
    for language in dict.fromkeys([_language(message), *LANGUAGES]):
        for found in _readings(text, language, message.open_tasks):
            if not found.words:
                return found
            named = named or found  # a word of another language may be no name at all: "refuse la tâche 12"
    return named


def named(message: Message) -> Recognised | None:
    """What the whole message orders of something that is no task: its name is in `words`."""
    text = " ".join(message.text[: 4 * MAX_LENGTH].replace("’", "'").split())
    for language in dict.fromkeys([_language(message), *LANGUAGES]):
        for found in _readings(text, language, (), NAMEABLE):
            if found.words:
                return found
    return None


def read(message: Message) -> Interpretation | None:
    found = recognise(message)
    if found is None or found.words:
        return None
    if found.verb == "help":
        return Interpretation(intent="help", confidence=1.0, echo=wording.say("help"))
    if found.verb in WITHOUT_A_TASK or len(found.ids) == 1:
        return _command(found.verb, found.ids[0] if found.ids else None, found.comment)
    tasks = [task for task in message.open_tasks if not found.ids or task.id in found.ids]
    if len(tasks) == 1 and not found.ids:
        return _command(found.verb, tasks[0].id, found.comment)
    if found.ids and not found.is_titled:
        named = [OpenTask(id=each, title="") for each in found.ids]
        return _ask(found.verb, named, wording.ask_one_of(found.ids))
    return _ask(found.verb, tasks)


def _readings(
    whole: str, language: str, tasks: Sequence[OpenTask], nameable: Collection[str] = DECISIONS
) -> Iterator[Recognised]:
    table = _table(language)
    text = _plain(whole, table)
    if not text or len(text) > MAX_LENGTH:
        return
    for verb, pattern in _patterns(language):
        if match := pattern.fullmatch(text):
            found = _obeyed(verb, match, table, language, tasks, nameable)
            if found is not None:
                yield found


def _obeyed(
    verb: Verb,
    match: re.Match[str],
    table: ModuleType,
    language: str,
    tasks: Sequence[OpenTask],
    nameable: Collection[str],
) -> Recognised | None:
    """None where what is named is no task; of decisions it may be their title, which is not known here."""
    groups = {name: value.strip() for name, value in match.groupdict().items() if value}
    comment = next((groups[name] for name in ("comment", "reason") if name in groups), "")
    said = (groups.get("number") or groups.get("task") or "").lower()
    numbers = _numbers(said, table)
    if not said or numbers or re.fullmatch(table.PRONOUNS, said):
        return Recognised(verb=verb, language=language, ids=tuple(numbers), comment=comment)
    if re.fullmatch(table.ALL, said):
        return Recognised(verb=verb, language=language, is_all=True, comment=comment)
    words = re.sub(table.BEFORE_TITLE, "", said)
    if titled := _titled(words, tasks):
        return Recognised(verb=verb, language=language, ids=titled, is_titled=True, comment=comment)
    is_named = verb in nameable and bool(words)
    return Recognised(verb=verb, language=language, words=words, comment=comment) if is_named else None


def _plain(text: str, table: ModuleType) -> str:
    for pattern in table.POLITE:
        while (shorter := re.sub(pattern, "", text, flags=re.IGNORECASE)) != text:
            text = shorter
    return text.strip()


def _numbers(said: str, table: ModuleType) -> list[int]:
    match = re.fullmatch(rf"{table.BEFORE_NUMBER}(\d{{1,9}}(?:{table.BETWEEN_NUMBERS}\d{{1,9}})*)", said)
    return [int(number) for number in re.findall(r"\d+", match.group(1))] if match else []


def _titled(words: str, tasks: Sequence[OpenTask]) -> tuple[int, ...]:
    """Tasks whose title holds every word."""
    wanted = set(words.casefold().split())
    return tuple(task.id for task in tasks if wanted and wanted <= set(task.title.casefold().split()))


def _command(verb: Verb, task_id: int | None, comment: str) -> Interpretation:
    command = Command(verb=verb, task_id=task_id, comment=comment)
    return Interpretation(intent="command", command=command, confidence=1.0, echo=wording.command(verb, task_id))


def _ask(verb: Verb, tasks: Sequence[OpenTask], text: str = "") -> Interpretation:
    choices = tuple(Choice(label=f"{task.id} {task.title}".strip(), value=task.id) for task in tasks[:MAX_CHOICES])
    question = Question(path="task_id", text=text or wording.ask_task(verb, len(tasks)), choices=choices)
    return Interpretation(
        intent="command", command=Command(verb=verb), confidence=1.0, questions=(question,), echo=question.text
    )


def _language(message: Message) -> str:
    language = message.locale.replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


@lru_cache
def _patterns(language: str) -> list[tuple[Verb, re.Pattern[str]]]:
    """Compiled and kept here: there are more of them than `re` keeps."""
    return [
        (verb, re.compile(pattern, re.IGNORECASE))
        for verb, patterns in _table(language).COMMANDS
        for pattern in patterns
    ]


@lru_cache
def _table(language: str) -> ModuleType:
    return import_module(LANGUAGES[language])
