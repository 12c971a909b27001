"""Every address of the API. Each is served with and without its last slash; the one with it is the name we use."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.urls import URLPattern, path, re_path

from apps.api.views import (
    account,
    again,
    approvals,
    bulk,
    definitions,
    docs,
    family,
    files,
    history,
    limits,
    queues,
    runs,
    tasks,
    templates,
    workers,
    workflows,
)
from apps.api.views.base import NoSuchView

app_name = "api"


def _route(route: str, view: Any, name: str) -> Iterator[URLPattern]:
    made = view.as_view()
    yield path(f"v1/{route}/" if route else "v1/", made, name=name)
    yield path(f"v1/{route}" if route else "v1", made)


urlpatterns = [
    *chain(
        _route("", docs.Index, "index"),
        _route("schema", docs.Schema, "schema"),
        _route("docs", docs.Docs, "docs"),
        _route("login", account.LogIn, "login"),
        _route("me", account.Me, "me"),
        _route("tokens", account.Tokens, "tokens"),
        _route("tokens/<slug:token>", account.OneToken, "token"),
        _route("templates", templates.Templates, "templates"),
        _route("templates/<slug:key>", templates.Template, "template"),
        _route("templates/<slug:key>/estimate", templates.Estimate, "estimate"),
        _route("templates/<slug:key>/definition", definitions.OneDefinition, "definition"),
        _route("templates/<slug:key>/revisions", definitions.Revisions, "revisions"),
        _route("templates/<slug:key>/revisions/<int:number>/publish", definitions.Publish, "publish_revision"),
        _route("workflows/check", workflows.Check, "check_workflow"),
        _route("workflows/plan", workflows.Plan, "plan_workflow"),
        _route("tasks", tasks.Tasks, "tasks"),
        _route("tasks/<int:task_id>", tasks.OneTask, "task"),
        _route("tasks/<int:task_id>/pause", tasks.Pause, "pause"),
        _route("tasks/<int:task_id>/resume", tasks.Resume, "resume"),
        _route("tasks/<int:task_id>/cancel", tasks.Cancel, "cancel"),
        _route("tasks/<int:task_id>/retry", tasks.Retry, "retry"),
        _route("tasks/<int:task_id>/start", tasks.Start, "start"),
        _route("tasks/<int:task_id>/again", again.Again, "again"),
        _route("tasks/<int:task_id>/fork", again.Fork, "fork"),
        _route("tasks/<int:task_id>/lineage", again.Lineage, "lineage"),
        _route("tasks/<int:task_id>/children", family.Children, "children"),
        _route("tasks/<int:task_id>/tell", family.Tell, "tell"),
        _route("tasks/<int:task_id>/run", runs.OneRun, "run"),
        _route("tasks/<int:task_id>/run/nodes", runs.Nodes, "run_nodes"),
        _route("tasks/<int:task_id>/run/nodes/<int:number>", runs.OneNode, "run_node"),
        _route("tasks/<int:task_id>/run/context", runs.Context, "run_context"),
        _route("tasks/<int:task_id>/run/context/<slug:key>", runs.OneKey, "run_key"),
        _route("tasks/<int:task_id>/run/recovery", runs.Recovery, "run_recovery"),
        _route("tasks/<int:task_id>/run/results", runs.Results, "run_results"),
        _route("tasks/<int:task_id>/run/errors", runs.Errors, "run_errors"),
        _route("tasks/<int:task_id>/priority", bulk.ChangePriority, "priority"),
        _route("tasks/<int:task_id>/queue", bulk.MoveQueue, "move"),
        _route("tasks/bulk", bulk.Bulk, "act_on_many"),
        _route("tasks/bulk/<int:bulk_id>", bulk.OneBulk, "bulk"),
        _route("tasks/bulk/<int:bulk_id>/stop", bulk.StopBulk, "stop_bulk"),
        _route("queues", queues.Queues, "queues"),
        _route("queues/<str:name>", queues.OneQueue, "queue"),
        _route("queues/<str:name>/pause", queues.PauseQueue, "pause_queue"),
        _route("queues/<str:name>/resume", queues.ResumeQueue, "resume_queue"),
        _route("queues/<str:name>/drain", queues.DrainQueue, "drain_queue"),
        _route("queues/<str:name>/reopen", queues.ReopenQueue, "reopen_queue"),
        _route("queues/<str:name>/clean", queues.CleanQueue, "clean_queue"),
        _route("limits", limits.Limits, "limits"),
        _route("limits/<int:limit_id>", limits.OneLimit, "limit"),
        _route("rates", limits.Rates, "rates"),
        _route("rates/<int:rate_id>", limits.OneRate, "rate"),
        _route("workers", workers.Workers, "workers"),
        _route("workers/recovery", workers.Recovery, "recovery"),
        _route("workers/unassigned", workers.UnassignedTasks, "unassigned"),
        _route("workers/events", workers.Events, "worker_events"),
        _route("workers/rebalance", workers.Rebalance, "rebalance"),
        _route("workers/<str:worker>", workers.OneWorker, "worker"),
        _route("workers/<str:worker>/drain", workers.DrainWorker, "drain_worker"),
        _route("workers/<str:worker>/stop", workers.StopWorker, "stop_worker"),
        _route("workers/<str:worker>/resume", workers.ResumeWorker, "resume_worker"),
        _route("clusters", workers.Clusters, "clusters"),
        _route("clusters/<str:cluster>", workers.OneCluster, "cluster"),
        _route("clusters/<str:cluster>/drain", workers.DrainCluster, "drain_cluster"),
        _route("clusters/<str:cluster>/stop", workers.StopCluster, "stop_cluster"),
        _route("clusters/<str:cluster>/resume", workers.ResumeCluster, "resume_cluster"),
        _route("tasks/<int:task_id>/reassign", workers.Reassign, "reassign"),
        _route("approvals", approvals.Approvals, "approvals"),
        _route("approvals/<int:approval_id>", approvals.OneApproval, "approval"),
        _route("approvals/<int:approval_id>/decide", approvals.Decide, "decide_approval"),
        _route("approvals/<int:approval_id>/delegate", approvals.Delegate, "delegate_approval"),
        _route("approvals/<int:approval_id>/files/<int:artifact_id>", approvals.EvidenceFile, "approval_file"),
        _route("tasks/<int:task_id>/feed", history.Feed, "feed"),
        _route("tasks/<int:task_id>/steps", history.Steps, "steps"),
        _route("tasks/<int:task_id>/log", history.Log, "log"),
        _route("tasks/<int:task_id>/result", history.Result, "result"),
        _route("tasks/<int:task_id>/artifacts", files.Artifacts, "artifacts"),
        _route("tasks/<int:task_id>/artifacts/<int:artifact_id>", files.Download, "download"),
    ),
    re_path("", NoSuchView.as_view()),
]
