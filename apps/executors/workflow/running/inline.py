"""What carries out a node that no template does: its own script, one call of a tool, or the work of an agent."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.executors.workflow.graph import Graph, Node
from apps.executors.workflow.running.loaded import of_revision
from apps.tools import registry

KIND = "script"
AGENT = "import agent\n\n\ndef run(params):\n    return agent.work(**params)\n"
JUDGE = "import agent\n\n\ndef run(params):\n    return agent.judge(**params)\n"
TOOL = "import {module}\n\n\ndef run(params):\n    return {name}(**params)\n"
CHECKING = "v"
"""At the end of the name of a branch whose task judges a result."""


def source(branch: str, revision_id: int) -> str:
    """The script of a task that has no template of its own but is a node of this workflow, by its branch's name."""
    number = int(branch[1:].partition(".")[0])
    return JUDGE if branch.endswith(CHECKING) else script(of_revision(revision_id).graph.nodes[number])


def script(node: Node) -> str:
    """Raises ValueError for a node that something else carries out."""
    runner = node.runner
    assert runner is not None
    if runner.kind == "script":
        return runner.subject
    if runner.kind == "tool":
        return TOOL.format(module=runner.subject.partition(".")[0], name=runner.subject)
    if runner.kind == "agent_class":
        return AGENT
    raise ValueError(f"“{node.name}” is carried out by a {runner.kind}, which has no script")


def scripts(graph: Graph) -> Iterator[str]:
    """All texts that the sandbox runs for a graph, each once."""
    seen = set()
    for node in graph.nodes:
        if node.runner and node.runner.kind in ("script", "tool"):
            text = script(node)
            if text not in seen:
                seen.add(text)
                yield text


def tool_names() -> list[str]:
    """All that a node can name as its tool: `report.pdf`."""
    return [f"{module}.{name}" for module in registry.names() for name in registry.module(module).tools]


def is_inline(kind: str, revision_kind: str) -> bool:
    """Whether a task of this kind that has a revision of that kind is a part of a workflow."""
    return kind == KIND and revision_kind != KIND


def of_agent(node: Node, filled: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `agent.work`."""
    assert node.runner is not None
    return {"name": node.runner.subject, **filled, "tools": list(node.tools), "result_keys": list(node.result_keys)}
