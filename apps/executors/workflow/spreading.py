"""What a node is repeated for, and where its results go: its expansion and its output rules, from JSON."""

from collections.abc import Iterator
from typing import get_args

from apps.core.mapping import rules
from apps.executors.workflow.faults import short
from apps.executors.workflow.fields import Fields
from apps.executors.workflow.graph import Array, Duplicates, Expansion, OutputFormat, OutputRule
from apps.executors.workflow.parts import inner, number_in
from apps.executors.workflow.paths import is_name, segments

FORMATS: tuple[OutputFormat, ...] = get_args(OutputFormat)
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)
MAX_ITEMS = 100_000
MAX_ARRAYS = 8
MAX_RULES = 50

EXPANSION_FIELDS = frozenset({
    "type", "array_mapping", "identifiers", "output_format", "duplicates", "duplicates_by", "policy", "at_once", "most",
    "name",
})  # fmt: skip
OUTPUT_FIELDS = rules.FIELDS


def expansion(fields: Fields, waited_for: list[str]) -> Expansion | None:
    """`waited_for` are the keys that the node waits for: a single one is the array when none is mapped."""
    if fields.value("expansion_config") is None:
        return None
    one = inner(fields, "expansion_config", EXPANSION_FIELDS)
    type_ = one.word("type", ("array", "product", "zip"), "array")
    arrays = tuple(_arrays(one))
    if "array_mapping" not in one and len(waited_for) == 1:
        arrays = (Array(variable="item", source=(waited_for[0],)),)
    elif not one.given.get("array_mapping"):
        one.missing("array_mapping", 'Map a variable to an array of the context: {"item": "orders"}.')
    return Expansion(
        type="zip" if type_ == "zip" else "product",
        arrays=arrays,
        identifiers=tuple(_identifiers(one)),
        output_format=one.word("output_format", FORMATS, "merge"),
        duplicates=one.word("duplicates", DUPLICATES, "keep"),
        duplicates_by=_path(one, "duplicates_by"),
        at_least=_at_least(one),
        at_once=one.whole("at_once", 1, MAX_ITEMS),
        most=one.whole("most", 1, MAX_ITEMS) or 10_000,
        name=one.text("name", 200),
    )


def _arrays(fields: Fields) -> Iterator[Array]:
    for variable, source in fields.mapping("array_mapping", MAX_ARRAYS).items():
        place = f"array_mapping.{short(variable)}"
        parts = segments(source) if isinstance(source, str) else None
        if not is_name(variable):
            fields.note(place, f"“{short(variable)}” is no variable: letters, digits, _ and - only.", code="PROC_001")
        elif isinstance(source, list) and 0 < len(source) <= MAX_ITEMS:
            yield Array(variable=variable, items=tuple(source))
        elif parts is None:
            fields.note(
                place, "Give the path of an array, customers or report.rows, or a list of items.", code="PROC_001"
            )
        else:
            yield Array(variable=variable, source=parts)


def _identifiers(fields: Fields) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, path in fields.mapping("identifiers", MAX_ARRAYS).items():
        parts = segments(path) if isinstance(path, str) else None
        if not is_name(name) or parts is None:
            message = 'An identifier is a name and a path: {"customer_id": "customer.id"}.'
            fields.note(f"identifiers.{short(name)}", message, code="PROC_001")
        else:
            yield name, parts


def _path(fields: Fields, name: str) -> tuple[str, ...]:
    written = fields.text(name, 200)
    parts = segments(written) if written else ()
    if parts is None:
        fields.note(name, f"“{short(written)}” is no path. Write a name, or name.part.")
    return parts or ()


def _at_least(fields: Fields) -> int | None:
    """Of `policy`: "all", "ignore" or {"at_least": n}."""
    if isinstance(fields.value("policy"), dict):
        return number_in(fields, "policy", 0, MAX_ITEMS)
    return 0 if fields.word("policy", ("all", "ignore"), "all") == "ignore" else None


def outputs(fields: Fields, result_keys: tuple[str, ...]) -> tuple[OutputRule, ...]:
    """`output_config`, an object or a list of them."""
    given = fields.value("output_config")
    if given is None:
        return ()
    found = []
    for place, rule in fields.items("output_config", MAX_RULES) if isinstance(given, list) else [("", given)]:
        at = place or fields.at("output_config")
        one = Fields(rule, at, fields.notes, OUTPUT_FIELDS, fields.about)
        key = one.text("result_key", 64, result_keys[0] if len(result_keys) == 1 else "")
        if not key:
            one.missing("result_key", "Say which of the task's result_keys goes there.")
            continue
        path = one.text("output_path", 1_000, f"$.{key}")
        described = {**one.given, "result_key": key, "output_path": path}
        found.append(OutputRule(result_key=key, output_path=path, rule=described, place=at))
    return tuple(found)
