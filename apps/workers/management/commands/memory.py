"""`manage.py memory`: what the running installation's processes need."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from apps.core.commands import ExplainedCommand
from apps.workers.supervisor import memory
from apps.workers.supervisor.preconditions import running_supervisor


class Command(ExplainedCommand):
    help = "Show the memory (PSS) of the processes below the supervisor that runs from this home directory."
    examples = """examples:
  manage.py memory                             of the cluster without a name, and of the pages beside it
  CLUSTER_NAME=heavy manage.py memory          of the cluster that `up --name heavy` runs

q2-worker are the workers, monty their sandboxes. Shared memory counts once, in parts (PSS)."""

    def handle(self, *args: Any, **options: Any) -> None:
        supervisor = running_supervisor(settings.HOME, settings.CLUSTER_NAME)
        if supervisor is None:
            raise CommandError(f"Nothing runs from {settings.HOME}. Start it with: make run")
        found = memory.footprints(supervisor)
        for footprint in found:
            self.stdout.write(f"{footprint.pid:>8}  {footprint.name:<16}{_megabytes(footprint.pss_bytes)}")
        cluster = sum(footprint.pss_bytes for footprint in found if footprint.is_cluster)
        self.stdout.write(f"{'':>8}  {'cluster':<16}{_megabytes(cluster)}")
        self.stdout.write(f"{'':>8}  {'everything':<16}{_megabytes(sum(footprint.pss_bytes for footprint in found))}")


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:8.1f} MB"
