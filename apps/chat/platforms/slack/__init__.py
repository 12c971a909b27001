"""Slack: the Events API in, the Web API out, by Slack's own SDK."""

from apps.chat.platforms.slack.platform import Slack

__all__ = ["Slack"]
