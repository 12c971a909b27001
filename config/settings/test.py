"""The suite: a database of its own (a file on SQLite, so that threads and processes share it), cheap passwords."""

import os
import tempfile
from pathlib import Path

SUFFIX = os.environ.get("CHANTILLY_TEST_SUFFIX", "main")
# Parallel runs get a home each: files, sockets and locks of one must not meet those of another.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
HOME_NAME = "-".join(filter(None, ["ch-test", str(os.getuid()), SUFFIX, WORKER]))
os.environ["CHANTILLY_HOME"] = str(Path(tempfile.gettempdir()) / HOME_NAME)

from config.settings.base import *

SECRET_KEY = "test-only-secret-key-that-is-long-enough-for-the-checks"
CHECKPOINT_KEYS = ["test-only-checkpoint-key"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES["default"]["TEST"] = {
    "NAME": str(HOME / f"test_{SUFFIX}.sqlite3") if IS_SQLITE else f"test_chantilly_{SUFFIX}"
}
# Durability is proved by the chaos tests, which start processes with production's PRAGMAs.
if IS_SQLITE:
    DATABASES["default"]["OPTIONS"] = {
        **SQLITE_OPTIONS,
        "init_command": SQLITE_OPTIONS["init_command"].replace("synchronous=FULL", "synchronous=OFF"),
    }
# The same on both databases; tests of the stores choose theirs.
ARTIFACT_STORE = "files"
# Tests share a server and would wake each other; those of the carriers choose their own.
HINT_CARRIER = ""
# They share a Redis, too, and the numbers of their users are alike: one's counters of rates are not another's.
CACHES["default"] = {**CACHES["default"], "KEY_PREFIX": HOME_NAME}
# Where the servers listen that tests talk to.
CHAT_PRIVATE_NETWORKS = ["127.0.0.0/8"]
# Workers of most tests live in the process of the tests, which holds much else.
WORKER_MEMORY_MB = 0
