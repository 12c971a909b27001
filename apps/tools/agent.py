"""Agents: installed classes that carry out one piece of work each, by their names.

The nodes of a workflow that have an `agent_class` call `agent.work`; any script may call it too. `docs/authors/agents.md`
describes the classes that ship.
"""

from typing import Any

from apps.core.errors import ToolError
from apps.tools import agents
from apps.tools.agents import judging
from apps.tools.agents.judging import Verdict as Verdict
from apps.tools.registry import Call, tool


@tool(call_class="effect")
def work(
    call: Call,
    name: str,
    *,
    parameters: dict[str, Any] | None = None,
    instructions: str = "",
    message: str = "",
    context: dict[str, Any] | None = None,
    tools: list[str] | None = None,
    result_keys: list[str] | None = None,
) -> Any:
    """Let the agent class of this exact name do a piece of work; it is recorded as one step.

    `context` holds the values that the work rests on, by key; `tools` are what the agent may use. With one of
    `result_keys` the answer is that value, with several an object that has each. Errors: LookupError (no such class),
    PermissionError (its data are not for the requester), and those of the class.
    """
    return agents.carry_out(
        agents.Work(
            name=name,
            call=call,
            parameters=parameters or {},
            instructions=instructions,
            message=message,
            context=context or {},
            tools=tuple(tools or ()),
            result_keys=tuple(result_keys or ()),
        )
    )


@tool(call_class="effect")
def judge(call: Call, *, result: Any, name: str = "", prompt: str = "") -> Verdict:
    """Ask whether a result is right: `name` is an agent class or a tool, which is given `result`; `prompt` asks a model.

    With both, the first rejection counts. A rejection is False, an object with one of valid, approved, accepted, passed,
    ok that is false, or with a decision, verdict or status such as reject, failed, invalid. Where no language model is
    set up, a prompt is not judged: `judged` is False. Errors: ValueError without name and prompt, LookupError.
    """
    if not name and not prompt:
        raise ToolError("agent.judge(): give the name of who judges, or a prompt.", kind="ValueError")
    verdicts = [judging.by_name(call, name, result)] if name else []
    if prompt and all(each["valid"] for each in verdicts):
        verdicts.append(judging.by_model(call, prompt, result))
    reasons = " ".join(each["reason"] for each in verdicts if each["reason"])
    return Verdict(valid=verdicts[-1]["valid"], judged=any(each["judged"] for each in verdicts), reason=reasons)
