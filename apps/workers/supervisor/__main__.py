"""`python -m apps.workers.supervisor OPTIONS`: what `manage.py up` becomes. The options are JSON (options.py)."""

import logging
import sys

import django


def main() -> int:
    django.setup()
    from django.conf import settings

    from apps.core.errors import Conflict
    from apps.workers.supervisor.options import Options
    from apps.workers.supervisor.preconditions import lock_home
    from apps.workers.supervisor.supervisor import Supervisor

    options = Options.load(sys.argv[1])
    logging.getLogger("chantilly.supervisor").setLevel(logging.WARNING if options.log_files else logging.INFO)
    try:
        lock = lock_home(settings.HOME, settings.CLUSTER_NAME)
    except Conflict as refusal:
        sys.stderr.write(f"{refusal.message}\n")
        return 1
    with lock:
        return Supervisor(options, settings.HOME).run()


if __name__ == "__main__":
    sys.exit(main())
