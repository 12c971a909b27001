import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from apps.core.commands import ExplainedCommand
from apps.core.errors import Conflict
from apps.workers.supervisor import preconditions
from apps.workers.supervisor.options import ASKED, Options
from apps.workers.supervisor.welcome import say


class Command(ExplainedCommand):
    help = "Run the web server and a Django-Q2 cluster under one supervisor, until Ctrl-C or SIGTERM."
    examples = """examples:
  manage.py up                                 pages on http://127.0.0.1:8000/ and a cluster
  manage.py up --host 0.0.0.0 --port 80 --workers 4
  manage.py up --name heavy --queues heavy,gis --workers 1 --no-web    one more cluster beside it
  manage.py up --no-cluster                    only the pages; workers are on other hosts
  manage.py up --ask "Invoice report for last year"

The database, Redis and the home are those of the environment: DATABASE_URL, REDIS_URL, CHANTILLY_HOME."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")
        parser.add_argument(
            "--workers", type=int, default=settings.Q_CLUSTER["workers"], help="worker processes (default: %(default)s)"
        )
        parser.add_argument(
            "--queues",
            default=",".join(settings.WORKER_QUEUES),
            help="queues to serve, with commas (default: %(default)s)",
        )
        parser.add_argument(
            "--name", default=settings.CLUSTER_NAME, help="of the cluster; several in one home need one each"
        )
        parser.add_argument("--no-chat", action="store_true", help="without the service that answers in chats")
        parser.add_argument("--no-web", action="store_true", help="only the cluster: no pages, no chat")
        parser.add_argument("--no-cluster", action="store_true", help="only the web server")
        parser.add_argument(
            "--stop-seconds", type=float, default=10.0, help="how long a stop may take before the rest is killed"
        )
        parser.add_argument("--log-files", action="store_true", help="write logs to files in the home directory")
        parser.add_argument("--ask", default="", metavar="SENTENCE", help="a request to make once everything runs")
        parser.add_argument("--first-ask", default="", metavar="SENTENCE", help="the same, until it has succeeded once")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["no_web"] and given["no_cluster"]:
            raise CommandError("--no-web and --no-cluster together leave nothing to run.")
        if given["workers"] < 1:
            raise CommandError("--workers must be at least 1.")
        queues = [word.strip() for word in given["queues"].split(",") if word.strip()]
        if not queues:
            raise CommandError("--queues must name at least one queue.")
        options = Options(
            host=given["host"],
            port=given["port"],
            workers=given["workers"],
            web=not given["no_web"],
            cluster=not given["no_cluster"],
            chat=not given["no_web"] and not given["no_chat"],
            stop_seconds=given["stop_seconds"],
            log_files=given["log_files"],
            name=given["name"],
            ask=given["ask"] or ("" if (settings.HOME / ASKED).exists() else given["first_ask"]),
        )
        try:
            preconditions.refuse_unusable_name(options.name)
            preconditions.lock_home(settings.HOME, options.name).close()
            preconditions.check(options, say)
        except Conflict as refusal:
            raise CommandError(refusal.message) from refusal
        except KeyboardInterrupt:
            sys.exit(130)  # while it waited for a server: nothing runs yet
        _become_supervisor(options, queues)


def _become_supervisor(options: Options, queues: list[str]) -> None:
    """Replace this process, which has the pages' code loaded, by a small one."""
    sys.stdout.flush()
    os.chdir(settings.BASE_DIR)
    environment = {
        **os.environ,
        "CHANTILLY_WITHOUT_PAGES": "1",
        "WORKER_QUEUES": ",".join(queues),
        "CLUSTER_NAME": options.name,
        "WORKERS": str(options.workers),
    }
    command = [sys.executable, "-m", "apps.workers.supervisor", options.dump()]
    os.execve(sys.executable, command, environment)
