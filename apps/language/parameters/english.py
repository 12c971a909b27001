"""English words for reading values: tables only."""

from apps.language.parameters.phrases import Phrases

_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"

PHRASES = Phrases(
    without=(
        "do not include",
        "don't include",
        "not including",
        "leave out",
        "leaving out",
        "other than",
        "without",
        "excluding",
        "exclude",
        "except for",
        "except",
        "skip",
        "omit",
        "minus",
        "hide",
        "not",
        "no",
    ),
    including=("including", "include", "includes", "with", "plus", "add", "show", "only", "just"),
    adding=(
        "including",
        "include",
        "includes",
        "plus",
        "add",
        "adding",
        "also for",
        "also",
        "as well as",
        "along with",
        "together with",
        "in addition to",
    ),
    only=("only", "just", "nothing but", "exclusively"),
    every=("all", "every", "any", "each"),
    joining=("and", "or", "the", "any", "of", "all", "their", "our", "for", "a"),
    is_=("is", "are", "of", "to", "at", "=", ":"),
    no_plural="s",
    numbers={name: number for number, name in enumerate(_NUMBERS.split(), 1)},
    multiples={"once": 1, "twice": 2, "thrice": 3},
    times=frozenset({"time", "times", "repetitions", "repeats", "repeat"}),
    rates=r"\s+(?:an?|as|per|each|every|the|more|less|you|it|we|i|this|that|again)\b",
)
