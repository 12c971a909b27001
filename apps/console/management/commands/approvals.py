"""`manage.py approvals …`: what tasks ask people, and deciding it."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from apps.console import words
from apps.console.approvals import rows
from apps.console.terminal import people, telling
from apps.console.terminal.command import TaskCommand
from apps.console.terminal.screen import clean
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound
from apps.tasks import approvals
from apps.tasks.approvals import wording
from apps.tasks.models import Approval
from apps.tasks.models.approvals import ApprovalState

MOST = 200
ACTIONS = ("list", "show", "decide", "delegate")


class Command(TaskCommand):
    help = "Show what tasks ask people, decide it, or hand it over."
    examples = """examples:
  manage.py approvals                                 what is open, as far as you may see it
  manage.py approvals list --mine                     what you may decide, you or a group of yours
  manage.py approvals list --state decided
  manage.py approvals show 12                         the whole question, its choices and its form
  manage.py approvals decide 12 approve --comment "checked with Birch"
  manage.py approvals decide 12 approve --data '{"limit": 500}'
                        decides with other data than were filled in; the form says what is possible
  manage.py approvals decide 12 reject --user alice   acts as this user, whose right to decide is checked
  manage.py approvals delegate 12 bruno               bruno may decide it, too, and finds it among his own

A decision is made once and for good, and wakes the task. The same one again changes nothing.

exit codes: 0, 1 refused or failed, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", default="list", choices=ACTIONS, metavar="ACTION",
                            help=f"{', '.join(ACTIONS)} (default: list)")  # fmt: skip
        parser.add_argument("id", nargs="?", type=int, help="the approval's number, with show, decide and delegate")
        parser.add_argument("choice", nargs="?", default="", metavar="CHOICE|USER",
                            help="with decide: one of its choices (approve, reject); with delegate: the user")  # fmt: skip
        parser.add_argument("--mine", action="store_true", help="with list: only what you may decide and is open")
        parser.add_argument("--state", choices=ApprovalState.values, default="open",
                            help="with list: open, decided, expired, withdrawn (default: %(default)s)")  # fmt: skip
        parser.add_argument(
            "--data", metavar="JSON", help="with decide: what its form is filled in with (default: as it is)"
        )
        parser.add_argument(
            "--comment", default="", help="with decide and delegate: goes on record, the task can read it"
        )
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        action, number = options["action"], options["id"]
        if action == "list":
            self._list(user, options)
            return
        if number is None:
            raise InvalidInput(f"Say which: manage.py approvals {action} NUMBER")
        _visible(user, number)
        if action != "show" and not options["choice"]:
            what = "CHOICE" if action == "decide" else "USER"
            raise InvalidInput(f"Say {what.lower()}: manage.py approvals {action} {number} {what}")
        if action == "decide":
            approvals.decide(number, user, options["choice"], _data(options["data"]), options["comment"])
        elif action == "delegate":
            approvals.delegate(number, user, options["choice"], options["comment"])
        self._show(_visible(user, number), options)

    def _list(self, user: Any, options: dict[str, Any]) -> None:
        seen = Approval.objects.visible_to(user)
        if options["mine"]:
            seen = seen.for_decision_by(user)
        seen = seen.awaited() if options["state"] == ApprovalState.OPEN else seen.filter(state=options["state"])
        found = list(seen.select_related(*rows.RELATED).order_by("-id")[:MOST])
        if options["json"]:
            self.stdout.write(telling.dumped({"approvals": [_facts(each) for each in found]}))
            return
        self.say(list(_lines(found)) or ["There is none that you may see."])

    def _show(self, approval: Approval, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped({"approval": _all_facts(approval)}))
            return
        self.say([clean(line) for line in _told(approval)])


def _visible(user: Any, number: int) -> Approval:
    seen = Approval.objects.visible_to(user).select_related(*rows.RELATED)
    approval: Approval | None = seen.filter(pk=number).first()
    if approval is None:
        raise NotFound(f"There is no approval {number} that {user.get_username()} may see.")
    return approval


def _data(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("--data is not JSON. Write it like '{\"limit\": 500}'.") from None


def _lines(found: Iterable[Approval]) -> Iterable[str]:
    for row in rows.rows(found, clock.now()):
        tag = f"  [{row.tag}]" if row.tag else ""
        yield clean(f"{row.approval.pk:<5} {row.approval.title}{tag}")
        yield clean(f"      {row.about} · {row.when}")


def _told(approval: Approval) -> Iterable[str]:
    now = clock.now()
    yield f"Approval {approval.pk}: {approval.title}"
    yield f"Task {approval.task_id}, {approval.task.title}, asked for by {words.person(approval.task.requester)}"
    yield from approval.text.splitlines()
    if approval.is_open:
        yield f"May decide: {wording.either(wording.names(approval))}. {wording.silence(approval, now)}"
        choices = ", ".join(f"{each['name']} ({each['label']})" for each in approval.choices)
        yield f"Choices: {choices}"
    else:
        yield wording.ending(approval, now)
    for name, value in (("Form", approval.form), ("Filled in", approval.data), ("Decided with", approval.decided_data)):
        if value:
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
    if approval.evidence:
        yield f"Evidence: {words.count(len(approval.evidence), 'item')}, on its page and with --json"
    for act in rows.history(approval, now):
        yield f"{act.clock}  {act.text} {act.detail}"


def _facts(approval: Approval) -> dict[str, Any]:
    names = ("title", "state", "asked_at", "expires_at", "decision", "decided_at")
    return {
        "id": approval.pk,
        "task": approval.task_id,
        "decided_by": approval.decided_name,
        **{name: getattr(approval, name) for name in names},
    }


def _all_facts(approval: Approval) -> dict[str, Any]:
    names = ("place", "text", "evidence", "form", "data", "choices", "decided_data", "comment")
    return {
        **_facts(approval),
        **{name: getattr(approval, name) for name in names},
        "deciders": wording.names(approval),
    }
