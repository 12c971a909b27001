"""Spanish words for the date grammar: tables only."""

from apps.language.dates.lexicon import Lexicon, Phrase, behind, daily, split, spread

MONTHS = (
    "enero ene",
    "febrero feb",
    "marzo mar",
    "abril abr",
    "mayo",
    "junio jun",
    "julio jul",
    "agosto ago",
    "septiembre setiembre sep sept",
    "octubre oct",
    "noviembre nov",
    "diciembre dic",
)
WEEKDAYS = (
    "lunes lun",
    "martes",
    "miércoles miercoles mié",
    "jueves jue",
    "viernes vie",
    "sábado sabado sábados sáb",
    "domingo dom",
)
_NUMBERS = (
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho "
    "diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho "
    "veintinueve treinta"
)
NUMBERS = tuple(split(_NUMBERS))
CLOCK_UNITS = {"hour": "hora horas", "h": "h", "minute": "minuto minutos min"}
DAY_PARTS = {
    "morning": "por_la_mañana de_la_mañana en_la_mañana madrugada de_la_madrugada",
    "noon": "mediodía",
    "afternoon": "tarde por_la_tarde de_la_tarde en_la_tarde",
    "evening": "noche por_la_noche de_la_noche en_la_noche",
}
ORDINALS = (
    "primer primero primera primeros primeras",
    "segundo segunda",
    "tercer tercero tercera",
    "cuarto cuarta",
    "quinto quinta",
    "sexto sexta",
    "séptimo séptima",
    "octavo octava",
    "noveno novena",
    "décimo décima",
)
UNITS = {
    "d": "día días dia dias",
    "w": "semana semanas",
    "f": "quincena quincenas",
    "m": "mes meses",
    "q": "trimestre trimestres",
    "h": "semestre semestres mitad",
    "y": "año años",
}
SINGLE = {
    **UNITS,
    "L": "último última últimos últimas ultimo ultima ultimos ultimas pasado pasada pasados pasadas anterior anteriores",
    "T": "este esta estos estas actual presente",
    "N": "próximo próxima próximos próximas proximo proxima proximos proximas siguiente siguientes",
    "O": "a al",
    "V": "hasta",
    "S": "desde",
    "Z": "entre",
    "=": "compara comparar comparación comparado",
    "C": "y e",
    "o": "de del",
    "I": "en durante para",
    "B": "hace",
    "b": "principios comienzos inicios inicio comienzo",
    "i": "mediados",
    "e": "finales fines",
    "g": "algunos algunas varios varias unos unas",
}
SEASONS = {"primavera": 3, "verano": 6, "otoño": 9, "invierno": 12}
LAST = split("pasado pasada pasados pasadas anterior anteriores último última últimos últimas")
NEXT = [*split("próximo próxima próximos próximas siguiente siguientes entrante"), "que viene", "que vienen"]
THIS = ["en curso", "actual", "corriente", "presente"]
PHRASES: dict[str, list[tuple[str, int | str | None]]] = {
    "en lo que va de año": [("X", "y")],
    "en lo que va del año": [("X", "y")],
    "lo que va de año": [("X", "y")],
    "lo que va del año": [("X", "y")],
    "en lo que va de mes": [("X", "m")],
    "en lo que va del mes": [("X", "m")],
    "en lo que va de trimestre": [("X", "q")],
    "en lo que va del trimestre": [("X", "q")],
    "hasta la fecha": [("z", None)],
    "día hábil": [("5", None)],
    "días hábiles": [("5", None)],
    "día laborable": [("5", None)],
    "días laborables": [("5", None)],
    "ahora mismo": [("#", 0), ("%", 1), ("D", None)],
    "nochebuena": [("t", 24), ("M", 12)],
    "nochevieja": [("t", 31), ("M", 12)],
    "posterior a": [("A", None)],
    "posteriores a": [("A", None)],
    "posterior al": [("A", None)],
    "posteriores al": [("A", None)],
    "mismo periodo": [("i", "same")],
    "mismo período": [("i", "same")],
    "anterior a": [("B", None)],
    "anteriores a": [("B", None)],
    "anterior al": [("B", None)],
    "anteriores al": [("B", None)],
    "o posterior": [("u", None)],
    "o posteriores": [("u", None)],
    "o después": [("u", None)],
    "o anterior": [("l", "behind")],
    "o anteriores": [("l", "behind")],
    "o antes": [("l", "behind")],
    "a más tardar el": [("l", None)],
    "hasta el final del día": [("V", None), ("R", 0)],
    "antes de que acabe el día": [("V", None), ("R", 0)],
    "hasta hoy": [("z", None)],
    "hasta ahora": [("z", None)],
    "primera quincena": [("t", 1), ("h", None)],
    "segunda quincena": [("t", 2), ("h", None)],
    "a partir de": [("S", None)],
    "a partir del": [("S", None)],
    "antes de": [("B", None)],
    "antes del": [("B", None)],
    "después de": [("A", None)],
    "después del": [("A", None)],
    "dentro de": [("D", None)],
    "hace un": [("B", None), ("#", 1)],
    "hace una": [("B", None), ("#", 1)],
    "desde hace": [("S", None)],
    "a principios": [("b", None)],
    "a comienzos": [("b", None)],
    "a mediados": [("i", None)],
    "a finales": [("e", None)],
    "a fines": [("e", None)],
    "al final": [("e", None)],
    "el final": [("e", None)],
    "fin": [("x", None)],
    "fin de": [("e", None), ("o", None)],
    "fin del": [("e", None), ("o", None)],
    "fin de mes": [("e", None), ("o", None), ("m", None)],
    "fin de año": [("e", None), ("o", None), ("y", None)],
    "fin de semana": [("k", None)],
    "fines de semana": [("k", None)],
    "anteayer": [("R", -2)],
    "antes de ayer": [("R", -2)],
    "ayer": [("R", -1)],
    "hoy": [("R", 0)],
    "mañana": [("R", 1)],
    "esta mañana": [("R", 0), ("~", "morning")],
    "anoche": [("R", -1), ("~", "evening")],
    "antier": [("R", -2)],
    "buenas tardes": [("x", None)],
    "buenas noches": [("x", None)],
    "buenos días": [("x", None)],
    "más tarde": [("x", None)],
    "en": [("I", "in")],
    "en una hora": [("I", "in"), ("#", 1), ("%", 60)],
    "en un minuto": [("I", "in"), ("#", 1), ("%", 1)],
    "dentro de una hora": [("D", None), ("#", 1), ("%", 60)],
    "en un día": [("I", "in"), ("#", 1), ("d", None)],
    "en una semana": [("I", "in"), ("#", 1), ("w", None)],
    "en un mes": [("I", "in"), ("#", 1), ("m", None)],
    "en un año": [("I", "in"), ("#", 1), ("y", None)],
    "media hora": [("#", 1), ("%", 30)],
    "hora y media": [("#", 1), ("%", 90)],
    "la semana que viene": [("N", None), ("w", None)],
    "a más tardar": [("x", None)],
    "pasado mañana": [("R", 2)],
    "la mañana": [("~", "morning")],
    "el pasado": [("L", None)],
    "medio año": [("#", 6), ("m", None)],
    "ejercicio": [("K", None)],
    "ejercicio fiscal": [("K", None)],
    "año fiscal": [("K", None)],
}


def _words() -> dict[str, Phrase]:
    words = spread(
        PHRASES, SINGLE, months=MONTHS, weekdays=WEEKDAYS, numbers=NUMBERS, ordinals=ORDINALS, seasons=SEASONS
    )
    nouns = {**UNITS, "k": "fin de semana,fines de semana"}
    for code, adjectives in (("L", LAST), ("N", NEXT), ("T", THIS)):
        words.update(behind(nouns, MONTHS, WEEKDAYS, adjectives, code))
    words.update({name: tokens for name, tokens in daily(CLOCK_UNITS, DAY_PARTS).items() if name not in words})
    words["treinta y uno"] = (("#", 31),)
    words.update({f"el {number}": (("t", number),) for number in range(1, 32)})
    return words


COMMON = "sin informe facturas factura ventas clientes análisis ingresos muestra dame quiero por favor con que qué cuánto las una"

LEXICON = Lexicon(
    words=_words(),
    fillers=frozenset(split("aproximadamente el la los las un una todo toda todos lo calendario natural")),
    ordinal=r"(\d{1,2})(?:º|ª|°|er|ro|ra|do|da|to|ta)",
    labels=frozenset(split("navidad pascua factura pedido tarea número cliente página versión contrato orden sala")),
    counted=frozenset(split("euros euro dólares pesos filas registros veces personas clientes facturas páginas")),
    weak=frozenset({"mar", "ago", "ene", "jun", "jul", "lun", "mié", "jue", "vie", "sáb", "dom"}),
    weak_is_strong_when_capital=False,
    has_capital_months=False,
    common=frozenset(COMMON.split()),
    outlook=frozenset({"previsión", "prevision", "previsiones", "pronóstico", "pronósticos"}),
    titles=frozenset({"señor", "señora", "sr", "sra", "don", "doña"}),
    given_names=frozenset({"julio", "abril", "domingo", "agosto"}),
    patterns=((r"[tq](\d)", "Q"), (r"([1-4])[tq]", "Q"), (r"[sh]([12])", "H"), (r"([12])s", "H")),
)
