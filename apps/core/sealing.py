"""Secrets at rest: texts that only the holder of CHECKPOINT_KEYS can read (Fernet: AES-128-CBC with HMAC-SHA256).

Sealed with the first key, read with any: a new key goes in front, and what is sealed is sealed anew before the old goes.
"""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from apps.core.errors import ChantillyError


class CannotUnseal(ChantillyError):
    """The text was sealed with a key that is not set (any more), or was changed."""

    code = "cannot_unseal"


def seal(text: str) -> str:
    return _box(tuple(settings.CHECKPOINT_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises CannotUnseal."""
    try:
        return _box(tuple(settings.CHECKPOINT_KEYS)).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise CannotUnseal(
            "A stored secret cannot be read with CHECKPOINT_KEYS. Set the key that it was sealed with, or enter it again."
        ) from error


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    """Keys of their own, made from the checkpoints': what opens the one is of no use for the other."""
    made = (hashlib.blake2b(key.encode(), digest_size=32, person=b"chantilly-seal").digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in made])
