"""What a translation rests on: the term base, the translation memory, and the check of what must survive.

Languages are BCP 47 tags such as "de" or "pt-BR"; a term that is not known in "pt-BR" is looked up in "pt". Nothing here
asks a language model: `ai.complete` translates, this module says with which terms, and whether it was done right.
"""

from collections.abc import Sequence
from typing import Literal, TypedDict

from apps.core.errors import InvalidInput, ToolError
from apps.knowledge.translation import checking, languages, marks, memory
from apps.knowledge.translation import messages as pasted
from apps.knowledge.translation.memory import Purpose
from apps.knowledge.translation.terms import Glossary
from apps.tools.registry import Call, tool

MOST_TEXTS = 1_000
MOST_CHARACTERS = 20_000
MOST_LANGUAGES = 50
MOST_HITS = 20_000
LONGEST_WORD = 80
MAY_REVIEW = "knowledge.change_memoryentry"


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


class Message(TypedDict):
    """A text to translate. `key` is what programs know it by; "" where it has none."""

    key: str
    text: str


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
    """The terms of the base that stand in the texts, one hit for each place of a term and target language.

    In the order of the texts and of the words in them. A term is found as whole words, in the forms that the base lists;
    where terms overlap the longest wins. Placeholders, markup, addresses and code hide no terms. `topic` adds the terms
    of that topic, which go before the general ones. At most 1,000 texts of 20,000 characters, 50 languages and 20,000
    hits. Error: ValueError for what is no language tag, or too much.
    """
    _check_texts(texts)
    if len(targets) > MOST_LANGUAGES:
        raise ToolError(f"at most {MOST_LANGUAGES} languages, not {len(targets)}.", kind="ValueError")
    wanted = list(dict.fromkeys(_tag(target) for target in targets))
    hits = Glossary(_tag(source), wanted, _word("topic", topic)).hits(texts)
    if len(hits) > MOST_HITS:
        raise ToolError(f"{len(hits):,} hits are too many: ask with fewer texts or languages.", kind="ValueError")
    return [
        TermHit(
            text=hit.text,
            language=hit.language,
            term=hit.entry.term,
            found=hit.found,
            translation=hit.entry.answer,
            note=hit.entry.note,
            is_kept=hit.entry.is_kept,
        )
        for hit in hits
    ]


@tool(call_class="read", permission="knowledge.view_memoryentry")
def remembered(
    call: Call, texts: list[str], source: str, language: str, *, topic: str = "", style: str = ""
) -> list[str | None]:
    """What the translation memory holds for each text, None where it holds nothing that may be used.

    An entry is used for the same text (but for spaces at its ends, which are given back as they stand in the text),
    and only while the terms that apply to it are those with which it was made. A model's entry counts for the same
    `topic` and `style` (any word of yours: "formal"), a person's without them for all. Error: ValueError as `terms`.
    """
    _check_texts(texts)
    return memory.remembered(texts, _purpose(source, language, topic, style))


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
    or translation; as `terms`), PermissionError (origin "person" needs knowledge.change_memoryentry).
    """
    if origin == memory.Origin.PERSON and not call.requester.has_perm(MAY_REVIEW):
        raise ToolError(f"Keeping what a person said needs the permission {MAY_REVIEW}.", kind="PermissionError")
    kept = _checked(pairs)
    try:
        return memory.remember(
            kept, _purpose(source, language, topic, style), origin=memory.Origin(origin), by=call.requester
        )
    except InvalidInput as error:
        raise ToolError(error.message, kind="ValueError") from None


@tool(call_class="pure")
def messages(call: Call, lines: list[str]) -> list[Message]:
    """What people paste, as messages: plain lines, `key = text`, two columns with tabs, CSV with a head, or JSON.

    JSON is an object of keys and texts (objects inside become `menu.file`, lists `menu.0`), a list of texts, or of objects
    with `key` and `text`. Keys are read where every line has one; else each line is a text, and its key is "". What has no
    text is left out. Error: ValueError for JSON that is broken.
    """
    try:
        return [Message(key=each.key, text=each.text) for each in pasted.read(lines)]
    except InvalidInput as error:
        raise ToolError(error.message, kind="ValueError") from None


@tool(call_class="pure")
def placeholders(call: Call, text: str) -> list[str]:
    """What must stand in every translation of the text as it stands here, in the order of the text, doubles included.

    Placeholders (`{name}`, `{{ name }}`, `{0}`, `%s`, `%(name)s`, `%1$d`, `${name}`, `:name` behind a space), heads of ICU
    messages and what stands in their branches, tags, entities, web and mail addresses, Markdown's marks, code, targets of
    links, emoji, line breaks. Not `$name`, `[name]`, `&File`. Error: ValueError for more than 20,000 characters.
    """
    _check_texts([text])
    return [mark.text for mark in marks.find(text).marks if not mark.is_syntax]


@tool(call_class="read", permission="knowledge.view_term")
def faults(call: Call, pairs: list[Pair], source: str, language: str, *, topic: str = "") -> list[Fault]:
    """What is wrong with the translations, in the order of the pairs; [] when nothing was found.

    Serious: empty; a placeholder, tag, mark or kept term missing, changed or made up; unnamed placeholders in another
    order; tags not closed; other lines; a sentence that is the text itself; wrong letters (Cyrillic is expected, say); a
    number of three digits or more missing. Worth a look: spaces at the ends, other numbers, a term not as the base says
    (the beginnings of its words are looked for), much longer or shorter. At most 1,000 pairs. Error: ValueError as `terms`.
    """
    found = checking.check(_checked(pairs), _tag(source), _tag(language), topic=_word("topic", topic))
    return [
        Fault(text=place, kind=fault.kind.value, message=fault.message, is_serious=fault.is_serious)
        for place, each in enumerate(found)
        for fault in each
    ]


def _purpose(source: str, language: str, topic: str, style: str) -> Purpose:
    return Purpose(
        source=_tag(source), language=_tag(language), topic=_word("topic", topic), style=_word("style", style)
    )


def _tag(text: str) -> str:
    try:
        return languages.tag(text)
    except InvalidInput as error:
        raise ToolError(error.message, kind="ValueError") from None


def _word(name: str, text: str) -> str:
    if len(text) > LONGEST_WORD:
        raise ToolError(f"{name} must be at most {LONGEST_WORD} characters.", kind="ValueError")
    return " ".join(text.split())


def _checked(pairs: list[Pair]) -> list[tuple[str, str]]:
    for place, pair in enumerate(pairs):
        if not isinstance(pair["text"], str) or not isinstance(pair["translation"], str):
            raise ToolError(f"pair {place}: text and translation must be str.", kind="TypeError")
    _check_texts([pair["text"] for pair in pairs])
    _check_texts([pair["translation"] for pair in pairs])
    return [(pair["text"], pair["translation"]) for pair in pairs]


def _check_texts(texts: Sequence[str]) -> None:
    if len(texts) > MOST_TEXTS:
        raise ToolError(f"at most {MOST_TEXTS:,} texts at once, not {len(texts):,}.", kind="ValueError")
    for place, text in enumerate(texts):
        if len(text) > MOST_CHARACTERS:
            raise ToolError(
                f"text {place} has {len(text):,} characters, more than {MOST_CHARACTERS:,}.", kind="ValueError"
            )
