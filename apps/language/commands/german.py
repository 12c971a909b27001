"""German sentences for commands. Each pattern must match the whole message; see the English ones."""

_BEFORE = (
    "bitte|hallo|hi|hey|ok|okay|kannst du|können sie|könntest du|könnten sie|würdest du|würden sie|ich möchte|ich will|jetzt|"
    "und|nun|mal|doch|sag mir|sagen sie mir"
)
POLITE = (
    rf"^(?:/|(?:{_BEFORE})\b)[\s,:]*",
    r"[\s,]*(?:\b(?:bitte|jetzt|sofort|mal|danke|für mich|gleich)|[.!?])$",
)

TASK = r"(?P<task>.+?)"
_TASKS = r"(?:aufgaben?|tasks?|jobs?|läufe|aufträge)"
_STATUS = r"(?:status|stand|fortschritt|zustand)"
_THE = r"(?:der |die |das |den |meine[nr]? |unsere[nr]? |alle )?"
_SHOW = r"(?:zeige?|liste|nenne|gib|zeigen sie|was ist|wie ist)(?: mir| uns)? "
_MORE = r"(?: (?:noch|so|immer|schon|nicht|nichts|lange|an|voran|weiter|still|los))*"
_TELL = r"(?:sage?n?|gib|geben|melde|benachrichtige|bescheid)"
_ENDED = r"(?:fertig|beendet|erledigt|abgeschlossen|durch|zu ende|vorbei)"
_STANDS = r"(?:läuft|wartet|startet|beginnt|steht|hängt|geht|kommt|ist|hakt|dauert|pausiert)"
_DECIDED = r"(?P<task>(?!(?:weil|da|denn)\b)[^,:;]+?)"
_COMMENT = r"(?:\s*(?:[,:;]|\s[-–—])\s*(?:weil |da |denn )?(?P<comment>.+)|\s+(?:weil|da|denn) (?P<reason>.+))?"

COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "help",
        (
            r"hilfe|hilf mir|befehle|menü",
            r"was (?:kannst du|können sie)(?: (?:alles|tun|für mich tun|machen))*",
            r"was kann ich (?:hier )?(?:alles )?(?:tun|fragen|sagen|starten|verlangen|machen)",
            r"wie (?:geht|funktioniert) das(?: hier)?",
            rf"(?:{_SHOW})?{_THE}(?:befehle|vorlagen|hilfe)",
            r"welche vorlagen gibt es",
        ),
    ),
    (
        "queue",
        (
            rf"(?:{_SHOW})?{_THE}(?:{_STATUS} (?:der |von )?)?(?:warteschlangen?|queues?)(?: {_STATUS})?",
            rf"wie (?:lang|voll) (?:ist|sind) {_THE}(?:warteschlangen?|queues?)",
            rf"wie (?:steht|stehen|geht) (?:es mit )?{_THE}(?:warteschlangen?|queues?)",
            rf"wie viele {_TASKS} warten",
            r"was (?:ist|wartet) in der (?:warteschlange|queue)",
            r"was wartet",
        ),
    ),
    (
        "list",
        (
            rf"(?:{_SHOW})?{_THE}(?:(?:laufende|offene|aktive|aktuelle|wartende)n? )?{_TASKS}(?: auf| an)?",
            rf"welche {_TASKS} (?:laufen|sind offen|habe ich|warten|gibt es)",
            r"was läuft(?: gerade| zurzeit| momentan)?",
            r"aufgabenliste|liste",
            rf"(?:{_SHOW})?meine(?: auf| an| auflisten| anzeigen)?",
        ),
    ),
    (
        "schedules",
        (
            rf"(?:{_SHOW})?{_THE}(?:zeitpläne|entwürfe|wiederholungen)(?: auf| an| auflisten| anzeigen)?",
            rf"(?:{_SHOW})?{_THE}(?:geplante|wiederholte)n? {_TASKS}(?: auf| an)?",
            r"welche (?:zeitpläne|entwürfe) (?:habe ich|gibt es)",
            r"was ist geplant|was wird wiederholt",
        ),
    ),
    (
        "status",
        (
            rf"(?:{_SHOW})?{_THE}{_STATUS}",
            rf"(?:{_SHOW})?{_THE}{_STATUS} (?:von |der |des |zu )?{TASK}",
            rf"wie (?:weit|läuft|geht|steht)(?: (?:ist|es mit|es um|es))? {TASK}(?: voran)?",
            r"wie (?:läuft|geht|steht) (?:es|sie)(?: voran)?",
            rf"(?:ist|sind|wird) {TASK} (?:schon |bald )?{_ENDED}",
            rf"wann (?:ist|wird) {TASK} {_ENDED}(?: sein)?",
            rf"was macht {TASK}",
            r"#(?P<number>\d+)",
            rf"{_TASKS} #?(?P<number>\d+)",
        ),
    ),
    (
        "retry",
        (
            rf"(?:wiederhole|wiederholen|wiederholen sie)(?: {TASK})?",
            rf"(?:versuche?|probiere?|starte|versuchen sie)(?: {TASK})? (?:noch ?mal|noch einmal|erneut|neu|wieder)",
            rf"{TASK} (?:wiederholen|erneut versuchen|noch ?mal versuchen|neu starten)",
        ),
    ),
    (
        "cancel",
        (
            rf"(?:stoppe?|stop|abbrechen|abbruch|beende|storniere|stoppen sie)(?: {TASK})?",
            rf"(?:brich|brechen sie|breche) {TASK} ab",
            r"brich ab",
            rf"{TASK} (?:abbrechen|stoppen|beenden|stornieren)",
            rf"ich brauche {TASK} nicht mehr",
        ),
    ),
    (
        "pause",
        (
            rf"(?:pause|pausiere|anhalten|unterbrich)(?: {TASK})?",
            rf"halte?n?(?: sie)?(?: {TASK})? an",
            rf"{TASK} (?:anhalten|pausieren|unterbrechen)",
        ),
    ),
    (
        "resume",
        (
            r"weiter(?:machen)?|mach weiter|fortsetzen|fortfahren",
            rf"(?:setze?|setzen sie)(?: {TASK})? fort",
            rf"(?:mach|mache) (?:mit )?{TASK} weiter",
            rf"{TASK} (?:fortsetzen|weiterlaufen lassen|weiterführen)",
        ),
    ),
    (
        "why",
        (
            rf"(?:warum|wieso|weshalb) {_STANDS} {TASK}{_MORE}",
            rf"worauf wartet {TASK}",
            rf"was (?:hält|blockiert) {TASK}(?: auf)?",
            r"(?:warum|wieso|weshalb)(?: passiert nichts| nicht)?",
        ),
    ),
    (
        "approve",
        (
            rf"(?:ich )?(?:genehmige?|genehmigt|freigeben|freigegeben|genehmigen)(?: {_DECIDED})?{_COMMENT}",
            rf"(?:gib|ich gebe) {_DECIDED} frei{_COMMENT}",
            rf"{_DECIDED} (?:genehmigen|freigeben){_COMMENT}",
        ),
    ),
    (
        "reject",
        (
            rf"(?:ablehnen|abgelehnt|verweigern|verweigert|verweigere)(?: {_DECIDED})?{_COMMENT}",
            rf"(?:lehne|ich lehne|lehnen sie) (?:{_DECIDED} )?ab{_COMMENT}",
            rf"{_DECIDED} (?:ablehnen|verweigern){_COMMENT}",
        ),
    ),
    (
        "unsubscribe",
        (
            rf"(?:keine|nicht mehr) (?:nachrichten|meldungen|benachrichtigungen|bescheid)(?: mehr)?(?: (?:zu|über|von) {TASK})?",
            rf"(?:melde|sag|schreib) mir nichts mehr(?: (?:zu|über|von) {TASK})?",
            rf"{TASK} (?:nicht mehr verfolgen|abbestellen)",
        ),
    ),
    (
        "subscribe",
        (
            rf"(?:{_TELL}(?: sie)?(?: mir| mich)?(?: bescheid)?[ ,]*)?(?:wenn|sobald) {TASK} {_ENDED} ist",
            rf"halte? mich (?:auf dem laufenden|informiert)(?: (?:über|zu|mit) {TASK})?",
            rf"{TASK} (?:verfolgen|abonnieren)",
        ),
    ),
)

_ONE = r"(?:die |das |der |den |meine[nr]? |diese[nrs]? )?(?:letzten? |aktuellen? |laufenden? )?(?:aufgabe|task|job|lauf|auftrag)"
PRONOUNS = rf"(?:es|das|sie|ihn|dies|diese|alles andere|{_ONE})"
ALL = r"(?:alles|alle|(?:alle |alle meine |meine |die )?(?:offenen |laufenden )?(?:aufgaben|tasks|jobs))"
BEFORE_NUMBER = r"(?:(?:die |der |meine |den )?(?:aufgaben?|tasks?|jobs?|nummern?|nr\.?|id)\s*)*#?\s*"
BETWEEN_NUMBERS = r"\s*(?:,|und|&|oder)\s*#?"
BEFORE_TITLE = r"^(?:der|die|das|den|dem|meinen?|meiner|unseren?)\s+|\s+(?:aufgabe|task|job)$"
