"""One turn of a conversation: what came in is understood, done and answered; then it counts as done.

1. A row is taken by compare-and-swap; who dies over it leaves it due again after TAKEN.
2. Rows of one account in one dialog are taken in their order, one at a time.
3. What a turn starts has a key; what it says has keys; its end (state, posts, the row) is one transaction that is
   refused when the conversation has gone on meanwhile. So a turn that is repeated doubles nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.urls import reverse
from django.utils import timezone

from apps.chat import buttons, following, lessons, modelling, outbox, people, places, world
from apps.chat.buttons import Chosen
from apps.chat.content import Button, Content
from apps.chat.inbox import arrived_of
from apps.chat.models import Account, Dialog, Incoming, IncomingState, Talk
from apps.chat.obeying import Done, Obeying
from apps.chat.platforms.contract import GROUP, PRIVATE, Arrived
from apps.chat.saying import content
from apps.chat.wording import language, say
from apps.core import clock
from apps.core.errors import ChantillyError
from apps.core.masking import mask
from apps.language.contract import About, Message
from apps.language.conversation import Act, AskModel, Learn, State, Turn, converse
from apps.tasks.models import Approval
from apps.workers.supervisor import address

log = structlog.get_logger("chantilly.chat")
TAKEN = timedelta(seconds=30)
AT_WORK = "being answered"
PAUSES = (timedelta(seconds=2), timedelta(seconds=15))
"""Before a turn that failed is tried again; after the last it is given up, and the person is told."""


class GoneOn(ChantillyError):
    """The conversation has gone on while this turn was thought about; it is thought about again."""

    code = "gone_on"


def due(now: datetime, most: int) -> list[Incoming]:
    """What may be taken now: the first of each account in each dialog."""
    earlier = Incoming.objects.filter(
        connection=OuterRef("connection"), dialog=OuterRef("dialog"), sender=OuterRef("sender"),
        due_at__isnull=False, pk__lt=OuterRef("pk"),
    )  # fmt: skip
    ready = Incoming.objects.due(now).filter(connection__is_enabled=True).select_related("connection")
    return list(ready.exclude(Exists(earlier))[:most])


def attend(seen: Incoming) -> bool:
    """Take this row and end it, or put it off. False when another has it."""
    now = clock.now()
    mine = Incoming.objects.filter(pk=seen.pk, state=IncomingState.WAITING, due_at=seen.due_at)
    if not mine.update(due_at=now + TAKEN, tries=F("tries") + 1, remark=AT_WORK):
        return False
    seen.tries += 1
    seen.due_at = now + TAKEN
    try:
        _Turn(seen, now).take()
    except Exception as error:
        # Whatever it is: the others in this conversation wait behind it, so it is tried again a few times, then given up.
        log.exception("chat_turn_failed", incoming_id=seen.pk, tries=seen.tries)
        _put_off(seen, error, clock.now())
    return True


def take_over(now: datetime) -> int:
    """To be called by who is the one service now: what another had taken, and did not end, is due at once."""
    return Incoming.objects.filter(state=IncomingState.WAITING, remark=AT_WORK, due_at__gt=now).update(due_at=now)


class _Turn:
    def __init__(self, row: Incoming, now: datetime) -> None:
        self.row, self.now = row, now
        self.arrived = arrived_of(row)
        self.account = people.account_of(row.connection, self.arrived)
        self.here = self.dialog = _dialog(row, self.arrived)

    def take(self) -> None:
        user = people.user_of(self.account)
        locale = self._locale()
        if self.arrived.kind == "left":
            self._left()
        elif code := people.code_from(self.account, self.arrived.text, self.now):
            self._link(code, locale)
        elif self.account.user_id is None:
            self._nobody(locale)
        elif user is None:
            self._answer([Content(text=say("disabled", locale))])
        elif self.arrived.kind == "joined":
            self._answer([Content(text=say("welcome", locale))])
        else:
            self._converse(user)

    # People whom we know ---------------------------------------------------------------------------------------------

    def _converse(self, user: Any) -> None:
        if self.arrived.is_aside:
            home = places.private_of(self.account)
            if home is None:
                name = self.account.shown_name or "you"
                self._answer([Content(text=say("no_private", self._locale(), name=name))])
                return
            self.dialog = home
        talk, _ = Talk.objects.get_or_create(dialog=self.dialog, account=self.account)
        state = State.from_json(talk.state)
        chosen = self._chosen(state)
        if acts := buttons.acts(chosen.value):
            self._press(user, talk, state, acts)
            return
        if chosen.either:
            self._ask_which(talk, state, chosen.either)
            return
        said = self._message(chosen)
        around = world.of(user, self.account, self.dialog, talk, self.now, has_model=modelling.is_there())
        turn = converse(state, said, around)
        if any(isinstance(act, AskModel) for act in turn.acts):
            reading = modelling.read(said, around.cards, subject=f"chat:{user.pk}")
            around = world.with_reading(around, reading)
            turn = converse(state, said, around)
        locale = language(turn.state.language or self._locale())
        obeying = Obeying(user, self.account, self.dialog, locale, self.now)
        after = obeying.obey(turn.state, turn.acts)
        self._end(talk, after, turn, obeying.done, locale)

    def _chosen(self, state: State) -> Chosen:
        """The button that was pressed, or the number that was typed in its place."""
        if self.arrived.button or self.arrived.kind != "message":
            return Chosen(value=self.arrived.button)
        return buttons.chosen(self.arrived.text, self.dialog, self.account, state, self.row.received_at)

    def _ask_which(self, talk: Talk, state: State, either: Sequence[Button]) -> None:
        locale = language(state.language or self._locale())
        asked = Content(text=say("which_button", locale, number=self.arrived.text.strip()), buttons=either)
        self._end(talk, state, Turn(state=state), Done(), locale, [asked])

    def _press(self, user: Any, talk: Talk, state: State, acts: list[Act]) -> None:
        """A button of a post about a task or an approval: it says all by itself, whatever is talked about."""
        locale = language(state.language or self._locale())
        obeying = Obeying(user, self.account, self.dialog, locale, self.now)
        replies = buttons.questions(acts, user, locale)
        after = obeying.obey(state, [] if replies else acts)
        self._end(talk, after, Turn(state=after), obeying.done, locale, replies)

    def _message(self, chosen: Chosen) -> Message:
        # When it was said: a turn that is repeated later comes to the same, keys of requests included.
        local = timezone.localtime(self.row.received_at)
        return Message(
            text=chosen.text or self.arrived.text,
            today=local.date(),
            now=local,
            timezone=world.zone(),
            locale=self._locale(),
            contexts=world.contexts(self.dialog),
            clicked=chosen.value,
            about=self._about(),
        )

    def _about(self) -> About | None:
        """What the message replies to, where that is a post of ours about a task or an approval."""
        if not self.arrived.about:
            return None
        post = self.dialog.posts.filter(external_id=self.arrived.about).order_by("-id").first()
        if post is None:
            return None
        if post.key.startswith("approval:"):
            approval = Approval.objects.filter(pk=int(post.key.split(":")[1])).first()
            return About(kind="approval", id=approval.pk) if approval else None
        return About(kind="task", id=post.task_id) if post.task_id else None

    @transaction.atomic
    def _end(
        self, talk: Talk, state: State, turn: Turn, done: Done, locale: str, asked: Sequence[Content] = ()
    ) -> None:
        kept = Talk.objects.filter(pk=talk.pk, version=talk.version).update(
            state=state.to_json(), version=F("version") + 1, updated_at=self.now
        )
        if not kept:
            raise GoneOn("The conversation has gone on meanwhile.")
        replies = [reply for reply in turn.replies if not reply.begins or reply.begins not in done.refused]
        answers = [*(content(reply) for reply in replies), *asked, *done.here]
        self._post(answers, self.dialog)
        if self.here.pk != self.dialog.pk:
            self._post([Content(text=say("answered_alone", locale))], self.here, "here")
        aside = places.for_details(self.dialog, self.account)
        if aside is None and done.aside:
            name = self.account.shown_name or "you"
            self._post([Content(text=say("no_private", locale, name=name))], self.dialog, "note")
        elif aside is not None:
            self._post(done.aside, aside, "aside")
            if done.aside and aside.pk != self.dialog.pk:
                name = self.account.shown_name or "you"
                self._post([Content(text=say("in_private", locale, name=name))], self.dialog, "note")
        for task_id in done.follow:
            following.begin(task_id, self.dialog, self.account, locale, self.now, f"in:{self.row.pk}")
        for task_id in done.unfollow:
            following.end(task_id, self.dialog, self.account)
        self._learn(turn)
        self._finish(IncomingState.DONE)

    def _learn(self, turn: Turn) -> None:
        acts = [act for act in turn.acts if isinstance(act, Learn)]
        if acts:
            said_on = timezone.localtime(self.row.received_at).date()
            lessons.keep(acts, self.account, turn.state.language, said_on, world.zone(), self.now)

    # Others ----------------------------------------------------------------------------------------------------------

    @transaction.atomic
    def _link(self, code: str, locale: str) -> None:
        if self.arrived.dialog_kind == GROUP:
            people.burn(code)
            self._answer([Content(text=say("code_elsewhere", locale))])
            return
        try:
            user = people.redeem(code, self.account, self.now)
        except ChantillyError as error:
            self._answer([Content(text=error.message)])
            return
        self._answer([Content(text=say("linked", locale, name=user.get_username()))])

    def _nobody(self, locale: str) -> None:
        """Once an hour a polite sentence, and nothing else; in groups nothing at all."""
        if self.arrived.dialog_kind == GROUP and self.arrived.kind != "message":
            self._drop("from an account that is linked to nobody")
        elif people.is_to_be_answered(self.account, self.now):
            self._answer([Content(text=say("unlinked", locale, site=_sign_in()))], IncomingState.DROPPED)
        else:
            self._drop("from an account that is linked to nobody")

    def _left(self) -> None:
        Dialog.objects.filter(pk=self.dialog.pk).update(is_gone=True)
        self._drop("we were sent away")

    # Ends ------------------------------------------------------------------------------------------------------------

    def _answer(self, contents: list[Content], state: str = IncomingState.DONE) -> None:
        with transaction.atomic():
            self._post(contents, self.dialog)
            self._finish(state)

    def _drop(self, why: str) -> None:
        self._finish(IncomingState.DROPPED, why)

    def _post(self, contents: list[Content], dialog: Dialog, part: str = "") -> None:
        is_named = self.here.kind == GROUP or self.arrived.is_aside
        about = self.arrived.message_id if is_named and dialog.pk == self.here.pk else ""
        for number, each in enumerate(contents):
            key = f"in:{self.row.pk}:{part}{number}"
            outbox.put(dialog, key, each, self.now, account=self.account, about=about)

    def _finish(self, state: str, remark: str = "") -> None:
        Incoming.objects.filter(pk=self.row.pk, state=IncomingState.WAITING).update(
            state=state, due_at=None, ended_at=clock.now(), remark=remark
        )

    def _locale(self) -> str:
        return self.arrived.locale or "en"


def _sign_in() -> str:
    """Where everybody can, staff or not."""
    return f"{address.of_site()}{reverse('chat_accounts')}"


def _dialog(row: Incoming, came: Arrived) -> Dialog:
    dialog, is_new = Dialog.objects.select_related("connection").get_or_create(
        connection=row.connection,
        external_id=came.dialog,
        defaults={"kind": came.dialog_kind, "title": came.dialog_title[:200]},
    )
    changes: dict[str, Any] = {}
    others = places.of_channel(dialog).exclude(pk=dialog.pk)
    if is_new and others.values_list("is_open", flat=True).first():
        changes["is_open"] = True
    if came.dialog_title and dialog.title != came.dialog_title[:200]:
        changes["title"] = came.dialog_title[:200]
    if dialog.is_gone and came.kind != "left":
        changes["is_gone"] = False
    if dialog.kind == PRIVATE and came.dialog_kind == GROUP:
        changes["kind"] = GROUP  # never the other way: what was said to a group stays a group's
    if changes:
        Dialog.objects.filter(pk=dialog.pk).update(**changes)
        for name, value in changes.items():
            setattr(dialog, name, value)
    return dialog


def _put_off(row: Incoming, error: Exception, now: datetime) -> None:
    why = mask(f"{type(error).__name__}: {error}", 300)
    mine = Incoming.objects.filter(pk=row.pk, state=IncomingState.WAITING, due_at=row.due_at)
    if isinstance(error, GoneOn):
        mine.update(due_at=now, tries=F("tries") - 1, remark="")
    elif row.tries <= len(PAUSES):
        mine.update(due_at=now + PAUSES[row.tries - 1], remark=why)
    else:
        _give_up(row, why, now)


@transaction.atomic
def _give_up(row: Incoming, why: str, now: datetime) -> None:
    Incoming.objects.filter(pk=row.pk, state=IncomingState.WAITING).update(
        state=IncomingState.FAILED, due_at=None, ended_at=now, remark=why
    )
    came = arrived_of(row)
    account: Account | None = Account.objects.filter(connection=row.connection, external_id=row.sender).first()
    if account is not None and account.user_id is not None:
        text = say("broken", came.locale or "en", reference=row.pk)
        about = came.message_id if came.is_aside else ""
        outbox.put(_dialog(row, came), f"in:{row.pk}:broken", Content(text=text), now, account=account, about=about)
