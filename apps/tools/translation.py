"""What a translation rests on: the term base, the translation memory, and the check of what must survive.

Languages are BCP 47 tags such as "de" or "pt-BR"; what is not known of "pt-BR" is looked up for "pt". Nothing here
asks a language model: `ai.complete` translates, this module says with which terms, and whether it was done right.
"""

from typing import Literal, TypedDict

from apps.tools.registry import Call, tool


class TermHit(TypedDict):
    """One term of the base in one text. `text` is the text's place in the list, `found` the words as they stand there.

    `is_kept`: never translated; then `translation` is the term itself.
    """

    text: int
    language: str
    term: str
    found: str
    translation: str
    note: str
    is_kept: bool


class Pair(TypedDict):
    """A text and what it is in the other language."""

    text: str
    translation: str


class Fault(TypedDict):
    """What is wrong with one translation. `text` is the pair's place in the list.

    A serious one must not be delivered: something that has to survive is lost, or nothing was translated. The others
    are worth a look.
    """

    text: int
    kind: Literal[
        "empty", "untranslated", "placeholder", "markup", "lines", "space", "numbers", "term", "length", "script"
    ]
    message: str
    is_serious: bool


@tool(call_class="read", permission="knowledge.view_term")
def terms(call: Call, texts: list[str], source: str, targets: list[str], *, topic: str = "") -> list[TermHit]:
    """The terms of the base that stand in the texts, one hit for each term, text and target language.

    In the order of the texts and of the words in them. A term is found as whole words; where terms overlap the longest
    wins. `topic` adds the terms of that topic, which go before the general ones. At most 1,000 texts of 20,000
    characters. Error: ValueError for what is no language tag, or too much.
    """
    return []


@tool(call_class="read", permission="knowledge.view_memoryentry")
def remembered(
    call: Call, texts: list[str], source: str, language: str, *, topic: str = "", style: str = ""
) -> list[str | None]:
    """What the translation memory holds for each text, None where it holds nothing that may be used.

    An entry is used for the same text (but for spaces at its ends, which are given back as they stand in the text),
    and only while the terms that apply to it are those with which it was made. A model's entry counts for the same
    `topic` and `style` (any word of yours: "formal"), a person's without them for all. Error: ValueError as `terms`.
    """
    return [None] * len(texts)


@tool(call_class="effect", permission="knowledge.add_memoryentry")
def remember(
    call: Call,
    pairs: list[Pair],
    source: str,
    language: str,
    *,
    origin: Literal["model", "person"] = "model",
    topic: str = "",
    style: str = "",
) -> int:
    """Keep translations in the memory; how many are new or changed. Doing it again changes nothing.

    What a person said is never overwritten by a model. Check with `faults` before. Errors: ValueError (an empty text
    or translation), PermissionError (origin "person" needs knowledge.change_memoryentry).
    """
    return 0


@tool(call_class="pure")
def placeholders(call: Call, text: str) -> list[str]:
    """What must stand in every translation of the text as it stands here, in the order of the text, doubles included."""
    return []


@tool(call_class="read", permission="knowledge.view_term")
def faults(call: Call, pairs: list[Pair], source: str, language: str, *, topic: str = "") -> list[Fault]:
    """What is wrong with the translations, in the order of the pairs; [] when nothing was found.

    At most 1,000 pairs. Error: ValueError as `terms`.
    """
    return []
