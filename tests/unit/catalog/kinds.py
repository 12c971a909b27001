"""A fake kind that obeys `apps.catalog.kinds.Kind`: a line with the word `wrong` is an error, one with `odd` a warning."""

from apps.catalog.definition import Definition, Problem
from apps.catalog.kinds import Effects


class FakeKind:
    def check(self, definition: Definition) -> list[Problem]:
        found = []
        for number, line in enumerate(definition.script.splitlines(), 1):
            if "wrong" in line:
                found.append(Problem(place="script", line=number, column=1, message="That is wrong.", code="type"))
            if "odd" in line:
                found.append(Problem(place="script", line=number, message="That is odd.", severity="warning"))
        return found

    def permissions(self, definition: Definition) -> set[str]:
        return {"crm.view_invoice"} if "crm" in definition.script else set()

    def effects(self, definition: Definition) -> Effects:
        return Effects(names=frozenset({"mail.send"} if "mail" in definition.script else ()))
