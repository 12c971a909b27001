"""French words for reading values: tables only."""

from apps.language.parameters.phrases import Phrases

_NUMBERS = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf"
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre-vingt"}


def _numbers() -> dict[str, float]:
    ones = _NUMBERS.split()
    words: dict[str, float] = {name: number for number, name in enumerate(ones, 1)}
    for ten, name in _TENS.items():
        words[name] = ten
        reach = 19 if ten >= 60 else 9
        words.update({f"{name}-{one}": ten + number for number, one in enumerate(ones[:reach], 1)})
        words[f"{name} et un"] = ten + 1
    return {
        **words,
        "quatre-vingts": 80,
        "soixante et onze": 71,
        "une": 1,
        "un demi": 0.5,
        "une demi": 0.5,
    }


_NARROWING = """
en dans pour de du des à au aux avec par depuis sur chez entre vers contre
"""


PHRASES = Phrases(
    without=("sans", "sauf", "excepté", "hors", "hormis", "à part", "à l'exception de", "à l'exception des", "pas de", "ne pas"),
    including=("avec", "incluant", "y compris", "inclus", "seulement", "montre"),
    adding=("incluant", "y compris", "également", "aussi", "ainsi que", "plus"),
    only=("seulement", "uniquement", "exclusivement"),
    every=("tous", "toutes", "chaque"),
    joining=("et", "ou", "les", "le", "la", "des", "de", "tous", "nos", "pour"),
    is_=("est", "sont", "de", "à", "=", ":"),
    ranking=(
        "meilleurs", "meilleures", "plus gros", "plus grands", "plus importants", "principaux", "pires",
        "plus petits", "derniers",
    ),
    no_plural="s",
    numbers=_numbers(),
    multiples={},
    times=frozenset({"fois", "times", "repetitions", "repeats", "repeat"}),
    rates=r"\s+(?:par|chaque|plus|moins)\b",
    decimal=",",
    hundreds={"cent": 100, "cents": 100},
    dozens={"douzaine": 12, "douzaines": 12, "douzaine de": 12, "douzaines de": 12},
    halves={"et demi": 0.5, "et demie": 0.5},
    leaving={"de côté": "laisse[zr]?"},
    scales={"k": 1000, "md": 10**9, "mille": 1000, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9},
    percent=("%", "pour cent", "pourcent"),
    units={
        "seconde": "TS", "secondes": "TS", "minute": "TM", "minutes": "TM", "heure": "TH", "heures": "TH",
        "h": "TH", "min": "TM", "sec": "TS", "jour": "D",
        "jours": "D", "semaine": "W", "semaines": "W", "mois": "M", "an": "Y", "ans": "Y", "année": "Y", "années": "Y",
    },
    currencies={"euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "livres": "GBP", "francs": "CHF"},
    narrowing=frozenset(_NARROWING.split()),
    markers={
        "to": ("à", "jusqu'à"), "for": ("pour",), "of": ("de",), "hello": ("bonjour",), "hi": ("salut",),
        "greet": ("salue", "saluez"),
    },
)  # fmt: skip
