"""Names of output files: patterns such as `invoice_report_{date}.pdf` filled in, and made safe on every system."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath

from apps.core.errors import InvalidInput

MAX_BYTES = 120
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
UNSAFE = re.compile(r"[^\w.\-+ ()]+")
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"]
)


def fill(pattern: str, values: Mapping[str, object]) -> str:
    """`pattern` with its `{placeholders}` replaced, made safe.

    Raises InvalidInput that names a placeholder without a value.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return str(values[match[1]])
        except KeyError:
            known = ", ".join(f"{{{name}}}" for name in sorted(values))
            raise InvalidInput(f"the file name {pattern!r} asks for {match[0]}; known are {known}") from None

    return safe(PLACEHOLDER.sub(value, pattern))


def safe(name: str, *, fallback: str = "file") -> str:
    """A bare file name that no system reads as a path, a device, an option or another extension.

    Control and direction marks go, separators become `_`, at most 120 bytes are kept with the extension.
    """
    visible = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c)[0] != "C")
    flat = UNSAFE.sub("_", visible).strip(" ._-")
    path = PurePosixPath(flat or fallback)
    stem, suffix = path.stem.rstrip(" ."), path.suffix if len(path.suffix) <= 10 else ""
    if stem.split(".")[0].strip().lower() in DEVICES:
        stem = f"{fallback}_{stem}"
    room = MAX_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + suffix


def with_extension(name: str, extension: str) -> str:
    """`name` ending in `.extension`, so that a file is what it says."""
    return name if name.lower().endswith(f".{extension}") else f"{name}.{extension}"
