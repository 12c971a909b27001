"""Whose account an account is. By a code that its owner got from a page while signed in, or by an administrator; never
by a name or an address that a platform reports.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from apps.chat.models import Account, Connection, Lesson, LinkCode, Post, PostState
from apps.chat.platforms.contract import PRIVATE, Arrived
from apps.core.errors import Conflict, NotFound, NotPermitted

CODE_LASTS = timedelta(minutes=10)
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without 0, O, 1 and I: codes are read aloud and typed."""
CODE_LENGTH = 8
MOST_WRONG, WRONG_WITHIN = 5, timedelta(minutes=15)
"""Codes that an account may try: 32**8 of them cannot be guessed at this pace."""
SILENCE = timedelta(hours=1)
"""An account of nobody is answered once in this time."""


def new_code(user: Any, now: datetime) -> str:
    """A code for this user, shown once; the codes that they got before are worth nothing any more."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    with transaction.atomic():
        LinkCode.objects.filter(user=user).delete()
        LinkCode.objects.create(user=user, digest=_digest(code), created_at=now, expires_at=now + CODE_LASTS)
    return f"{code[:4]}-{code[4:]}"


def code_in(text: str) -> str:
    """The code that a message is, '' when it is none. `link` or `/start` may stand before it."""
    words = text.upper().split()
    if len(words) == 2 and words[0] in ("LINK", "/LINK", "/START", "START"):
        words = words[1:]
    bare = words[0].replace("-", "") if len(words) == 1 else ""
    return bare if len(bare) == CODE_LENGTH and set(bare) <= set(ALPHABET) and _has_form(words[0]) else ""


def _has_form(word: str) -> bool:
    """With its hyphen, or with a digit: an ordinary word of eight letters is none."""
    return "-" in word or any(each.isdigit() for each in word)


def redeem(code: str, account: Account, now: datetime) -> Any:
    """Link the account to the code's user, whom it returns. Raises NotFound, and Conflict after too many wrong ones."""
    _refuse_guessing(account, now)
    with transaction.atomic():
        found = LinkCode.objects.select_related("user").filter(digest=_digest(code)).first()
        is_mine = found is not None and bool(
            LinkCode.objects.filter(pk=found.pk, used_at__isnull=True, expires_at__gt=now).update(used_at=now)
        )
        if found is not None and is_mine and found.user.is_active:
            _forget(account, found.user)
            since = _since(account, found.user, now)
            Account.objects.filter(pk=account.pk).update(
                user=found.user, linked_at=since, linked_by=None, wrong_codes=0, wrong_since=None
            )
            account.user, account.linked_at = found.user, since
            return found.user
    _count_wrong(account, now)
    raise NotFound("This code is not known, was used, or is older than ten minutes.", code="no_such_code")


def code_from(account: Account, text: str, now: datetime) -> str:
    """The code that this account says, '' when it says none.

    Who is linked may answer a question with what looks like a code: KD-345678 is one only where it was given to
    somebody. It counts as a wrong one all the same, so that nobody can guess this way.
    """
    code = code_in(text)
    may_be_answer = bool(code) and account.user_id is not None and len(text.split()) == 1
    if may_be_answer and not LinkCode.objects.filter(digest=_digest(code)).exists():
        _count_wrong(account, now)
        return ""
    return code


def burn(code: str) -> None:
    """A code that others may have read is worth nothing any more."""
    LinkCode.objects.filter(digest=_digest(code)).delete()


def link(account: Account, user: Any, by: Any, now: datetime) -> None:
    """By an administrator. Raises NotPermitted, and NotFound for a user who is disabled."""
    if not by.has_perm("chat.change_account"):
        raise NotPermitted("You may not link chat accounts to users (chat.change_account).")
    if not user.is_active:
        raise NotFound("This user is disabled; enable the user first.", code="no_such_user")
    _refuse_page(account)
    with transaction.atomic():
        _forget(account, user)
        since = _since(account, user, now)
        Account.objects.filter(pk=account.pk).update(user=user, linked_at=since, linked_by=by)


def _since(account: Account, user: Any, now: datetime) -> datetime:
    """From when on it is theirs: what was said there before is not theirs to read."""
    return account.linked_at if account.linked_at is not None and account.user_id == user.pk else now


def unlink(account: Account, by: Any) -> None:
    """By its owner or an administrator. What was asked in its talks is forgotten."""
    if account.user_id != by.pk and not by.has_perm("chat.change_account"):
        raise NotPermitted("You may unlink your own chat accounts only.")
    _refuse_page(account)
    with transaction.atomic():
        _forget(account, None)
        Account.objects.filter(pk=account.pk).update(user=None, linked_at=None, linked_by=None)


def _forget(account: Account, user: Any) -> None:
    """What was talked of and followed by somebody else than this user is not theirs to go on with."""
    if account.user_id is not None and account.user_id != (user.pk if user else None):
        Account.objects.filter(pk=account.pk).update(may_keep=False)
        account.talks.all().delete()
        Lesson.objects.filter(account=account).delete()
        account.followings.filter(is_over=False).update(is_over=True)
        unsaid = Post.objects.filter(account=account, due_at__isnull=False, external_id="")
        unsaid.update(state=PostState.DROPPED, due_at=None, remark="The account is another person's now.")


def _refuse_page(account: Account) -> None:
    """Its id is the user's: another user would speak for them."""
    if account.connection.platform == "page":
        raise Conflict("On the chat page everybody is themselves: such an account is nobody else's and stays linked.")


def let_keep(account: Account, by: Any, *, is_wanted: bool) -> None:
    """Whether messages of this account that were misunderstood may be kept: its owner decides, nobody else.

    A no takes along what was kept before.
    """
    if account.user_id != by.pk:
        raise NotPermitted("Only the owner of a chat account can say whether its messages may be kept.")
    with transaction.atomic():
        Account.objects.filter(pk=account.pk, user=by).update(may_keep=is_wanted)
        if not is_wanted:
            Lesson.objects.filter(account=account).delete()


def account_of(connection: Connection, arrived: Arrived) -> Account:
    """The account that sent this, with its user; made when it is seen for the first time."""
    account, _ = Account.objects.select_related("user").get_or_create(
        connection=connection, external_id=arrived.sender, defaults={"shown_name": arrived.sender_name[:200]}
    )
    changes = {}
    if arrived.sender_name and account.shown_name != arrived.sender_name[:200]:
        changes["shown_name"] = arrived.sender_name[:200]
    is_private = arrived.dialog_kind == PRIVATE and not arrived.is_aside
    if is_private and account.private_dialog != arrived.dialog:
        changes["private_dialog"] = arrived.dialog
    if changes:
        Account.objects.filter(pk=account.pk).update(**changes)
        for name, value in changes.items():
            setattr(account, name, value)
    return account


def own_account(connection: Connection, user: Any, now: datetime) -> Account:
    """The account of a signed-in user on the site's own chat page: it is the user."""
    account, _ = Account.objects.get_or_create(
        connection=connection,
        external_id=str(user.pk),
        defaults={
            "shown_name": user.get_username(), "user": user, "linked_at": now, "private_dialog": f"user-{user.pk}",
        },
    )  # fmt: skip
    return account


def is_to_be_answered(account: Account, now: datetime) -> bool:
    """Whether an account of nobody gets its polite answer now. True marks that it was answered."""
    if account.answered_at is not None and account.answered_at > now - SILENCE:
        return False
    Account.objects.filter(pk=account.pk).update(answered_at=now)
    return True


def _refuse_guessing(account: Account, now: datetime) -> None:
    since = account.wrong_since
    if since is not None and since > now - WRONG_WITHIN and account.wrong_codes >= MOST_WRONG:
        raise Conflict("There were too many wrong codes from this account. Try again in a quarter of an hour.")


def _count_wrong(account: Account, now: datetime) -> None:
    is_fresh = account.wrong_since is None or account.wrong_since <= now - WRONG_WITHIN
    account.wrong_codes = 1 if is_fresh else account.wrong_codes + 1
    account.wrong_since = now if is_fresh else account.wrong_since
    Account.objects.filter(pk=account.pk).update(wrong_codes=account.wrong_codes, wrong_since=account.wrong_since)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.upper().replace("-", "").encode()).digest()


def user_of(account: Account) -> Any:
    """The person, None when it is nobody's or the user is disabled. Read anew: rights may have changed."""
    if account.user_id is None:
        return None
    return get_user_model().objects.filter(pk=account.user_id, is_active=True).first()
