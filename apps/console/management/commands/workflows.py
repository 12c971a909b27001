"""`manage.py workflows …`: what is wrong with a workflow, how long it would take, and one made from a recorded run."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.text import slugify

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate
from apps.console.terminal import flows, people, telling
from apps.console.terminal.command import FAILED, TaskCommand
from apps.core.errors import Conflict, InvalidInput, NotPermitted
from apps.core.saying import count
from apps.executors.workflow import checking, planning, reading, traces

ADD = "catalog.add_tasktemplate"
LONGEST_ESTIMATE = 31_536_000


class Command(TaskCommand):
    help = "Check a workflow, plan it, or make one from a recorded run of another engine. Nothing is started."
    examples = """examples:
  manage.py workflows check dossier.json           everything that is wrong with it, and where
  manage.py workflows check fixtures/templates/customer_dossier_v1
  manage.py workflows check customer_dossier_v1    a template: its revision in service, or its newest draft
  manage.py workflows plan dossier.json            what runs at the same time, and how long it takes
  manage.py workflows plan tasks.json --workers 4  a list of tasks: [{"id": "a"}, {"id": "b", "dependencies": ["a"]}]
  manage.py workflows import-trace montage.json --key montage --scale 0
A file holds the JSON of a workflow; - reads it from stdin. A file is judged by what is installed here, and by the
parameters of its template.json where it has one.
import-trace reads WfFormat (wfcommons.org) and {"name": …, "tasks": [{"id", "parents", "runtime_s"}]}, and publishes a
template whose tasks wait as long as the recorded ones worked, times --scale: with 0 they only run through.

exit codes: 0, 1 it has errors or was refused, 2 something wrong in what was given"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=[*self.ACTIONS], metavar="ACTION", help=", ".join(self.ACTIONS))
        parser.add_argument("source", metavar="FILE|KEY", help="a file, a template's folder or key, or - for stdin")
        parser.add_argument(
            "--workers", type=int, help="with plan: how many tasks can run at once (default: any number)"
        )
        parser.add_argument(
            "--key", default="", help="with import-trace: the template's key (default: the trace's name)"
        )
        parser.add_argument(
            "--scale", type=float, default=1.0, help="with import-trace: 0 to 1, times the recorded seconds"
        )
        parser.add_argument(
            "--template", default="", help="with import-trace: what runs each task, given its `seconds`"
        )
        self.add_common_arguments(parser)

    def obey(self, options: dict[str, Any]) -> None:
        self.ACTIONS[options["action"]](self, people.acting(options["user"]), options)

    def _check(self, user: Any, options: dict[str, Any]) -> None:
        found = flows.source(options["source"])
        faults = checking.check(found.document, found.known)
        wrong = [fault for fault in faults if fault.severity == "error"]
        graph = reading.read(found.document).graph
        if options["json"]:
            facts = {"is_valid": not wrong, "tasks": len(graph.nodes), "faults": [each.as_json() for each in faults]}
            self.stdout.write(telling.dumped(facts))
        else:
            size = f"{count(len(graph.nodes), 'task')} in {count(len(graph.groups), 'group')}"
            verdict = f"{count(len(wrong), 'error')}" if wrong else "it can be published"
            self.say([f"{found.name}: {size}, {verdict}.", *flows.fault_lines(faults)])
        self._leave(bool(wrong))

    def _plan(self, user: Any, options: dict[str, Any]) -> None:
        workers = options["workers"]
        if workers is not None and workers < 1:
            raise InvalidInput("--workers is 1 or more.")
        found = flows.source(options["source"])
        if isinstance(found.document, list):
            plan = planning.plan(found.document, workers=workers)
        else:
            plan = planning.plan_document(found.document, found.inputs, workers=workers)
        if options["json"]:
            self.stdout.write(telling.dumped(plan.as_json()))
        else:
            self.say(flows.plan_lines(plan, workers))
        self._leave(not plan.is_valid)

    def _import_trace(self, user: Any, options: dict[str, Any]) -> None:
        trace = flows.document(options["source"])
        graph = traces.document(trace, template=options["template"], scale=options["scale"])
        key = _key(options["key"] or slugify(graph["name"]).replace("-", "_") or "trace")
        plan = planning.plan_document(graph)
        seconds = max(1, min(LONGEST_ESTIMATE, round(plan.seconds)))
        definition = Definition(kind="workflow", graph=graph, estimated_seconds=seconds)
        revision = publishing.publish(
            publishing.save_draft(_template(key, graph["name"], user), user, definition, note=_note(options)), user
        )
        tasks = len(graph["groups"][0]["tasks"])
        if options["json"]:
            self.stdout.write(telling.dumped({"key": key, "revision": revision.number, "tasks": tasks}))
            return
        size = f"{count(tasks, 'task')} in {count(len(plan.waves), 'wave')}"
        self.say(
            [f"Published {key}, revision {revision.number}: {size}.", f"  Start it  manage.py submit {key} --wait"]
        )

    def _leave(self, is_wrong: bool) -> None:
        if is_wrong:
            raise SystemExit(FAILED)

    ACTIONS: ClassVar[Mapping[str, Callable[..., None]]] = {
        "check": _check, "plan": _plan, "import-trace": _import_trace,
    }  # fmt: skip


def _template(key: str, name: str, user: Any) -> TaskTemplate:
    """The template with this key: made now, or one that was made from a trace before."""
    template = TaskTemplate.objects.filter(key=key).first()
    if template is None:
        if not user.has_perm(ADD):
            raise NotPermitted(f"You may not make templates; that needs the permission {ADD}. Ask an administrator.")
        return TaskTemplate.objects.create(key=key, name=name[:200], category="trace", created_by=user)
    if template.category != "trace":
        raise Conflict(f"There is a template “{key}” that is no trace. Give another one with --key.")
    return template


def _key(word: str) -> str:
    try:
        validate_slug(word)
    except ValidationError:
        raise InvalidInput(f"{word!r} is no key: letters, digits, _ and - only.") from None
    return word[:64]


def _note(options: dict[str, Any]) -> str:
    return f"From {Path(options['source']).name}, times {options['scale']:g}."
