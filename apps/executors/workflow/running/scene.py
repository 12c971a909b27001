"""All that an attempt has in its hands."""

from dataclasses import dataclass

from apps.executors.contract import Session
from apps.executors.workflow.running import held, store
from apps.executors.workflow.running.asking import Questions
from apps.executors.workflow.running.board import Board
from apps.executors.workflow.running.context import Context
from apps.executors.workflow.running.ending import Ending
from apps.executors.workflow.running.loaded import Loaded, of_revision
from apps.executors.workflow.running.starting import Starter
from apps.executors.workflow.running.store import Saving
from apps.tasks.claims.claiming import revision
from apps.tasks.making.children import Templates
from apps.tasks.models import Run


@dataclass(frozen=True, kw_only=True)
class Scene:
    session: Session
    loaded: Loaded
    context: Context
    run: Run
    board: Board
    starter: Starter
    ending: Ending
    questions: Questions
    saving: Saving


def of(session: Session, run: Run) -> Scene:
    """The run as it is on record. Raises WorkflowError for a graph that could not have been published."""
    task, loaded = session.task, of_revision(session.task.revision_id)
    context = Context(loaded=loaded, task=task)
    board = held.board(task.uid, loaded, context, run)
    starter = Starter(
        task=task, revision=revision(task.revision_id), context=context, templates=Templates(task.requester)
    )
    parent = store.parent(task.id, task.requester)
    return Scene(
        session=session,
        loaded=loaded,
        context=context,
        run=run,
        board=board,
        starter=starter,
        ending=Ending(board=board, context=context, starter=starter),
        questions=Questions(board=board, starter=starter, task_id=task.id),
        saving=Saving(session.journal.lease, run, parent, board, context),
    )
