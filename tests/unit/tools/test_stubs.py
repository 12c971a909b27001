"""Every shipped tool, called from a script, in the real type checker: the stubs say what the functions take."""

import time
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

import pytest

from apps.catalog.definition import Definition, Problem
from apps.executors.script import ScriptExecutor
from apps.tools import registry
from apps.tools.registry import Tool

HEADER = "from datetime import date, datetime\nfrom decimal import Decimal\nimport {module}\n\ndef run(params):\n"
SAMPLES = {
    int: "1",
    float: "1.5",
    str: "'x'",
    bool: "True",
    date: "date(2026, 1, 1)",
    datetime: "datetime(2026, 1, 1)",
    Decimal: "Decimal('1.10')",
    bytes: "b'x'",
}


def sample(hint: Any) -> str:
    """Source text of a value that fits the annotation."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any or hint is None or hint is type(None):
        return "None"
    if origin is Literal:
        return repr(args[0])
    if origin in (Union, types.UnionType):
        return sample(args[0])
    if origin is list:
        return f"[{sample(args[0])}]"
    if origin is dict or (origin is not None and issubclass(origin, Mapping)):
        return f"{{{sample(args[0])}: {sample(args[1])}}}"
    if typing.is_typeddict(hint):
        hints = typing.get_type_hints(hint)
        return "{" + ", ".join(f"{key!r}: {sample(hints[key])}" for key in sorted(hint.__required_keys__)) + "}"
    return SAMPLES[hint]


def call(tool: Tool, wrong: str = "") -> str:
    """A call of the tool with all its arguments; the one named `wrong` gets bytes."""
    values = {name: "b'x'" if name == wrong else sample(tool.hints[name]) for name in tool.signature.parameters}
    return f"{tool.name}({', '.join(_argument(tool, name, value) for name, value in values.items())})"


def _argument(tool: Tool, name: str, value: str) -> str:
    positional = tool.signature.parameters[name].kind is tool.signature.parameters[name].POSITIONAL_ONLY
    return value if positional else f"{name}={value}"


def problems(source: str) -> list[Problem]:
    return ScriptExecutor().check(Definition.with_fields({"script": source}))


@pytest.mark.parametrize("module", registry.names())
def test_a_script_may_call_every_tool_of_the_module(module):
    tools = registry.module(module).tools
    assert tools
    source = HEADER.format(module=module) + "".join(f"    {call(tool)}\n" for tool in tools.values())
    assert problems(source) == []


@pytest.mark.parametrize("module", registry.names())
def test_a_wrong_argument_of_any_tool_is_found_on_its_line(module):
    calls = [
        call(tool, name)
        for tool in registry.module(module).tools.values()
        for name in tool.signature.parameters
        if tool.hints[name] is not Any
    ]
    source = HEADER.format(module=module) + "".join(f"    {line}\n" for line in calls)
    first = source[: source.index("    " + calls[0])].count("\n") + 1 if calls else 0
    found = {problem.line for problem in problems(source)}
    assert found == set(range(first, first + len(calls)))


@pytest.mark.parametrize("module", registry.names())
def test_a_tool_that_does_not_exist_is_found(module):
    source = HEADER.format(module=module) + f"    {module}.no_such_tool()\n"
    (problem,) = problems(source)
    assert (problem.line, "no_such_tool" in problem.message) == (6, True)


@pytest.mark.parametrize("module", registry.names())
def test_a_call_that_the_checker_accepts_is_accepted_by_the_host(module):
    """The stub and the check of real arguments are made from one signature, and agree."""
    scope: dict[str, Any] = {"date": date, "datetime": datetime, "Decimal": Decimal}
    for tool in registry.module(module).tools.values():
        kwargs = eval("dict(" + call(tool).partition("(")[2], scope)
        assert set(tool.bind((), kwargs)) == set(kwargs)


def test_what_a_tool_answers_is_typed_too():
    source = HEADER.format(module="crm") + "    page = crm.invoices()\n    return page['itmes']\n"
    assert [problem.line for problem in problems(source)] == [7]


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("", None, "empty"),
        ("x = 1\n", None, "run(params)"),
        ("def run(params):\n    return 1 +\n", 2, "Syntax"),
        ("def run():\n    return 1\n", 1, "one argument"),
        ("def run(a, b):\n    return 1\n", 1, "one argument"),
        ("def run(params):\n    import crm\n    return 1\n", 2, "top of the script"),
        ("def run(params):\n    return nothing\n", 2, "nothing"),
        ("def run(params):\n    return 1 + 'a'\n", 2, ""),
        ("def run(params):\n    return " + "(" * 3000 + ")" * 3000 + "\n", None, ""),
        ("#" * 300_000, None, "200,000"),
    ],
    ids=[
        "nothing",
        "no run",
        "syntax",
        "no argument",
        "two arguments",
        "inner import",
        "unknown name",
        "types",
        "deep",
        "long",
    ],
)
def test_what_is_wrong_with_a_script_is_said_with_its_line(source, line, words):
    found = problems(source)
    assert found
    assert words in found[0].message
    if line is not None:
        assert found[0].line == line


@pytest.mark.parametrize(
    "top", ["while True:\n    pass", "x = 1 / 0", "x = 'x' * 10**12", "raise ValueError('x')", "import math\nx = 1 / 0"]
)
def test_checking_executes_nothing(top):
    began = time.monotonic()
    assert problems(f"{top}\n\ndef run(params):\n    return 1\n") == []
    assert time.monotonic() - began < 5


def test_the_lines_are_those_of_the_script_on_its_first_and_last_line():
    source = "x: int = 'a'\n\ndef run(params):\n    y: int = 'b'"
    assert [problem.line for problem in problems(source)] == [1, 4]
    (problem,) = problems("def run(params):\n    class A(dict):\n        pass\n    return A()\n")
    assert problem.line == 2


def test_a_tool_module_that_was_not_imported_is_not_there():
    (problem,) = problems(f"def run(params):\n    return {registry.names()[0]}.complete\n")
    assert problem.line == 2


def test_what_a_script_needs_is_known_from_its_calls():
    source = (
        "import crm\nfrom knowledge import search\n\ndef run(params):\n    crm.invoices()\n    return search('x')\n"
    )
    assert ScriptExecutor().permissions(Definition.with_fields({"script": source})) == {
        "crm.view_invoice",
        "knowledge.view_document",
    }


@pytest.mark.parametrize(
    "source",
    [
        "import crm as c\n\ndef run(params):\n    return c.invoices()\n",
        "import crm\n\ndef run(params):\n    f = crm.invoices\n    return f()\n",
        "from crm import invoices as i\n\ndef run(params):\n    return i()\n",
        "import crm\nx = [crm]\n\ndef run(params):\n    return crm.invoices()\n",
    ],
)
def test_a_tool_under_another_name_is_still_seen(source):
    assert ScriptExecutor().permissions(Definition.with_fields({"script": source})) == {"crm.view_invoice"}
