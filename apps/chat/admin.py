"""The chat in the admin: its pages and the menu's entry; its rows as lists."""

from typing import cast

from django.contrib import admin

from apps.chat.pages.urls import EXTENSION
from apps.console.site import ConsoleSite

cast(ConsoleSite, admin.site).extend(EXTENSION)
