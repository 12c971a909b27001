"""`python -m apps.workers.q2`: one Django-Q2 cluster, tethered to the supervisor that started it."""

import gc
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

    django.setup()
    return run_cluster()


def run_cluster() -> int:
    from django.db import connections
    from django_q.brokers import get_broker
    from django_q.cluster import Cluster

    from apps.workers.q2.launches import slice_function

    logging.getLogger("django-q").setLevel(logging.WARNING)
    slice_function()  # imported once, before the forks, so that all processes share its memory
    get_broker().purge_queue()
    connections.close_all()
    gc.collect()
    gc.freeze()
    cluster = Cluster()
    cluster.start()
    cluster.sentinel.join()
    return int(cluster.sentinel.exitcode or 0) and 1


if __name__ == "__main__":
    sys.exit(main())
