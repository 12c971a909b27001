"""German words of conversations: tables only."""

from apps.language.conversation.words import Words

_DAYS = r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)"
_TIME = r"\d{1,2}(?:[:.]\d\d)?(?:\s*uhr(?:\s+\d\d)?)?(?:\s+(?:morgens|früh|vormittags|nachmittags|abends))?"
_UNIT = rf"(?:{_DAYS}|tag|werktag|arbeitstag|morgen|mittag|abend|nachmittag|stunde|woche|monats?|quartals?|jahr(?:es)?)"
_AT = rf"(?:,?\s*(?:um|gegen|ab)\s+(?:{_TIME}|mitternacht))"
_NTH = rf"(?:\d{{1,2}}\.?|ersten|letzten|{_DAYS})(?:\s+(?:tag|werktag|{_DAYS}))?"
_ON = rf"(?:,?\s*(?:am|an)\s+(?:jedem\s+)?{_NTH}(?:\s+(?:im|des|jeden)\s+monats?)?)"
_FILLERS = """
der die das den dem des ein eine einen einem und oder aber für von im in am an zu zum zur mit ohne nur auch noch mal nochmal
noch einmal jetzt dann bitte stattdessen dies diese diesen dieses es sie selbe selben gleiche gleichen dasselbe dieselbe das
gleiche wieder mach mache machen tu gib zeig zeige mir uns ich wir will wollen brauche wie was ist sind nicht nein ja als ab
bis auf bei alle unser unsere mein meine hätte gern gerne würde möchte ändern ändere format version
"""

WORDS = Words(
    yes=(
        "ja", "j", "jawohl", "jep", "klar", "genau", "richtig", "stimmt", "passt", "in ordnung", "einverstanden", "ja bitte",
        "ja genau", "gut", "sehr gut", "ja mach das", "mach das", "bestätigt", "bestätigen", "korrekt", "gerne", "ja gerne",
        "okay", "ok", "natürlich", "selbstverständlich", "ja gern", "das stimmt", "so ist es",
    ),
    no=(
        "nein", "nee", "nö", "ne", "das nicht", "falsch", "nein danke", "lieber nicht", "doch nicht",
        "nicht das", "auf keinen fall",
    ),
    start=(
        "start", "starten", "starte", "los", "leg los", "los geht's", "mach los", "loslegen", "ausführen", "beginnen",
        "ja starten", "jetzt starten", "fang an", "entwurf behalten", "behalten", "weiter so", "starte es", "bitte starten",
    ),
    forget=(
        "vergiss es", "vergiss das", "vergessen sie es", "abbrechen", "brich ab", "abbruch", "stopp", "stop", "lass es",
        "lass das", "lassen sie es", "egal", "schon gut", "nein vergiss es", "zurück", "hat sich erledigt", "doch nicht mehr",
        "lass gut sein",
    ),
    change=("ändern", "ändere", "ändere es", "etwas ändern", "ändern bitte", "anders", "anpassen", "bearbeiten"),
    none=("keins", "keines", "nichts davon", "keins davon", "keine davon", "keiner davon", "weder noch", "was anderes"),
    more=("mehr", "mehr zeigen", "weiter", "zeig mehr", "mehr anzeigen", "nächste seite", "den rest", "weitere"),
    hello=("hallo", "guten morgen", "guten tag", "guten abend", "moin", "servus", "grüß gott", "hallo zusammen", "tag"),
    thanks=("danke", "vielen dank", "danke schön", "dankeschön", "danke sehr", "besten dank", "herzlichen dank", "ok danke"),
    who=(
        "wer bist du", "wer sind sie", "was bist du", "bist du ein bot", "bist du ein mensch",
        "sind sie ein bot", "wie heißt du", "wie heißen sie",
    ),
    please=("bitte", "dann", "doch", "einfach", "jetzt"),
    both=(
        "beide", "alle beide", "beides", "beide bitte", "die beiden", "ja beide", "alle", "alle drei", "alle davon",
        "jeden davon",
    ),
    reason=(
        "warum das", "warum diese", "warum diese vorlage", "warum gerade das", "warum gerade diese",
        "warum hast du das gewählt", "warum hast du diese gewählt", "warum hast du das genommen",
        "warum hast du diese vorlage gewählt", "warum haben sie das gewählt",
        "warum haben sie diese vorlage gewählt", "wieso das", "wieso diese", "wieso gerade das",
        "wieso hast du das gewählt", "weshalb das", "wie hast du das verstanden", "wie kommst du darauf",
        "wie kommen sie darauf", "was hast du verstanden", "erkläre deine wahl", "woher weißt du das",
        "warum diese auswahl",
    ),
    denial=(
        r"(?:(?:nein|nee|falsch|moment|halt|sorry|entschuldigung|korrektur|doch nicht)\b[\s,.!:;–-]*)*"
        r"(?:(?:ich meine|ich meinte|gemeint (?:war|ist)|sondern|lieber|besser|stattdessen|eigentlich|mach daraus|"
        r"es (?:ist|soll sein))\b[\s,:]*)?"
    ),
    instead=(
        r"nicht (?P<old>[^,]+?)\s*(?:,\s*(?:sondern\s+)?|\s+sondern\s+|\s*[–-]\s+)(?P<new>.+)",
        r"(?P<new>[^,]+?),?\s+(?:nicht|statt|anstatt|anstelle von)\s+(?P<old>.+)",
        r"(?:ersetze|ändere)\s+(?P<old>.+?)\s+(?:durch|in|zu|auf)\s+(?P<new>.+)",
    ),
    same=(
        r"(?:(?:jetzt |nun |und |bitte |mach |mache |gib mir |zeig mir )*"
        r"(?:(?:genau )?(?:das|den|die) (?:selbe|gleiche)n?|(?:das|die|den)selben?|ebenso|genauso)"
        r"(?: noch ?mal| nochmals| noch einmal)?"
        r"|noch ?mal|nochmals|noch einmal|noch eine[rsn]?|wiederhole? (?:es|das|dies))\b"
    ),
    also=r"(?:und|auch|nur|aber|jetzt|dann|statt|stattdessen|wie wäre es mit|was ist mit|sowie|als|mit|ohne|im|in|für|diesmal)\b",
    then=r"[\s,.]*\b(?:und dann|und danach|und anschließend|danach|anschließend|dann)\b[\s,:]*",
    both_of=r"[\s,]+(?:und)\s+",
    fillers=frozenset(_FILLERS.split()),
    rule=(
        rf"(?<!für )(?<!von )(?<!in )\bjede[nrsm]?\s+(?:(?:zweiten?|dritten?|ersten?|letzten?|\d{{1,3}}\.?)\s+)?"
        rf"{_UNIT}(?:(?:,|\s+und|,\s*und)\s+{_DAYS})*"
        rf"(?:\s+(?:früh|morgen|mittag|nachmittag|abend|im monat|des monats))?{_ON}?{_AT}?"
        rf"|\b(?:um|gegen)\s+{_TIME}\s+jede[nrs]?\s+{_UNIT}"
        rf"|\b(?:stündlich|täglich|wöchentlich|monatlich|vierteljährlich|jährlich|werktags|wochentags)(?:{_ON}{_AT}?|{_AT})"
        rf"|\b(?:{_DAYS}s|werktags)(?:\s+und\s+{_DAYS}s)*{_AT}?"
        rf"|\bam\s+(?:ersten|letzten|\d{{1,2}}\.?)\s+(?:tag\s+)?(?:jeden|jedes|eines jeden)\s+(?:monats|quartals|jahres){_AT}?"
        rf"|\b(?:einmal|ein mal)\s+(?:pro|am|im|in der)\s+(?:tag|woche|monat|quartal|jahr){_ON}?{_AT}?"
    ),
)  # fmt: skip
