"""The form of a connection, made from what its platform says it needs. Secrets go in and never come out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from apps.chat import connecting
from apps.chat.connecting import Wish
from apps.chat.models import Connection
from apps.chat.platforms.contract import Field, Platform
from apps.core.errors import InvalidInput
from apps.core.saying import clock
from apps.tasks.models import AuditEntry

LOOKED_BACK = 100
"""Entries of the audit that are searched for when a secret was set."""


class ConnectionForm(forms.Form):
    key = forms.CharField(
        max_length=50, help_text="Stands in the address that the platform calls, and stays: finance-bot."
    )
    name = forms.CharField(max_length=connecting.MAX_NAME, help_text="What people call it: Finance bot.")
    contexts = forms.CharField(
        required=False, max_length=1_100,
        help_text="What is talked of there, words with commas between: finance, invoices. They help to understand.",
    )  # fmt: skip

    def __init__(self, platform: Platform, connection: Connection | None, now: datetime, **given: Any) -> None:
        super().__init__(auto_id="id_%s", **given)
        self.platform = platform
        if connection is None:
            self.initial.setdefault("key", platform.key)
            self.initial.setdefault("name", f"{platform.name} bot")
        else:
            del self.fields["key"]
            self.initial = {"name": connection.name, "contexts": ", ".join(connection.contexts)}
        kept = (connecting.secrets_of(connection) or {}) if connection else {}
        since = secrets_set(connection) if connection and kept else {}
        for each in platform.fields:
            if each.is_made:
                continue
            is_set = each.name in kept
            self.fields[_input(each)] = _field(each, is_set=is_set, since=_said(since.get(each.name), now))
            if not each.is_secret:
                self.initial[_input(each)] = (
                    connection.settings.get(each.name, each.default) if connection else each.default
                )
            elif is_set and (each.only or not each.is_required):
                self.fields[f"forget_{each.name}"] = forms.BooleanField(
                    required=False, label=f"Take away: {each.label}"
                )

    def wish(self) -> Wish:
        """Of a valid form."""
        given = self.cleaned_data
        names = {each.name: each.is_secret for each in self.platform.fields if not each.is_made}
        return Wish(
            name=given["name"],
            contexts=given["contexts"].split(","),
            values={name: given[f"set_{name}"] for name, is_secret in names.items() if not is_secret},
            secrets={name: given[f"set_{name}"] for name, is_secret in names.items() if is_secret},
            forgotten=[name for name in names if given.get(f"forget_{name}")],
        )

    def refuse(self, error: InvalidInput) -> None:
        for name, why in error.fields.items():
            place = name if name in self.fields else f"set_{name}"
            self.add_error(place if place in self.fields else None, why)
        if not error.fields:
            self.add_error(None, error.message)


def _input(each: Field) -> str:
    return f"set_{each.name}"


def _field(each: Field, *, is_set: bool, since: str) -> forms.Field:
    """What is required may be missing for now: `connecting.missing` says so on the connection's page."""
    help_text = each.help
    if each.is_secret:
        if is_set:
            help_text = f"{since} Leave it empty to keep it. {help_text}".strip()
        widget: forms.Widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        return forms.CharField(required=False, label=_label(each), help_text=help_text, widget=widget, strip=True)
    if each.choices:
        return forms.ChoiceField(required=False, label=each.label, help_text=help_text, choices=list(each.choices))
    return forms.CharField(required=False, label=_label(each), help_text=help_text)


def _label(each: Field) -> str:
    return each.label if each.is_required or each.only else f"{each.label} (optional)"


def _said(since: datetime | None, now: datetime) -> str:
    return f"Set: {clock(since, now)}." if since else "It is set."


def secrets_set(connection: Connection) -> Mapping[str, datetime]:
    """When each secret was set last, as far as the audit reaches back. One query."""
    entries = AuditEntry.objects.filter(subject=f"connection:{connection.key}").order_by("-id")
    found: dict[str, datetime] = {}
    for at, data in entries.values_list("at", "data")[:LOOKED_BACK]:
        for name in data.get("secrets", ()):
            found.setdefault(name, at)
    return found
