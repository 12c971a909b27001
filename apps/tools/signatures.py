"""From a tool's signature: the stub that type-checks scripts, and the check of a call's real arguments."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import reduce
from operator import or_
from types import ModuleType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

PREAMBLE = """\
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict
"""


def stub(module: ModuleType, functions: Sequence[Callable[..., Any]]) -> str:
    """Source of the `.pyi` that describes the module to scripts: its TypedDicts and its tools."""
    shapes = {name: shape for name, shape in vars(module).items() if typing.is_typeddict(shape) and name != "TypedDict"}
    parts = [PREAMBLE, *(_shape(name, shape) for name, shape in shapes.items()), *map(declaration, functions)]
    return "\n".join(parts)


def declaration(function: Callable[..., Any]) -> str:
    """`def name(arguments) -> result: ...` as scripts see it."""
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    rendered = [parameter.replace(annotation=_Verbatim(render(hints[parameter.name]))) for parameter in parameters]
    signature = inspect.Signature(rendered)
    text = str(signature).replace("<default>", "...")
    return f"def {function.__name__}{text} -> {render(_answer(hints.get('return')))}: ...\n"


def _answer(hint: Any) -> Any:
    """What the script gets: that it may have left its worker for it is not its business."""
    if get_origin(hint) in (Union, types.UnionType):
        return reduce(or_, (arg for arg in get_args(hint) if not hasattr(arg, "leaves_worker")))
    return None if hasattr(hint, "leaves_worker") else hint


class _Verbatim:
    """An annotation that prints as the text it holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _shape(name: str, shape: Any) -> str:
    hints = typing.get_type_hints(shape, include_extras=True)
    optional = shape.__optional_keys__
    lines = [
        f"    {key}: {f'NotRequired[{render(hint)}]' if key in optional else render(hint)}"
        for key, hint in hints.items()
    ]
    return f"class {name}(TypedDict):\n" + ("\n".join(lines) or "    pass") + "\n"


def render(hint: Any) -> str:
    """The annotation as source text."""
    if hint is None or hint is type(None):
        return "None"
    if hint is Any:
        return "Any"
    origin, args = get_origin(hint), get_args(hint)
    if origin in (NotRequired, Required):
        return render(args[0])
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, args))}]"
    if origin in (Union, types.UnionType):
        return " | ".join(render(arg) for arg in args)
    if origin is not None:
        inner = ", ".join("..." if arg is Ellipsis else render(arg) for arg in args)
        return f"{origin.__name__}[{inner}]"
    return str(hint.__name__)


def mismatch(value: Any, hint: Any) -> str | None:
    """None when the value fits the annotation, else `int, not str`. TypedDicts are looked at one level deep."""
    if _fits(value, hint):
        return None
    return f"{render(hint)}, not {type(value).__name__}"


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    if hint is None or hint is type(None):
        return value is None
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, arg) for arg in args)
    if origin is Literal:
        return any(value == arg and type(value) is type(arg) for arg in args)
    if origin in (list, set, frozenset):
        return isinstance(value, origin) and all(_fits(item, args[0]) for item in value)
    if origin is tuple:
        return isinstance(value, tuple)
    if origin is dict or (origin is not None and issubclass(origin, Mapping)):
        return isinstance(value, dict) and all(_fits(k, args[0]) and _fits(v, args[1]) for k, v in value.items())
    if typing.is_typeddict(hint):
        return isinstance(value, dict) and hint.__required_keys__ <= value.keys()
    return _fits_class(value, hint)


def _fits_class(value: Any, hint: type) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, hint)
