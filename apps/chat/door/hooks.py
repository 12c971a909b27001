"""A delivery's way: known? bearable? the platform's own? kept? Only then it is acknowledged."""

import math
import time

import structlog
from django.core.cache import caches
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.chat import inbox
from apps.chat.door import keeping, noting, remembering, replying
from apps.chat.door.keeping import Kept
from apps.chat.door.known import Known, NotKnownYet, directory
from apps.chat.inbox import Parcel
from apps.chat.models import ConnectionEvent
from apps.chat.platforms.contract import Answer, Arrived, Hook, Received, Refused
from apps.core import clock

log = structlog.get_logger(__name__)

MAX_BODY = 256 * 1024
MOST_REFUSED, REFUSED_SECONDS = 60, 60
"""Of an address in a minute. More of them are told to go away, and noted nowhere. What is genuine is let in all the
same: behind a proxy all come from one address, and a forger must not be able to shut out the platform."""
NOT_FOUND = "There is nothing here."
NOT_NOW = "This cannot be kept just now. Deliver it again in a while."
AFTER_SECONDS = 5


class _NotNow(Exception):
    """Nothing was kept; the platform shall deliver it again."""


@csrf_exempt
async def hook(request: HttpRequest, key: str, rest: str | None = None) -> HttpResponseBase:
    if request.method != "POST":
        answer = _plain(405, "Chat platforms deliver here, by POST. There is nothing to see.")
        answer["Allow"] = "POST"
        return answer
    began = time.monotonic()
    known: Known | None = None
    try:
        body = _body(request)
        known = await directory.find(key)
        if known is None:
            raise Refused(NOT_FOUND, status=404)
        received = known.platform.receive(known.wiring, _hook(request, body, rest or ""))
        return _answered(await _kept(known, received, began))
    except Refused as refused:
        return _refused(request, known, refused)
    except (NotKnownYet, _NotNow) as error:
        log.warning("chat_delivery_put_off", connection=key, why=str(error))
        return _plain(503, NOT_NOW, after=AFTER_SECONDS)


async def _kept(known: Known, received: Received, began: float) -> Answer:
    """What to answer, once all of it is kept. Raises _NotNow and Refused."""
    connection_id = known.wiring.id
    if received.settings or received.secrets:
        try:
            await remembering.remember(connection_id, received.settings, received.secrets)
        except (Error, TimeoutError) as error:
            raise _NotNow(f"What was installed cannot be kept: {error}") from error
    arrived = [_usable(each) for each in received.arrived if not each.is_from_bot]
    if not arrived:
        return received.answer
    kept = await keeping.keep(Parcel(connection_id=connection_id, arrived=arrived, received_at=clock.now()))
    if kept is Kept.GONE:
        raise Refused(NOT_FOUND, status=404)
    if kept is Kept.NOWHERE:
        raise _NotNow(kept.value)
    noting.note(connection_id, ConnectionEvent.Kind.RECEIVED, "Messages came in.")
    if known.platform.limits.answers_in_response:
        return await _reply(known, arrived[0], kept, began)
    return received.answer


async def _reply(known: Known, arrived: Arrived, kept: Kept, began: float) -> Answer:
    content = replying.MEANWHILE
    if kept is Kept.IN_ROWS:
        question = replying.Question(
            connection_id=known.wiring.id, event_id=arrived.event_id, dialog=arrived.dialog
        )  # fmt: skip
        content = await replying.reply(question, began + replying.LONGEST)
    return known.platform.reply(known.wiring, content)


def _usable(arrived: Arrived) -> Arrived:
    if why := inbox.objection(arrived):
        raise Refused(f"This cannot be kept: {why}", status=400)
    return inbox.made_storable(arrived)


def _body(request: HttpRequest) -> bytes:
    """All of it, and no more than it says. Raises Refused."""
    said = request.headers.get("Content-Length", "")
    if said and not (said.isascii() and said.isdigit()):
        raise Refused("Content-Length is not a number.", status=400)
    if len(said) > 12 or (said and int(said) > MAX_BODY):
        raise _too_large()
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise _too_large()
    if said and len(body) != int(said):
        raise Refused(f"The body has {len(body):,} bytes, and not the {said} that it says.", status=400)
    return body


def _too_large() -> Refused:
    return Refused(f"The body has more than {MAX_BODY:,} bytes. Send less.", status=413)


def _hook(request: HttpRequest, body: bytes, rest: str) -> Hook:
    return Hook(
        method="POST", headers={name.lower(): value for name, value in request.headers.items()},
        query=request.GET.dict(), body=body, now=clock.now(), rest=rest,
    )  # fmt: skip


def _refused(request: HttpRequest, known: Known | None, refused: Refused) -> HttpResponse:
    if _is_tiresome(request):
        return _plain(429, "Too much from here was refused. Come back later.", after=REFUSED_SECONDS)
    if known is not None:
        noting.note(known.wiring.id, ConnectionEvent.Kind.REFUSED, f"{refused.status}: {refused.message}")
    return _plain(refused.status, refused.message)


def _is_tiresome(request: HttpRequest) -> bool:
    """Counts in this process alone, by minutes of the clock: nobody waits for another server because of it."""
    period = math.floor(time.monotonic() / REFUSED_SECONDS)
    counter = f"chat-refused:{period}:{BaseThrottle().get_ident(Request(request))}"
    local = caches["local"]
    if local.add(counter, 1, timeout=2 * REFUSED_SECONDS):
        return False
    return local.incr(counter) > MOST_REFUSED


def _answered(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _plain(status: int, text: str, after: int = 0) -> HttpResponse:
    answer = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    if after:
        answer["Retry-After"] = str(after)
    return answer
