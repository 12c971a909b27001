"""`python -m apps.workers.q2`: one Django-Q2 cluster, tethered to the supervisor that started it."""

import logging
import os
import sys

from apps.core.tether import name_process, tether, tether_every_fork


def main() -> int:
    if supervisor := os.environ.get("CHANTILLY_SUPERVISOR_PID"):
        tether(int(supervisor))
    tether_every_fork()
    name_process("q2-main")
    os.environ["CHANTILLY_CLUSTER_PID"] = str(os.getpid())
    import django

    from apps.workers.q2 import preload

    preload.leave_out_unused()
    django.setup()
    preload.preload()
    return run_cluster()


def run_cluster() -> int:
    from django.db import connections
    from django_q.brokers import get_broker

    from apps.workers.q2 import sharing
    from apps.workers.q2.guard import Guard

    logging.getLogger("django-q").setLevel(logging.WARNING)
    get_broker().purge_queue()
    sharing.rehearse()
    connections.close_all()
    guard = Guard()
    sharing.freeze()
    guard.start()  # returns once the cluster was asked to end, and has
    return 0


if __name__ == "__main__":
    sys.exit(main())
