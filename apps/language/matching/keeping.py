"""Fits are kept: the last ones in the process, more on disk, so that a fresh process need not fit again.

A fit is found by a digest of all that went into it, so a changed template is another fit and nothing is ever stale.
Processes share the folder: a file appears complete or not at all, and one that cannot be read is made anew.
"""

import hashlib
import json
import logging
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from django.conf import settings

from apps.language.contract import TemplateCard
from apps.language.matching import disk, embedding, memory
from apps.language.matching.building import Blocks, build
from apps.language.matching.calibration import PRIORS
from apps.language.matching.fitting import Fit, Rows
from apps.language.matching.lexical import Block
from apps.language.matching.space import Space

IN_PROCESS, ON_DISK = 8, 32
ARRAYS = ("idf", "starts", "rows", "values")
logger = logging.getLogger(__name__)
_fits: OrderedDict[str, Fit] = OrderedDict()
_lock = Lock()


def fit_for(cards: Sequence[TemplateCard], blocks: Blocks) -> Fit:
    name = digest(cards, blocks)
    with _lock:
        # Held while fitting too: two threads that need the same fit must not make it twice.
        if name not in _fits:
            _fits[name] = _read(name, blocks) or _made(name, cards, blocks)
            while len(_fits) > IN_PROCESS:
                _fits.popitem(last=False)
        _fits.move_to_end(name)
        return _fits[name]


def forget() -> None:
    """Leaves what is kept to the disk."""
    with _lock:
        _fits.clear()


def digest(cards: Sequence[TemplateCard], blocks: Blocks) -> str:
    """Of everything that a fit depends on; patterns, contexts and schemas are no part of it."""
    told = [(card.key, card.name, card.description, list(card.keywords), list(card.examples)) for card in cards]
    text = json.dumps([_method(), blocks, _encoders(blocks), told])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@lru_cache
def _method() -> str:
    """Of all code and sentences beside this file: who changes how a fit is made need not remember to say so."""
    files = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".txt"))
    return hashlib.blake2b(b"".join(path.read_bytes() for path in files), digest_size=16).hexdigest()


def _encoders(blocks: Blocks) -> str:
    return "" if blocks == "words" else embedding.versions()


def _made(name: str, cards: Sequence[TemplateCard], blocks: Blocks) -> Fit:
    fit = build(cards, blocks)
    memory.give_back(embedding.SECOND_MODEL)
    try:
        _write(name, fit)
    except OSError as error:
        logger.warning("The fit of the templates is not kept: %s", error)  # a full or read-only disk stops nobody
    return fit


def _folder() -> Path:
    return Path(settings.LANGUAGE_FITS)


def _write(name: str, fit: Fit) -> None:
    folder = _folder()
    with disk.appearing(folder / f"{name}.npz") as file:
        np.savez(file, **_packed(fit))
    for old in sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)[:-ON_DISK]:
        old.unlink(missing_ok=True)


def _read(name: str, blocks: Blocks) -> Fit | None:
    try:
        with np.load(_folder() / f"{name}.npz", allow_pickle=False) as packed:
            return _unpacked(packed, blocks)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # not there, or cut off: it is made anew


def _packed(fit: Fit) -> dict[str, Any]:
    packed = {
        "basis": fit.space.basis,
        "head": fit.head,
        "coefficients": fit.coefficients,
        "held_out": fit.held_out,
        "classes": fit.rows.classes,
        "weights": fit.rows.weights,
        "is_example": fit.rows.is_example,
        "count": np.array(fit.rows.count),
    }
    if fit.space.vectors is not None:
        packed["vectors"] = fit.space.vectors
    for name in ("words", "parts"):
        block = getattr(fit.space, name)
        if block is not None:
            packed |= {f"{name}.{array}": getattr(block, array) for array in ARRAYS}
            packed[f"{name}.names"] = np.frombuffer(json.dumps(list(block.columns)).encode(), dtype=np.uint8)
    return packed


def _unpacked(packed: Any, blocks: Blocks) -> Fit:
    rows = Rows(
        classes=packed["classes"],
        weights=packed["weights"],
        is_example=packed["is_example"],
        count=int(packed["count"]),
    )
    space = Space(
        vectors=packed.get("vectors"),
        words=_block(packed, "words", len(rows.classes)),
        parts=_block(packed, "parts", len(rows.classes)),
        basis=packed["basis"],
    )
    return Fit(
        space=space,
        rows=rows,
        head=packed["head"],
        coefficients=packed["coefficients"],
        prior=PRIORS[blocks],
        held_out=packed["held_out"],
    )


def _block(packed: Any, name: str, size: int) -> Block | None:
    if f"{name}.names" not in packed:
        return None
    names = json.loads(packed[f"{name}.names"].tobytes())
    arrays = {array: packed[f"{name}.{array}"] for array in ARRAYS}
    return Block(columns={each: at for at, each in enumerate(names)}, size=size, **arrays)
