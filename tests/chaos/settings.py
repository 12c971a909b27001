"""What a cluster under test runs with: production's PRAGMAs, less patience, and slices and brokers that misbehave."""

import os

from config.settings.development import *

CLUSTER_FIRST_PATIENCE = 5.0
CLUSTER_PATIENCE = 3.0
CLUSTER_SILENCE = 5.0
WORKER_SLICE = os.environ.get("CHAOS_SLICE", WORKER_SLICE)
if os.environ.get("CHAOS_HOLD_LAUNCHES"):
    Q_CLUSTER["broker_class"] = f"tests.chaos.misbehaving.{'RedisHeldBack' if REDIS_URL else 'TableHeldBack'}"
TASK_KINDS = {**TASK_KINDS, "poison": "tests.chaos.misbehaving.Poison"}
if os.environ.get("CHAOS_COUNT_TOOLS"):
    TOOL_MODULES = {
        **TOOL_MODULES,
        **{name: f"tests.chaos.counted.{name}" for name in ("ai", "crm", "knowledge", "report")},
    }
