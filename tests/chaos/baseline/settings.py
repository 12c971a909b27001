"""A project on bare Django-Q2: its own defaults, two workers, its ORM broker, times short enough to wait for."""

import os
from pathlib import Path

HOME = Path(os.environ["BASELINE_HOME"])
SECRET_KEY = os.environ.get("BASELINE_KEY", "the first key")
INSTALLED_APPS = ["django.contrib.contenttypes", "django_q"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "bare.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"},
    }
}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
Q_CLUSTER = {
    "name": "bare", "workers": 2, "orm": "default", "timeout": 4, "retry": 5, "max_attempts": 1, "poll": 0.2,
}  # fmt: skip
LOGGING_CONFIG = None
