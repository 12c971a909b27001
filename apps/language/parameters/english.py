"""English words for reading values: tables only."""

from apps.language.parameters.phrases import Phrases

_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def _numbers() -> dict[str, float]:
    ones = _NUMBERS.split()
    words: dict[str, float] = {name: number for number, name in enumerate(ones, 1)}
    for ten, name in enumerate(_TENS.split(), 2):
        words[name] = 10 * ten
        words.update({f"{name}{gap}{one}": 10 * ten + number for number, one in enumerate(ones[:9], 1) for gap in "- "})
    return {**words, "a hundred": 100, "a thousand": 1000, "a couple of": 2, "half a": 0.5, "one and a half": 1.5}


_NARROWING = """
in for to from of with by at about within under over above below since until between against like per into near via
unless
"""


PHRASES = Phrases(
    without=(
        "do not include",
        "don't include",
        "not including",
        "leave out",
        "leaving out",
        "other than",
        "all but",
        "everything but",
        "everyone but",
        "anything but",
        "but not",
        "apart from",
        "aside from",
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
    ranking=("best", "biggest", "largest", "top", "most important", "worst", "smallest", "main", "newest", "latest", "oldest"),
    no_plural="s",
    numbers=_numbers(),
    multiples={"once": 1, "twice": 2, "thrice": 3},
    times=frozenset({"time", "times", "repetitions", "repeats", "repeat"}),
    rates=r"\s+(?:an?|as|per|each|every|the|more|less|you|it|we|i|this|that|again)\b",
    hundreds={"hundred": 100},
    dozens={"dozen": 12, "a dozen": 12},
    halves={"and a half": 0.5},
    leaving={"out": "leave", "aside": "leave", "off": "(?:leave|turn)"},
    scales={
        "k": 1000, "thousand": 1000, "m": 10**6, "mn": 10**6, "million": 10**6, "bn": 10**9, "billion": 10**9,
    },
    percent=("%", "percent", "per cent", "pct"),
    units={
        "second": "TS", "seconds": "TS", "sec": "TS", "secs": "TS", "minute": "TM", "minutes": "TM", "min": "TM",
        "mins": "TM", "hour": "TH", "hours": "TH", "hr": "TH", "hrs": "TH", "h": "TH", "day": "D", "days": "D",
        "fortnight": "DD", "fortnights": "DD",
        "week": "W", "weeks": "W", "month": "M", "months": "M", "year": "Y", "years": "Y",
    },
    currencies={
        "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP",
        "francs": "CHF", "rubles": "RUB", "yen": "JPY",
    },
    narrowing=frozenset(_NARROWING.split()),
)  # fmt: skip
