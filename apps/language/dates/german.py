"""German words for the date grammar: tables only."""

from apps.language.dates.lexicon import Lexicon, Phrase, daily

MONTHS = (
    "januar jänner jan",
    "februar feb",
    "märz mrz mär",
    "april apr",
    "mai",
    "juni jun",
    "juli jul",
    "august aug",
    "september sep sept",
    "oktober okt",
    "november nov",
    "dezember dez",
)
WEEKDAYS = (
    "montag mo",
    "dienstag di",
    "mittwoch mi",
    "donnerstag do",
    "freitag fr",
    "samstag sonnabend sa",
    "sonntag so",
)
WEAK = {"mo", "di", "mi", "do", "fr", "sa", "so"}
NUMBERS = (
    "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn "
    "neunzehn zwanzig"
)
ORDINALS = (
    "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft dreizehnt vierzehnt fünfzehnt sechzehnt "
    "siebzehnt achtzehnt neunzehnt zwanzigst einundzwanzigst zweiundzwanzigst dreiundzwanzigst vierundzwanzigst "
    "fünfundzwanzigst sechsundzwanzigst siebenundzwanzigst achtundzwanzigst neunundzwanzigst dreißigst einunddreißigst"
)
CLOCK_UNITS = {"hour": "stunde stunden std", "h": "h", "minute": "minute minuten min"}
DAY_PARTS = {
    "morning": "vormittag vormittags morgens früh am_morgen in_der_früh frühmorgens am_vormittag",
    "noon": "mittag",
    "afternoon": "nachmittag nachmittags am_nachmittag",
    "evening": "abend abends am_abend",
    "night": "nacht nachts in_der_nacht",
}
JOINED_PARTS = {
    "morgen": "morning", "vormittag": "morning", "früh": "morning", "mittag": "noon", "nachmittag": "afternoon",
    "abend": "evening", "nacht": "night",
}  # fmt: skip
ENDINGS = ("e", "er", "es", "en", "em")

SINGLE = {
    "d": "tag tage tagen tages",
    "5": "werktag werktage werktagen werktages arbeitstag arbeitstage arbeitstagen arbeitstages",
    "w": "woche wochen",
    "k": "wochenende wochenenden wochenendes",
    "m": "monat monate monaten monats",
    "q": "quartal quartale quartalen quartals vierteljahr vierteljahres",
    "h": "hj halbjahr halbjahre halbjahren halbjahres hälfte jahreshälfte",
    "y": "jahr jahre jahren jahres kalenderjahr kalenderjahres",
    "o": "vom",
    "=": "vergleiche vergleichen vergleich verglichen",
    "V": "bis",
    "S": "seit ab",
    "B": "vor",
    "A": "nach",
    "Z": "zwischen",
    "C": "und",
    "I": "im während",
    "U": "am an über innerhalb",
    "b": "anfang beginn",
    "i": "mitte",
    "e": "ende",
    "g": "einige einigen paar",
}
INFLECTED = {
    "L": "letzt vorig vergangen vorherig",
    "T": "dies laufend aktuell",
    "N": "nächst kommend folgend",
    "r": "rollierend gleitend",
}
SEASONS = {"frühling": 3, "frühjahr": 3, "sommer": 6, "herbst": 9, "winter": 12}
PHRASES: dict[str, list[tuple[str, int | str | None]]] = {
    "seit jahresbeginn": [("X", "y")],
    "seit jahresanfang": [("X", "y")],
    "seit monatsbeginn": [("X", "m")],
    "seit quartalsbeginn": [("X", "q")],
    "bis heute": [("z", None)],
    "bis jetzt": [("z", None)],
    "bisher": [("z", None)],
    "bis zum": [("V", None)],
    "von": [("F", "of")],
    "vorjahr": [("L", 1), ("y", None)],
    "vorjahres": [("L", 1), ("y", None)],
    "vormonat": [("L", 1), ("m", None)],
    "vormonats": [("L", 1), ("m", None)],
    "vorwoche": [("L", 1), ("w", None)],
    "vorquartal": [("L", 1), ("q", None)],
    "vorvorjahr": [("L", 2), ("y", None)],
    "anfang des": [("b", None), ("o", None)],
    "beginn des": [("b", None), ("o", None)],
    "anfang der": [("b", None), ("o", None)],
    "mitte des": [("i", None), ("o", None)],
    "ende des": [("e", None), ("o", None)],
    "ende der": [("e", None), ("o", None)],
    "seit monatsanfang": [("X", "m")],
    "seit quartalsanfang": [("X", "q")],
    "seit wochenbeginn": [("X", "w")],
    "jahresende": [("e", None), ("o", None), ("y", None)],
    "quartalsende": [("e", None), ("o", None), ("q", None)],
    "monatsende": [("e", None), ("o", None), ("m", None)],
    "vor einem": [("B", None), ("#", 1)],
    "vor einer": [("B", None), ("#", 1)],
    "vor einem jahr": [("B", None), ("#", 1), ("y", None)],
    "von vorgestern": [("R", -2)],
    "von gestern": [("R", -1)],
    "von heute": [("R", 0)],
    "von morgen": [("R", 1)],
    "heute morgen": [("R", 0), ("~", "morning")],
    "gestern morgen": [("R", -1), ("~", "morning")],
    "morgen früh": [("R", 1), ("~", "morning")],
    "letzte nacht": [("R", -1), ("~", "night")],
    "gestern nacht": [("R", -1), ("~", "night")],
    "in": [("I", "in")],
    "für": [("I", "for")],
    "in den nächsten": [("I", "in"), ("N", None)],
    "in den letzten": [("L", None)],
    "zum": [("O", None)],
    "stand zum": [("l", None)],
    "innerhalb von": [("U", "in")],
    "binnen": [("U", "in")],
    "von heute an": [("D", None)],
    "ab heute": [("S", None), ("R", 0)],
    "eine halbe stunde": [("#", 1), ("%", 30)],
    "einer halben stunde": [("#", 1), ("%", 30)],
    "halbe stunde": [("#", 1), ("%", 30)],
    "halben stunde": [("#", 1), ("%", 30)],
    "viertelstunde": [("#", 1), ("%", 15)],
    "dreiviertelstunde": [("#", 1), ("%", 45)],
    "anderthalb stunden": [("#", 1), ("%", 90)],
    "eineinhalb stunden": [("#", 1), ("%", 90)],
    "bis zum ende des tages": [("V", None), ("R", 0)],
    "bis ende des tages": [("V", None), ("R", 0)],
    "später als": [("A", None)],
    "jünger als": [("A", None)],
    "neuer als": [("A", None)],
    "früher als": [("B", None)],
    "älter als": [("B", "than")],
    "gleichen zeitraum": [("i", "same")],
    "gleicher zeitraum": [("i", "same")],
    "selben zeitraum": [("i", "same")],
    "vorjahreszeitraum": [("i", "same"), ("L", 1), ("y", None)],
    "oder später": [("u", None)],
    "und später": [("u", None)],
    "oder früher": [("l", "behind")],
    "und früher": [("l", "behind")],
    "genau jetzt": [("#", 0), ("%", 1), ("D", None)],
    "gerade eben": [("#", 0), ("%", 1), ("D", None)],
    "heiligabend": [("t", 24), ("M", 12)],
    "silvester": [("t", 31), ("M", 12)],
    "neujahr": [("t", 1), ("M", 1)],
    "spätestens": [("l", None)],
    "spätestens bis": [("V", None)],
    "bis spätestens": [("V", None)],
    "frühestens": [("S", None)],
    "frühestens um": [("S", None)],
    "spätestens am": [("l", None)],
    "eom": [("e", None), ("o", None), ("m", None)],
    "monatsanfang": [("b", None), ("o", None), ("m", None)],
    "jahresanfang": [("b", None), ("o", None), ("y", None)],
    "vorvorgestern": [("R", -3)],
    "überübermorgen": [("R", 3)],
    "dieser tage": [("x", None)],
    "morgen": [("R", 1)],
    "guten morgen": [("x", None)],
    "jeden morgen": [("x", None)],
    "vorgestern": [("R", -2)],
    "gestern": [("R", -1)],
    "heute": [("R", 0)],
    "übermorgen": [("R", 2)],
    "geschäftsjahr": [("K", None)],
    "kalenderwoche": [("w", 0)],
    "kalenderwochen": [("w", 0)],
    "kw": [("w", 0)],
    "kws": [("w", 0)],
    "stand": [("l", None)],
}


def _words() -> dict[str, Phrase]:
    words: dict[str, Phrase] = {phrase: tuple(tokens) for phrase, tokens in PHRASES.items()}
    for code, names in SINGLE.items():
        words.update(dict.fromkeys(names.split(), ((code, None),)))
    for code, stems in INFLECTED.items():
        words.update({stem + ending: ((code, None),) for stem in stems.split() for ending in ENDINGS})
    for strong, weak, table in (("M", "n", MONTHS), ("W", "v", WEEKDAYS)):
        for number, names in enumerate(table, 1):
            words.update({name: ((weak if name in WEAK else strong, number),) for name in names.split()})
    words.update({name: (("$", month),) for name, month in SEASONS.items()})
    words.update({name: (("#", number),) for number, name in enumerate(NUMBERS.split(), 1) if number > 1})
    for stem, day in (("gestrig", -1), ("heutig", 0), ("morgig", 1)):
        words.update({stem + ending: (("R", day),) for ending in ENDINGS})
    for number, stem in enumerate(ORDINALS.split(), 1):
        words.update({stem + ending: (("t", number),) for ending in ENDINGS})
    words.update(daily(CLOCK_UNITS, DAY_PARTS))
    for number, names in enumerate(MONTHS, 1):
        month = names.split()[0]
        for ending, unit in (("hälfte", "h"), ("woche", "w")):
            words[month + ending] = ((unit, None), ("o", None), ("M", number))
    words.update({f"zweitausend{name}": (("Y", 2000 + number),) for number, name in _below_hundred().items()})
    for number, names in enumerate(WEEKDAYS, 1):
        for name in names.split()[:-1]:
            for part, code in JOINED_PARTS.items():
                words.update(
                    {f"{name}{s}{part}{e}": (("W", number), ("~", code)) for s in ("", "s") for e in ("", "s")}
                )
    for ahead, code in (("in einem", "I"), ("in einer", "I"), ("innerhalb eines", "U"), ("innerhalb einer", "U")):
        units = [(name, unit) for unit in "dwmqy" for name in SINGLE[unit].split()]
        words.update({f"{ahead} {name}": ((code, "in"), ("#", 1), (unit, None)) for name, unit in units})
    words.update(
        {f"in einer {name}": (("I", "in"), ("#", 1), ("%", unit)) for name, unit in (("stunde", 60), ("minute", 1))}
    )
    words.update({f"über{stem}{ending}": (("N", 2),) for stem in ("nächst",) for ending in ENDINGS})
    words.update({f"vorletzt{ending}": (("L", 2),) for ending in ENDINGS})
    return words


def _below_hundred() -> dict[int, str]:
    ones = NUMBERS.split()
    named = dict(enumerate(["eins", *ones[1:19]], 1))
    for ten, name in enumerate(("zwanzig", "dreißig", "vierzig"), 2):
        named |= {10 * ten: name} | {10 * ten + one: f"{ones[one - 1]}und{name}" for one in range(1, 10)}
    return named


LABELS = (
    "weihnachten ostern pfingsten rechnung auftrag aufgabe nummer nr kunde kunden seite raum zimmer version position "
    "vertrag schritt"
)
COUNTED = "euro eur dollar chf zeilen datensätze stück seiten nutzer personen kg km mal"
COMMON = (
    "bericht rechnungen rechnung umsatz kunden zeige bitte mir ich wir uns haben ist sind nicht mit ohne zum zur auf alle "
    "was wie viel und oder gegen einschließlich erinnere schicke erstelle starte um uhr"
)
FILLERS = (
    "ungefähr etwa circa zirka einschließlich der die das den dem des ein eine einen einem einer gesamte gesamten ganze ganzen "
    "ganzes alle"
)

LEXICON = Lexicon(
    words=_words(),
    fillers=frozenset(FILLERS.split()),
    ordinal=r"(\d{1,2})(?:te|ten|ter|tes)",
    labels=frozenset(LABELS.split()),
    counted=frozenset(COUNTED.split()),
    common=frozenset(COMMON.split()),
    outlook=frozenset({"prognose", "prognosen", "vorschau", "ausblick", "hochrechnung"}),
    titles=frozenset({"herr", "herrn", "frau"}),
    # German writes all nouns with a capital, so a capital tells nothing.
    weak_is_strong_when_capital=False,
    patterns=((r"q(\d)", "Q"), (r"h(\d)", "H"), (r"gj(\d{2}|\d{4})", "K"), (r"kw(\d{1,2})", "w")),
)
