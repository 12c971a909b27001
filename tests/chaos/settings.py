"""What a cluster under test runs with: production's PRAGMAs, less patience, and slices and brokers that misbehave."""

import os

from config import environment as env
from config.settings.development import *

SLOWNESS = env.fraction("CHAOS_PATIENCE", 1.0)
CLUSTER_FIRST_PATIENCE = env.fraction("CHAOS_FIRST_PATIENCE", 5.0) * SLOWNESS
CLUSTER_PATIENCE = 3.0 * SLOWNESS
CLUSTER_SILENCE = 5.0 * SLOWNESS
WORKER_SLICE = os.environ.get("CHAOS_SLICE", WORKER_SLICE)
if os.environ.get("CHAOS_HOLD_LAUNCHES"):
    Q_CLUSTER["broker_class"] = f"tests.chaos.misbehaving.{'RedisHeldBack' if REDIS_URL else 'TableHeldBack'}"
LEASE_SECONDS = env.fraction("CHAOS_LEASE", LEASE_SECONDS)
HEARTBEAT_SECONDS = min(HEARTBEAT_SECONDS, LEASE_SECONDS / 4)
if "WORLD" in os.environ:
    TOOL_MODULES = {**TOOL_MODULES, "world": "tests.chaos.world"}
TASK_KINDS = {**TASK_KINDS, "poison": "tests.chaos.misbehaving.Poison"}
if os.environ.get("CHAOS_COUNT_TOOLS"):
    TOOL_MODULES = {
        **TOOL_MODULES,
        **{name: f"tests.chaos.counted.{name}" for name in ("agent", "ai", "crm", "knowledge", "report")},
    }
