"""From a node that may start to what is to be made for it: tasks, or a question to people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from apps.catalog.models import TemplateRevision
from apps.core.errors import ChantillyError, InvalidInput
from apps.executors.contract import TaskFacts
from apps.executors.workflow.asking import question
from apps.executors.workflow.faults import Fault, WorkflowError
from apps.executors.workflow.graph import Expansion, Node
from apps.executors.workflow.paths import ABSENT, look_up
from apps.executors.workflow.placeholders import fill, fill_value
from apps.executors.workflow.running import inline, kept, results
from apps.executors.workflow.running.context import Context, misfit
from apps.executors.workflow.running.kept import Kept
from apps.executors.workflow.running.results import NoJson
from apps.executors.workflow.running.standing import Standing
from apps.tasks import approvals, sql
from apps.tasks.making.children import Child, Templates, Want
from apps.tasks.record import rows

MAX_SHOWN_NAME = 200
LEAST = timedelta(milliseconds=1)
COMPLETED = (
    "SELECT DISTINCT t.item FROM tasks_task t JOIN tasks_branch b ON b.id = t.branch_id"
    " WHERE b.task_id = %s AND {these} AND t.status = 'completed' AND t.result <> ''"
)


class NotStarted(WorkflowError):
    """A node cannot be started."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to people, at this place of the task."""

    place: str
    question: approvals.Question


@dataclass(kw_only=True)
class Starter:
    task: TaskFacts
    revision: TemplateRevision
    context: Context
    templates: Templates

    def prepare(self, node: Node, standing: Standing, now: datetime, *, free: int | None = None) -> Want | Asked:
        """What its next try needs; `free` is how many tasks the workflow may still run at once. Raises NotStarted."""
        tried = replace(standing, tries=standing.tries + 1, began_at=standing.began_at or now)
        context = self.context.context(node, tried)
        try:
            if said := misfit(node, context):
                raise NotStarted(results.fault("DEP_009", node, said, stage="start"))
            if node.runner and node.runner.approval is not None:
                asked = question(node.runner.approval, context, place=f"{node.place}.approval")
                return Asked(place=place_of(tried), question=asked)
            return self._want(node, tried, context, now, free)
        except NoJson as error:
            raise NotStarted(results.fault("EXEC_013", node, f"“{node.name}” cannot be given this: {error}.")) from None
        except WorkflowError as error:
            raise NotStarted(*(_at(node, fault) for fault in error.faults)) from None
        except ChantillyError as error:
            raise NotStarted(_refused(node, error)) from None

    def judge(self, node: Node, standing: Standing, value: Any) -> Want:
        """The task that judges the result of a node. Raises NotStarted."""
        assert node.validator is not None
        try:
            prompt = fill(node.validator.prompt, self.context.context(node, standing), place=node.place)
        except WorkflowError as error:
            raise NotStarted(*(_at(node, fault) for fault in error.faults)) from None
        parameters = {"result": _plain(node, value), "name": node.validator.tool, "prompt": prompt}
        child = Child(
            revision=self.revision, kind=inline.KIND, parameters=parameters,
            title=f"Check of {node.name}"[:MAX_SHOWN_NAME], seconds=1,
        )  # fmt: skip
        return Want(name=standing.branch + inline.CHECKING, node=node.number, children=[child])

    def items(self, node: Node, standing: Standing) -> list[dict[str, Any]]:
        """What each task of an expansion may name besides. Raises NotStarted."""
        expansion = node.expansion
        assert expansion is not None
        context = self.context.context(node, standing)
        arrays = {
            array.variable: _array(node, array.variable, array.items, array.source, context)
            for array in expansion.arrays
        }
        combined = list(_combined(node, expansion, arrays))
        if len(combined) > expansion.most:
            message = f"“{node.name}” has {len(combined):,} items; its limit `most` is {expansion.most:,}."
            raise NotStarted(results.fault("EXEC_008", node, message, field="most"))
        return [_variables(node, expansion, each, index, len(combined)) for index, each in enumerate(combined)]

    def _want(
        self, node: Node, standing: Standing, context: Mapping[str, Any], now: datetime, free: int | None
    ) -> Want:
        limits = _limits(node, standing, now)
        if node.expansion is None:
            child = self._child(node, self._given(node, {**context, "task_id": self.marker}), node.name, limits)
            return Want(name=standing.branch, node=node.number, children=[child])
        return self._spread(node, standing, context, limits, free)

    def _spread(
        self, node: Node, standing: Standing, context: Mapping[str, Any], limits: Mapping[str, Any], free: int | None
    ) -> Want:
        """A task for each item, but for those that are done already. Which these are is noted with the node."""
        expansion = node.expansion
        assert expansion is not None
        items = self.items(node, standing)
        given = [self._given(node, {**context, "task_id": self.marker, **each}) for each in items]
        made = self._kept(standing, given)
        children = [
            self._child(node, given[item], _title(node, items[item], context), limits, item) for item in made.items
        ]
        at_once = min((most for most in (expansion.at_once, free) if most is not None), default=None)
        least = expansion.at_least
        return Want(
            name=standing.branch, node=node.number, children=children, at_once=at_once,
            at_least=None if least is None else max(0, min(least, made.total) - made.count),
        )  # fmt: skip

    def _kept(self, standing: Standing, given: Sequence[Any]) -> Kept:
        """Once it is noted it stays: an attempt that follows one that died makes the same tasks."""
        former = kept.of(standing)
        if former is not None and former.branch == standing.branch:
            return former
        made = kept.whole(standing.branch, given)
        if former is not None and former.digest == made.digest:
            made = kept.but(made, former, completed(self.task.id, former))
        kept.note(standing, made)
        return made

    @property
    def marker(self) -> str:
        """Stands for a number that the task has only once it was made."""
        return f"task-id-within-{self.task.uid}"

    def _given(self, node: Node, context: Mapping[str, Any]) -> Any:
        """The parameters of its task; a template may still add what it has defaults for."""
        runner = node.runner
        assert runner is not None
        filled = fill_value(dict(node.parameters), context, place=f"{node.place}.parameters")
        if runner.kind == "template":
            return results.plain(filled)
        values = {key: context[key] for key in sorted(_named(node)) if key in context}
        if runner.kind == "agent_class":
            texts = {
                "instructions": fill(node.shared_instructions, context, place=f"{node.place}.shared_instructions"),
                "message": fill(node.message_template, context, place=f"{node.place}.message_template"),
            }
            return results.plain(inline.of_agent(node, {"parameters": filled, "context": values, **texts}))
        return results.plain(filled if node.parameters or runner.kind == "tool" else values)

    def _child(self, node: Node, given: Any, title: str, limits: Mapping[str, Any], item: int | None = None) -> Child:
        runner = node.runner
        assert runner is not None
        if runner.kind == "template":
            return replace(self.templates.child(runner.subject, given, title), item=item, **limits)
        seconds = None if node.estimated_seconds is None else max(1, int(node.estimated_seconds))
        return Child(
            revision=self.revision, kind=inline.KIND, parameters=given, title=title[:MAX_SHOWN_NAME],
            seconds=seconds or 1, item=item, **limits,
        )  # fmt: skip


def completed(task_id: int, former: Kept) -> list[int]:
    """Items of which a task has completed whose result is still there."""
    these, names = rows.some("b.name", former.branches)
    found = sql.rows(COMPLETED.format(these=these), [task_id, names])
    return [item for (item,) in found]


def _plain(node: Node, value: Any) -> Any:
    try:
        return results.plain(value)
    except NoJson as error:
        raise NotStarted(results.fault("EXEC_013", node, f"“{node.name}” cannot be judged: {error}.")) from None


def place_of(standing: Standing) -> str:
    """Where a node asks people: another one for each round and repair."""
    return f"n{standing.number}.{standing.generation}.{standing.round}"


def _named(node: Node) -> set[str]:
    """What an agent, or a script without parameters, is given."""
    keys = {each.key for each in node.dependencies if each.key and each.kind != "prerequisite"}
    if node.expansion:
        keys |= {"item", "index", "total", *(name for name, _ in node.expansion.identifiers)}
        sources = {array.source[0] for array in node.expansion.arrays if array.source}
        keys = (keys - sources) | {array.variable for array in node.expansion.arrays}
    return keys


def _limits(node: Node, standing: Standing, now: datetime) -> dict[str, Any]:
    """How long each of its tasks may take (a Child's fields), and until when all must have ended. Raises NotStarted."""
    until, each = None, node.retry.timeout if node.retry else None
    if node.timeouts.run is not None and standing.began_at is not None:
        until = standing.began_at + node.timeouts.run
        if until <= now:
            message = f"“{node.name}” did not end within {node.timeouts.run.total_seconds():,.0f} s."
            raise NotStarted(results.fault("EXEC_002", node, message))
        until = max(until, now + LEAST)
    return {"deadline": until, "time_limit": None if each is None else max(LEAST, each)}


def _array(
    node: Node, variable: str, written: tuple[Any, ...] | None, source: tuple[str, ...], context: Mapping[str, Any]
) -> list[Any]:
    if written is not None:
        return list(written)
    found = look_up(context, source)
    if isinstance(found, list | tuple):
        return list(found)
    where = ".".join(source)
    said = "is not there" if found is ABSENT else f"is {results.kind(found)}"
    message = f"“{node.name}” runs once for each item of “{where}”, which {said}, not a list."
    raise NotStarted(results.fault("EXEC_008", node, message, field="expansion_config", key=where, variable=variable))


def _combined(node: Node, expansion: Expansion, arrays: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    names = list(arrays)
    if expansion.type == "zip":
        lengths = {name: len(items) for name, items in arrays.items()}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
            message = f"The arrays of “{node.name}” are zipped item by item, and differ in length: {said}."
            raise NotStarted(results.fault("EXEC_008", node, message, field="expansion_config"))
        yield from (dict(zip(names, each, strict=True)) for each in zip(*arrays.values(), strict=True))
        return
    count = 1
    for items in arrays.values():
        count *= len(items)
    if count > expansion.most:
        message = f"“{node.name}” has {count:,} items; its limit `most` is {expansion.most:,}."
        raise NotStarted(results.fault("EXEC_008", node, message, field="most"))
    yield from (dict(zip(names, each, strict=True)) for each in product(*arrays.values()))


def _variables(node: Node, expansion: Expansion, each: dict[str, Any], index: int, total: int) -> dict[str, Any]:
    item = next(iter(each.values())) if len(each) == 1 else each
    found = {"item": item, "index": index, "total": total, "parent": node.name, **each}
    for name, path in expansion.identifiers:
        value = look_up(found, path)
        if value is ABSENT:
            message = f"Item {index} of “{node.name}” has no “{'.'.join(path)}”, which is to identify it."
            raise NotStarted(results.fault("EXEC_008", node, message, field="identifiers", key=name))
        found[name] = value
    return found


def _title(node: Node, variables: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    expansion = node.expansion
    assert expansion is not None
    if expansion.name:
        return fill(expansion.name, {**context, **variables}, place=f"{node.place}.expansion_config.name")[
            :MAX_SHOWN_NAME
        ]
    names = " ".join(str(variables[name]) for name, _ in expansion.identifiers)
    which = names or f"{variables['index'] + 1:,} of {variables['total']:,}"
    return f"{node.name}: {which}"[:MAX_SHOWN_NAME]


def _at(node: Node, fault: Fault) -> Fault:
    return replace(fault, details={"task": node.name, "group": node.group, "stage": "start", **fault.details})


def _refused(node: Node, error: ChantillyError) -> Fault:
    fields = error.fields if isinstance(error, InvalidInput) else {}
    more = f" {' '.join(f'{name}: {said}' for name, said in fields.items())}" if fields else ""
    message = f"“{node.name}” could not be started. {error.message}{more}"
    return results.fault("EXEC_007", node, message, stage="start", invalid_fields=fields, cause=error.code)
