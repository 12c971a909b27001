"""The admin site: the stock admin with our own pages, menu and style."""

from django.contrib.admin.apps import AdminConfig


class ChantillyAdminConfig(AdminConfig):
    default_site = "django.contrib.admin.sites.AdminSite"
