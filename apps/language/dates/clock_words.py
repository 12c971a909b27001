"""How five languages say times of day: tables and patterns only. `clocks.py` reads them.

Groups: `hour` and `minute` as written; `amount` with `past` or `to` before the hour ("ten to five"), with `plus` or `minus`
behind it ("las tres menos diez"); `halfway` to the hour ("halb drei"); `am`, `pm`, `night`; `fixed` for noon and midnight;
`weak` where a number is a time only beside a day.
"""

_HOURS = (
    "one eins ein una une час часу", "two zwei dos deux два", "three drei tres trois три", "four vier cuatro quatre четыре",
    "five fünf cinco cinq пять", "six sechs seis шесть", "seven sieben siete sept семь", "eight acht ocho huit восемь",
    "nine neun nueve neuf девять", "ten zehn diez dix десять", "eleven elf once onze одиннадцать",
    "twelve zwölf doce douze двенадцать", "dreizehn trece treize тринадцать", "vierzehn catorce quatorze четырнадцать",
    "fünfzehn quince quinze пятнадцать", "sechzehn dieciséis seize шестнадцать", "siebzehn diecisiete dix-sept семнадцать",
    "achtzehn dieciocho dix-huit восемнадцать", "neunzehn diecinueve dix-neuf девятнадцать",
    "zwanzig veinte vingt двадцать",
)  # fmt: skip
HOURS = {name: number for number, names in enumerate(_HOURS, 1) for name in names.split()}
_HOURS_OF = (
    "первого второго третьего четвертого пятого шестого седьмого восьмого девятого десятого одиннадцатого двенадцатого"
)
_NEXT_HOURS = {name: number for number, name in enumerate(_HOURS_OF.split(), 1)} | {"четвёртого": 4}
MINUTES = {
    "quarter": 15, "a quarter": 15, "viertel": 15, "cuarto": 15, "quart": 15, "le quart": 15, "четверть": 15, "четверти": 15,
    "half": 30, "media": 30, "demi": 30, "demie": 30,
    "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "twenty five": 25, "thirty": 30, "forty-five": 45,
    "fünf": 5, "zehn": 10, "zwanzig": 20, "fünfundzwanzig": 25,
    "cinco": 5, "diez": 10, "quince": 15, "veinte": 20, "veinticinco": 25, "treinta": 30, "cuarenta": 40,
    "cuarenta y cinco": 45, "cincuenta": 50,
    "cinq": 5, "dix": 10, "quinze": 15, "vingt": 20, "vingt-cinq": 25, "trente": 30, "quarante": 40, "quarante-cinq": 45,
    "cinquante": 50,
    "пяти": 5, "десяти": 10, "двадцати": 20, "десять": 10, "пятнадцать": 15, "двадцать": 20, "тридцать": 30, "сорок": 40,
    "пять": 5, "пятьдесят": 50,
}  # fmt: skip
ALL_HOURS = HOURS | _NEXT_HOURS
MIDNIGHT = {"midnight", "mitternacht", "mitternachts", "полночь", "medianoche", "minuit"}


def _one_of(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_N = rf"(?P<hour>\d{{1,2}}|{_one_of(HOURS)})(?=\W|$|[ap]\.?m\b)"
_D = r"(?P<hour>\d{1,2})"
_M = r"(?P<minute>[0-5]\d)"
_SPELLED = rf"(?P<minute>[0-5]?\d|{_one_of(MINUTES)})(?![\w.,:]\d|\w)"
_AMOUNT = rf"(?P<amount>[0-5]?\d|{_one_of(MINUTES)})(?!\w)"
_ENDS = (
    r"(?=\s*(?:$|[.,;!?)]\s|[.,;!?)]$|(?:on|tomorrow|today|every|sharp|next|this|and(?!\s+\d)|until|to|am|"
    r"morgen|heute|jeden|und(?!\s+\d)|bis|scharf|mañana|hoy|cada|el|y(?!\s+\d)|del|demain|le|chaque|et|завтра|сегодня|каждый|и)\b))"
)
_NO_GERMAN = r"(?!\s+(?:\d|abend|morgen|mittag|vormittag|nachmittag|\w+tag|mittwoch|sonnabend|erst|letzt)\w*)"
"""Behind "8 am": German goes on with a day."""
_MORNING = (
    rf"(?P<am>a\.?\s?m\b\.?{_NO_GERMAN}|in (?:the )?(?:early )?morning|in the a\.?m\b\.?|morgens|vormittags|früh\b|"
    r"am (?:morgen|vormittag)|in der früh|утра|de la mañana|en la mañana|du mat(?:in)?\b|de la madrugada)"
)
_EVENING = (
    r"(?P<pm>p\.?\s?m\b\.?|in (?:the )?(?:afternoon|evening)|nachmittags|abends|am (?:nachmittag|abend)|"
    r"(?:heute )?nachmittag\b|дня|вечера|(?:de|en|por) la tarde|del mediodía|du soir|de l['’]après-midi)"
)
_NIGHT = r"(?P<night>at night|nachts|in der nacht|ночи|de la noche)"
HALF_DAY = rf"(?:\s*(?:{_MORNING}|{_EVENING}|{_NIGHT}))"
_ABOUT = r"(?:(?:about|around|approximately|etwa|ungefähr|zirka|circa|ca\.|около|примерно|environ|sobre)\s+)?"
_AT = rf"(?:at|@|by|around|about|um|gegen|ab|в|к|a las|a la|las|à|vers)\s+{_ABOUT}"
# What bounds a time ("before", "until") is left to the rules: it is looked at and not taken.
_IN_RUSSIAN = r"(?:(?:в|к|около)\s+|(?<=до\s)|(?<=после\s)|(?<=с\s))"
_IN_FRENCH = (
    r"(?:(?:(?<!['’])à|vers|dès|à partir de|environ|autour de|aux alentours de)\s+"
    r"|(?<=avant\s)|(?<=après\s)|(?<=jusqu.à\s))"
)

_FIXED = r"(?P<fixed>noon|midday|midnight|mittags|mitternachts?|полдень|полночь)(?!\w)"
_PARTS_EN = r"(?:(?P<am>in the (?:(?:early )?morning|a\.?m\b\.?))|(?P<pm>in (?:the )?(?:afternoon|evening))|(?P<night>at night))"
_PARTS_ES = r"(?:(?P<am>de la mañana|de la madrugada|en la mañana)|(?P<pm>(?:de|en) la tarde)|(?P<night>de la noche))"
PATTERNS = (
    rf"(?:{_AT})?(?:(?P<amount>\d{{1,2}}|(?:a )?quarter|viertel|четверть)\s+(?P<to>to|before|vor)\s+)?{_FIXED}",
    rf"(?:{_AT})?(?P<fixed>midi|minuit)(?:\s+(?:et\s+)?{_SPELLED}|\s+moins\s+(?P<amount>{_one_of(MINUTES)})(?P<minus>))?(?!\w)",
    r"(?:al?\s+)?(?P<fixed>mediodía|medianoche)(?!\w)",
    rf"(?:{_AT})?half past {_N}(?P<halfpast>){HALF_DAY}?",
    rf"(?:{_AT})?{_AMOUNT}(?:\s+minutes?)?\s+(?P<past>past)\s+{_N}{HALF_DAY}?",
    rf"(?:{_AT})?(?P<amount>(?:a )?quarter|twenty|twenty[ -]five)\s+(?P<past>after)\s+{_N}{HALF_DAY}?",
    rf"(?:{_AT})?(?P<amount>(?:a )?quarter)\s+(?P<to>to|before)\s+{_N}{HALF_DAY}?",
    rf"{_AT}(?P<amount>(?:a )?quarter)\s+(?P<to>of)\s+{_N}{HALF_DAY}?",
    rf"(?:{_AT})?{_AMOUNT}(?:\s+minutes?)?\s+(?P<to>to)\s+{_N}{HALF_DAY}",
    rf"(?:at\s+){_AMOUNT}(?:\s+minutes?)?\s+(?P<to>to)\s+{_N}",
    rf"at\s+half\s+{_N}(?P<halfpast>){HALF_DAY}?",
    rf"(?:(?:um|gegen|ab)\s+)?halb\s+{_N}(?P<halfway>)(?:\s+uhr)?{HALF_DAY}?",
    rf"(?:(?:um|gegen|ab)\s+)?(?P<amount>viertel)\s+(?:(?P<past>nach)|(?P<to>vor))\s+{_N}(?:\s+uhr)?{HALF_DAY}?",
    rf"(?:um|gegen|ab|bis)\s+{_AMOUNT}(?:\s+minuten)?\s+(?:(?P<past>nach)|(?P<to>vor))\s+{_N}(?:\s+uhr)?{HALF_DAY}?",
    rf"{_AMOUNT}\s+(?:minuten\s+)?(?:(?P<past>nach)|(?P<to>vor))\s+{_N}\s+uhr{HALF_DAY}?",
    rf"{_AMOUNT}\s+minuten\s+(?:(?P<past>nach)|(?P<to>vor))\s+{_N}",
    rf"(?:um\s+)?dreiviertel\s+{_N}(?P<threequarter>){HALF_DAY}?",
    rf"(?:a\s+)?las?\s+{_N}\s+y\s+{_SPELLED}{HALF_DAY}?",
    rf"(?:a\s+)?las?\s+{_N}\s+menos\s+{_AMOUNT}(?P<minus>){HALF_DAY}?",
    rf"{_IN_FRENCH}{_ABOUT}{_N}\s*heures?\s+(?:et\s+)?{_SPELLED}{HALF_DAY}?",
    rf"{_N}\s*heures?\s+(?:et\s+)?{_SPELLED}(?P<weak>){HALF_DAY}?",
    rf"{_IN_FRENCH}?{_ABOUT}{_N}\s*heures?\s+moins\s+{_AMOUNT}(?P<minus>){HALF_DAY}?",
    rf"(?:в\s+)?(?:половин[аеу]|пол)\s+(?P<hour>{_one_of(_NEXT_HOURS)})(?P<halfway>)(?!\w){HALF_DAY}?",
    rf"(?:в\s+)?(?P<amount>четверть|\d{{1,2}} минут)\s+(?P<hour>{_one_of(_NEXT_HOURS)})(?P<pastof>)(?!\w){HALF_DAY}?",
    rf"без\s+{_AMOUNT}\s+(?:минут\s+)?(?P<to>){_N}{HALF_DAY}?",
    rf"(?:{_AT})?{_D}[:.]{_M}\s*(?:uhr|h|horas|часов|ч)(?!\w){HALF_DAY}?",
    rf"(?:{_AT})?{_D}[:.]{_M}{HALF_DAY}",
    rf"(?:{_AT})?{_D}:{_M}:[0-5]\d{HALF_DAY}",
    rf"(?:{_AT})?{_D}:{_M}\s?(?:(?P<am>a)|(?P<pm>p))(?!\w)",
    rf"(?:{_AT})?{_D}:{_M}(?::[0-5]\d)?(?![\d:]|\s*%)",
    rf"(?:at|um|в|a las|à)\s+{_D}\.{_M}(?![\d.]\d|\d|\s*(?:%|€|\$|£))",
    rf"(?:{_AT})?{_D}\s?[hч]\s?{_M}(?:m\d\ds?)?(?!\w){HALF_DAY}?",
    rf"(?:{_AT})?{_D}{_M}\s?(?:uhr|h)(?!\w){HALF_DAY}?",
    rf"(?:{_AT})?{_D}{_M}\s*(?:(?P<am>a\.?m\b\.?{_NO_GERMAN})|(?P<pm>p\.?m\b\.?))",
    rf"(?:{_AT})?{_ABOUT}{_N}\s*uhr(?:\s+{_M}(?![\d.]))?(?!\w){HALF_DAY}?",
    rf"(?:{_AT})?{_D}\s?uhr(?!\w){HALF_DAY}?",
    rf"(?:(?:um|ab|gegen)\s+|(?<=nach\s)|(?<=vor\s)|(?<=bis\s)){_D}\s?h(?!\w){HALF_DAY}?",
    rf"{_N}\s*heures?(?=\s+(?:ce (?:soir|matin)|demain|hier)\b)",
    rf"{_IN_FRENCH}{_ABOUT}{_N}\s*heures?(?!\w){HALF_DAY}?",
    rf"{_IN_FRENCH}{_ABOUT}{_D}\s?h(?!\w){HALF_DAY}?",
    rf"{_N}\s*heures?\s*{HALF_DAY}",
    rf"{_D}\s?h{HALF_DAY}",
    rf"{_IN_RUSSIAN}{_D}\s?ч(?!\w)",
    rf"{_IN_RUSSIAN}{_N}(?:\s*(?:часа|часов|час|ч))(?!\w)(?:\s+{_M}\s+минут)?(?!\w){HALF_DAY}?",
    rf"{_N}\s+(?:часа|часов|час){HALF_DAY}",
    rf"{_IN_RUSSIAN}{_N}{HALF_DAY}",
    rf"a\s+las?\s+{_N}\s*(?:horas|h)(?!\w){HALF_DAY}?",
    rf"a\s+las?\s+{_N}{HALF_DAY}",
    rf"a\s+las?\s+{_N}{_ENDS}",
    rf"(?:las?\s+)?{_N}\s+(?:horas\s+)?{_PARTS_ES}",
    rf"(?:{_AT})?{_D}\s*(?:(?P<am>a\.?m\b\.?{_NO_GERMAN})|(?P<pm>p\.?m\b\.?))",
    rf"(?:at|by|around|um)\s+{_N}{HALF_DAY}",
    rf"{_N}\s+{_PARTS_EN}",
    rf"(?:{_AT})?{_N}\s+o['’]?clock(?!\w){HALF_DAY}?",
    rf"(?:at|um|gegen|vers)\s+{_N}{_ENDS}",
    rf"в\s+(?P<hour>\d{{1,2}})(?P<weak>){_ENDS}",
)  # fmt: skip

_FROM = r"(?:from|between|von|zwischen|с|между|de|desde|entre)"
_MARK = r"(?:uhr|h|ч|час(?:ов|а)|heures?|horas)(?!\w)"
_LETTER = rf"[ap](?:\.?\s?m\b\.?)?(?!\w){_NO_GERMAN}"
_MORNING_MARKS = r"(?:in the morning|morgens|am (?:morgen|vormittag)|vormittags|утра|de la mañana|du matin)"
_EVENING_MARKS = (
    r"(?:in the (?:afternoon|evening)|at night|nachmittags|abends|am abend|дня|вечера|de la (?:tarde|noche)|du soir)"
)


def _end(number: int) -> str:
    return (
        rf"(?P<h{number}>\d{{1,2}})(?:(?P<dot{number}>[:.h])(?P<m{number}>[0-5]\d)(?::[0-5]\d)?)?"
        rf"(?:\s?(?P<mark{number}>{_MARK}))?(?:\s?(?P<letter{number}>{_LETTER}))?"
        rf"(?:\s(?:(?P<am{number}>{_MORNING_MARKS})|(?P<pm{number}>{_EVENING_MARKS})))?"
    )


RANGE = (
    rf"(?:(?P<from>{_FROM})\s+)?{_end(1)}\s*"
    rf"(?P<between>-|–|—|/|to|until{{1,2}}|till|and|bis(?: zum)?|und|до|и|jusqu['’]à|à|et|hasta las|a las|a|y)\s*{_end(2)}"
    r"(?![\w:/]|[.,]\d)"
)  # fmt: skip
COULD_BE = (
    r"\d\s?(?:[:hч]|uhr)|\d[.]\d\d|\b(?:at|by|around|about|um|gegen|uhr|в|к|до|после|без|las?|à|vers|dès|noon|midday|mid|o['’]?clock|"
    r"past|halb|viertel|dreiviertel|quarter|половин[аеу]|четверть|часов|часа|heures?|[ap]\.?m|in the|at night)\b"
    r"|mittag|mitternacht|полдень|полночь|medio|media|midi|minuit|\d\s?[ap](?:\.?m)?\b"
)
