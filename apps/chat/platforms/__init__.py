"""The platforms, one file each, by the key that connections name them with."""

from functools import cache
from importlib import import_module

from django.conf import settings

from apps.chat.platforms.contract import Platform


@cache
def platform(key: str) -> Platform:
    """Raises KeyError for a platform that is not installed."""
    module, _, name = settings.CHAT_PLATFORMS[key].rpartition(".")
    made: Platform = getattr(import_module(module), name)()
    return made


def names() -> dict[str, str]:
    """Key -> name of all platforms that are installed."""
    return {key: platform(key).name for key in settings.CHAT_PLATFORMS}
