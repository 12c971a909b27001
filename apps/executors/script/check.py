"""What is wrong with a script: its syntax and its types against the real tools. Nothing of it is executed."""

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

from django.conf import settings
from pydantic_monty import (
    FunctionSnapshot,
    MontyCrashedError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    MontyTypingError,
)

from apps.catalog.definition import Definition, Problem
from apps.catalog.kinds import Effects
from apps.executors.script import sandbox
from apps.tools import registry

LIMITS = sandbox.limits(memory_mb=256, cpu_seconds=10, max_calls=1000)
MAX_SOURCE = 200_000
MODULES = frozenset({
    "base64", "bisect", "collections", "copy", "csv", "dataclasses", "datetime", "decimal", "functools",
    "hashlib", "itertools", "json", "math", "random", "re", "time", "typing", "unicodedata",
})  # fmt: skip
"""Python's modules that the interpreter has and that give a script something."""
INSTEAD = {
    **dict.fromkeys(
        ("os", "pathlib", "shutil", "tempfile", "glob", "io"),
        "There are no files here: use the tools report and data, and params for settings.",
    ),
    **dict.fromkeys(
        ("sys", "subprocess", "signal", "platform"),
        "There is no process here: return a result, raise ValueError to fail, and log with print.",
    ),
    **dict.fromkeys(
        ("socket", "ssl", "urllib", "http", "smtplib", "ftplib"),
        "There is no network here: a tool such as crm fetches what is needed.",
    ),
    **dict.fromkeys(
        ("threading", "multiprocessing", "concurrent", "asyncio", "queue"),
        "Calls are made one after another: call the tools without it.",
    ),
    "__future__": "Leave the line out: it changes nothing here.",
    "uuid": "Use task.new_id().",
    "secrets": "Use task.new_id() or random.",
    "enum": "Use plain texts.",
    "string": "Use the methods of texts.",
    "statistics": "Use the tool data, or math.",
    "logging": "Use print.",
    "collections.abc": "Leave the type hint out, or import from typing.",
}


def problems(definition: Definition) -> list[Problem]:
    """All errors of the script with their lines; empty when it may be published."""
    source = definition.script
    if len(source) > MAX_SOURCE:
        return [_problem(f"The script is longer than {MAX_SOURCE:,} characters; split it.", code="too_long")]
    if not source.strip():
        return [_problem("The script is empty. Define run(params).", code="empty")]
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        return [
            _problem(f"Syntax error: {getattr(error, 'msg', error)}", line, getattr(error, "offset", None), "syntax")
        ]
    return [*_entry_problems(tree), *_import_problems(tree), *_type_problems(source)]


def permissions(source: str) -> set[str]:
    """What a requester needs for the tools that the script names."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {tool.permission for tool in _tools(tree) if tool.permission}


def effects(source: str) -> Effects:
    """The tools that the script may call, and which of them can change something beyond its task.

    A module that is passed on, in place of one of its functions being named, counts as all that it has.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Effects(names=frozenset({"a script that cannot be read"}))
    used = [*_tools(tree), *_passed_on(tree)]
    return Effects(
        names=frozenset(tool.name for tool in used if tool.has_effects), tools=frozenset(tool.name for tool in used)
    )


def _passed_on(tree: ast.Module) -> Iterator[registry.Tool]:
    modules = _modules(tree)
    plain = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not node.attr.startswith("__")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in plain:
            for module in modules.get(node.id, ()):
                yield from registry.module(module).tools.values()
        is_tools = isinstance(node, ast.ImportFrom) and node.module in settings.TOOL_MODULES
        if isinstance(node, ast.ImportFrom) and node.module and is_tools and node.names[0].name == "*":
            yield from registry.module(node.module).tools.values()


def _modules(tree: ast.Module) -> Mapping[str, set[str]]:
    """The tools' modules that each name stands for, one after the other where it is imported anew."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.Import) else ():
            if alias.name in settings.TOOL_MODULES:
                found[alias.asname or alias.name].add(alias.name)
    return found


def tools(source: str) -> list[str]:
    """Full names of the tools that the script uses."""
    return sorted({tool.name for tool in _tools(ast.parse(source))})


def _tools(tree: ast.Module) -> Iterator[registry.Tool]:
    modules = _modules(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in settings.TOOL_MODULES:
            found = registry.module(node.module).tools
            yield from (found[alias.name] for alias in node.names if alias.name in found)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            for name in modules.get(node.value.id, ()):
                if node.attr in (found := registry.module(name).tools):
                    yield found[node.attr]


def _entry_problems(tree: ast.Module) -> Iterator[Problem]:
    entries = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    if not entries:
        yield _problem("A script needs a function run(params) at its top level; it is what a task calls.", code="entry")
        return
    arguments = entries[-1].args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if required > 1 or not (arguments.args or arguments.posonlyargs or arguments.vararg):
        yield _problem("run takes one argument, the parameters: def run(params).", entries[-1].lineno, code="entry")


def _import_problems(tree: ast.Module) -> Iterator[Problem]:
    at_top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if id(node) not in at_top:
            yield _problem("Move this import to the top of the script; inside it cannot be checked.", node.lineno)
        for name in _imported(node):
            if _is_missing(name):
                instead = INSTEAD.get(name) or INSTEAD.get(name.partition(".")[0])
                said = instead or f"There are: {', '.join(sorted(MODULES))}."
                yield _problem(f"Scripts cannot import {name}. {said}", node.lineno, code="module")


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and not node.level else []


def _is_missing(name: str) -> bool:
    """Of Python's own; the type checker finds the others."""
    known = name in MODULES or name in settings.TOOL_MODULES
    return not known and name.partition(".")[0] in sys.stdlib_module_names


def _type_problems(source: str) -> list[Problem]:
    """The verdict of the interpreter's own parser and type checker, with the tools' stubs."""
    try:
        with sandbox.session(LIMITS, type_check=True, type_check_format="json") as session:
            _parse(session, source)
    except MontyTypingError as error:
        return [_typing_problem(item) for item in json.loads(error.display())]
    except MontySyntaxError as error:
        return [_located(error, "syntax")]
    except MontyRuntimeError as error:
        return [_located(error, "unsupported")]
    except MontyCrashedError:
        return [_problem("The interpreter could not read the script: it is nested too deeply or too large.")]
    return []


def _parse(session: MontySession, source: str) -> None:
    # Stubs are asked for before anything runs, and the type checker's verdict comes with the answer. What is announced
    # next is the import put in front: parsed and typed, and not a line of the script has run, which is all we wanted.
    snapshot = session.feed_start(f"import {registry.names()[0]} as __checked\n{source}")
    if isinstance(snapshot, FunctionSnapshot) and snapshot.function_name == "import_stubs":
        snapshot.resume_auto()


def _typing_problem(item: dict[str, object]) -> Problem:
    location = item["location"]
    assert isinstance(location, dict)
    return Problem(
        place="script",
        line=location["row"] - 1,  # the import put in front
        column=location["column"],
        severity="error" if item.get("severity") in ("error", "fatal") else "warning",
        message=str(item["message"]),
        code=str(item["code"]),
    )


def _located(error: MontySyntaxError | MontyRuntimeError, code: str) -> Problem:
    frames = error.traceback()
    line, column = (frames[-1].line - 1, frames[-1].column) if frames else (None, None)
    return _problem(error.display("msg"), line, column, code)


def _problem(message: str, line: int | None = None, column: int | None = None, code: str = "script") -> Problem:
    return Problem(place="script", line=line, column=column, severity="error", message=message, code=code)
