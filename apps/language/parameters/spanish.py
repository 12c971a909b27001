"""Spanish words for reading values: tables only."""

from apps.language.parameters.phrases import Phrases

_LISTED = (
    "un una uno,dos,tres,cuatro,cinco,seis,siete,ocho,nueve,diez,once,doce,trece,catorce,quince,dieciséis,diecisiete,"
    "dieciocho,diecinueve,veinte,veintiuno veintiún,veintidós,veintitrés,veinticuatro,veinticinco,veintiséis,veintisiete,"
    "veintiocho,veintinueve"
)
_NUMBERS = _LISTED.split(",")
_HUNDREDS = {
    2: "doscient", 3: "trescient", 4: "cuatrocient", 5: "quinient", 6: "seiscient", 7: "setecient", 8: "ochocient",
    9: "novecient",
}  # fmt: skip
_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa"


def _numbers() -> dict[str, float]:
    words: dict[str, float] = {name: number for number, names in enumerate(_NUMBERS, 1) for name in names.split()}
    ones = [(name, number) for number, names in enumerate(_NUMBERS[:9], 1) for name in names.split()]
    for ten, name in enumerate(_TENS.split(), 3):
        words[name] = 10 * ten
        words.update({f"{name} y {one}": 10 * ten + number for one, number in ones})
    hundreds = [(stem + ending, 100 * number) for number, stem in _HUNDREDS.items() for ending in ("os", "as")]
    return {**words, **dict(hundreds), "cien": 100, "ciento": 100, "media": 0.5, "medio": 0.5}


_NARROWING = """
en para de del a al con por desde hasta sobre según entre contra hacia
"""


PHRASES = Phrases(
    without=("sin", "excepto", "salvo", "excluyendo", "a excepción de", "aparte de", "no", "menos"),
    including=("con", "incluyendo", "incluye", "incluidos", "solo", "sólo", "muestra"),
    adding=("incluyendo", "incluye", "incluidos", "también", "además de", "así como", "más"),
    only=("solo", "sólo", "solamente", "únicamente"),
    every=("todos", "todas", "cada", "cualquier"),
    joining=("y", "e", "o", "los", "las", "el", "la", "de", "todos", "nuestros", "para"),
    is_=("es", "son", "de", "a", "=", ":"),
    ranking=("mejores", "mayores", "principales", "peores", "menores", "últimos", "primeros", "más importantes"),
    no_plural="s",
    numbers=_numbers(),
    multiples={},
    times=frozenset({"vez", "veces", "times", "repetitions", "repeats", "repeat"}),
    rates=r"\s+(?:al|por|cada|más|menos|a la)\b",
    decimal=",",
    dozens={"docena": 12, "docenas": 12, "docena de": 12, "docenas de": 12},
    halves={"y medio": 0.5, "y media": 0.5},
    scales={"k": 1000, "mil": 1000, "millón": 10**6, "millones": 10**6},
    percent=("%", "por ciento", "porciento"),
    units={
        "segundo": "TS", "segundos": "TS", "minuto": "TM", "minutos": "TM", "hora": "TH", "horas": "TH",
        "h": "TH", "min": "TM", "seg": "TS", "día": "D",
        "días": "D", "semana": "W", "semanas": "W", "mes": "M", "meses": "M", "año": "Y", "años": "Y",
    },
    currencies={"euro": "EUR", "euros": "EUR", "dólar": "USD", "dólares": "USD", "libras": "GBP", "francos": "CHF"},
    narrowing=frozenset(_NARROWING.split()),
    markers={
        "to": ("a", "hasta"), "for": ("para",), "of": ("de",), "hello": ("hola",),
        "greet": ("saluda",),
    },
)  # fmt: skip
