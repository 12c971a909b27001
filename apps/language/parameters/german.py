"""German words for reading values: tables only."""

from apps.language.parameters.phrases import Phrases

_NUMBERS = "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn"
_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"


def _numbers() -> dict[str, float]:
    ones = _NUMBERS.split()
    words: dict[str, float] = {name: number for number, name in enumerate([*ones, "neunzehn"], 1)}
    words.update({f"{one}einhalb": number + 0.5 for number, one in enumerate(ones[:9], 1)})
    for ten, name in enumerate(_TENS.split(), 2):
        words[name] = 10 * ten
        words.update({f"{one}und{name}": 10 * ten + number for number, one in enumerate(ones[:9], 1)})
    half = dict.fromkeys(("ein halbes", "eine halbe", "einer halben", "einem halben"), 0.5)
    return {**words, **half, "eine": 1, "einen": 1, "anderthalb": 1.5, "eineinhalb": 1.5}


_NARROWING = """
in im ins für von vom zu zum zur mit an am aus bei beim nach über unter gegen ab bis seit je pro zwischen wegen
"""


PHRASES = Phrases(
    without=(
        "ohne", "außer", "ausser", "ausgenommen", "bis auf", "abgesehen von",
        "kein", "keine", "keinen", "nicht", "lass weg",
    ),
    including=("mit", "inklusive", "einschließlich", "samt", "nur", "zeige"),
    adding=("inklusive", "einschließlich", "zusätzlich", "auch", "sowie", "plus"),
    only=("nur", "ausschließlich", "lediglich"),
    every=("alle", "allen", "jeder", "jeden", "sämtliche"),
    joining=("und", "oder", "die", "der", "den", "das", "alle", "allen", "aller", "unsere", "für", "auch"),
    is_=("ist", "sind", "von", "auf", "=", ":"),
    ranking=(
        "größten", "grössten", "besten", "wichtigsten", "umsatzstärksten", "kleinsten", "schlechtesten", "neuesten",
        "ältesten",
    ),
    no_plural="n",
    numbers=_numbers(),
    multiples={"einmal": 1, "zweimal": 2, "dreimal": 3, "viermal": 4, "fünfmal": 5},
    times=frozenset({"mal", "times", "repetitions", "repeats", "repeat"}),
    rates=r"\s+(?:pro|am|im|jede[nrs]?|so|mehr|weniger)\b",
    decimal=",",
    hundreds={"hundert": 100},
    dozens={"dutzend": 12, "ein dutzend": 12},
    leaving={"weg": "lass(?:en?|t)?"},
    scales={"k": 1000, "tsd": 1000, "tausend": 1000, "mio": 10**6, "million": 10**6, "millionen": 10**6, "mrd": 10**9,
        "milliarde": 10**9, "milliarden": 10**9},
    percent=("%", "prozent"),
    units={
        "sekunde": "TS", "sekunden": "TS", "minute": "TM", "minuten": "TM", "stunde": "TH", "stunden": "TH", "std": "TH",
        "h": "TH", "min": "TM", "sek": "TS",
        "tag": "D", "tage": "D", "tagen": "D", "woche": "W", "wochen": "W", "monat": "M", "monate": "M", "monaten": "M",
        "jahr": "Y", "jahre": "Y", "jahren": "Y",
    },
    currencies={"euro": "EUR", "euros": "EUR", "dollar": "USD", "pfund": "GBP", "franken": "CHF", "rubel": "RUB"},
    narrowing=frozenset(_NARROWING.split()),
    markers={
        "to": ("zu", "an", "bis"), "for": ("für",), "of": ("von",), "hello": ("hallo",),
        "greet": ("grüße", "grüß", "grüsse", "begrüße", "begrüsse"),
    },
)  # fmt: skip
