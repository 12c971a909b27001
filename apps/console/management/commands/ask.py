"""`manage.py ask "Generate the invoice report for last year"`"""

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any, NoReturn

from django.contrib.auth.models import User

from apps.catalog.models import TaskTemplate
from apps.console import modelcost, words
from apps.console.terminal import asking, people, telling
from apps.console.terminal.asking import Conversation, Unanswered
from apps.console.terminal.command import WRONG, TaskCommand, shown_task, visible
from apps.console.terminal.screen import clean
from apps.core import clock, durations
from apps.core.errors import InvalidInput
from apps.language.contract import Command as Order
from apps.language.contract import Interpretation, Question
from apps.tasks import lifecycle
from apps.tasks.making import pace
from apps.tasks.making.submission import Request, submit
from apps.tasks.models import Task

VERBS = {
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "cancel": lifecycle.cancel,
    "retry": lifecycle.retry_failed,
}
SHOWN = 20
ELSEWHERE = {
    "approve": "Decisions are taken with `manage.py approvals`, or on their pages.",
    "reject": "Decisions are taken with `manage.py approvals`, or on their pages.",
    "subscribe": "A terminal cannot be told later. Wait with `manage.py tasks wait NUMBER`, or start with --wait.",
    "schedules": "Drafts of schedules are made and listed in the chat: say “list my schedules” there.",
    "unsubscribe": "A terminal is told nothing, so there is nothing to end.",
}


class Command(TaskCommand):
    help = "Say in plain words what you want; it is understood, shown, confirmed and done."
    examples = """examples:
  manage.py ask "Generate the invoice report for last year"
  manage.py ask "Executive invoice report for Q3 2025" --yes --wait
  manage.py ask "how is task 12 going"
  manage.py ask "stop it"
  manage.py ask "list running tasks" --json

What is missing is asked for; where nobody can be asked (no terminal, --json) it is listed and the exit code is 2.
exit codes: 0 done (with --wait: completed), 1 refused or failed, 2 something is missing, 130 Ctrl-C (a task that was
started goes on)"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sentence", nargs="+", help="what you want, in your own words")
        parser.add_argument("--yes", "-y", action="store_true", help="do it without asking “Start it?”")
        parser.add_argument("--wait", "-w", action="store_true", help="show the progress until the task has ended")
        parser.add_argument("--dry-run", action="store_true", help="say what was understood and do nothing")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        is_interactive = sys.stdin.isatty() and not options["json"]
        said = asking.message(" ".join(options["sentence"]), user, clock.now())
        conversation = Conversation(
            said=said, cards=asking.cards(user), answer=self._answer if is_interactive else None
        )
        try:
            found = conversation.settle()
        except Unanswered as open_:
            self._give_up(open_, options)
        if found.intent == "help":
            self._help(found, conversation, options)
        elif found.command is not None:
            self._command(found.command, user, options)
        else:
            self._start(found, conversation, user, options)

    # Asking back --------------------------------------------------------------------------------------------------

    def _answer(self, question: Question, wrong: str) -> str | None:
        if wrong:
            self.stdout.write(wrong)
        self.stdout.write(clean(question.text))
        for number, choice in enumerate(question.choices, start=1):
            self.stdout.write(f"  {number}  {clean(choice.label)}")
        return self._read("> ")

    def _read(self, prompt: str) -> str | None:
        self.stdout.write(prompt, ending="")
        self.stdout.flush()
        line = sys.stdin.readline()
        return line if line else None

    def _confirmed(self, question: str, options: dict[str, Any]) -> bool:
        """Yes, or no with what to do instead. Enter means yes."""
        if options["yes"]:
            return True
        if not sys.stdin.isatty() or options["json"]:
            self._missing([{"path": "", "text": f"{question} Nobody can be asked here; add --yes."}], options)
        answer = self._read(f"{question} [Y/n] ")
        return answer is not None and answer.strip().lower() in ("", "y", "yes")

    def _give_up(self, open_: Unanswered, options: dict[str, Any]) -> NoReturn:
        questions = [
            {
                "path": each.path,
                "text": each.text,
                "choices": [{"label": choice.label, "value": choice.value} for choice in each.choices],
            }
            for each in open_.questions
        ]
        self._missing(questions, options, open_.found)

    def _missing(
        self, questions: list[dict[str, Any]], options: dict[str, Any], found: Interpretation | None = None
    ) -> NoReturn:
        if options["json"]:
            understood = _understood(found) if found else None
            self.stdout.write(telling.dumped({"understood": understood, "missing": questions}))
        else:
            self.stderr.write("Nothing was started. To know:")
            for each in questions:
                self.stderr.write(f"  {each['path'] + ': ' if each['path'] else ''}{clean(each['text'])}")
                for choice in each.get("choices", ()):
                    self.stderr.write(f"    - {clean(choice['label'])}")
        sys.exit(WRONG)

    # Doing --------------------------------------------------------------------------------------------------------

    def _start(self, found: Interpretation, conversation: Conversation, user: User, options: dict[str, Any]) -> None:
        left = conversation.left(found)
        template = TaskTemplate.objects.runnable_by(user).get(key=found.template_key)
        revision = template.published
        assert revision is not None
        expected, cost = pace.expected(revision, found.parameters), modelcost.told(revision, found.parameters)
        if not options["json"]:
            took = durations.describe(expected.seconds)
            self.stdout.write(f"Understood, {found.confidence:.0%} sure:")
            self.say(telling.plan(f"{template.name} ({template.key})", found.parameters, found.sources))
            self.stdout.write(
                f"  Expected: {took}, {words.count(expected.steps, 'step')}, complexity {expected.complexity}"
            )
            if cost:
                self.stdout.write(f"  {'Costs' if cost.has_model else 'Note'}: {clean(cost.text)}")
            self.say([f"  Note: {clean(each.text)}" for each in found.ambiguities])
            self.say([f"  Note: {note}" for note in (_unplaced(left), conversation.ahead(found)) if note])
        if options["dry_run"]:
            facts = {"understood": _understood(found), "unplaced": left, "cost": cost.facts if cost else None}
            self._end(facts, options)
            return
        if left and options["yes"]:
            self._missing([{"path": "", "text": f"{_unplaced(left)} Say it in other words, or leave it out."}], options)
        if not self._confirmed("Start it?", options):
            self.stdout.write("Nothing was started.")
            return
        request = Request(
            template=template.key, parameters=found.parameters, origin="command", instructions=conversation.said.text
        )
        task = shown_task(submit(request, user).task.pk)
        if not options["json"]:
            self.say([f"Started task {task.pk} for {user.get_username()}.", f"  Page   {telling.page(task.pk)}"])
        if options["wait"]:
            self.wait_for(task, user, options)
            return
        self._end({"understood": _understood(found), "task": telling.task_facts(task, user)}, options)

    def _command(self, order: Order, user: User, options: dict[str, Any]) -> None:
        if order.verb in ("list", "queue"):
            self._overview(order.verb, user, options)
            return
        if order.verb in ELSEWHERE:
            raise InvalidInput(ELSEWHERE[order.verb])
        assert order.task_id is not None  # a command without its task has an open question
        task = visible(user, order.task_id)
        if order.verb in VERBS and not options["dry_run"]:
            if order.verb == "cancel" and not self._confirmed(f"Cancel task {task.pk}, {clean(task.title)}?", options):
                self.stdout.write("Nothing was done.")
                return
            VERBS[order.verb](task, user)
            task = shown_task(task.pk)
        if options["wait"]:
            self.wait_for(task, user, options)
        elif options["json"]:
            self.stdout.write(telling.dumped({"command": order.verb, "task": telling.task_facts(task, user)}))
        else:
            self.say(telling.status(task, user))

    def _overview(self, verb: str, user: User, options: dict[str, Any]) -> None:
        tasks = Task.objects.visible_to(user).open().select_related(*telling.RELATED)
        if verb == "queue":
            counts = Counter(tasks.values_list("queue", "status"))
            lines = [f"{queue}: {count} {status}" for (queue, status), count in sorted(counts.items())]
            facts = [{"queue": queue, "status": status, "tasks": count} for (queue, status), count in counts.items()]
            self._end({"queues": facts}, options, lines or ["Nothing runs and nothing waits."])
            return
        found = list(tasks.wholes().order_by("-pk")[:SHOWN])
        self._end({"tasks": telling.list_facts(found, user)}, options, telling.table(found, user))

    def _help(self, found: Interpretation, conversation: Conversation, options: dict[str, Any]) -> None:
        offers = [
            {"template": card.key, "name": card.name, "examples": card.examples[:3]} for card in conversation.cards
        ]
        lines = [clean(found.echo)]
        for card in conversation.cards:
            lines += [f"  {clean(card.name)}", *(f"    “{clean(example)}”" for example in card.examples[:3])]
        self._end({"templates": offers}, options, lines)

    def _end(self, facts: dict[str, Any], options: dict[str, Any], lines: list[str] | None = None) -> None:
        if options["json"]:
            self.stdout.write(telling.dumped(facts))
        else:
            self.say(lines or [])


def _unplaced(left: str) -> str:
    return f"I could not place “{clean(left)}”. It changes nothing." if left else ""


def _understood(found: Interpretation) -> dict[str, Any]:
    return {
        "template": found.template_key,
        "parameters": dict(found.parameters),
        "sources": dict(found.sources),
        "confidence": found.confidence,
        "parts": dict(found.parts),
        "others": [{"template": each.key, "confidence": each.confidence} for each in found.runner_ups],
        "echo": found.echo,
    }
