"""English words for the date grammar: tables only."""

from apps.language.dates.lexicon import MINUTES, Lexicon, Phrase, daily

MONTHS = (
    "january jan",
    "february feb febr",
    "march mar",
    "april apr",
    "may",
    "june jun",
    "july jul",
    "august aug",
    "september sep sept",
    "october oct",
    "november nov",
    "december dec",
)
WEEKDAYS = (
    "monday mon",
    "tuesday tue tues",
    "wednesday wed",
    "thursday thu thur thurs",
    "friday fri",
    "saturday sat",
    "sunday sun",
)
WEAK = {"march", "mar", "may", "dec", "jan", "jun", "mon", "wed", "sat", "sun", "fri", "thu", "tue"}
NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
CLOCK_UNITS = {"hour": "hour hours hr hrs", "h": "h", "minute": "minute minutes min mins"}
DAY_PARTS = {
    "morning": "morning mornings in_the_morning forenoon early_morning",
    "noon": "lunch lunchtime at_lunch over_lunch",
    "afternoon": "afternoon in_the_afternoon early_afternoon late_afternoon",
    "evening": "evening in_the_evening late_evening early_evening",
    "night": "night at_night",
}
AHEAD = {"in a": "I", "in an": "I", "in one": "I", "within a": "U", "within an": "U", "within one": "U"}

SINGLE = {
    "d": "day days",
    "5": "workday workdays",
    "w": "week weeks wk wks",
    "f": "fortnight fortnights",
    "k": "weekend weekends",
    "m": "month months mth mths",
    "q": "quarter quarters qtr",
    "h": "half half-year half-years",
    "y": "year years yr yrs",
    "L": "last previous prior preceding",
    "a": "past",
    "T": "this current",
    "N": "next coming following upcoming",
    "F": "from starting beginning-from",
    "O": "to through thru",
    "V": "until untill till til up-to up-until",
    "S": "since",
    "B": "before",
    "A": "after",
    "Z": "between",
    "=": "compare compares compared comparing comparison versus vs",
    "C": "and &",
    "o": "of",
    "I": "during throughout",
    "U": "on over at",
    "b": "beginning",
    "i": "middle mid mid-of",
    "e": "end late",
    "E": "ended ending",
    "G": "ago",
    "u": "onwards onward",
    "r": "rolling trailing running",
    "g": "few several",
}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
PHRASES: dict[str, list[tuple[str, int | str | None]]] = {
    "the year to date": [("X", "y")],
    "year to date": [("X", "y")],
    "year-to-date": [("X", "y")],
    "ytd": [("X", "y")],
    "quarter to date": [("X", "q")],
    "quarter-to-date": [("X", "q")],
    "qtd": [("X", "q")],
    "month to date": [("X", "m")],
    "month-to-date": [("X", "m")],
    "mtd": [("X", "m")],
    "week to date": [("X", "w")],
    "week-to-date": [("X", "w")],
    "wtd": [("X", "w")],
    "so far": [("z", None)],
    "to date": [("z", None)],
    "until now": [("z", None)],
    "till now": [("z", None)],
    "up to now": [("z", None)],
    "start of": [("b", None), ("o", None)],
    "early": [("b", "early")],
    "up to": [("V", None)],
    "up to and including": [("V", None)],
    "until and including": [("V", None)],
    "through and including": [("V", None)],
    "up until": [("V", None)],
    "as of": [("l", None)],
    "as at": [("l", None)],
    "from now": [("D", None)],
    "and on": [("u", None)],
    "on wards": [("u", None)],
    "half year": [("h", None)],
    "half years": [("h", None)],
    "six month period": [("h", None)],
    "a couple of": [("#", 2)],
    "couple of": [("#", 2)],
    "a few": [("g", None)],
    "a dozen": [("#", 12)],
    "half a year": [("#", 6), ("m", None)],
    "day before yesterday": [("R", -2)],
    "yesterday": [("R", -1)],
    "today": [("R", 0)],
    "tomorrow": [("R", 1)],
    "day after tomorrow": [("R", 2)],
    "year before last": [("L", 2), ("y", None)],
    "month before last": [("L", 2), ("m", None)],
    "quarter before last": [("L", 2), ("q", None)],
    "week before last": [("L", 2), ("w", None)],
    "fiscal year": [("K", None)],
    "financial year": [("K", None)],
    "fiscal": [("K", None)],
    "fy": [("K", None)],
    "in": [("I", "in")],
    "for": [("I", "for")],
    "by": [("l", None)],
    "no later than": [("l", None)],
    "not later than": [("l", None)],
    "christmas day": [("t", 25), ("M", 12)],
    "christmas eve": [("t", 24), ("M", 12)],
    "new year's eve": [("t", 31), ("M", 12)],
    "new year's day": [("t", 1), ("M", 1)],
    "right now": [("#", 0), ("%", 1), ("D", None)],
    "just now": [("#", 0), ("%", 1), ("D", None)],
    "in the next": [("I", "in"), ("N", None)],
    "within": [("U", "in")],
    "within the next": [("U", "in")],
    "within next": [("U", "in")],
    "within the upcoming": [("U", "in")],
    "later than": [("A", None)],
    "nothing newer than": [("l", None)],
    "nothing older than": [("S", None)],
    "newer than": [("A", None)],
    "more recent than": [("A", None)],
    "earlier than": [("B", None)],
    "sooner than": [("B", None)],
    "older than": [("B", "than")],
    "same period": [("i", "same")],
    "same period of": [("i", "same")],
    "same time": [("i", "same")],
    "this time": [("i", "same")],
    "or later": [("u", None)],
    "or after": [("u", None)],
    "or newer": [("u", None)],
    "and newer": [("u", None)],
    "and later": [("u", None)],
    "or earlier": [("l", "behind")],
    "or before": [("l", "behind")],
    "or older": [("l", "behind")],
    "and earlier": [("l", "behind")],
    "ending on": [("E", None)],
    "ending with": [("E", None)],
    "ended on": [("E", None)],
    "this past": [("L", None)],
    "this coming": [("N", None)],
    "this last": [("L", None)],
    "tonight": [("R", 0), ("~", "evening")],
    "last night": [("R", -1), ("~", "night")],
    "hence": [("D", None)],
    "later": [("D", None)],
    "from today": [("D", None)],
    "by the end of": [("V", None), ("e", None), ("o", None)],
    "by end of": [("V", None), ("e", None), ("o", None)],
    "business day": [("5", None)],
    "business days": [("5", None)],
    "working day": [("5", None)],
    "working days": [("5", None)],
    "end of month": [("e", None), ("o", None), ("m", None)],
    "end of year": [("e", None), ("o", None), ("y", None)],
    "end of quarter": [("e", None), ("o", None), ("q", None)],
    "end of week": [("e", None), ("o", None), ("w", None)],
    "eod": [("R", 0)],
    "by the end of the day": [("V", None), ("R", 0)],
    "by end of day": [("V", None), ("R", 0)],
    "until the end of the day": [("V", None), ("R", 0)],
    "at the end of the day": [("x", None)],
    "by eod": [("V", None), ("R", 0)],
    "eom": [("e", None), ("o", None), ("m", None)],
    "eoy": [("e", None), ("o", None), ("y", None)],
    "eoq": [("e", None), ("o", None), ("q", None)],
    "by eom": [("V", None), ("e", None), ("o", None), ("m", None)],
    "by eoy": [("V", None), ("e", None), ("o", None), ("y", None)],
    "half an hour": [("#", 1), ("%", 30)],
    "half hour": [("#", 1), ("%", 30)],
    "a quarter of an hour": [("#", 1), ("%", 15)],
    "three quarters of an hour": [("#", 1), ("%", 45)],
    "three-quarters of an hour": [("#", 1), ("%", 45)],
    "an hour and a half": [("#", 1), ("%", 90)],
    "couple": [("#", 2)],
    "calendar week": [("w", 0)],
    "calendar weeks": [("w", 0)],
    "cw": [("w", 0)],
}


def _words() -> dict[str, Phrase]:
    words: dict[str, Phrase] = {phrase: tuple(tokens) for phrase, tokens in PHRASES.items()}
    for code, names in SINGLE.items():
        words.update(dict.fromkeys(names.split(), ((code, None),)))
    for strong, weak, table in (("M", "n", MONTHS), ("W", "v", WEEKDAYS)):
        for number, names in enumerate(table, 1):
            words.update({name: ((weak if name in WEAK else strong, number),) for name in names.split()})
    words.update({name: (("$", month),) for name, month in SEASONS.items()})
    words.update({name: (("#", number),) for number, name in enumerate(NUMBERS.split(), 1)})
    words.update({name: (("t", number),) for number, name in enumerate(ORDINALS.split(), 1)})
    words.update(daily(CLOCK_UNITS, DAY_PARTS))
    for ones, (cardinal, ordinal) in enumerate(zip(NUMBERS.split()[:9], ORDINALS.split()[:9], strict=True), 1):
        for gap in "- ":
            words.update({f"twenty{gap}{cardinal}": (("#", 20 + ones),), f"twenty{gap}{ordinal}": (("t", 20 + ones),)})
    words.update(_years())
    # "Year End" alone is a name more often than a date.
    for bound, code in (("until", "V"), ("till", "V"), ("by", "V"), ("before", "B")):
        for unit, name in (("m", "month"), ("q", "quarter"), ("y", "year")):
            ends = ((code, None), ("e", None), ("o", None), (unit, None))
            words.update({f"{bound} {name}{gap}end": ends for gap in " -"})
    words.update({"thirty": (("#", 30),), "thirtieth": (("t", 30),)})
    words.update({f"thirty{gap}first": (("t", 31),) for gap in "- "})
    for unit in "dwmqy":
        name = SINGLE[unit].split()[0]
        words.update(
            {f"a {name} {side}": (("#", 1), (unit, None), (side[0].upper(), None)) for side in ("after", "before")}
        )
    for ahead, code in AHEAD.items():
        calendar = [(name, unit) for unit in "dwfmqy" for name in SINGLE[unit].split()]
        clock = [(name, MINUTES[unit]) for unit, names in CLOCK_UNITS.items() for name in names.split()]
        words.update({f"{ahead} {name}": ((code, "in"), ("#", 1), (unit, None)) for name, unit in calendar})
        words.update({f"{ahead} {name}": ((code, "in"), ("#", 1), ("%", minutes)) for name, minutes in clock})
    return words


def _years() -> dict[str, Phrase]:
    """Nineteen ninety-eight, two thousand and seven, twenty twenty-six."""
    ones = NUMBERS.split()
    below = dict(enumerate(ones, 1)) | {10 * ten: name for ten, name in enumerate(TENS.split(), 2)}
    below |= {
        10 * ten + one: f"{name}-{ones[one - 1]}" for ten, name in enumerate(TENS.split(), 2) for one in range(1, 10)
    }
    words: dict[str, Phrase] = {}
    for number, name in below.items():
        for spelled in {name, name.replace("-", " ")}:
            if number >= 10:
                words[f"nineteen {spelled}"] = (("Y", 1900 + number),)
                words[f"twenty {spelled}"] = (("Y", 2000 + number),)
            words[f"two thousand {spelled}"] = words[f"two thousand and {spelled}"] = (("Y", 2000 + number),)
    return words


LABELS = (
    "invoice order task tasks ticket number no nr id case room client customer page top version item building contract "
    "po christmas easter thanksgiving line code job run step chapter section project account model limit port"
)
COUNTED = (
    "eur euro euros usd dollar dollars gbp pound pounds chf item items row rows record records people users times "
    "pages km kg pieces units words lines messages files m mb gb ms percent"
)
COMMON = (
    "i you he she it we they me us them is are was were be been do does did have has had will would can could should "
    "and or not no so am by with about as if when what which who how much many that these those there here please show "
    "give send make get run start list create generate need want tell call ask report reports invoice invoices revenue "
    "sales clients client customers customer orders order payments payment figures numbers results overview analysis "
    "data budget costs profit turnover everything all only new more"
)
FILLERS = "more about around roughly approximately the a an all whole entire full complete calendar just only my our"

LEXICON = Lexicon(
    words=_words(),
    fillers=frozenset(FILLERS.split()),
    ordinal=r"(\d{1,2})(?:st|nd|rd|th)",
    labels=frozenset(LABELS.split()),
    counted=frozenset(COUNTED.split()),
    common=frozenset(COMMON.split()),
    given_names=frozenset({"april", "june", "august", "may"}),
    outlook=frozenset({"forecast", "forecasts", "outlook", "projection", "projections"}),
    titles=frozenset({"mr", "mrs", "ms", "miss", "dr"}),
    doubtful_first=frozenset({"may"}),
    patterns=(
        (r"q(\d)", "Q"),
        (r"([1-4])q", "Q"),
        (r"h(\d)", "H"),
        (r"fy'?(\d{2}|\d{4})", "K"),
        (r"(?:cw|wk|kw|w)(\d{1,2})", "w"),
    ),
)
