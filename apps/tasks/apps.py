from django.apps import AppConfig
from django.db.backends.signals import connection_created


class TasksConfig(AppConfig):
    name = "apps.tasks"
    label = "tasks"

    def ready(self) -> None:
        from apps.catalog import publishing
        from apps.tasks import dbclock
        from apps.tasks.limits import gates

        connection_created.connect(dbclock.follow_on_connecting)
        publishing.served.connect(gates.hear_of_revision)
