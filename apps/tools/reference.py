"""The author's reference of all tools, as Markdown. Everything in it comes from the registry."""

import inspect
import typing
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from apps.tools import registry, signatures
from apps.tools.registry import CallClass, Tool, ToolModule

WIDTH = 100
INTRODUCTION = """\
# The tools

*Written by `manage.py describe_tools` from the code. Do not edit it by hand.*

A script imports a module and calls its functions: `import crm`, then `crm.invoices(page=2)`. Arguments and results are
plain data. A `*` in a signature means: what follows is given by name. [The guide](guide.md) says how scripts are
written and what happens to a call when a worker dies.

The class of a tool says what the journal does with a call:

| class | what it means for a script |
|---|---|
| `effect` | Changes something. Executed, recorded, then answered. After a crash the record answers. |
| `read` | Asks for something. Recorded in the same way. |
| `volatile` | The time, an id, a chance. Recorded together with the next call of the other classes. |
| `telemetry` | Progress and log. Not repeated after a crash. |
| `suspending` | The task leaves its worker and goes on later. |
| `pure` | Computes from its arguments. Not recorded; computed again after a crash. |

The permission is the one that the task's requester needs, when the task is submitted and at each call. A tool without
one is open to everybody who may start tasks.
"""


def text() -> str:
    """The whole page; the same code gives the same text."""
    modules = [registry.module(name) for name in registry.names()]
    return "\n".join([INTRODUCTION, _contents(modules), *map(_module, modules)])


def _contents(modules: list[ToolModule]) -> str:
    rows = [f"| [`{module.name}`](#{module.name}) | {_names(module)} |" for module in modules]
    return "\n".join(["| module | tools |", "|---|---|", *rows, ""])


def _names(module: ToolModule) -> str:
    return ", ".join(f"[`{name}`](#{_anchor(tool)})" for name, tool in sorted(module.tools.items()))


def _anchor(tool: Tool) -> str:
    """As GitHub and most readers of Markdown make it from the heading `module.name`."""
    return tool.name.replace(".", "")


def _module(module: ToolModule) -> str:
    parts = [f"## {module.name}\n", f"{module.description}\n"]
    parts += [_tool(tool) for _, tool in sorted(module.tools.items())]
    if shapes := "\n".join(_shapes(module)):
        parts.append(f"### Shapes of {module.name}\n\n```python\n{shapes}```\n")
    return "\n".join(parts)


def _tool(tool: Tool) -> str:
    permission = f"permission `{tool.permission}`" if tool.permission else "no permission needed"
    service = f" · waits for the rate limit of `{tool.service}`" if tool.service else ""
    facts = f"class `{tool.call_class}` · {permission}{service}"
    return f"### {tool.name}\n\n```python\n{_signature(tool)}\n```\n\n{facts}\n\n{inspect.getdoc(tool.function)}\n"


def _signature(tool: Tool) -> str:
    """`crm.clients(*, page: int = 1) -> ClientPage`, one argument a line where it is long."""
    arguments, star = [], False
    for parameter in tool.signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            arguments.append("*")
            star = True
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        arguments.append(f"{parameter.name}: {signatures.render(tool.hints[parameter.name])}{default}")
    answer = "None" if tool.call_class is CallClass.SUSPENDING else signatures.render(tool.hints.get("return"))
    line = f"{tool.name}({', '.join(arguments)}) -> {answer}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{tool.name}(", *(f"    {argument}," for argument in arguments), f") -> {answer}"])


def _shapes(module: ToolModule) -> Iterator[str]:
    functions = [tool.function for tool in module.tools.values()]
    python = inspect.getmodule(functions[0]) if functions else None
    for name, shape in _typed_dicts(python) if python else []:
        optional = shape.__optional_keys__
        lines = [
            f"    {key}: {f'NotRequired[{signatures.render(hint)}]' if key in optional else signatures.render(hint)}"
            for key, hint in typing.get_type_hints(shape).items()
        ]
        described = [f'    """{inspect.getdoc(shape)}"""'] if _has_docstring(shape) else []
        yield "\n".join([f"class {name}(TypedDict):", *described, *(lines or ["    pass"]), ""])


def _typed_dicts(python: ModuleType) -> list[tuple[str, Any]]:
    return [(name, shape) for name, shape in vars(python).items() if typing.is_typeddict(shape)]


def _has_docstring(shape: Any) -> bool:
    return bool(vars(shape).get("__doc__"))
