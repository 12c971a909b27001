"""An installation under measurement: production's durability, and a tool that only counts."""

from config.settings.development import *

TOOL_MODULES = {**TOOL_MODULES, "sink": "tests.benchmarks.sink"}
