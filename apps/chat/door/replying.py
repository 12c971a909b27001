"""Platforms whose request wants the reply in its answer: the post is waited for, and taken from the outbox."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from operator import or_

import structlog
from django.db import Error, transaction
from django.db.models import F, Q

from apps.chat import outbox
from apps.chat.content import Content
from apps.chat.door.gathering import Gathering
from apps.chat.models import Incoming, Post, PostKind, PostState
from apps.core import clock

log = structlog.get_logger(__name__)

LONGEST = 4.0
"""Seconds from the delivery to its answer: Microsoft Teams waits for five."""
PACE_SECONDS = 0.1
ANSWERED_WITHIN = timedelta(hours=1)
"""A delivery that comes again later has nobody who waits; until then no index but that of moments is needed."""
IN_ANSWER = "said in the answer to the request"
MOST_NEWS = 5
"""Of what could not be told meanwhile, in one answer."""
MEANWHILE = Content(text="I am working on it; ask “status”.")


@dataclass(frozen=True, kw_only=True)
class Question:
    connection_id: int
    event_id: str
    dialog: str


async def reply(question: Question, ends: float) -> Content:
    """What the first post says that answers it, or that it takes longer; `ends` by time.monotonic()."""
    while (left := ends - time.monotonic()) > 0:
        try:
            content = await asyncio.wait_for(asyncio.wrap_future(_looker.put(question)), left)
        except TimeoutError:
            break
        except Error as error:
            log.warning("chat_reply_not_read", error=str(error).strip())
            break
        if content is not None:
            return content
        await asyncio.sleep(min(left, PACE_SECONDS))
    return MEANWHILE


def stop() -> None:
    _looker.stop()


def _look(questions: Sequence[Question]) -> list[Content | None]:
    """Three queries for all who wait, however many."""
    ids = _ids(questions)
    posts = _posts(questions, set(ids.values())) if ids else {}
    return [_said(posts.get(ids.get((each.connection_id, each.event_id), 0), [])) for each in questions]


def _ids(questions: Iterable[Question]) -> Mapping[tuple[int, str], int]:
    found = Incoming.objects.filter(
        connection_id__in={each.connection_id for each in questions}, event_id__in={each.event_id for each in questions}
    )
    return {(connection_id, event_id): pk for pk, connection_id, event_id in found.values_list(
        "id", "connection_id", "event_id")}  # fmt: skip


def _posts(questions: Iterable[Question], ids: set[int]) -> Mapping[int, list[Post]]:
    """By what they answer. Their keys begin with in:<the incoming row>:; what a dialog had said before is not read."""
    answers = reduce(or_, (Q(key__startswith=f"in:{pk}:") for pk in ids))
    found = Post.objects.filter(
        answers, dialog__connection_id__in={each.connection_id for each in questions},
        dialog__external_id__in={each.dialog for each in questions}, kind=PostKind.MESSAGE,
        created_at__gte=clock.now() - ANSWERED_WITHIN,
    ).select_related("account").order_by("id")  # fmt: skip
    posts: dict[int, list[Post]] = defaultdict(list)
    for post in found:
        number = post.key.split(":")[1]
        if number.isdigit() and int(number) in ids:
            posts[int(number)].append(post)
    return posts


def _said(posts: Iterable[Post]) -> Content | None:
    """The first that is ours to say; one that was said so before is said again, to the same delivery."""
    for post in posts:
        if post.remark == IN_ANSWER:
            return Content.from_json(post.content)
        if (said := _take(post)) is not None:
            return said
    return None


def _take(post: Post) -> Content | None:
    """What the post says, with what could not be told since the last answer; None when another says it."""
    mine = Post.objects.filter(pk=post.pk, state=PostState.WAITING, revision=post.revision)
    with transaction.atomic():
        if not mine.update(
            state=PostState.SENT, due_at=None, shown=F("revision"), external_id=f"{outbox.ANSWER}{post.pk}",
            sent_at=clock.now(), remark=IN_ANSWER,
        ):  # fmt: skip
            return None
        said = _with_news(post)
        Post.objects.filter(pk=post.pk).update(content=said.to_json())  # for the same delivery, where it comes again
    return said


def _with_news(post: Post) -> Content:
    """The post, and after it what nobody could be told without being asked: for each task the newest of it."""
    said, news = Content.from_json(post.content), {}
    for each in _unseen(post):
        Post.objects.filter(pk=each.pk).update(
            state=PostState.SENT, shown=each.revision, external_id=f"{outbox.ANSWER}{each.pk}", remark=IN_ANSWER
        )
        news[each.task_id or -each.pk] = Content.from_json(each.content)
    texts = [said.text, *(f"{each.title}\n{each.text}".strip() for each in news.values())]
    links = [*said.links, *(link for each in news.values() for link in each.links)]
    return replace(said, text="\n\n".join(text for text in texts if text), links=links)


def _unseen(post: Post) -> list[Post]:
    """Of whom it answers, in this dialog: posts that found no way, and answers that say something else by now."""
    if post.account is None or post.account.linked_at is None:
        return []
    changed = Q(external_id__startswith=outbox.ANSWER, shown__lt=F("revision"))
    since = max(clock.now() - outbox.MAX_AGE, post.account.linked_at)
    found = Post.objects.filter(
        changed | Q(state=PostState.FAILED, external_id=""), dialog=post.dialog_id, account=post.account_id,
        kind=PostKind.MESSAGE, pk__lt=post.pk, created_at__gte=since,
    ).order_by("id")  # fmt: skip
    return list(found[:MOST_NEWS])


_looker: Gathering[Question, Content | None] = Gathering("chat-replies", _look)
