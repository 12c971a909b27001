"""One task of a workflow's JSON → Node, with its defaults."""

from typing import Any, get_args

from apps.executors.workflow import parts, spreading
from apps.executors.workflow.fields import Fields, Notes
from apps.executors.workflow.graph import (
    Cleanup,
    Dependency,
    Node,
    OnFailure,
    OnReject,
    Runner,
    RunnerKind,
    Validation,
    Validator,
)
from apps.executors.workflow.paths import is_name

DEFAULT_AGENT = "Agent"
"""The class that runs a task which has a message_template and nothing else that says what runs it."""
RUNNERS: tuple[RunnerKind, ...] = get_args(RunnerKind)
ON_FAILURE: tuple[OnFailure, ...] = get_args(OnFailure)
ON_REJECT: tuple[OnReject, ...] = get_args(OnReject)
MAX_NAME = 100
MAX_SCRIPT = 200_000
MAX_KEYS = 100
MAX_CANCELS = 10_000
NODE_FIELDS = frozenset({
    "name", "description", *RUNNERS, "parameters", "shared_instructions", "message_template", "result_keys", "tools",
    "dependencies", "join", "choice", "condition", "loop", "cancels", "preconditions", "postconditions",
    "validator_prompt", "validator_tool", "on_reject", "timeouts", "retry_config", "validation", "on_failure",
    "default_result", "expansion_config", "output_config", "cleanup", "estimated_seconds",
})  # fmt: skip


class NodeReader:
    """Reads the nodes of one graph in order, and numbers them."""

    def __init__(self, notes: Notes, validation: Validation, on_failure: OnFailure) -> None:
        self.notes, self.validation, self.on_failure = notes, validation, on_failure
        self.nodes: list[Node] = []

    def read(self, given: Any, place: str, group: str) -> Node:
        """A node without a usable name is called by its place, so that the rest of it is judged too."""
        written = given.get("name") if isinstance(given, dict) else None
        fields = Fields(
            given, place, self.notes, NODE_FIELDS, {"task": str(written or place)[:MAX_NAME], "group": group}
        )
        name = fields.needed_text("name", MAX_NAME, "Give the task a name of its own.") or place
        waits = list(parts.dependencies(fields))
        expansion = spreading.expansion(fields, [each.key for each in waits if each.key])
        known = {each.key for each in waits}
        for array in expansion.arrays if expansion else ():
            if array.source and array.source[0] not in known:
                known.add(array.source[0])
                waits.append(Dependency(key=array.source[0], place=f"{place}.expansion_config.array_mapping"))
        keys = _result_keys(fields, name, len(self.nodes))
        node = Node(
            number=len(self.nodes),
            name=name,
            group=group,
            place=place,
            runner=_runner(fields),
            result_keys=keys,
            description=fields.text("description", 10_000),
            parameters=fields.mapping("parameters", 1_000),
            shared_instructions=fields.text("shared_instructions", parts.MAX_TEXT),
            message_template=fields.text("message_template", parts.MAX_TEXT),
            tools=fields.names("tools", 100),
            dependencies=tuple(waits),
            join=parts.join(fields),
            choice=parts.choice(fields),
            condition=parts.condition(fields, "condition"),
            loop=parts.loop(fields),
            cancels=fields.names("cancels", MAX_CANCELS),
            preconditions=parts.assertions(fields, "preconditions"),
            postconditions=parts.assertions(fields, "postconditions"),
            validator=_validator(fields),
            timeouts=parts.timeouts(fields),
            retry=parts.retry(fields),
            validation=parts.validation(fields, self.validation),
            on_failure=fields.word("on_failure", ON_FAILURE, self.on_failure),
            default_result=_default_result(fields, keys),
            expansion=expansion,
            outputs=spreading.outputs(fields, keys),
            cleanup=_cleanup(fields),
            estimated_seconds=fields.number("estimated_seconds", 0, 31_536_000),
        )
        self.nodes.append(node)
        return node


def _cleanup(fields: Fields) -> Cleanup:
    return parts.drops(parts.inner(fields, "cleanup", parts.CLEANUP_FIELDS)) if "cleanup" in fields else Cleanup()


def _runner(fields: Fields) -> Runner | None:
    given: list[RunnerKind] = [name for name in RUNNERS if fields.value(name) is not None]
    if not given and fields.value("message_template"):
        return Runner(kind="agent_class", subject=DEFAULT_AGENT)
    if len(given) != 1:
        ways = ", ".join(RUNNERS)
        message = f"Say what runs it: one of {ways}." if not given else f"Only one of {', '.join(given)} can run it."
        missing = [] if given else ["agent_class"]
        fields.note("", message, code="CFG_007", fields=list(given or RUNNERS), missing_fields=missing)
        return None
    kind = given[0]
    if kind == "approval":
        return Runner(kind=kind, approval=fields.mapping(kind, 50))
    subject = fields.text(kind, MAX_SCRIPT if kind == "script" else 200)
    if not subject.strip():
        if isinstance(fields.value(kind), str) and not fields.value(kind).strip():
            fields.note(kind, "It is empty.")
        return None
    return Runner(kind=kind, subject=subject)


def _result_keys(fields: Fields, name: str, number: int) -> tuple[str, ...]:
    """What is written; else the key of its output; else the task's name in small letters."""
    if "result_keys" in fields:
        return fields.names("result_keys", MAX_KEYS, are_keys=True)
    output = fields.value("output_config")
    rules = output if isinstance(output, list) else [output]
    keys = [rule["result_key"] for rule in rules if isinstance(rule, dict) and is_name(rule.get("result_key"))]
    return tuple(dict.fromkeys(keys)) or (key_of(name, number),)


def key_of(name: str, number: int) -> str:
    """`Write Report` and `WriteReport` → write_report; a name without a usable letter → task_7."""
    text = "".join(
        f"_{letter}" if letter.isupper() and before.islower() else letter
        for before, letter in zip(f" {name}", name, strict=False)
    )
    key = "_".join("".join(each if each.isascii() and each.isalnum() else " " for each in text.lower()).split())[:64]
    return key if is_name(key) else f"task_{number}"


def _validator(fields: Fields) -> Validator | None:
    prompt, tool = fields.text("validator_prompt", parts.MAX_TEXT), fields.text("validator_tool", 200)
    on_reject = fields.word("on_reject", ON_REJECT, "fail")
    if not prompt and not tool:
        if "on_reject" in fields:
            fields.note("on_reject", "It needs a validator_prompt or a validator_tool.")
        return None
    return Validator(prompt=prompt, tool=tool, on_reject=on_reject)


def _default_result(fields: Fields, keys: tuple[str, ...]) -> dict[str, Any]:
    """By key. Needed where a failure is replaced by it, useless elsewhere."""
    is_used = fields.value("on_failure") == "default"
    if is_used and "default_result" not in fields:
        fields.missing("default_result", f'Say what stands in for a failure: {{"{keys[0] if keys else "key"}": …}}.')
    if not is_used and "default_result" in fields:
        fields.note("default_result", 'It is used with "on_failure": "default" only.')
    given = dict(fields.mapping("default_result", MAX_KEYS))
    for key in [key for key in given if key not in keys]:
        fields.note(f"default_result.{key[:64]}", f"“{key[:64]}” is none of the task's result_keys: {', '.join(keys)}.")
        del given[key]
    return given
