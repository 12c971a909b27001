"""Who may hear what, where. A private dialog is its account's; what is said in a group, everybody there can read.

In a group that is not open only what the asker wrote and that a task exists is said; what tasks produce and hold, lists
and reasons go to the asker's private dialog. An administrator opens a group (`Dialog.is_open`) whose members may all
see what comes of what is asked there; a thread of a channel is as open as the channel's others.
"""

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Left

from apps.catalog.models import TaskTemplate
from apps.chat.models import Account, Dialog
from apps.chat.platforms import platform
from apps.chat.platforms.contract import GROUP, PRIVATE


def is_discreet(dialog: Dialog) -> bool:
    """Whether everybody who reads there may see what a task produces."""
    return dialog.kind == PRIVATE or dialog.is_open


def for_details(dialog: Dialog, account: Account) -> Dialog | None:
    """Where results may be shown to this account: here, or in private; None when they have no private dialog."""
    return dialog if is_discreet(dialog) else private_of(account)


def private_of(account: Account) -> Dialog | None:
    """Where this account is told something alone; None where that is not known, or not so any more."""
    if not account.private_dialog:
        return None
    found, _ = Dialog.objects.select_related("connection").get_or_create(
        connection_id=account.connection_id, external_id=account.private_dialog, defaults={"kind": PRIVATE}
    )
    is_alone = found.kind == PRIVATE and not found.is_gone  # others may have come in since
    return found if is_alone else None


def of_channel(dialog: Dialog) -> QuerySet[Dialog]:
    """All dialogs of the channel that this one is a thread of: the same people read them all. There may be thousands."""
    key = dialog.connection.platform
    mark = platform(key).limits.thread_mark if key in settings.CHAT_PLATFORMS else ""
    if dialog.kind != GROUP or not mark:
        return Dialog.objects.filter(pk=dialog.pk)
    channel = dialog.external_id.partition(mark)[0]
    near = Dialog.objects.filter(connection=dialog.connection_id, kind=GROUP, external_id__startswith=channel)
    # `startswith` alone finds C12 beside C1, and in SQLite c1.
    begun = near.annotate(begins=Left("external_id", len(channel) + len(mark)))
    return begun.filter(begins__in=[channel, f"{channel}{mark}"]).order_by("-pk")


def sayable(templates: QuerySet[TaskTemplate], dialog: Dialog) -> QuerySet[TaskTemplate]:
    """Of templates that the asker may start, those whose names may be read there."""
    if dialog.kind != GROUP or dialog.is_open:
        return templates
    return templates.filter(run_groups__isnull=True)
