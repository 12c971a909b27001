# ruff: noqa: F403, F405
"""A cluster under test whose scripts may write to the world outside (`tests.chaos.world`)."""

from tests.chaos.settings import *

TOOL_MODULES = {**TOOL_MODULES, "world": "tests.chaos.world"}
