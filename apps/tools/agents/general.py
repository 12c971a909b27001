"""The class that runs what has a message and no class of its own."""

from dataclasses import replace
from typing import Any, ClassVar

from apps.tools import ai
from apps.tools.agents.contract import Work
from apps.tools.agents.installed import carry_out

TEXT = {"type": "string", "minLength": 1}
PROMPT = """{instructions}

{message}

Rest on the data and invent nothing. Answer with a value for each of: {keys}."""


class Agent:
    """Answers the node's message with the language model that is set up; without one, fixed rules answer.

    What the node waits for is the data that the answer rests on. `schema` among the parameters says by result key what
    is wanted, as JSON Schema; without it a text. One key: `{"text" or "data": …, "is_model": …, "model": …}`. Several:
    an object with each of them beside `is_model` and `model`. `is_model` is false where rules answered: they copy what
    has the key's name and write nothing of their own.
    With `tools`, which are names of agent classes here, each of them does the same work in turn, and the last one's
    answer is the answer.
    """

    permissions: ClassVar[frozenset[str]] = frozenset()
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        if work.tools:
            return [carry_out(replace(work, name=tool, tools=())) for tool in work.tools][-1]
        keys = work.result_keys or ("text",)
        wanted = work.parameters.get("schema") or {}
        answer = ai.complete(
            work.call,
            prompt=PROMPT.format(instructions=work.instructions, message=work.message, keys=", ".join(keys)),
            data={**work.context, **{name: value for name, value in work.parameters.items() if name != "schema"}},
            schema={
                "type": "object",
                "properties": {key: wanted.get(key, TEXT) for key in keys},
                "required": list(keys),
            },
        )
        said = {"is_model": answer["is_model"], "model": answer["model"]}
        if len(keys) > 1:
            return {**answer["data"], **said}
        value = answer["data"][keys[0]]
        return {"text" if isinstance(value, str) else "data": value, **said}
