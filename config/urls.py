from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.api import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/", include("apps.api.urls")),
    path("chat/hooks/", include("apps.chat.door.urls")),
    path("chat/", include("apps.chat.pages.outside")),
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
