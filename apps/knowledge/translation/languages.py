"""Languages by their BCP 47 tags (RFC 5646), as far as translations need them: language, script, region, variants."""

import re

from apps.core.errors import InvalidInput

MAX_LENGTH = 35
TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<rest>(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*)",
    re.IGNORECASE,
)


def tag(text: str) -> str:
    """The tag as it is kept: "PT_br" is "pt-BR". InvalidInput when it is none."""
    found = TAG.fullmatch(text.strip().replace("_", "-"))
    if not found or len(text) > MAX_LENGTH:
        raise InvalidInput(f"{text[:MAX_LENGTH]!r} is no language tag. Use one such as de or pt-BR.")
    parts = (found["language"].lower(), (found["script"] or "").title(), (found["region"] or "").upper())
    return "-".join(filter(None, parts)) + found["rest"].lower()


def general(known: str) -> list[str]:
    """The tag and what it falls back to, the nearest first: "zh-Hant-TW", "zh-Hant", "zh"."""
    parts = known.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def base(known: str) -> str:
    return known.partition("-")[0]
