# ruff: noqa: F403, F405
"""A worker process on a test's database, with production's durability and the tools of `tests.chaos.world`."""

from config import environment as env
from config.settings.test import *

DATABASES["default"] = database(env.text("DATABASE_URL"))
TOOL_MODULES = {**TOOL_MODULES, "world": "tests.chaos.world"}
LEASE_SECONDS = 3.0
