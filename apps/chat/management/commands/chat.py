"""`manage.py chat`: the service that answers in chats. `manage.py up` runs it beside the web server."""

import os
import signal
from argparse import ArgumentParser
from typing import Any

from apps.chat.service import Service
from apps.core.commands import ExplainedCommand
from apps.core.tether import name_process, tether


class Command(ExplainedCommand):
    help = "Understand and answer what is said in chats, until Ctrl-C or SIGTERM. `manage.py up` runs it already."
    examples = """examples:
  manage.py chat            beside a web server that something else runs; of several, one works and the others wait"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tethered", action="store_true", help="end with the process that started this one")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["tethered"]:
            tether(int(os.environ["CHANTILLY_SUPERVISOR_PID"]))
        name_process("chantilly-chat")
        service = Service()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        service.run()
