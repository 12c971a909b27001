"""Queues: how they stand, and the operator's verbs on them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import inputs, limits, steering
from apps.api.views.base import View, answer
from apps.api.views.bulk import created
from apps.core import clock, durations
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.tasks import queuenames
from apps.tasks.models import Queue
from apps.tasks.operators import bulk, limiting, queues
from apps.workers.answers import served


class Queues(View):
    @extend_schema(operation_id="list_queues", responses=steering.QueueList, tags=["queues"])
    def get(self, request: Request) -> Response:
        """What waits and runs in each queue, how fast it goes, and who holds it back. For those who may view queues."""
        _permit(request)
        now = clock.now()
        found = queues.standing(now, served.queues(now))
        return answer(steering.QueueList, {"results": [steering.queue(each) for each in found]})


class OneQueue(View):
    http_method_names = ["get", "head", "post", "patch", "delete"]

    @extend_schema(operation_id="get_queue", responses=steering.QueueAnswer, tags=["queues"])
    def get(self, request: Request, name: str) -> Response:
        """One queue."""
        _permit(request)
        return _shown(name)

    @extend_schema(
        operation_id="set_queue", request=limits.QueueSettings, responses=steering.QueueAnswer, tags=["queues"]
    )
    def patch(self, request: Request, name: str) -> Response:
        """Set how long and how old it may grow, and how many of it run at once. null takes a setting away."""
        limiting.permit(request.user, "change", Queue)
        given = inputs.body(limits.QueueSettings, request)
        at_once = {"at_once": given.pop("most_running")} if "most_running" in given else {}
        workers = served.queues(clock.now())
        limiting.set_queue(name, request.user, given, given.pop("reason"), served=workers, **at_once)
        return _shown(name)


def _permit(request: Request) -> None:
    if not request.user.has_perm("tasks.view_queue"):
        raise NotPermitted("You may not look at queues. Ask an administrator for the permission to view them.")


def _shown(name: str) -> Response:
    now = clock.now()
    found = queues.standing(now, served.queues(now), [name])
    if not found:
        raise NotFound(f"There is no queue {name!r}.", code="no_such_queue")
    return answer(steering.QueueAnswer, steering.queue(found[0]))


def _obey(request: Request, name: str, verb: Callable[..., Queue]) -> Response:
    reason = inputs.body(inputs.Reason, request)["reason"]
    verb(name, request.user, reason, served=served.queues(clock.now()))
    return _shown(name)


def _described(operation_id: str) -> Any:
    return extend_schema(
        operation_id=operation_id, request=inputs.Reason, responses=steering.QueueAnswer, tags=["queues"]
    )


class PauseQueue(View):
    @_described("pause_queue")
    def post(self, request: Request, name: str) -> Response:
        """Nothing of it is started until somebody resumes it; what runs goes on."""
        return _obey(request, name, queues.pause)


class ResumeQueue(View):
    @_described("resume_queue")
    def post(self, request: Request, name: str) -> Response:
        """Its tasks are started again."""
        return _obey(request, name, queues.resume)


class DrainQueue(View):
    @_described("drain_queue")
    def post(self, request: Request, name: str) -> Response:
        """It takes nothing new until somebody reopens it; what is there is worked off."""
        return _obey(request, name, queues.drain)


class ReopenQueue(View):
    @_described("reopen_queue")
    def post(self, request: Request, name: str) -> Response:
        """It takes new tasks again."""
        return _obey(request, name, queues.reopen)


class CleanQueue(View):
    @extend_schema(
        operation_id="clean_queue",
        request=steering.CleanRequest,
        responses={201: steering.BulkAnswer, 200: steering.PreviewAnswer},
        tags=["queues"],
    )
    def post(self, request: Request, name: str) -> Response:
        """Cancel what has been pending for longer than `older_than`. Ended tasks are left to their retention."""
        given = inputs.body(steering.CleanRequest, request)
        workers, age = served.queues(clock.now()), _age(given.get("older_than"))
        if given["dry_run"]:
            chosen = queues.cleaning(queuenames.existing(name, workers), age, given["statuses"], clock.now())
            seen = bulk.preview(chosen, "clean", request.user)
            return answer(steering.PreviewAnswer, steering.previewed(chosen, seen))
        action = queues.clean(
            name, request.user, given["reason"], age, given["statuses"], expected=given.get("expected"), served=workers
        )
        return created(action)


def _age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return durations.parse(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, fields={"older_than": error.message}) from None
