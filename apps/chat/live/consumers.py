"""The chat page's websocket: `ws/chat/` one's own conversation, `ws/chat/<id>/` a dialog to read."""

from typing import Any

from channels.db import database_sync_to_async

from apps.chat.live import reading
from apps.chat.live.followers import OWN, ChatFollower
from apps.chat.live.hub import hub
from apps.console.live.consumers import LiveConsumer, Poller
from apps.tasks import sight
from apps.tasks.sight import Sight


class ChatConsumer(LiveConsumer):
    @property
    def poller(self) -> Poller:
        return hub()

    @property
    def dialog_id(self) -> int:
        return int(self.scope["url_route"]["kwargs"].get("dialog_id", OWN))

    @database_sync_to_async
    def sight_of(self, user: Any) -> Sight | None:
        may = user.is_staff and reading.may_follow(user, self.dialog_id)
        return sight.of(user) if may else None

    def make_follower(self, viewer: Sight) -> ChatFollower:
        return ChatFollower(socket=self, user_id=viewer.user_id or 0, dialog_id=self.dialog_id)
