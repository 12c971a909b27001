"""The library's refusals in words for the person who wrote the path."""

import re

from jsonpath import JSONPathError

from apps.core.jsonpath.errors import BadPath

_TOKENS = {
    "TOKEN_EOF": "the end",
    "TOKEN_RBRACKET": "]",
    "TOKEN_LBRACKET": "[",
    "TOKEN_RPAREN": ")",
    "TOKEN_LPAREN": "(",
    "TOKEN_COMMA": "a comma",
    "TOKEN_COLON": "a colon",
    "TOKEN_ROOT": "$",
    "TOKEN_NAME": "a name",
    "TOKEN_INT": "a number",
    "TOKEN_FLOAT": "a number",
    "TOKEN_WHITESPACE": "a space",
}
_WORDS = {
    "expected a shorthand selector": "a name or * is missing",
    "filter expression literals outside of function expressions must be compared": "a value stands alone",
    "index out of range": "the index has too many digits",
}
_TOKEN = re.compile(r"'?(TOKEN_[A-Z_]+)'?")
_UNEXPECTED = re.compile(r"""^unexpected (?:token )?['"](.+)['"]$""")
_NEGATE = "To negate a comparison, put it in brackets: !(@.a == 1)."
_HINTS = (  # (what stands at the place, what stands before it, what to do)
    (r"^\s+$", r"", "Take out the space at its beginning or end."),
    (r"^\s", r"^$", "Take out the space at its beginning or end."),
    (r"^-", r"\.\w+$", "Put a name that has more than letters, digits and _ in quotes: $['due-date']."),
    (r"^=(?!=)", r"", "Compare with ==."),
    (r"^(and|or|not)\b", r"", "Write &&, || and ! instead of and, or and not."),
    (r"^!(?!=)", r"", _NEGATE),
    (r"^([=!]=|<|>)", r"![^|&]*$", _NEGATE),
    (r"^[&|](?![&|])", r"", "Write && and ||."),
    (r"^['\"]", r"", "Close the quotes."),
    (r"^\{", r"", "A variable is written {index} or {item.id}, and only in paths that results are written to."),
    (r"^[A-Za-z_]", r"\[\s*$", "Put the name in quotes: ['name']."),
    (r"^[0-9]", r"\.$", "Write a place of a list in brackets: [3]."),
    (r"^[^$\s]", r"^$", "A path begins with $, such as $.sections[0].text."),
)


def bad_path(text: str, error: JSONPathError) -> BadPath:
    token = error.token
    at = len(text) if token is None or token.index < 0 else token.index
    said = str(error.args[0] if error.args else "it is no path")
    why = _UNEXPECTED.sub(r"“\1” is not expected here", _TOKEN.sub(_token, _WORDS.get(said, said)))
    return BadPath(text, why, at=min(at, len(text)) + 1, suggestion=_hint(text, at))


def _token(found: re.Match[str]) -> str:
    return _TOKENS.get(found[1], found[1].removeprefix("TOKEN_").lower().replace("_", " "))


def _hint(text: str, at: int) -> str:
    if not text:
        return "Write one such as $.sections[0].text; $ alone is the whole document."
    before, after = text[:at], text[at:]
    return next((words for here, behind, words in _HINTS if re.search(here, after) and re.search(behind, before)), "")
