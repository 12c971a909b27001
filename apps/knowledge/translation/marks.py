"""What has to survive a translation as it stands: placeholders, markup, addresses, marks, line breaks, emoji.

Known are, in this order (the first that fits at a place wins):

- ICU messages: `{count, plural, one {# file} other {# files}}`, also select and selectordinal, up to five deep. Their head
  (`{count, plural,`) has to survive, and what stands in their branches; how many branches there are is the language's
  business, but for select. Quoting with apostrophes is not known;
- HTML and XML: comments, tags, numbered tags (`<0>`), entities;
- `{{ name }}`, `{% tag %}`, `<%= name %>`, `${name}`, `#{name}`, `%{name}`;
- `%(name)s`, `%1$s`, `%s`, `%.2f`, `%@`, `%%`, `%name%`, `%Y`; `{name}`, `{0}`, `{0:N2}`, `{user.name}`, `{}`;
- `:name` (Laravel) behind a space, a bracket or a quote, two lower-case letters at least;
- web and e-mail addresses; backslash escapes (`\\n`); `:shortcodes:`;
- Markdown: code, targets of links, bold, italic, struck out, and what lines begin with: headings, lists, quotes;
- emoji and line breaks.

Not known, since they cannot be told from text: `$name`, `[name]`, `@name`, accelerators (`&File`).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

DEEPEST = 5
_BOOLEAN = (
    "allowfullscreen|async|autofocus|autoplay|checked|controls|defer|disabled|download|hidden|loop|multiple|muted|"
    "nowrap|open|readonly|required|reversed|selected"
)
_ATTRIBUTE = rf"""\s+(?:[A-Za-z_:@][\w:.@-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>=]+)|(?:{_BOOLEAN})(?=[\s/>]))"""
_SIMPLE = r",\s*(?:number|date|time|spellout|ordinal|duration|list|relativetime)\b[^{}\n]*"
_EMOJI_ONE = (
    "[\U0001f300-\U0001faff\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55]"
)
_EMOJI = (
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_EMOJI_ONE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
    rf"(?:\u200d{_EMOJI_ONE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?){{0,8}}"
)


class Kind(StrEnum):
    VARIABLE = "variable"
    MESSAGE = "message"
    TAG = "tag"
    ENTITY = "entity"
    ADDRESS = "address"
    FORMAT = "format"
    LINE = "line"
    EMOJI = "emoji"


_PATTERNS: tuple[tuple[Kind, str], ...] = (
    (Kind.TAG, r"<!--.{0,2000}?-->"),
    (Kind.VARIABLE, r"<%[^%<>\n]*%>"),
    (Kind.TAG, rf"</?(?:[A-Za-z][\w:.-]*|\d{{1,3}})(?:{_ATTRIBUTE}){{0,50}}\s*/?>"),
    (Kind.VARIABLE, r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}|[$#%]\{[^{}\n]*\}"),
    (
        Kind.VARIABLE,
        r"\{[ \t]{0,5}[\w$][\w.\[\]$-]*[ \t]{0,5}(?:![rsa])?(?::[^{}\s]*|,\s*-?\d+(?::[^{}\s]*)?|"
        + _SIMPLE
        + r")?[ \t]{0,5}\}|\{\}",
    ),
    (
        Kind.ADDRESS,
        r"""(?:https?|ftp)://[^\s<>"'`)\]*]*[^\s<>"'`)\]*.,;:!?…]|\bwww\.[\w-]+(?:\.[\w-]+)+(?:/[^\s<>"'`)\]*]*[^\s<>"'`)\]*.,;:!?…])?""",
    ),
    (Kind.ADDRESS, r"(?:mailto:)?(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+"),
    (Kind.VARIABLE, r"%\(\w+\)[-+#0]*\d*(?:\.\d+)?[a-zA-Z]"),
    (Kind.VARIABLE, r"(?<!\d)%[A-Za-z_][\w.]+%"),
    (Kind.VARIABLE, r"%%|%\d{1,2}\$[-+#0]*\d*(?:\.\d+)?(?:l{1,2}|h)?[a-zA-Z@]"),
    (Kind.VARIABLE, r"(?<!\d)%[-+#0]*\d*(?:\.\d+)?(?:l{1,2}|h)?[diufFeEgGxXoscaA@YmBbHMSpyjI]"),
    (Kind.VARIABLE, r"(?<=\d)%[diuf](?![A-Za-z])"),
    (Kind.ENTITY, r"&(?:[A-Za-z][A-Za-z\d]{1,31}|#\d{1,7}|#[xX][\da-fA-F]{1,6});"),
    (Kind.EMOJI, r"(?<![\w:]):[a-z\d_+-]*[a-z_][a-z\d_+-]*:(?![\w:])"),
    (Kind.VARIABLE, r"""(?:(?<=[\s("'«„“\[>])|(?<![\s\S])):[a-z][a-z\d_]+(?![\w:])"""),
    (Kind.FORMAT, r"```[\s\S]{0,5000}?```|`[^`\n]+`"),
    (Kind.VARIABLE, r"""\\(?:[nrt"'\\]|u[\da-fA-F]{4})"""),
    (Kind.FORMAT, r"(?<=\])\([^()\s]+(?:\s+\"[^\"\n]*\")?\)|!(?=\[)"),
    (Kind.FORMAT, r"(?:(?<=\n)|(?<![\s\S]))[ \t]*(?:#{1,6}|[-*+]|>|\d{1,3}[.)])(?=[ \t])"),
    (Kind.FORMAT, r"\*\*|~~|(?<![\w_])__(?=\w)|(?<=[\w.!?])__(?![\w_])"),
    (Kind.FORMAT, r"(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])|(?<![\w_])_(?=[^\W_])|(?<=[^\W_])_(?![\w_])"),
    (Kind.LINE, r"\r\n|\n|\r"),
    (Kind.EMOJI, _EMOJI),
)
_ANY = re.compile("|".join(f"(?P<k{place}>{pattern})" for place, (_, pattern) in enumerate(_PATTERNS)))
_HEAD = re.compile(r"\{\s*[\w.-]+\s*,\s*(?P<type>plural|select|selectordinal)\s*,(?:\s*offset:\s*\d+)?")
_BRANCH = re.compile(r"\s*(?P<key>=\d+|[\w-]+)\s*\{")
_HASH = re.compile(r"#")


@dataclass(frozen=True, kw_only=True)
class Mark:
    kind: Kind
    text: str
    start: int
    is_syntax: bool = False
    """What holds an ICU message together behind its head: how many branches there are is the language's business."""
    is_branched: bool = False
    """Inside a branch of an ICU message: how often it stands there may differ between languages."""
    key: str = ""
    """What begins a branch of a select: other than those of a plural, they are the program's words."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A text taken apart: its marks in order, and the stretches between them that people read."""

    text: str
    marks: list[Mark]
    words: list[tuple[int, int]] = field(repr=False)

    @property
    def plain(self) -> str:
        """What people read, marks left out; one space stands for each."""
        return " ".join(self.text[start:end] for start, end in self.words)


def find(text: str) -> Marked:
    marks = sorted(_Reader(text).marks(), key=lambda mark: mark.start)
    words, position = [], 0
    for mark in marks:
        if mark.start > position:
            words.append((position, mark.start))
        position = max(position, mark.end)
    if position < len(text):
        words.append((position, len(text)))
    return Marked(text=text, marks=marks, words=words)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.closing = _closing(text) if "{" in text else {}
        self.heads = [found for found in _HEAD.finditer(text) if found.start() in self.closing]
        self.starts = [found.start() for found in self.heads]

    def marks(self) -> Iterator[Mark]:
        return self._between(0, len(self.text), deep=0, is_plural=False)

    def _between(self, start: int, end: int, *, deep: int, is_plural: bool) -> Iterator[Mark]:
        """Marks of one stretch; ICU messages in it are entered, each once."""
        position = start
        place = bisect_right(self.starts, start - 1)
        while deep < DEEPEST and place < len(self.heads) and self.starts[place] < end:
            head = self.heads[place]
            branches = list(self._branches(head.end(), self.closing[head.start()]))
            if not branches:
                place += 1
                continue
            yield from self._flat(position, head.start(), deep, is_plural)
            yield from self._message(head, branches, deep)
            position = self.closing[head.start()] + 1
            place = bisect_right(self.starts, position - 1)
        yield from self._flat(position, end, deep, is_plural)

    def _message(self, head: re.Match[str], branches: list[tuple[str, int, int]], deep: int) -> Iterator[Mark]:
        yield Mark(kind=Kind.MESSAGE, text=head[0], start=head.start(), is_branched=deep > 0)
        position = head.end()
        for key, start, end in branches:
            yield self._syntax(position, start, key if head["type"] == "select" else "")
            yield from self._between(start, end, deep=deep + 1, is_plural=head["type"] != "select")
            position = end
        yield self._syntax(position, self.closing[head.start()] + 1)

    def _syntax(self, start: int, end: int, key: str = "") -> Mark:
        """Keys and braces: no words to translate."""
        return Mark(
            kind=Kind.MESSAGE, text=self.text[start:end], start=start, is_syntax=True, is_branched=True, key=key
        )

    def _branches(self, position: int, end: int) -> Iterator[tuple[str, int, int]]:
        """Key and content of each branch; nothing when it is no ICU message after all."""
        found = []
        while branch := _BRANCH.match(self.text, position, end):
            opened = branch.end() - 1
            if opened not in self.closing:
                return
            found.append((branch["key"], branch.end(), self.closing[opened]))
            position = self.closing[opened] + 1
        if not self.text[position:end].strip() and any(key == "other" for key, _, _ in found):
            yield from found

    def _flat(self, start: int, end: int, deep: int, is_plural: bool) -> Iterator[Mark]:
        taken = []
        for found in _ANY.finditer(self.text, start, end):
            kind = _PATTERNS[int(str(found.lastgroup)[1:])][0]
            taken.append(found.span())
            yield Mark(kind=kind, text=found[0], start=found.start(), is_branched=deep > 0)
        if is_plural:
            for found in _HASH.finditer(self.text, start, end):
                if not any(a <= found.start() < b for a, b in taken):
                    yield Mark(kind=Kind.VARIABLE, text="#", start=found.start(), is_branched=True)


def _closing(text: str) -> dict[int, int]:
    """Where each brace that is closed is closed."""
    opened: list[int] = []
    closing = {}
    for found in re.finditer(r"[{}]", text):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            closing[opened.pop()] = found.start()
    return closing
