"""How a run ends, and what it says of itself while it waits."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from apps.core import clock, codec
from apps.core.mapping import Envelope
from apps.core.saying import count
from apps.executors.contract import Completed, Failed, Failure, Outcome
from apps.executors.workflow.faults import Fault, WorkflowError
from apps.executors.workflow.graph import Housekeeping, Node
from apps.executors.workflow.paths import ABSENT, look_up
from apps.executors.workflow.running import results
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.context import MAX_VALUE
from apps.executors.workflow.running.scene import Scene
from apps.executors.workflow.running.standing import Standing, State
from apps.executors.workflow.running.store import Saving

MOST_NAMED = 3


def finish(scene: Scene) -> Outcome:
    """The outcome of a run in which nothing is left to do, or whose time is over. What it made is on record either way."""
    board = scene.board
    failure = _failure(scene) if board.is_failed or not board.is_over else None
    result: dict[str, Any] = {}
    if failure is None:
        try:
            result = outputs(scene)
        except WorkflowError as error:
            failure = Failure(type="WorkflowFailed", code=error.code, message=error.message)
    housekeeping = board.loaded.graph.housekeeping
    if housekeeping.on_error if failure else housekeeping.on_completion:
        scene.context.drop(housekeeping.drops.on_error if failure else housekeeping.drops.after)
    now, rest = clock.now(), scene.session.journal.rest()
    scene.run.ended_at = now
    scene.run.values_until = _values_until(housekeeping, now, is_failed=failure is not None)
    scene.run.results_until = _results_until(housekeeping, now, is_failed=failure is not None)
    # With the outcome or not at all: an attempt that follows one that died here comes to the same end.
    rest.beside = partial(_write, scene.saving, now)
    return Failed(failure=failure, rest=rest) if failure else Completed(result=codec.encode(result), rest=rest)


def _write(saving: Saving, now: datetime) -> None:
    saving.write(now, wants=[], taken=[], heard=[], marker="")


def _values_until(housekeeping: Housekeeping, ended_at: datetime, *, is_failed: bool) -> datetime | None:
    if is_failed:
        return ended_at + housekeeping.keep_errors if housekeeping.on_error else None
    is_cleaned = housekeeping.on_completion and housekeeping.on_session_end
    return ended_at + housekeeping.keep_session if is_cleaned else None


def _results_until(housekeeping: Housekeeping, ended_at: datetime, *, is_failed: bool) -> datetime | None:
    """A repair needs those of a run that has failed for as long as its values."""
    if is_failed:
        return _values_until(housekeeping, ended_at, is_failed=True)
    return ended_at + housekeeping.keep_results if housekeeping.on_completion else None


def outputs(scene: Scene) -> dict[str, Any]:
    """What the workflow returns: what its `outputs` name, or every key that no node waits for; and its document."""
    loaded, context = scene.loaded, scene.context
    if loaded.graph.outputs:
        found = {}
        for name, (key, *path) in loaded.graph.outputs.items():
            value = context.value(key)
            found[name] = None if value is ABSENT else _below(value, path)
    else:
        keys = [key for node in loaded.graph.nodes for key in node.result_keys if not loaded.of_key.get(key)]
        values = {key: context.value(key) for key in dict.fromkeys(keys)}
        found = {key: value for key, value in values.items() if value is not ABSENT}
    if any(node.outputs for node in loaded.graph.nodes):
        found["document"] = document(scene)
    if len(codec.encode(found)) > MAX_VALUE:
        message = "What the workflow returns is larger than 20 MB. Name what it is to return in `outputs`."
        raise results.Unusable(Fault(code="EXEC_013", message=message))
    return found


def _below(value: Any, path: list[str]) -> Any:
    found = look_up({"value": value}, ("value", *path))
    return None if found is ABSENT else found


def document(scene: Scene) -> Any:
    """Raises results.Unusable."""
    return results.document(
        (node, _envelopes(scene, node, standing))
        for node in scene.loaded.graph.nodes
        if node.outputs
        if (standing := scene.board.standings.get(node.number)) and standing.state == State.COMPLETED
    )


def _envelopes(scene: Scene, node: Node, standing: Standing) -> list[Envelope]:
    try:
        parts = scene.ending.parts(standing) if node.expansion is not None else []
        return scene.ending.envelopes(node, standing, parts)
    except results.NoJson as error:
        fault = results.fault("EXEC_013", node, f"A result of “{node.name}” cannot go into the document: {error}.")
        raise results.Unusable(fault) from None


def _failure(scene: Scene) -> Failure:
    board = scene.board
    if not board.is_over:
        most = board.loaded.graph.timeouts.run
        assert most is not None
        message = f"The workflow did not end within {most.total_seconds():,.0f} s. {board.summary}."
        return Failure(type="WorkflowFailed", code="EXEC_011", message=message)
    nodes = board.loaded.graph.nodes
    failed = sorted(
        (each for each in board.standings.values() if each.state == State.FAILED), key=lambda each: each.number
    )
    failed = [each for each in failed if board.is_stopping or nodes[each.number].on_failure != "skip"]
    if not failed:
        waiting = [nodes[number].name for number in board.waiting()]
        message = f"Nothing can go on: {results.listing(waiting)} wait for what cannot come."
        return Failure(type="WorkflowFailed", code="EXEC_014", message=message)
    said = " ".join(_sentence(each) for each in failed[:MOST_NAMED])
    more = f" And {count(len(failed) - MOST_NAMED, 'other node')} failed." if len(failed) > MOST_NAMED else ""
    first: Mapping[str, Any] = failed[0].error or {}
    advice = "Correct the cause, then retry the task: it repeats what failed and what depends on it, and nothing else."
    return Failure(
        type=first.get("type", "WorkflowFailed"), code=first.get("code", "EXEC_001"), message=said + more, advice=advice
    )


def _sentence(standing: Standing) -> str:
    text = standing.reason.rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def waits_for(board: Board) -> str:
    """One sentence, which stays true for as long as the run sleeps."""
    nodes = board.loaded.graph.nodes
    asked = [nodes[number].name for number in board.asking]
    if asked and len(asked) == len(board.at_work):
        return f"waits for people: {results.listing(asked)}"
    if board.at_work:
        return "waits for the tasks of its nodes"
    heard = sorted({each.event for number in board.waiting() for each in board.tallies.unsettled(number) if each.event})
    return f"waits for the event {results.listing(heard)}" if heard else "waits for the next try or round"
