"""From an executor's outcome to the lifecycle's verb."""

from apps.executors.contract import Cancelled, Completed, Failed, Outcome, Suspended
from apps.tasks import lifecycle
from apps.tasks.record.journal import Lease
from apps.tasks.states import Control


def settle(lease: Lease, outcome: Outcome) -> None:
    """Write the outcome. Raises LeaseLost when another attempt holds the task."""
    match outcome:
        case Completed(result=result, rest=rest):
            lifecycle.complete(lease, result, rest)
        case Failed(failure=failure, rest=rest):
            lifecycle.fail(lease, failure.as_json(), rest)
        case Cancelled(reason=reason, rest=rest):
            lifecycle.stop_cancelled(lease, reason, rest)
        case Suspended(because=Control.PAUSE, reason=reason, rest=rest):
            lifecycle.stop_asked(lease, reason, rest)
        case Suspended(because="disabled", reason=reason, rest=rest):
            lifecycle.stop_paused(lease, reason, rest)
        case Suspended(because=Control.DRAIN, reason=reason, rest=rest):
            lifecycle.release(lease, reason, rest)
        case Suspended(because="others" | "timer" as because, until=until, reason=reason, rest=rest):
            lifecycle.suspend(lease, until, reason, rest, is_listening=because == "others")
        case _:
            raise ValueError(f"{outcome} is not an outcome that can be settled")
