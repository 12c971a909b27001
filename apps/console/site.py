"""The admin site: the stock admin with our own pages, menu and style."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, URLResolver, path, reverse

HIDDEN_APPS = {"django_q"}
"""Django-Q2's pages let staff schedule any dotted function; what they show is not the truth here anyway."""


class ChantillyAdminConfig(AdminConfig):
    default_site = "apps.console.site.ConsoleSite"


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    key: str
    label: str
    url: str
    letter: str
    prefixes: tuple[str, ...] = ()
    count: str = ""

    def is_current(self, request: HttpRequest) -> bool:
        """Whether the request is for this entry's page or one below it."""
        return request.path == self.url or request.path.startswith(self.prefixes)


@dataclass(frozen=True, kw_only=True)
class Extension:
    """What an app above the console adds to the site. `urls` gets the site's guard; `entry` answers None for those who
    may not open it."""

    urls: Callable[[Callable[[Callable[..., Any]], Any]], list[URLPattern]]
    entry: Callable[[HttpRequest], MenuEntry | None]


class ConsoleSite(AdminSite):
    site_header = "Chantilly"
    site_title = "Chantilly"
    index_title = "Overview"
    site_url = None
    index_template = "admin/index.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._extensions: list[Extension] = []

    def extend(self, extension: Extension) -> None:
        self._extensions.append(extension)

    def register(
        self, model_or_iterable: type[Model] | Iterable[type[Model]], admin_class: Any = None, **options: Any
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        shown = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        if shown:
            super().register(shown, admin_class or ModelAdmin, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        from apps.console import anew, goingon, totals, understood, views
        from apps.console.approvals.urls import urls as approval_urls
        from apps.console.crew.urls import urls as crew_urls
        from apps.console.runs.urls import urls as run_urls

        ours: list[URLResolver | URLPattern] = [
            path("start/", self.admin_view(views.choose_template), name="start"),
            path("catalog/tasktemplate/<slug:key>/start/", self.admin_view(views.start), name="start_template"),
            path(
                "catalog/tasktemplate/<slug:key>/revisions/<int:number>/examples/",
                self.admin_view(understood.show),
                name="template_examples",
            ),
            path("tasks/artifact/<int:artifact_id>/download/", self.admin_view(views.download), name="download"),
            path("tasks/totals/", self.admin_view(totals.show), name="totals"),
            path("tasks/totals/csv/", self.admin_view(totals.download), name="totals_csv"),
            *crew_urls(self.admin_view),
            *approval_urls(self.admin_view),
            *run_urls(self.admin_view),
            path("tasks/task/<int:task_id>/anew/", self.admin_view(anew.make), name="task_anew"),
            path("tasks/task/<int:task_id>/go-on/", self.admin_view(goingon.act), name="task_go_on"),
            *(
                path(
                    f"tasks/task/<int:task_id>/{verb}/", self.admin_view(views.act), {"verb": verb}, name=f"task_{verb}"
                )
                for verb in views.VERBS
            ),
        ]
        added = [each for extension in self._extensions for each in extension.urls(self.admin_view)]
        return [*ours, *added, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "menu": self.menu(request)}

    def menu(self, request: HttpRequest) -> list[tuple[MenuEntry, bool]]:
        """Entries that this user may open, each with whether it is the present one."""
        if not self.has_permission(request):
            return []
        entries = [_overview(), _tasks(), _approvals(request), *_crew(request), _templates(request)]
        entries += filter(None, (extension.entry(request) for extension in self._extensions))
        current = [entry.is_current(request) for entry in entries]
        return list(zip(entries, current, strict=True))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from apps.console import overview

        return super().index(request, {**overview.context(request.user), **(extra_context or {})})


def _overview() -> MenuEntry:
    return MenuEntry(key="overview", label="Overview", url=reverse("admin:index"), letter="o")


def _tasks() -> MenuEntry:
    url = reverse("admin:tasks_task_changelist")
    return MenuEntry(key="tasks", label="Tasks", url=url, letter="t", prefixes=(url, reverse("admin:totals")))


def _approvals(request: HttpRequest) -> MenuEntry:
    from apps.console.approvals import inbox

    url = reverse("admin:approvals")
    return MenuEntry(
        key="approvals", label="Approvals", url=url, letter="a", prefixes=(url,), count=inbox.badge(request.user)
    )


def _crew(request: HttpRequest) -> list[MenuEntry]:
    if not request.user.has_perm("workers.view_worker"):
        return []
    url = reverse("admin:crew")
    return [MenuEntry(key="crew", label="Queues & workers", url=url, letter="w", prefixes=(url,))]


def _templates(request: HttpRequest) -> MenuEntry:
    """The catalogue's list for those who may look at it, the chooser for everybody else."""
    start = reverse("admin:start")
    url = start
    if request.user.has_perm("catalog.view_tasktemplate"):
        try:
            url = reverse("admin:catalog_tasktemplate_changelist")
        except NoReverseMatch:
            url = start
    return MenuEntry(key="templates", label="Templates", url=url, letter="p", prefixes=(url, start))
