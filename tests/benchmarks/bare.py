"""Bare Django-Q2: its own defaults, two workers, its ORM broker on the same kind of database."""

import os

import dj_database_url

SECRET_KEY = "a benchmark's key"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_q"]
DATABASES = {"default": dj_database_url.parse(os.environ["BARE_DATABASE_URL"], conn_max_age=600)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
Q_CLUSTER = {"name": "bare", "workers": 2, "orm": "default", "timeout": 60, "retry": 120, "save_limit": 0}
LOGGING_CONFIG = None


def nothing() -> None:
    """The no-op task."""
