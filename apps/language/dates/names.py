"""Months and weekdays that are part of a name: April Jones, Sonntag GmbH, ООО «Март», client Julio Martes.

Only a bare name of a month or weekday can be one; a number beside it makes it a date.
"""

import re

from apps.language.dates.lexicon import Lexicon, split
from apps.language.dates.token import Token

_LEGAL_FORMS = (
    "gmbh ag kg kgaa ohg ug mbh ev gbr ltd limited inc llc llp plc corp corporation company holding holdings group gruppe groupe "
    "sa sl slu srl spa sarl sas sasu eurl bv nv oy ab as aps kft sro ооо оао зао пао ао ип групп группа холдинг банк"
)
_OWNERS = (
    "client customer supplier vendor company partner firm kunde kunden lieferant lieferanten firma unternehmen клиент клиента "
    "клиенту клиентом компания компании компанию поставщик поставщика фирма фирмы cliente proveedor empresa société entreprise "
    "fournisseur"
)
LEGAL_FORMS = frozenset(split(_LEGAL_FORMS))
LEGAL_FORMS_BEFORE = frozenset(split("ооо оао зао пао ао ип тов тоо"))
OWNERS = frozenset(split(_OWNERS))
"""Words before the name of a company or a person."""
JOINING = frozenset(split("and und et y e и & + of de"))
QUOTES = {"«": "»", "„": '“”"', "“": "”", '"': '"'}


def is_name(text: str, raw: list[Token], index: int, words: Lexicon) -> bool:
    """The word is part of a name and no date. `raw` are the pieces of the text in order."""
    if _word_before(text, raw[index].start) in words.titles:
        return True
    if raw[index].code or not _is_calendar_name(raw[index], words):
        return False
    return (
        _is_person(raw, index, words)
        or _has_legal_form(text, raw, index)
        or _is_quoted_alone(text, raw[index])
        or _is_among_capitals(text, raw, index, words)
    )


def _word_before(text: str, start: int) -> str:
    return text[:start].rstrip(' .«„“"').rpartition(" ")[2].casefold()


def _is_calendar_name(word: Token, words: Lexicon) -> bool:
    known = words.words.get(str(word.value).casefold(), ())
    return len(known) == 1 and known[0][0] in "MnWv"


def _is_person(raw: list[Token], index: int, words: Lexicon) -> bool:
    """April Jones: a month that is a given name, before another word with a capital that is no date."""
    pair = raw[index : index + 2]
    if len(pair) < 2 or any(token.code for token in pair):
        return False
    first, second = (str(token.value) for token in pair)
    return (
        first.casefold() in words.given_names
        and first[0].isupper()
        and second[0].isupper()
        and not second.isupper()
        and second.casefold() not in words.words
        and second.casefold() not in words.common
    )


def _has_legal_form(text: str, raw: list[Token], index: int) -> bool:
    """Sonntag GmbH, Mai & Partner KG, ООО «Март»: what follows with capitals ends in a legal form."""
    if not text[raw[index].start].isupper():
        return False
    if _word_before(text, raw[index].start) in LEGAL_FORMS_BEFORE:
        return True
    following = raw[index + 1 : index + 4]
    if following and _is_legal(text, following[0]):
        return True
    is_joined = bool(following) and str(following[0].value).casefold() in JOINING
    return is_joined and any(_is_legal(text, each) for each in following[1:])


def _is_legal(text: str, word: Token) -> bool:
    return not word.code and text[word.start].isupper() and str(word.value).casefold() in LEGAL_FORMS


def _is_quoted_alone(text: str, word: Token) -> bool:
    before, after = text[: word.start][-1:], text[word.end :][:1]
    return before in QUOTES and bool(after) and after in QUOTES[before]


def _is_among_capitals(text: str, raw: list[Token], index: int, words: Lexicon) -> bool:
    """Client Mars Chocolat; where months have no capital, also "Marta Abril". With a number beside it, it is a date."""
    word = raw[index]
    if not text[word.start].isupper() or text.isupper() or _has_number(text, word):
        return False
    after = raw[index + 1 : index + 2]
    is_followed = bool(after) and _is_capital_word(text, after[0], words)
    if _word_before(text, word.start) in OWNERS and (is_followed or not words.has_capital_months):
        return True
    if is_followed and str(word.value).casefold() in words.weak_guests:
        return True  # Mars Logistics, in English
    before = raw[index - 1 : index] if index else []
    is_led = bool(before) and before[0].is_capital and _is_capital_word(text, before[0], words)
    is_led = is_led and before[0].end + 1 == word.start
    return not words.has_capital_months and word.is_capital and (is_led or is_followed)


def _has_number(text: str, word: Token) -> bool:
    return bool(
        re.match(r"['’]?[\s,]*(?:(?:de|del|d')\s*)?\d", text[word.end :])
        or re.search(r"\d\.?\s*(?:de\s+)?$", text[: word.start])
    )


def _is_capital_word(text: str, word: Token, words: Lexicon) -> bool:
    """A word that only a name would write with a capital, or a month or weekday that may itself be one."""
    if word.code or not text[word.start].isupper():
        return False
    said = str(word.value).casefold()
    return said not in words.common and (said not in words.words or _is_calendar_name(word, words))
