"""`manage.py submit TEMPLATE --params …`"""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.console import words
from apps.console.terminal import people, telling
from apps.console.terminal.command import TaskCommand, shown_task
from apps.core import clock, durations
from apps.core.errors import InvalidInput
from apps.tasks.making.submission import Request, submit


class Command(TaskCommand):
    help = "Start a task from a template."
    examples = """examples:
  manage.py submit hello
  manage.py submit invoice_report_v2 --params '{"period": {"start": "2025-01-01", "end": "2025-12-31"}}' --wait
  manage.py submit invoice_report_v2 --params @march.json --priority high --key march-2025
  generate | manage.py submit hello --params - --json

exit codes: 0 started (with --wait: completed), 1 refused or failed, 2 something wrong in what was given, 130 Ctrl-C
(the task goes on)"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("template", help="the template's key; a wrong one lists the right ones")
        parser.add_argument(
            "--params", default="{}", metavar="JSON|@FILE|-", help="parameters; @FILE reads a file, - stdin"
        )
        parser.add_argument("--title", default="", help="what to call the task (default: the template's name)")
        parser.add_argument("--priority", help="0 to 100, or critical, high, normal, medium, low")
        parser.add_argument("--key", help="idempotency key: the same key gives the same task")
        parser.add_argument("--wait", action="store_true", help="show its progress until it has ended")
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        user = people.acting(options["user"])
        request = Request(
            template=options["template"],
            parameters=parameters(options["params"]),
            origin="command",
            title=options["title"],
            priority=_priority(options["priority"]),
            idempotency_key=options["key"],
        )
        submitted = submit(request, user)
        task = shown_task(submitted.task.pk)
        if not options["json"]:
            expected = durations.describe(task.estimated_seconds)
            started = f"Started task {task.pk}, {task.title}, for {user.get_username()}. Expected: {expected}."
            self.say([words.answered(submitted, clock.now()) or started])
        if options["wait"]:
            self.wait_for(task, user, options)
        elif options["json"]:
            self.stdout.write(
                telling.dumped(
                    {"is_new": submitted.is_new, "because": submitted.because, "task": telling.task_facts(task, user)}
                )
            )
        else:
            self.say([f"  Follow  manage.py tasks feed {task.pk}", f"  Page    {telling.page(task.pk)}"])


def parameters(text: str) -> Any:
    """Raises InvalidInput when there is no such file or it holds no JSON."""
    try:
        if text == "-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text()
        return json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The parameters cannot be read: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The parameters are not JSON: {error}.") from None


def _priority(word: str | None) -> int | str | None:
    return int(word) if word is not None and word.isdecimal() and len(word) < 5 else word
