"""Chat platforms as people use them: they write, press and read, on every platform in the same words.

A room is a connection to a platform's loopback server, made by its guide's steps, with people in it who are linked to users.
"""

import base64
import copy
import itertools
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import connection as database

from apps.chat import asking, connecting, following, people, turns
from apps.chat.connecting import Wish
from apps.chat.models import Account, Connection, Dialog, Incoming, Post
from apps.chat.sending import Sender
from apps.chat.service import poll_once
from apps.core import clock
from apps.tasks.models import Task
from apps.workers.running import slice as worker
from tests.flows.chatting import SITE, deliver
from tests.platforms import bitrix24, slack, teams, telegram, webhook

PATIENCE = 60.0
HOOK = f"{SITE}/chat/hooks/finance"
NUMBERS = itertools.count(5_000)
JOINERS = re.compile("[\u2060\u200b]")
BOLD = re.compile(r"\[/?b\]")


class Room:
    """`shows_buttons`: where not, people answer with the number that stands before the label."""

    platform: ClassVar[str]
    carries_files: ClassVar[bool] = True
    edits: ClassVar[bool] = True
    shows_buttons: ClassVar[bool] = True
    is_group: ClassVar[bool] = False

    def __init__(self, server: Any) -> None:
        self.server = server

    def open(self, admin: User) -> None:
        """The guide's steps."""
        wish = self._wish()
        self.connection = connecting.add(admin, self.platform, "finance", wish)
        connecting.install(admin, self.connection, SITE)
        self.connection.refresh_from_db()
        assert connecting.check(admin, self.connection, SITE)
        self.connection.refresh_from_db()

    def enter(self, user: User) -> None:
        """They send a code from their own page."""
        self.says(user, people.new_code(user, clock.now()))
        assert any(user.get_username() in text for text in self.sees(user))

    def settle(self, *, attempts: int | None = None) -> None:
        """What the service and workers do, until nothing is due; workers make so many attempts at most."""
        sender, until = Sender(self.connection.pk), time.monotonic() + PATIENCE
        with _bounded(attempts) as drain:
            while time.monotonic() < until:
                moved = self._attend() + drain() + following.look(clock.now()) + asking.look(clock.now())
                pause = sender.turn()
                if not (moved or self._is_busy() or (attempts is None and _is_soon())):
                    return
                time.sleep(min(pause, 0.01))
        raise AssertionError("It did not come to an end.")

    def says(self, who: User, text: str, *, attempts: int | None = None) -> list[str]:
        """What they see since, each text as it is now."""
        return self._acts(who, lambda: self._write(who, text), attempts)

    def presses(self, who: User, label: str, *, attempts: int | None = None) -> list[str]:
        return self._acts(who, lambda: self._press(who, label), attempts)

    def sees(self, who: User) -> list[str]:
        """What their dialog shows now."""
        raise NotImplementedError

    def offers(self, who: User) -> list[str]:
        """The buttons that they can press now, the last first."""
        raise NotImplementedError

    def files(self) -> Mapping[str, bytes]:
        raise NotImplementedError

    def _wish(self) -> Wish:
        raise NotImplementedError

    def _write(self, who: User, text: str) -> None:
        raise NotImplementedError

    def _press(self, who: User, label: str) -> None:
        raise NotImplementedError

    def _acts(self, who: User, act: Any, attempts: int | None) -> list[str]:
        before = self.sees(who)
        act()
        self.settle(attempts=attempts)
        now = self.sees(who)
        return [text for number, text in enumerate(now) if before[number : number + 1] != [text]]

    def _attend(self) -> int:
        rows = turns.due(clock.now(), 100)
        return sum(turns.attend(row) for row in rows)

    def _is_busy(self) -> bool:
        posts = Post.objects.filter(dialog__connection=self.connection, due_at__isnull=False)
        return posts.exists() or Incoming.objects.filter(due_at__isnull=False).exists()

    def _id(self, who: User) -> int:
        return 7_000 + who.pk


def _is_soon() -> bool:
    soon = clock.now() + timedelta(seconds=1)
    return Task.objects.filter(status="pending", available_at__lte=soon).exists()


@contextmanager
def _bounded(attempts: int | None) -> Iterator[Any]:
    """Workers that stop after so many attempts, as those who have other work do."""
    left, run_next = itertools.count(), worker.run_next

    def some(*given: Any) -> bool:
        return (attempts is None or next(left) < attempts) and run_next(*given)

    worker.run_next = some
    try:
        yield worker.drain
    finally:
        worker.run_next = run_next


class Slack(Room):
    platform = "slack"

    def _wish(self) -> Wish:
        secrets = {"signing_secret": slack.SECRET, "bot_token": slack.TOKEN}
        return Wish(name="Finance bot", values={"api_url": f"{self.server.url}api/"}, secrets=secrets)

    def _place(self, who: User) -> str:
        self.server.channels.add(f"D{self._id(who)}")
        return f"D{self._id(who)}"

    def _write(self, who: User, text: str) -> None:
        payload, ts = slack.documented("message.im"), self._ts()
        payload["event"] |= {
            "user": f"U{self._id(who)}", "text": text, "channel": self._place(who), "ts": ts, "event_ts": ts,
        }  # fmt: skip
        payload["event_id"] = f"Ev{ts.partition('.')[2]}"
        self._send(slack.event_request(payload, time.time()))

    def _press(self, who: User, label: str) -> None:
        message, button = next(found for found in self._buttons(who) if found[1]["text"]["text"] == label)
        payload = copy.deepcopy(slack.documented("block_actions"))
        payload["user"]["id"], payload["channel"]["id"] = f"U{self._id(who)}", self._place(who)
        payload["container"] |= {"message_ts": message["ts"], "channel_id": self._place(who)}
        payload["actions"][0] |= {"value": button["value"], "action_ts": self._ts()}
        self._send(slack.action_request(payload, time.time()))

    def _send(self, request: tuple[bytes, dict[str, str]]) -> None:
        """Twice, as after an answer that was lost."""
        for retry in ({}, {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}):
            assert deliver(HOOK, request[0], request[1] | retry).status_code == 200

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(NUMBERS):06d}"

    def _shown(self, who: User) -> list[dict[str, Any]]:
        return [each for (channel, _), each in self.server.messages.items() if channel == self._place(who)]

    def _buttons(self, who: User) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [
            (message, each) for message in reversed(self._shown(who)) for block in message["blocks"]
            for each in block.get("elements", ()) if each.get("type") == "button"
        ]  # fmt: skip

    def sees(self, who: User) -> list[str]:
        return ["\n".join(slack.seen_texts(each)) for each in self._shown(who)]

    def offers(self, who: User) -> list[str]:
        return [button["text"]["text"] for _, button in self._buttons(who)]

    def files(self) -> Mapping[str, bytes]:
        return {file["name"]: file["data"] for file in self.server.files.values()}


class Bitrix24(Room):
    platform = "bitrix24"

    def _wish(self) -> Wish:
        return Wish(name="Finance bot", values={"mode": "fetch"}, secrets={"webhook_url": self.server.webhook_url})

    def _write(self, who: User, text: str) -> None:
        data = self._data(who, "ONIMBOTV2MESSAGEADD")
        data["message"] |= {"id": next(NUMBERS), "text": text, "authorId": self._id(who)}
        self._happens("ONIMBOTV2MESSAGEADD", data)

    def _press(self, who: User, label: str) -> None:
        number, button = next(found for found in self._buttons(who) if found[1]["TEXT"] == label)
        data = self._data(who, "ONIMBOTV2COMMANDADD")
        data["message"] |= {"id": number, "authorId": bitrix24.BOT_ID}
        command, params = f"/{button['COMMAND']}", button["COMMAND_PARAMS"]
        data["command"] |= {"command": command, "params": params, "context": "keyboard"}
        self._happens("ONIMBOTV2COMMANDADD", data)

    def _data(self, who: User, kind: str) -> dict[str, Any]:
        self.server.dialogs.add(str(self._id(who)))
        data = bitrix24.documented(kind)
        data["user"] |= {"id": self._id(who), "name": who.get_username()}
        data["chat"] |= {"dialogId": str(self._id(who)), "type": "private"}
        return data

    def _happens(self, kind: str, data: dict[str, Any]) -> None:
        """Fetched twice, as after an answer that was lost."""
        self.connection.refresh_from_db()
        self.server.happened(kind, data)
        for _ in range(2):
            Connection.objects.filter(pk=self.connection.pk).update(cursor=self.connection.cursor)
            poll_once(self.connection.pk)

    def _shown(self, who: User) -> list[tuple[int, dict[str, Any]]]:
        mine = str(self._id(who))
        return [(number, each) for number, each in self.server.messages.items() if each["dialogId"] == mine]

    def _buttons(self, who: User) -> list[tuple[int, dict[str, Any]]]:
        return [
            (number, button) for number, each in reversed(self._shown(who)) if each.get("keyboard") not in (None, "N")
            for button in each["keyboard"]["BUTTONS"]
        ]  # fmt: skip

    def sees(self, who: User) -> list[str]:
        return [JOINERS.sub("", BOLD.sub("", each["message"])) for _, each in self._shown(who)]

    def offers(self, who: User) -> list[str]:
        return [button["TEXT"] for _, button in self._buttons(who)]

    def files(self) -> Mapping[str, bytes]:
        return {file["name"]: file["data"] for file in self.server.files}


class Telegram(Room):
    platform = "telegram"

    def _wish(self) -> Wish:
        values = {"api_url": self.server.url, "mode": "webhook"}
        return Wish(name="Finance bot", values=values, secrets={"token": telegram.TOKEN})

    def _person(self, who: User) -> dict[str, Any]:
        return {"id": self._id(who), "is_bot": False, "first_name": who.get_username(), "language_code": "en"}

    def _write(self, who: User, text: str) -> None:
        chat = {"id": self._id(who), "type": "private", "first_name": who.get_username()}
        self._happens(telegram.wrote(text, next(NUMBERS), chat=chat, **{"from": self._person(who)}))

    def _press(self, who: User, label: str) -> None:
        message = next(each for each, button in self._buttons(who) if button["text"] == label)
        update = telegram.pressed(message, label, next(NUMBERS))
        update["callback_query"]["from"] = self._person(who)
        self._happens(update)

    def _happens(self, update: dict[str, Any]) -> None:
        """It comes twice, as after an answer that was lost."""
        self.server.happens(update)
        secret = self.server.webhook["secret_token"]
        headers = {"content-type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret}
        for _ in range(2):
            body = json.dumps(self.server.updates[-1]).encode()
            assert deliver(self.server.webhook["url"], body, headers).status_code == 200

    def _shown(self, who: User) -> list[dict[str, Any]]:
        return [each for each in self.server.messages if each["chat"]["id"] == self._id(who)]

    def _buttons(self, who: User) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [
            (message, button) for message in reversed(self._shown(who)) for row in message.get("keyboard", ())
            for button in row
        ]  # fmt: skip

    def sees(self, who: User) -> list[str]:
        return [each["text"] for each in self._shown(who)]

    def offers(self, who: User) -> list[str]:
        return [button["text"] for _, button in self._buttons(who)]

    def files(self) -> Mapping[str, bytes]:
        return {name: data for name, _, data in self.server.files}


class Webhook(Room):
    """Another program, whose people read the texts that it is sent and press its own buttons."""

    platform = "webhook"

    def _wish(self) -> Wish:
        return Wish(name="Desk", values={"url": f"{self.server.url}/said"}, secrets={"secret": webhook.SECRET})

    def _write(self, who: User, text: str) -> None:
        self._passes_on(who, text=text)

    def _press(self, who: User, label: str) -> None:
        value = next(each["value"] for each in self._buttons(who) if each["label"] == label)
        self._passes_on(who, text="", kind="button", button=value)

    def _passes_on(self, who: User, **said: Any) -> None:
        body = webhook.said(**said, dialog=f"d-{self._id(who)}", sender=f"u-{self._id(who)}")
        headers = {"content-type": "application/json", webhook.HEADER: webhook.signed(body)[webhook.HEADER]}
        for _ in range(2):
            assert deliver(HOOK, body, headers).status_code == 200

    def _shown(self, who: User) -> list[dict[str, Any]]:
        """Messages as they were edited last."""
        shown: dict[str, dict[str, Any]] = {}
        for number, each in enumerate(self.server.messages.values()):
            if each.get("dialog") == f"d-{self._id(who)}":
                shown[each["message_id"] if each["type"] == "edit" else f"m-{number}"] = each
        return list(shown.values())

    def _buttons(self, who: User) -> list[dict[str, Any]]:
        return [
            button for each in reversed(self._shown(who)) if each["type"] != "file"
            for button in each["content"]["buttons"]
        ]  # fmt: skip

    def sees(self, who: User) -> list[str]:
        return [each["file"]["name"] if each["type"] == "file" else each["text"] for each in self._shown(who)]

    def offers(self, who: User) -> list[str]:
        return [button["label"] for button in self._buttons(who)]

    def files(self) -> Mapping[str, bytes]:
        sent = [each["file"] for each in self.server.messages.values() if each["type"] == "file"]
        return {file["name"]: base64.b64decode(file["base64"]) for file in sent}


class Teams(Room):
    """A channel whose administrator lets everybody there see results. What was said stays as it is, and has no buttons."""

    platform = "teams"
    carries_files = False
    edits = False
    shows_buttons = False
    is_group = True

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.seen: list[list[str]] = []
        self.posted = 0

    def _wish(self) -> Wish:
        secrets = {"key": teams.KEY, "workflow_url": self.server.address}
        return Wish(name="Finance bot", values={"workflow_channel": teams.LINK}, secrets=secrets)

    def enter(self, user: User) -> None:
        """An administrator links them: a code would be read by the channel."""
        admin = User.objects.filter(is_superuser=True).earliest("pk")
        account = Account.objects.create(connection=self.connection, external_id=f"aad-{self._id(user)}")
        people.link(account, user, admin, clock.now())
        self.says(user, "help")
        for dialog in Dialog.objects.filter(is_open=False):
            connecting.set_dialog(admin, dialog, contexts=[], is_open=True)

    def _write(self, who: User, text: str) -> None:
        person = {"id": f"29:{self._id(who)}", "name": who.get_username(), "aadObjectId": f"aad-{self._id(who)}"}
        entities = [{"type": "clientInfo", "locale": "en-GB", "country": "GB", "platform": "Web"}]
        body = teams.mentioned(text, id=str(1485983408511 + next(NUMBERS)), entities=entities, **{"from": person})
        headers = {"content-type": "application/json", "Authorization": teams.signed(body)["Authorization"]}
        with self._attending():
            answer = deliver(HOOK, body, headers)
        assert answer.status_code == 200
        self.seen.append(teams.shown(answer.content))

    @contextmanager
    def _attending(self) -> Iterator[None]:
        """The service's turns, beside the web server: the request waits for what they say."""
        ends = threading.Event()

        def attend() -> None:
            while not ends.wait(0.01):
                self._attend()
            database.close()

        thread = threading.Thread(target=attend, daemon=True)
        thread.start()
        yield
        ends.set()
        thread.join(20)

    def _press(self, who: User, label: str) -> None:
        """By the number before the label, in what was said last with numbers; twice where the first press asks which."""
        self._write(who, self._number(label))
        if "can mean two things" in "\n".join(self.seen[-1]):
            self._write(who, self._number(label))

    def _number(self, label: str) -> str:
        numbered = next(said for said in reversed(self._shown()) if any(re.match(r"1\. ", line) for line in said))
        return next(
            found[1] for line in numbered if (found := re.fullmatch(rf"(\d+)\. {re.escape(label)}(?: · .*)?", line))
        )

    def _shown(self) -> list[list[str]]:
        self.seen += self.server.posts[self.posted :]
        self.posted = len(self.server.posts)
        return self.seen

    def sees(self, who: User) -> list[str]:
        return [JOINERS.sub("", "\n".join(lines)) for lines in self._shown()]

    def offers(self, who: User) -> list[str]:
        lines = [line for said in reversed(self._shown()) for line in said]
        return [found[1] for line in lines if (found := re.fullmatch(r"\d+\. (.+)", line))]

    def files(self) -> Mapping[str, bytes]:
        return {}


ROOMS: Mapping[str, tuple[type[Room], Any]] = {
    "slack": (Slack, slack), "bitrix24": (Bitrix24, bitrix24), "telegram": (Telegram, telegram),
    "teams": (Teams, teams), "webhook": (Webhook, webhook),
}  # fmt: skip


@contextmanager
def opened(platform: str, admin: User) -> Iterator[Room]:
    kind, loopback = ROOMS[platform]
    with ExitStack() as stack:
        room = kind(stack.enter_context(loopback.serving()))
        room.open(admin)
        yield room
