"""Workflows as a kind of task: what the catalogue and the workers ask of them."""

from apps.catalog.definition import Definition, Problem
from apps.catalog.models import TaskTemplate
from apps.executors.contract import Outcome, Session
from apps.executors.script import check as scripts
from apps.executors.workflow import checking, reading
from apps.executors.workflow.checking import Known
from apps.executors.workflow.graph import Graph
from apps.executors.workflow.running import attempt, inline
from apps.tools import agents


class WorkflowExecutor:
    """Obeys `executors.contract.Executor`."""

    def check(self, definition: Definition) -> list[Problem]:
        return [fault.as_problem() for fault in checking.check(definition.graph, known(definition))]

    def permissions(self, definition: Definition) -> set[str]:
        graph = reading.read(definition.graph).graph
        return {permission for text in inline.scripts(graph) for permission in scripts.permissions(text)} | {
            permission for name in _agents(graph) for permission in agents.permissions(name)
        }

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


def _agents(graph: Graph) -> set[str]:
    """Agent classes that are installed and used; unknown ones the check names."""
    used = {node.runner.subject for node in graph.nodes if node.runner and node.runner.kind == "agent_class"}
    used |= {node.validator.tool for node in graph.nodes if node.validator}
    used |= {tool for node in graph.nodes for tool in node.tools}
    return used.intersection(agents.names())
