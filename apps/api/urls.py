"""Every address of the API. Each is served with and without its last slash; the one with it is the name we use."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.urls import URLPattern, path, re_path

from apps.api.views import account, docs, files, history, tasks, templates
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
        _route("tasks", tasks.Tasks, "tasks"),
        _route("tasks/<int:task_id>", tasks.OneTask, "task"),
        _route("tasks/<int:task_id>/pause", tasks.Pause, "pause"),
        _route("tasks/<int:task_id>/resume", tasks.Resume, "resume"),
        _route("tasks/<int:task_id>/cancel", tasks.Cancel, "cancel"),
        _route("tasks/<int:task_id>/retry", tasks.Retry, "retry"),
        _route("tasks/<int:task_id>/feed", history.Feed, "feed"),
        _route("tasks/<int:task_id>/steps", history.Steps, "steps"),
        _route("tasks/<int:task_id>/log", history.Log, "log"),
        _route("tasks/<int:task_id>/result", history.Result, "result"),
        _route("tasks/<int:task_id>/artifacts", files.Artifacts, "artifacts"),
        _route("tasks/<int:task_id>/artifacts/<int:artifact_id>", files.Download, "download"),
    ),
    re_path("", NoSuchView.as_view()),
]
