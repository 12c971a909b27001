"""Connections to chat platforms: who sets them up, and what of it goes on record. Secrets never do.

Each change is permitted, checked and written together with its entry in the audit. What a platform is asked on the way
(is the token right, register the bot) is asked outside of any transaction.
"""

import re
import secrets as random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from apps.chat import events, outbox, people, places
from apps.chat.models import Account, Connection, ConnectionEvent, Dialog, Post
from apps.chat.platforms import platform
from apps.chat.platforms.contract import Field, Platform, PlatformError
from apps.chat.wiring import wiring
from apps.core import clock, sealing
from apps.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from apps.core.masking import mask, storable
from apps.tasks.operators import audit

PAGE = "page"
OWN = frozenset({PAGE, "email"})
"""Platforms of the site's own, each with one connection that is made by itself."""
MAX_NAME, MAX_VALUE = 100, 4_000
MAX_CONTEXTS, MAX_CONTEXT = 20, 50
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
Kind = ConnectionEvent.Kind


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants a connection to be. `secrets`: new ones only; an empty one leaves the old in its place."""

    name: str
    contexts: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    forgotten: Sequence[str] = ()
    """Names of secrets that are to be taken away."""


def platforms() -> list[Platform]:
    """Those that can be connected."""
    return [platform(key) for key in settings.CHAT_PLATFORMS if key not in OWN]


def add(by: Any, platform_key: str, key: str, wish: Wish) -> Connection:
    """Raises NotPermitted, NotFound, InvalidInput by field."""
    permit(by, "add")
    if platform_key in OWN or platform_key not in settings.CHAT_PLATFORMS:
        raise NotFound("There is no such chat platform here.", code="no_such_platform")
    row = Connection(key=key.strip(), platform=platform_key)
    if not KEY.fullmatch(row.key) or row.key in OWN:
        why = "Use up to 50 small letters, digits, - and _, such as finance-bot."
        raise InvalidInput("The key cannot be used.", fields={"key": why})
    _fill(row, wish, {})
    try:
        with transaction.atomic():
            row.save()
            _record(by, "added", row, {}, _shown(row), sorted(row.secrets))
    except IntegrityError:
        why = f"Another connection has the key {row.key}."
        raise InvalidInput(why, fields={"key": why}, code="is_set") from None
    events.note(row, Kind.CHANGED, f"added by {by.get_username()}")
    return row


def change(by: Any, connection: Connection, wish: Wish) -> Connection:
    """What the platform told us to remember stays; secrets are sealed anew, with the key that is first now.

    Raises NotPermitted, InvalidInput by field.
    """
    permit(by, "change")
    with transaction.atomic():
        row = _locked(connection)
        before, kept = _shown(row), secrets_of(row) or {}
        _fill(row, wish, kept)
        named = sorted({name for name in {*kept, *row.secrets} if kept.get(name) != row.secrets.get(name)})
        row.save(update_fields=["name", "contexts", "settings", "sealed"])
        if before == _shown(row) and not named:
            return row
        _record(by, "changed", row, before, _shown(row), named)
    events.note(row, Kind.CHANGED, f"changed by {by.get_username()}")
    return row


def switch(by: Any, connection: Connection, *, is_on: bool) -> None:
    """One that is off hears and says nothing."""
    permit(by, "change")
    with transaction.atomic():
        row = _locked(connection)
        if row.is_enabled == is_on:
            return
        row.is_enabled = is_on
        row.save(update_fields=["is_enabled"])
        _record(by, "enabled" if is_on else "disabled", row, {}, {}, ())
        outbox.wake()
    events.note(row, Kind.CHANGED, f"{'enabled' if is_on else 'disabled'} by {by.get_username()}")


def remove(by: Any, connection: Connection) -> None:
    """With its dialogs, accounts, messages and posts. Tasks stay."""
    permit(by, "delete")
    if connection.platform in OWN:
        raise Conflict("This connection is the site's own and cannot be removed. Disable it, if nobody is to use it.")
    with transaction.atomic():
        row = _locked(connection)
        _record(by, "removed", row, _shown(row), {}, sorted(secrets_of(row) or {}))
        row.delete()


def check(by: Any, connection: Connection, site: str) -> str:
    """Ask the platform who we are: a sentence. Raises PlatformError, CannotUnseal."""
    permit(by, "change")
    said = _asked(connection, lambda: platform(connection.platform).check(wiring(connection, site)))
    events.note(connection, Kind.CHECKED, said)
    return str(said)


def install(by: Any, connection: Connection, site: str) -> str:
    """Register the bot, or its address, with the platform; what is still to be done, '' when nothing is. May be repeated.
    Raises PlatformError, CannotUnseal."""
    permit(by, "change")
    return _install(by, connection, site, f"installed by {by.get_username()}")


def complete(connection: Connection, site: str) -> None:
    """What the platform itself began, by an administrator there. Raises PlatformError, CannotUnseal."""
    _install(None, connection, site, f"installed from {platform(connection.platform).name}")


def _install(by: Any, connection: Connection, site: str, how: str) -> str:
    found = _asked(connection, lambda: platform(connection.platform).install(wiring(connection, site)))
    with transaction.atomic():
        row = _locked(connection)
        row.settings = {**row.settings, **found.get("settings", {})}
        row.put_secrets({**row.secrets, **found.get("secrets", {})})
        row.save(update_fields=["settings", "sealed"])
        _record(by, "installed", row, {}, {}, sorted(found.get("secrets", {})))
    said = str(found.get("said", ""))
    events.note(row, Kind.INSTALLED, said or how)
    return said


def uninstall(by: Any, connection: Connection, site: str) -> None:
    """Take back what `install` did. Raises PlatformError, CannotUnseal."""
    permit(by, "change")
    _asked(connection, lambda: platform(connection.platform).uninstall(wiring(connection, site)))
    with transaction.atomic():
        _record(by, "uninstalled", connection, {}, {}, ())
    events.note(connection, Kind.CHANGED, f"uninstalled by {by.get_username()}")


def link_account(by: Any, account: Account, user: Any) -> None:
    """An account belongs to this user from now on, or to nobody. Raises NotPermitted, NotFound, Conflict."""
    before = account.user
    if before == user:
        return
    with transaction.atomic():
        if user is None:
            people.unlink(account, by)
        else:
            people.link(account, user, by, clock.now())
        names = [each.get_username() if each else "" for each in (before, user)]
        verb = "account.linked" if user else "account.unlinked"
        audit.record(by, verb, f"account:{account.pk}", before={"user": names[0]}, after={"user": names[1]})


def set_dialog(by: Any, dialog: Dialog, *, contexts: Sequence[str], is_open: bool) -> None:
    """What is talked of there, and whether everybody there may see results: in all threads of a channel, or in none."""
    if not by.has_perm("chat.change_dialog"):
        raise NotPermitted("You may not change dialogs (chat.change_dialog). Ask an administrator.")
    words = _contexts(contexts)
    with transaction.atomic():
        row = Dialog.objects.select_for_update().get(pk=dialog.pk)
        before = {"contexts": row.contexts, "is_open": row.is_open}
        after = {"contexts": words, "is_open": is_open}
        if before != after:
            Dialog.objects.filter(pk=row.pk).update(**after)
            audit.record(by, "dialog.changed", f"dialog:{row.pk}", before=before, after=after)
        others = places.of_channel(row).exclude(pk=row.pk).exclude(is_open=is_open)
        Dialog.objects.filter(pk__in=others.values("pk")).update(is_open=is_open)


def send_again(by: Any, posts: Sequence[Post]) -> int:
    """Those of them that had failed. Returns how many."""
    permit(by, "change")
    now = clock.now()
    with transaction.atomic():
        again = [post for post in posts if outbox.send_again(post, now)]
        if again:
            audit.record(by, "posts.sent_again", f"posts:{len(again)}", posts=[post.pk for post in again[:200]])
            outbox.wake()
    return len(again)


def permit(by: Any, verb: str) -> None:
    """`verb`: view, add, change or delete. Raises NotPermitted."""
    if not (by.is_active and by.has_perm(f"chat.{verb}_connection")):
        raise NotPermitted(f"You may not {verb} chat connections. Ask an administrator for the permission to.")


def secrets_of(connection: Connection) -> Mapping[str, str] | None:
    """None where they cannot be read: sealed with a key that is not set any more."""
    try:
        return connection.secrets
    except sealing.CannotUnseal:
        return None


def missing(connection: Connection) -> list[Field]:
    """What it needs and has not."""
    secrets = secrets_of(connection) or {}
    fields = platform(connection.platform).fields
    chosen = {each.name: connection.settings.get(each.name) or each.default for each in fields}
    return [
        each
        for each in fields
        if (each.is_required if each.only is None else chosen[each.only[0]] == each.only[1])
        and not (secrets if each.is_secret else connection.settings).get(each.name)
    ]


def _asked(connection: Connection, question: Any) -> Any:
    """What the platform answers; a refusal is noted among what happened to the connection."""
    try:
        return question()
    except PlatformError as error:
        events.note(connection, Kind.FAILED, error.message)
        raise


def _locked(connection: Connection) -> Connection:
    found = Connection.objects.select_for_update().filter(pk=connection.pk).first()
    if found is None:
        raise NotFound("This connection is not there any more.")
    return found


def _fill(row: Connection, wish: Wish, kept: Mapping[str, str]) -> None:
    """Raises InvalidInput by field."""
    wrong: dict[str, str] = {}
    row.name = storable(wish.name.strip())
    if not 0 < len(row.name) <= MAX_NAME:
        wrong["name"] = f"Use a name of at most {MAX_NAME} characters."
    secrets, values = dict(kept), dict(row.settings)
    for each in platform(row.platform).fields:
        given = (wish.secrets if each.is_secret else wish.values).get(each.name, "").strip()
        place = secrets if each.is_secret else values
        if each.is_made:
            place.setdefault(each.name, random.token_urlsafe(24))
            continue
        if each.is_secret and each.name in wish.forgotten:
            place.pop(each.name, None)
        elif given or not each.is_secret:
            place[each.name] = given
        if why := _why_not(each, place.get(each.name, "")):
            wrong[each.name] = why
    if wrong:
        raise InvalidInput("The connection needs attention.", fields=wrong)
    row.settings, row.contexts = values, _contexts(wish.contexts)
    row.put_secrets(secrets)


def _why_not(each: Field, value: str) -> str:
    """What is missing is no mistake: some platforms tell their secrets only to who has our address already."""
    if not value:
        return ""
    if len(value) > MAX_VALUE or value != storable(value) or "\n" in value:
        return f"Use one line of at most {MAX_VALUE:,} characters."
    if each.choices and value not in {known for known, _ in each.choices}:
        return "Choose one of those that are offered."
    return "Use an address that begins with https:// or http://." if _is_bad_address(each, value) else ""


def _is_bad_address(each: Field, value: str) -> bool:
    if not (each.name == "url" or each.name.endswith("_url")):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return parts.scheme not in ("http", "https") or not parts.hostname


def _contexts(words: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    if len(found) > MAX_CONTEXTS or any(len(word) > MAX_CONTEXT or word != storable(word) for word in found):
        why = f"Use at most {MAX_CONTEXTS} words of at most {MAX_CONTEXT} characters."
        raise InvalidInput(why, fields={"contexts": why})
    return found


def _shown(row: Connection) -> dict[str, Any]:
    """What may be read in the audit: settings too can hold a token that somebody put in the wrong field."""
    values = {name: mask(str(value), 200) for name, value in row.settings.items()}
    return {"name": row.name, "contexts": list(row.contexts), "settings": values}


def _record(
    by: Any, verb: str, row: Connection, before: Mapping[str, Any], after: Mapping[str, Any], secrets: Sequence[str]
) -> None:
    """Of secrets only the names of those that changed."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    audit.record(
        by, f"connection.{verb}", f"connection:{row.key}", secrets=list(secrets),
        before={name: before[name] for name in names if name in before},
        after={name: after[name] for name in names if name in after},
    )  # fmt: skip
