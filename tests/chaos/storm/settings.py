"""What the storm's processes run with: production's durability, shorter leases, a host's clock that the storm can move."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apps.core import clock
from config.settings.development import *

STAGE = Path(os.environ["STORM_DIR"])
CHECKPOINT_KEYS = env.words("STORM_CHECKPOINT_KEYS", "first")
TOOL_MODULES = {**TOOL_MODULES, "storm": "tests.chaos.storm.tools"}
ARTIFACT_ROOT = STAGE / "artifacts"
ARTIFACT_STORE = env.text("STORM_STORE", "files")
LEASE_SECONDS = env.fraction("STORM_LEASE", 4.0)
HEARTBEAT_SECONDS = LEASE_SECONDS / 4
TASK_RETRY_DELAYS = (0.2, 0.5, 1.0)
# A paused worker may outlive its lease threefold before the supervisor ends it: only then are its late writes tested.
CLUSTER_SILENCE = 4 * LEASE_SECONDS
CLUSTER_FIRST_PATIENCE = 30.0
SLICE_SECONDS = env.number("SLICE_SECONDS", 60, minimum=1)

_moved_by = timedelta()
_look_again = 0.0


def _host_clock() -> datetime:
    """What this host takes for the time, moved by the seconds in the file `clock` of this process's home."""
    global _moved_by, _look_again
    if time.monotonic() > _look_again:
        _look_again = time.monotonic() + 0.25
        try:
            _moved_by = timedelta(seconds=float((HOME / "clock").read_text() or 0))
        except FileNotFoundError:
            _moved_by = timedelta()
    return datetime.now(UTC) + _moved_by


clock.host = _host_clock
