"""What was said in a dialog, as bubbles: by people (incoming messages) and by us (posts), in the order of its moments.

A bubble has an id, a place among the others, and a version: a page that has it in this version needs nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from apps.chat.content import Button, Content, Row
from apps.chat.facts import PRESSED
from apps.chat.models import Account, Dialog, Incoming, IncomingState, Post, PostKind, PostState
from apps.chat.pages import dialogs, links, own
from apps.chat.pages.links import Target
from apps.core.saying import clock
from apps.tasks.models import Artifact

PAGE = 50
LATE = timedelta(seconds=20)
"""What is not answered so long after it was said may have nobody who reads it."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button. `is_open`: it can be pressed (again)."""

    button: Button
    is_chosen: bool
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class Bubble:
    id: str
    place: str
    version: str
    at: datetime
    when: str
    who: str
    is_persons: bool = False
    post_id: int = 0
    title: str = ""
    text: str = ""
    rows: Sequence[Row] = ()
    notes: Sequence[str] = ()
    why: Sequence[Row] = ()
    why_title: str = ""
    targets: Sequence[Target] = ()
    choices: Sequence[Choice] = ()
    percent: float | None = None
    is_changing: bool = False
    trouble: str = ""

    @property
    def is_card(self) -> bool:
        return bool(self.title or self.rows or self.percent is not None)

    @property
    def is_file(self) -> bool:
        """Nothing but files: it follows on what was said before."""
        return bool(self.targets) and all(each.is_file for each in self.targets) and not (self.text or self.is_card)

    @property
    def is_news(self) -> bool:
        """Worth to be read aloud: an answer, not every step of a progress."""
        return not self.is_persons and not self.is_changing


@dataclass(frozen=True, kw_only=True)
class Before:
    """A place in the past: incoming messages and posts with lower ids lie before it. None: the present."""

    incoming: int | None = None
    posts: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """`12-30`; anything else is the present."""
        first, _, second = text.partition("-")
        if not (first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
            return cls()
        return cls(incoming=min(int(first), 2**62), posts=min(int(second), 2**62))

    @property
    def text(self) -> str:
        return "" if self.incoming is None else f"{self.incoming}-{self.posts}"


@dataclass(frozen=True, kw_only=True)
class Window:
    """Oldest first. `older`: where what lies before begins; empty when this is all."""

    bubbles: Sequence[Bubble] = ()
    older: str = ""


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Who reads, and when. `is_own`: it is their own conversation."""

    user: Any
    now: datetime
    is_own: bool


Mark = tuple[Sequence[tuple[Any, ...]], Sequence[tuple[Any, ...]], bool]


def mark(dialog: Dialog, user: Any, now: datetime) -> Mark:
    """Another mark: the newest window has changed. Two queries, of ids and numbers only, and one for whose it is."""
    since = dialogs.since(user, dialog)
    said = _said(dialog, None, since).values_list("pk", "state", "received_at")[:PAGE]
    posts = list(_posts(dialog, None, since).values_list("pk", "revision", "state", "sent_at")[:PAGE])
    incoming = list(said)
    late = any(state == IncomingState.WAITING and now - at > LATE for _, state, at in incoming)
    return incoming, posts, late


def window(dialog: Dialog, user: Any, now: datetime, before: Before | None = None) -> Window:
    """The newest before a place. Two queries, one for whose it is, and for the people and files where there are any."""
    before, since = before or Before(), dialogs.since(user, dialog)
    said = list(_said(dialog, before.incoming, since)[: PAGE + 1])
    posts = list(_posts(dialog, before.posts, since)[: PAGE + 1])
    shown = _newest(said, posts)
    reader = _Reader(user=user, now=now, is_own=dialog.external_id == own.external_id(user))
    bubbles = _drawn(dialog, shown, reader)
    return Window(bubbles=bubbles, older=_older(said, posts, shown, before))


def _said(dialog: Dialog, before: int | None, since: datetime | None) -> Any:
    found = Incoming.objects.filter(
        connection=dialog.connection_id, dialog=dialog.external_id, kind__in=("message", "button")
    )
    found = found if since is None else found.filter(received_at__gte=since)
    return (found if before is None else found.filter(pk__lt=before)).order_by("-id")


def _posts(dialog: Dialog, before: int | None, since: datetime | None) -> Any:
    found = Post.objects.filter(dialog=dialog)
    found = found if since is None else found.filter(created_at__gte=since)
    return (found if before is None else found.filter(pk__lt=before)).order_by("-id")


def _newest(said: Sequence[Incoming], posts: Sequence[Post]) -> list[Incoming | Post]:
    """The last PAGE of both, newest first. Each kind keeps the order of its ids, so that a place can name it."""
    left, right = list(said), list(posts)
    merged: list[Incoming | Post] = []
    while (left or right) and len(merged) < PAGE:
        is_posts = bool(right) and (not left or right[0].created_at >= left[0].received_at)
        merged.append(right.pop(0) if is_posts else left.pop(0))
    return merged


def _older(said: Sequence[Incoming], posts: Sequence[Post], shown: Sequence[Incoming | Post], before: Before) -> str:
    if len(shown) == len(said) + len(posts):
        return ""
    first_said = min((each.pk for each in shown if isinstance(each, Incoming)), default=before.incoming)
    first_post = min((each.pk for each in shown if isinstance(each, Post)), default=before.posts)
    return Before(incoming=first_said or 2**62, posts=first_post or 2**62).text


def _drawn(dialog: Dialog, shown: Sequence[Incoming | Post], reader: _Reader) -> list[Bubble]:
    said = [each for each in shown if isinstance(each, Incoming)]
    posts = [each for each in shown if isinstance(each, Post)]
    people = _people(dialog, said) if not reader.is_own else {}
    files = _files(posts)
    pressed = {str(each.data.get("about", "")): each for each in reversed(said) if each.kind == "button"}
    drawn = [_of_post(each, pressed, files, reader) for each in posts]
    labels = {each.external_id or each.key: each for each in posts}
    drawn += [_of_person(each, people, labels, reader) for each in said if _is_shown(each)]
    return sorted(drawn, key=lambda each: each.place)


def _is_shown(incoming: Incoming) -> bool:
    """An answer to a question is marked at its button; a command by a button has no other trace."""
    return incoming.kind == "message" or str(incoming.data.get("button", "")).startswith(PRESSED)


def _people(dialog: Dialog, said: Sequence[Incoming]) -> dict[str, str]:
    senders = {each.sender for each in said}
    accounts = Account.objects.filter(connection=dialog.connection_id, external_id__in=senders).select_related("user")
    return {each.external_id: _person(each) for each in accounts}


def _person(account: Account) -> str:
    user: Any = account.user
    return (user.get_short_name() or user.get_username()) if user else account.shown_name or account.external_id


def _files(posts: Iterable[Post]) -> dict[int, Artifact]:
    ids = [each.artifact_id for each in posts if each.kind == PostKind.FILE and each.artifact_id]
    return Artifact.objects.in_bulk(ids) if ids else {}


def _of_person(
    incoming: Incoming, people: Mapping[str, str], posts: Mapping[str, Post], reader: _Reader
) -> Bubble:  # fmt: skip
    name = incoming.data.get("sender_name", "") or incoming.sender
    return Bubble(
        id=f"i{incoming.pk}",
        place=place(incoming.received_at, 0, incoming.pk),
        version=f"{incoming.state}{'!' if _is_late(incoming, reader.now) else ''}",
        at=incoming.received_at,
        when=clock(incoming.received_at, reader.now),
        who="You" if reader.is_own else people.get(incoming.sender, name),
        is_persons=True,
        text=incoming.text if incoming.kind == "message" else _label(incoming, posts),
        trouble=_trouble_of_person(incoming, reader.now),
    )


def _label(incoming: Incoming, posts: Mapping[str, Post]) -> str:
    value = incoming.data.get("button", "")
    post = posts.get(incoming.data.get("about", ""))
    known = post.content.get("buttons", ()) if post else ()
    found = next((each["label"] for each in known if each.get("value") == value), "")
    return found or value.removeprefix(PRESSED).partition(":")[0].capitalize()


def _is_late(incoming: Incoming, now: datetime) -> bool:
    return incoming.state == IncomingState.WAITING and now - incoming.received_at > LATE


def _trouble_of_person(incoming: Incoming, now: datetime) -> str:
    if _is_late(incoming, now):
        return "Not read yet. It is kept, and answered as soon as the chat service runs."
    if incoming.state == IncomingState.FAILED:
        return "Could not be answered. It is on record; send it again, or ask an administrator."
    return ""


def _of_post(
    post: Post, pressed: Mapping[str, Incoming], files: Mapping[int, Artifact], reader: _Reader
) -> Bubble:  # fmt: skip
    content = Content.from_json(post.content)
    press = _press_of(post, pressed)
    chosen = press.data.get("button", "") if press else ""
    return Bubble(
        id=f"p{post.pk}",
        place=place(post.created_at, 1, post.pk),
        version=f"{post.revision}.{post.state}.{chosen}",
        at=post.created_at,
        when=clock(post.created_at, reader.now),
        who="Chantilly",
        post_id=post.pk,
        title=content.title,
        text=content.text,
        rows=content.rows,
        notes=content.notes,
        why=content.why,
        why_title=content.why_title,
        targets=_targets(post, content, files),
        choices=[_choice(each, chosen, reader) for each in content.buttons],
        percent=content.percent,
        is_changing=post.task_id is not None and content.percent is not None and content.percent < 100,
        trouble=_trouble_of_post(post, reader),
    )


def _press_of(post: Post, pressed: Mapping[str, Incoming]) -> Incoming | None:
    """The last press, where the post has not changed since."""
    press = pressed.get(post.external_id or post.key) or pressed.get(post.key)
    if press is None or str(press.data.get("button", "")).startswith(PRESSED):
        return None
    return press if post.sent_at is None or press.received_at >= post.sent_at or post.revision == 1 else None


def _choice(button: Button, chosen: str, reader: _Reader) -> Choice:
    return Choice(button=button, is_chosen=button.value == chosen, is_open=reader.is_own and not chosen)


def _targets(post: Post, content: Content, files: Mapping[int, Artifact]) -> list[Target]:
    if post.kind != PostKind.FILE:
        return [target for each in content.links if (target := links.of_link(each))]
    artifact = files.get(post.artifact_id or 0)
    return [links.of_artifact(artifact)] if artifact else [Target(label="A file that is not there any more", url="")]


def _trouble_of_post(post: Post, reader: _Reader) -> str:
    if reader.is_own:
        return ""
    return {
        PostState.WAITING: "changes there soon" if post.shown else "not sent yet",
        PostState.TAKEN: "",
        PostState.SENT: "",
        PostState.DROPPED: f"not sent: {post.remark}" if post.remark else "not sent",
        PostState.FAILED: f"not sent: {post.remark}" if post.remark else "not sent",
    }[PostState(post.state)]


def place(at: datetime, rank: int = 0, pk: int = 0) -> str:
    """Sorts as text."""
    return f"{int(at.timestamp() * 1_000_000):020d}.{rank}.{pk:019d}"
