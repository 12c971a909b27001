"""Scripts: plain Python of an administrator, run by a sandboxed interpreter in a child process."""

from apps.catalog.definition import Definition, Problem
from apps.catalog.kinds import Effects
from apps.executors.contract import Outcome, Session
from apps.executors.script import check, run


class ScriptExecutor:
    """Obeys `executors.contract.Executor`."""

    def check(self, definition: Definition) -> list[Problem]:
        return check.problems(definition)

    def permissions(self, definition: Definition) -> set[str]:
        return check.permissions(definition.script)

    def effects(self, definition: Definition) -> Effects:
        return check.effects(definition.script)

    def run(self, session: Session) -> Outcome:
        return run.attempt(session)
