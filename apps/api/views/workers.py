"""Workers and clusters: how they stand, what happened to them, and what people ask of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import crews, inputs, outputs, pictures
from apps.api.views.base import View, answer, visible_task
from apps.core import clock
from apps.core.errors import NotPermitted
from apps.workers import steering
from apps.workers.answers import happenings, recovery, standing, unassigned
from apps.workers.models import Cluster, Worker

A_DAY = timedelta(days=1)


class CrewView(View):
    """For those who may view workers. Of tasks they get to know what they may see of them; verbs ask for more."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        if method not in self.http_method_names or not hasattr(self, method):
            return  # there is no such method here, for anybody
        if not request.user.has_perm("workers.view_worker"):
            raise NotPermitted("You may not look at workers. Ask an administrator for the permission to view them.")


class Workers(CrewView):
    @extend_schema(
        operation_id="list_workers", parameters=[crews.WorkerQuery], responses=crews.WorkerList, tags=["workers"]
    )
    def get(self, request: Request) -> Response:
        """The workers that are there, what each does and how it fares."""
        wanted = inputs.query(crews.WorkerQuery, request)
        found = standing.workers(
            request.user,
            host=wanted["host"],
            cluster=wanted["cluster"],
            is_present=not wanted["ended"],
            limit=wanted["limit"],
        )
        return answer(crews.WorkerList, {"results": found})


class OneWorker(CrewView):
    @extend_schema(operation_id="get_worker", responses=crews.WorkerAnswer, tags=["workers"])
    def get(self, request: Request, worker: str) -> Response:
        """One worker with what happened to it and what went wrong, newest first."""
        return _worker(request, worker)


def _worker(request: Request, name: str) -> Response:
    with_rates = request.user.has_perm("tasks.view_ratelimit")
    found = standing.worker(steering.find_worker(name), request.user, with_rates=with_rates)
    return answer(crews.WorkerAnswer, found)


def _obey_worker(request: Request, name: str, verb: Callable[[Worker, Any, str], Worker]) -> Response:
    verb(steering.find_worker(name), request.user, inputs.body(inputs.Reason, request)["reason"])
    return _worker(request, name)


def _of_worker(operation_id: str) -> Any:
    return extend_schema(
        operation_id=operation_id, request=inputs.Reason, responses=crews.WorkerAnswer, tags=["workers"]
    )


class DrainWorker(CrewView):
    @_of_worker("drain_worker")
    def post(self, request: Request, worker: str) -> Response:
        """It gives up its task at the next call (it goes on elsewhere) and takes nothing more until it is resumed."""
        return _obey_worker(request, worker, steering.drain)


class StopWorker(CrewView):
    @_of_worker("stop_worker")
    def post(self, request: Request, worker: str) -> Response:
        """It drains and ends; its cluster starts a fresh process in its place."""
        return _obey_worker(request, worker, steering.stop)


class ResumeWorker(CrewView):
    @_of_worker("resume_worker")
    def post(self, request: Request, worker: str) -> Response:
        """What was asked of it is taken back."""
        return _obey_worker(request, worker, steering.resume)


class Rebalance(CrewView):
    @extend_schema(operation_id="rebalance", request=inputs.Reason, responses=crews.Rebalanced, tags=["workers"])
    def post(self, request: Request) -> Response:
        """Move running tasks from full hosts to idle ones, where that evens the load."""
        return answer(crews.Rebalanced, steering.rebalance(request.user, inputs.body(inputs.Reason, request)["reason"]))


class Reassign(View):
    @extend_schema(operation_id="reassign_task", request=inputs.Reason, responses=outputs.TaskDetail, tags=["workers"])
    def post(self, request: Request, task_id: int) -> Response:
        """A running task leaves its worker at its next call and goes on at another. For those who control workers."""
        task = visible_task(request, task_id)
        steering.reassign(task, request.user, inputs.body(inputs.Reason, request)["reason"])
        return answer(outputs.TaskDetail, pictures.detail(visible_task(request, task_id), request.user))


class Events(CrewView):
    @extend_schema(
        operation_id="list_worker_events",
        parameters=[crews.EventQuery],
        responses=crews.HappeningList,
        tags=["workers"],
    )
    def get(self, request: Request) -> Response:
        """What happened to clusters and workers, newest first."""
        wanted = inputs.query(crews.EventQuery, request)
        found = happenings.events(request.user, **wanted)
        more = found[-1].id if len(found) == wanted["limit"] else None
        return answer(crews.HappeningList, {"results": found, "next_before": more})


class Recovery(CrewView):
    @extend_schema(
        operation_id="recovery_report",
        parameters=[crews.RecoveryQuery],
        responses=crews.RecoveryReport,
        tags=["workers"],
    )
    def get(self, request: Request) -> Response:
        """Which workers were lost, and what became of their tasks: from where each went on, and after how long."""
        wanted = inputs.query(crews.RecoveryQuery, request)
        until = wanted.get("until") or clock.now()
        since = wanted.get("since") or until - A_DAY
        return answer(crews.RecoveryReport, recovery.report(request.user, since, until, worker=wanted["worker"]))


class UnassignedTasks(CrewView):
    @extend_schema(
        operation_id="list_unassigned", parameters=[crews.LimitQuery], responses=crews.UnassignedList, tags=["workers"]
    )
    def get(self, request: Request) -> Response:
        """Pending tasks that no live worker can take, and why; of those that you may see."""
        found = unassigned.tasks(request.user, inputs.query(crews.LimitQuery, request)["limit"])
        return answer(crews.UnassignedList, {"results": found})


class Clusters(CrewView):
    @extend_schema(operation_id="list_clusters", responses=crews.ClusterList, tags=["workers"])
    def get(self, request: Request) -> Response:
        """The clusters of all hosts."""
        return answer(crews.ClusterList, {"results": standing.clusters()})


class OneCluster(CrewView):
    @extend_schema(operation_id="get_cluster", responses=crews.ClusterRow, tags=["workers"])
    def get(self, request: Request, cluster: str) -> Response:
        """One cluster, by its key, or by its name where only one has it."""
        return _cluster(steering.find_cluster(cluster))


def _cluster(row: Cluster) -> Response:
    return answer(crews.ClusterRow, standing.cluster(row))


def _obey_cluster(request: Request, name: str, verb: Callable[[Cluster, Any, str], Cluster]) -> Response:
    row = steering.find_cluster(name)
    return _cluster(verb(row, request.user, inputs.body(inputs.Reason, request)["reason"]))


def _of_cluster(operation_id: str) -> Any:
    return extend_schema(operation_id=operation_id, request=inputs.Reason, responses=crews.ClusterRow, tags=["workers"])


class DrainCluster(CrewView):
    @_of_cluster("drain_cluster")
    def post(self, request: Request, cluster: str) -> Response:
        """None of its workers, nor those that it starts later, takes anything until it is resumed."""
        return _obey_cluster(request, cluster, steering.drain_cluster)


class StopCluster(CrewView):
    @_of_cluster("stop_cluster")
    def post(self, request: Request, cluster: str) -> Response:
        """Its processes end in order; beside a web server it is started again when it is resumed."""
        return _obey_cluster(request, cluster, steering.stop_cluster)


class ResumeCluster(CrewView):
    @_of_cluster("resume_cluster")
    def post(self, request: Request, cluster: str) -> Response:
        """What was asked of it is taken back."""
        return _obey_cluster(request, cluster, steering.resume_cluster)
