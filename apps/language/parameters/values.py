"""Readers for one kind of value each. They look at the words that nothing has consumed yet."""

import re
from itertools import takewhile
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from apps.language.parameters import numbers, quantities
from apps.language.parameters.fields import Field
from apps.language.parameters.phrases import Phrases
from apps.language.parameters.sentence import (
    Sentence,
    Value,
    markers,
    name_pattern,
    noun_pattern,
    nouns,
    phrase_pattern,
)

FUZZY_SCORE, FUZZY_LEAD, FUZZY_LENGTH = 88, 8, 5
REACH = 4
"""How many words a "without" reaches."""
MAX_CLAUSE = 120
"""How many characters before a choice are looked at for an "including"."""
_QUOTED = r"[\"“„]([^\"“”„]{1,500})[\"”“]|(?<!\w)'([^']{1,500})'(?!\w)"
_WORD = r"[^\W\d_](?:[\w’'-]*\w)?"
_WORDS = rf"{_WORD}(?:[ \t]+{_WORD})*"
_CLAUSE_ENDS = (
    r"[.;:!?]|(?<!\ball )(?<!everything )(?<!everyone )(?<!anything )\bbut\b(?! not\b)|\b(?:aber|но|pero|mais)\b"
    r"|,(?!\s*(?:and|or|und|oder|и|или|y|o|et|ou|\w+\s*$))"
)
"""Behind "all but" the clause goes on."""
_EMAIL = r"(?<![\w.+-])(?<!\w['’])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"


def read(place: Field, sentence: Sentence) -> Value | None:
    if place.choices:
        return _list(place, sentence) if place.kind == "array" else _choice(place, sentence)
    reader = {
        "boolean": _truth,
        "integer": numbers.number,
        "number": numbers.number,
        "string": _text,
        "array": _texts,
    }.get(place.kind)
    return reader(place, sentence) if reader else None


# Choices -------------------------------------------------------------------------------------------------------------


def _named(place: Field, sentence: Sentence) -> list[tuple[Any, tuple[int, int]]]:
    """Every choice that is named, in the sentence's order; of overlapping names the longest."""
    hits = []
    for choice in place.choices:
        for phrase in [str(choice), *place.synonyms.get(str(choice), [])]:
            hits += [(choice, match.span()) for match in sentence.matches(phrase_pattern(phrase))]
        hits += [(choice, span) for span in _currency_spans(str(choice), sentence)]
    kept: list[tuple[Any, tuple[int, int]]] = []
    for choice, span in sorted(hits, key=lambda hit: hit[1][0] - hit[1][1]):
        if all(span[1] <= low or span[0] >= high for _, (low, high) in kept):
            kept.append((choice, span))
    return sorted(kept, key=lambda hit: hit[1]) or _fuzzy(place, sentence)


def _currency_spans(choice: str, sentence: Sentence) -> list[tuple[int, int]]:
    """A choice that is the code of a currency is also named by its sign and its names."""
    if choice not in quantities.CODES:
        return []
    names = [name for name, code in sentence.phrases.currencies.items() if code == choice and name in sentence.folded]
    signs = [re.escape(sign) for sign, codes in quantities.SYMBOLS.items() if choice in codes]
    patterns = [*signs, *map(phrase_pattern, names)]
    return [match.span() for pattern in patterns for match in sentence.matches(pattern)]


def _fuzzy(place: Field, sentence: Sentence) -> list[tuple[Any, tuple[int, int]]]:
    """A misspelt choice, if it is near one name and clearly less near to all others."""
    phrases = [
        (str(phrase).lower(), choice)
        for choice in place.choices
        for phrase in [choice, *place.synonyms.get(str(choice), [])]
    ]
    found = []
    for match in sentence.matches(rf"\w{{{FUZZY_LENGTH},}}"):
        scored = sorted(
            ((_likeness(match.group(), phrase), choice) for phrase, choice in phrases), key=lambda pair: -pair[0]
        )
        best = scored[0]
        rest = [score for score, choice in scored if choice != best[1]]
        if best[0] >= FUZZY_SCORE and best[0] - max(rest, default=0) >= FUZZY_LEAD:
            found.append((best[1], match.span()))
    return found


def _likeness(word: str, phrase: str) -> float:
    """One slip (a letter too many, missing, wrong or swapped with its neighbour) behind the same first letter is near."""
    is_slip = len(phrase) >= FUZZY_LENGTH and word[0] == phrase[0] and OSA.distance(word, phrase, score_cutoff=1) <= 1
    return max(fuzz.ratio(word, phrase), float(FUZZY_SCORE) if is_slip else 0)


def _choice(place: Field, sentence: Sentence) -> Value | None:
    named = [hit for hit in _named(place, sentence) if not _is_negated(sentence, hit[1][0])]
    if place.markers:
        named = [hit for hit in named if _is_behind(place.markers, sentence, hit[1])]
    choices = list(dict.fromkeys(choice for choice, _ in named))
    if not choices:
        return None
    return Value(value=choices[0], spans=tuple(span for _, span in named), others=tuple(choices[1:]))


def _is_behind(markers: list[str], sentence: Sentence, span: tuple[int, int]) -> bool:
    """Behind one of the schema's own marker words, or all that is said."""
    start, end = span
    if not re.search(r"\w", sentence.folded[:start] + sentence.folded[end:]):
        return True
    marks = "|".join(re.escape(mark.lower()) + ("" if mark.endswith("'") else r"\s+") for mark in markers)
    return re.search(rf"(?<!\w)(?:{marks})$", sentence.folded[:start]) is not None


def _list(place: Field, sentence: Sentence) -> Value | None:
    named = _named(place, sentence)
    refused = [choice for choice, span in named if _is_negated(sentence, span[0])]
    wanted = list(dict.fromkeys(choice for choice, _ in named if choice not in refused))
    spans = tuple(span for _, span in named)
    if wanted:
        kept = _kept_default(place, sentence, [hit for hit in named if hit[0] not in refused])
        return Value(value=list(dict.fromkeys([each for each in kept if each not in refused] + wanted)), spans=spans)
    if refused:
        return Value(value=[choice for choice in place.choices if choice not in refused], spans=spans)
    every, joining = "|".join(sentence.phrases.every), "|".join(map(re.escape, sentence.phrases.joining))
    for noun in nouns(place, sentence):
        for match in sentence.matches(rf"\b(?:{every})\s+(?:(?:{joining})\s+)?{noun}"):
            return Value(value=list(place.choices), spans=(match.span(),))
    return None


def _kept_default(place: Field, sentence: Sentence, named: list[tuple[Any, tuple[int, int]]]) -> list[Any]:
    """The default, where all that is named comes on top of it: "including inactive clients"."""
    default = place.schema.get("default")
    if not isinstance(default, list):
        return []
    others = sentence.folded
    for _, (low, high) in named:
        others = others[:low] + " " * (high - low) + others[high:]
    return list(default) if all(_is_added(others, span, sentence.phrases) for _, span in named) else []


def _is_added(others: str, span: tuple[int, int], phrases: Phrases) -> bool:
    """Nothing but joining words stands between "including" and the choice, and no "only" near it.

    `others` is the sentence with blanks for the choices that it names.
    """
    only = "|".join(phrases.only)
    if re.match(rf"\s+(?:\w+\s+)?(?:{only})\b", others[span[1] :]):
        return False
    adding = "|".join(re.escape(word) for word in sorted(phrases.adding, key=len, reverse=True))
    before = others[max(0, span[0] - MAX_CLAUSE) : span[0]]
    marks = list(re.finditer(rf"\b(?:{adding})\b", before))
    joining = {*phrases.joining, *phrases.every} - {"for", "of"}
    return bool(marks) and all(word in joining for word in re.findall(r"[^\s,]+", before[marks[-1].end() :]))


def _is_negated(sentence: Sentence, at: int) -> bool:
    """A "without" stands a few words before, with nothing but joining words and other names between."""
    before = sentence.folded[max(0, at - 80) : at]
    clause = re.split(_CLAUSE_ENDS, quantities.BOUND.sub("", before))[-1]
    without = "|".join(re.escape(word) for word in sentence.phrases.without)
    including = "|".join(sentence.phrases.including)
    marks = list(re.finditer(rf"\b(?:(?P<no>{without})|(?:{including}))\b", clause))
    return bool(marks and marks[-1]["no"] and len(clause[marks[-1].end() :].split()) < REACH)


# Truth ---------------------------------------------------------------------------------------------------------------


def _truth(place: Field, sentence: Sentence) -> Value | None:
    """Only where its name is in the sentence, behind a word that takes it in or leaves it out."""
    for truth in (False, True):
        for phrase in place.synonyms.get(str(truth).lower(), []):
            for match in sentence.matches(phrase_pattern(phrase)):
                return Value(value=truth, spans=(match.span(),))
    names = [rf"{each}(?!\w)" for each in map(name_pattern, place.names)]
    if place.nouns:
        names.append(r"\s+".join([*map(re.escape, place.nouns[:-1]), noun_pattern(place.nouns[-1], sentence)]))
    if not names:
        return None
    name = rf"(?:{'|'.join(names)})"
    joining = "|".join(map(re.escape, sentence.phrases.joining))
    for behind, before in sentence.phrases.leaving.items():
        for match in sentence.matches(rf"\b{before}\s+(?:(?:{joining})\s+){{0,3}}{name}\s+{behind}\b"):
            return Value(value=False, spans=(match.span(),))
    for words, truth in ((sentence.phrases.without, False), (sentence.phrases.including, True)):
        marks = "|".join(re.escape(word) for word in words)
        between = rf"(?:(?:{joining})\s+|\w+\s*(?:,|\b(?:and|or|und|oder|и|или|y|o|et|ou)\b)\s*){{0,3}}"
        for match in sentence.matches(rf"\b(?:{marks})\s+{between}{name}"):
            return Value(value=truth, spans=(match.span(),))
    return None


# Text ----------------------------------------------------------------------------------------------------------------


def _text(place: Field, sentence: Sentence) -> Value | None:
    """Only what is quoted, or stands behind the parameter's name and a colon or an equals sign."""
    if place.schema.get("format") == "email":
        return _one(sentence, sentence.matches(_EMAIL))
    if place.quantity == "duration" or place.schema.get("format") == "duration":
        return numbers.duration(place, sentence)
    if place.schema.get("format"):
        return None
    name = r"[\s_]+".join(map(re.escape, place.words))
    quoted = sentence.matches(rf"\b{name}\s*(?:is|as|:|=)?\s*(?:{_QUOTED})")
    quoted = quoted or sentence.matches(rf"\b{name}\s*[:=]\s*([^,;\n]{{1,200}})")
    return _one(sentence, quoted) or _after(place, sentence) or _one(sentence, sentence.matches(_QUOTED))


def _after(place: Field, sentence: Sentence) -> Value | None:
    """Behind one of the schema's own marker words: what is quoted, or words with a capital. Never anything else."""
    if not place.markers or sentence.text.isupper():
        return None
    marks = "|".join(map(phrase_pattern, markers(place, sentence)))
    if quoted := sentence.matches(rf"(?:{marks})\s+(?:{_QUOTED})"):
        return _one(sentence, quoted)
    spans = [span for match in sentence.matches(marks) for span in _names(sentence, match.end(), marks)]
    values = list(dict.fromkeys(sentence.text[start:end] for start, end in spans))
    return Value(value=values[0], spans=tuple(spans), others=tuple(values[1:])) if values else None


def _names(sentence: Sentence, at: int, marks: str) -> list[tuple[int, int]]:
    """Where names stand from here on: "Alice Smith", or each of "Alice and Bob"."""
    spans: list[tuple[int, int]] = []
    gap = r"\s+"
    joining = r"\s*(?:,|&|\b(?:and|or|und|oder|и|или|y|o|et|ou)\b)\s*"
    while match := re.compile(rf"{gap}({_WORDS})").match(sentence.text, at):
        start = match.start(1)
        words = [(start + word.start(), start + word.end()) for word in re.finditer(r"\S+", match.group(1))]
        named = list(takewhile(lambda word: _is_name(sentence, *word, marks), words))
        if not named:
            break
        at = named[-1][1]
        spans.append((start, at))
        gap = joining
    return spans


def _is_name(sentence: Sentence, start: int, end: int, marks: str) -> bool:
    word = sentence.folded[start:end]
    is_capital = sentence.text[start].isupper() and not word.endswith("'s")
    return is_capital and sentence.is_free(start, end) and not re.fullmatch(marks, word)


def _texts(place: Field, sentence: Sentence) -> Value | None:
    items = place.schema.get("items", {})
    if items.get("type") != "string":
        return None
    matches = sentence.matches(_EMAIL if items.get("format") == "email" else _QUOTED)
    values = [_written(sentence, match) for match in matches]
    return Value(value=values, spans=tuple(match.span() for match in matches)) if values else None


def _one(sentence: Sentence, matches: list[re.Match[str]]) -> Value | None:
    values = list(dict.fromkeys(_written(sentence, match) for match in matches))
    if not values:
        return None
    return Value(value=values[0], spans=tuple(match.span() for match in matches), others=tuple(values[1:]))


def _written(sentence: Sentence, match: re.Match[str]) -> str:
    """As the person wrote it, not folded."""
    group = next((number for number, text in enumerate(match.groups(), 1) if text is not None), 0)
    return sentence.text[match.start(group) : match.end(group)].strip()
