from django.apps import AppConfig
from django.contrib import admin
from django.utils.module_loading import autodiscover_modules


class ConsoleConfig(AppConfig):
    name = "apps.console"
    label = "console"

    def ready(self) -> None:
        from apps.core.logins import LimitedAdminSignIn

        admin.site.login_form = LimitedAdminSignIn
        # Beside each app's `admin`, which Django looks for itself.
        autodiscover_modules("steering", register_to=admin.site)
