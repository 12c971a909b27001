"""Workflows as a kind of task: what the catalogue and the workers ask of them."""

from apps.catalog.definition import Definition, Problem
from apps.catalog.kinds import Effects
from apps.catalog.models import TaskTemplate
from apps.executors.contract import Outcome, Session
from apps.executors.script import check as scripts
from apps.executors.workflow import checking, reading
from apps.executors.workflow.checking import Known
from apps.executors.workflow.graph import Graph
from apps.executors.workflow.running import attempt, inline
from apps.tools import agents, registry


class WorkflowExecutor:
    """Obeys `executors.contract.Executor`."""

    def check(self, definition: Definition) -> list[Problem]:
        return [fault.as_problem() for fault in checking.check(definition.graph, known(definition))]

    def permissions(self, definition: Definition) -> set[str]:
        graph = reading.read(definition.graph).graph
        return {permission for text in inline.scripts(graph) for permission in scripts.permissions(text)} | {
            permission for name in _agents(graph) for permission in agents.permissions(name)
        }

    def effects(self, definition: Definition) -> Effects:
        graph = reading.read(definition.graph).graph
        texts = [scripts.effects(text) for text in inline.scripts(graph)]
        named = _named(graph)
        return Effects(
            names=frozenset(name for name in named if _changes(name)).union(*(each.names for each in texts)),
            tools=frozenset(named).union(*(each.tools for each in texts)),
            templates=frozenset(
                node.runner.subject for node in graph.nodes if node.runner and node.runner.kind == "template"
            ),
        )

    def run(self, session: Session) -> Outcome:
        return attempt.attempt(session)


def known(definition: Definition) -> Known:
    """What this installation has, for the check of a definition."""
    return Known(
        inputs=checking.inputs_of(definition.parameter_schema),
        classes=agents.names,
        tools=lambda: [*inline.tool_names(), *agents.names()],
        templates=lambda: TaskTemplate.objects.values_list("key", flat=True),
        script_problems=lambda text: scripts.problems(Definition(script=text)),
    )


def _named(graph: Graph) -> set[str]:
    """Agent classes and tools that nodes name, installed or not; a prompt asks the model as `ai.complete` does."""
    named = {node.runner.subject for node in graph.nodes if node.runner and node.runner.kind == "agent_class"}
    named |= {tool for node in graph.nodes for tool in node.tools}
    judges = [node.validator for node in graph.nodes if node.validator]
    return named | {each.tool for each in judges if each.tool} | {"ai.complete" for each in judges if each.prompt}


def _agents(graph: Graph) -> set[str]:
    """Agent classes that are installed and used; unknown ones the check names."""
    return _named(graph).intersection(agents.names())


def _changes(name: str) -> bool:
    """Whether an agent class or a tool of this name can change something beyond the task; what is not there, may."""
    return registry.find(name).has_effects if name in inline.tool_names() else agents.has_effects(name)
