"""Telegram: a bot of the Bot API (https://core.telegram.org/bots/api), reached by webhook or asked by long polling.

A group that becomes a supergroup gets another id. Posts to the old one are sent to the new one, which their message ids
then name ("-100123:45"); what people write there comes from a dialog of its own, which nobody has opened to results yet.
"""

from apps.chat.platforms.telegram.platform import Telegram

__all__ = ["Telegram"]
