"""Vectors of templates' sentences, kept beside the fits: whoever changes one example need not encode the other thousand.

One file for each set of encoders, which all processes share. The last writer wins: what is lost is encoded again. The
everyday sentences come encoded with the code (`manage.py encode_everyday` writes them): half of the first fit's time.
"""

import hashlib
import logging
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings

from apps.language.matching import disk

Array = npt.NDArray[Any]
SHIPPED = Path(__file__).parent / "background" / "vectors.npz"
MOST = 4000
"""Sentences: 7 MB."""
MOST_HERE = 1000
DIGEST = 16
_lock = RLock()
_here: dict[bytes, Array] = {}
"""What this process has seen of them."""
logger = logging.getLogger(__name__)


def vectors(texts: Sequence[str], encoders: str, encode: Callable[[Sequence[str]], Array]) -> Array:
    """As `encode` says, in half precision, whether they were kept or not: a fit is the same either way."""
    names = {text: _digest(encoders + text) for text in texts}
    with _lock:
        if not _here.keys() >= set(names.values()):
            _fill(names, Path(settings.LANGUAGE_FITS) / f"sentences-{_digest(encoders).hex()}", encode)
        found = np.array([_here[names[text]] for text in texts]).astype(np.float32)
        while len(_here) > MOST_HERE:
            _here.pop(next(iter(_here)))
    return found


def ship(texts: Sequence[str], encoders: str, encode: Callable[[Sequence[str]], Array]) -> int:
    """Write the file that comes with the code. Returns its bytes; OSError where it cannot be written."""
    texts = list(dict.fromkeys(texts))
    found = encode(texts).astype(np.float16)
    _save(SHIPPED, {_digest(encoders + text): vector for text, vector in zip(texts, found, strict=True)})
    return SHIPPED.stat().st_size


def forget() -> None:
    """Leaves what is kept to the disk."""
    _here.clear()


def _fill(names: Mapping[str, bytes], path: Path, encode: Callable[[Sequence[str]], Array]) -> None:
    kept = _read(path)
    if not {*kept, *_here}.issuperset(names.values()):
        shipped = _read(SHIPPED)
        kept |= {name: shipped[name] for name in names.values() if name in shipped}
    missing = [text for text, name in names.items() if name not in kept and name not in _here]
    if missing:
        found = encode(missing).astype(np.float16)
        kept |= {names[text]: vector for text, vector in zip(missing, found, strict=True)}
        _write(path, dict(list(kept.items())[-MOST:]))
    _here.update((name, kept[name]) for name in names.values() if name in kept)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=DIGEST).digest()


def _read(path: Path) -> dict[bytes, Array]:
    try:
        with np.load(path, allow_pickle=False) as packed:
            return dict(zip(map(bytes, packed["digests"]), packed["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}  # not there, or cut off


def _write(path: Path, known: dict[bytes, Array]) -> None:
    try:
        _save(path, known)
    except OSError as error:
        logger.warning("Sentence vectors are not kept: %s", error)


def _save(path: Path, known: dict[bytes, Array]) -> None:
    with disk.appearing(path) as file:
        digests = np.array([np.frombuffer(each, dtype=np.uint8) for each in known])
        np.savez(file, digests=digests, vectors=np.array(list(known.values())))
