"""French words for the date grammar: tables only."""

from apps.language.dates.lexicon import Lexicon, Phrase, behind, daily, split, spread

MONTHS = (
    "janvier janv jan",
    "février fevrier févr fév fevr",
    "mars",
    "avril avr",
    "mai",
    "juin",
    "juillet juil",
    "août aout",
    "septembre sept",
    "octobre oct",
    "novembre nov",
    "décembre decembre déc",
)
WEEKDAYS = ("lundi lun", "mardi", "mercredi mer", "jeudi jeu", "vendredi ven", "samedi sam", "dimanche dim")
_NUMBERS = (
    "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf "
    "vingt vingt-et-un vingt-deux vingt-trois vingt-quatre vingt-cinq vingt-six vingt-sept vingt-huit vingt-neuf trente "
    "trente-et-un"
)
NUMBERS = tuple(split(_NUMBERS))
CLOCK_UNITS = {"hour": "heure heures", "h": "h", "minute": "minute minutes min"}
DAY_PARTS = {
    "morning": "matin matins matinée dans_la_matinée",
    "noon": "déjeuner au_déjeuner",
    "afternoon": "après-midi dans_l'après-midi",
    "evening": "soir soirée dans_la_soirée",
    "night": "nuit dans_la_nuit",
}
ORDINALS = (
    "premier première premiers premières",
    "deuxième second seconde",
    "troisième",
    "quatrième",
    "cinquième",
    "sixième",
    "septième",
    "huitième",
    "neuvième",
    "dixième",
)
UNITS = {
    "d": "jour jours",
    "w": "semaine semaines",
    "f": "quinzaine",
    "k": "week-end week-ends weekend weekends",
    "m": "mois",
    "q": "trimestre trimestres",
    "h": "semestre semestres moitié",
    "y": "an ans année années annee annees",
}
SINGLE = {
    **UNITS,
    "L": "dernier dernière derniers dernières derniere dernieres précédent précédente précédents précédentes",
    "T": "ce cet cette ces",
    "N": "prochain prochaine prochains prochaines suivant suivante",
    "O": "à au",
    "V": "jusque jusqu",
    "S": "depuis",
    "B": "avant",
    "A": "après",
    "Z": "entre",
    "=": "compare comparer comparez comparaison",
    "C": "et",
    "o": "de du d des",
    "I": "en pour durant pendant sur",
    "D": "dans",
    "b": "début",
    "i": "mi milieu courant",
    "e": "fin",
    "r": "glissants glissant glissantes",
    "g": "quelques plusieurs",
}
SEASONS = {"printemps": 3, "été": 6, "automne": 9, "hiver": 12}
LAST = split(
    "dernier dernière derniers dernières derniere précédent précédente précédents précédentes passé passée passés passées écoulé"
)
NEXT = [*split("prochain prochaine prochains suivant suivante"), "qui vient", "à venir"]
THIS = ["en cours", "courant", "courante", "actuel", "actuelle"]
PHRASES: dict[str, list[tuple[str, int | str | None]]] = {
    "jusqu'à": [("V", None)],
    "jusqu'au": [("V", None)],
    "jusqu'en": [("V", None)],
    "jour ouvré": [("5", None)],
    "jours ouvrés": [("5", None)],
    "saint-sylvestre": [("t", 31), ("M", 12)],
    "jour de l'an": [("t", 1), ("M", 1)],
    "même période": [("i", "same")],
    "postérieures au": [("A", None)],
    "postérieur au": [("A", None)],
    "antérieures au": [("B", None)],
    "antérieur au": [("B", None)],
    "antérieurs au": [("B", None)],
    "antérieure au": [("B", None)],
    "postérieurs au": [("A", None)],
    "postérieure au": [("A", None)],
    "ou plus tard": [("u", None)],
    "ou après": [("u", None)],
    "ou plus tôt": [("l", "behind")],
    "ou avant": [("l", "behind")],
    "au plus tard": [("l", None)],
    "au plus tard le": [("l", None)],
    "jusqu'à la fin de la journée": [("V", None), ("R", 0)],
    "d'ici la fin de la journée": [("V", None), ("R", 0)],
    "jusqu'à présent": [("z", None)],
    "jusqu'à aujourd'hui": [("z", None)],
    "à ce jour": [("z", None)],
    "première quinzaine": [("t", 1), ("h", None)],
    "deuxième quinzaine": [("t", 2), ("h", None)],
    "seconde quinzaine": [("t", 2), ("h", None)],
    "à partir de": [("S", None)],
    "à partir du": [("S", None)],
    "à compter du": [("S", None)],
    "dès": [("S", None)],
    "au cours de": [("I", None)],
    "au cours du": [("I", None)],
    "au cours des": [("I", None)],
    "il y a": [("B", None)],
    "il y a un": [("B", None), ("#", 1)],
    "il y a une": [("B", None), ("#", 1)],
    "avant-hier": [("R", -2)],
    "hier": [("R", -1)],
    "aujourd'hui": [("R", 0)],
    "demain": [("R", 1)],
    "ce matin": [("R", 0), ("~", "morning")],
    "cet après-midi": [("R", 0), ("~", "afternoon")],
    "ce soir": [("R", 0), ("~", "evening")],
    "cette nuit": [("R", 0), ("~", "night")],
    "hier soir": [("R", -1), ("~", "evening")],
    "la nuit dernière": [("R", -1), ("~", "night")],
    "dans une heure": [("D", None), ("#", 1), ("%", 60)],
    "dans une minute": [("D", None), ("#", 1), ("%", 1)],
    "une demi-heure": [("#", 1), ("%", 30)],
    "une demi heure": [("#", 1), ("%", 30)],
    "demi-heure": [("#", 1), ("%", 30)],
    "une heure et demie": [("#", 1), ("%", 90)],
    "dans les prochaines": [("I", None), ("N", None)],
    "dans les prochains": [("I", None), ("N", None)],
    "dans un délai de": [("U", "in")],
    "d'ici": [("U", "in")],
    "dans les": [("U", "in")],
    "dans la semaine": [("T", None), ("w", None)],
    "le lendemain du": [("#", 1), ("d", None), ("A", None)],
    "la veille du": [("#", 1), ("d", None), ("B", None)],
    "vingt et un": [("#", 21)],
    "trente et un": [("#", 31)],
    "en huit": [("A", 1)],
    "en 8": [("A", 1)],
    "en quinze": [("A", 2)],
    "en 15": [("A", 2)],
    "après-demain": [("R", 2)],
    "fin de": [("e", None), ("o", None)],
    "ces derniers": [("L", None)],
    "ces dernières": [("L", None)],
    "exercice": [("K", None)],
    "exercice fiscal": [("K", None)],
    "exercice comptable": [("K", None)],
    "année fiscale": [("K", None)],
    "avant tout": [("x", None)],
}


def _words() -> dict[str, Phrase]:
    words = spread(
        PHRASES, SINGLE, months=MONTHS, weekdays=WEEKDAYS, numbers=NUMBERS, ordinals=ORDINALS, seasons=SEASONS
    )
    for code, adjectives in (("L", LAST), ("N", NEXT), ("T", THIS)):
        words.update(behind(UNITS, MONTHS, WEEKDAYS, adjectives, code))
    # "ces trois derniers mois" counts back like "les trois derniers mois".
    words = {phrase: tokens for phrase, tokens in words.items() if not phrase.startswith("sept ")}
    for number, names in enumerate(NUMBERS, 1):
        words[f"ces {names}"] = (("#", number),)
    words.update({f"ces {number}": (("#", number),) for number in range(2, 100)})
    words.update({f"le {number}": (("t", number),) for number in range(1, 32)})
    words.update({name: tokens for name, tokens in daily(CLOCK_UNITS, DAY_PARTS).items() if name not in words})
    return words


COMMON = (
    "sans rapport facture factures ventes clients "
    "analyse chiffre affaires montre donne veux svp avec quel quelle est les une des"
)

LEXICON = Lexicon(
    words=_words(),
    fillers=frozenset(
        split("seulement uniquement environ le la les l un une tout toute toute tous toutes civile calendaire")
    ),
    ordinal=r"(\d{1,2})(?:er|re|e|ème|eme|nd|nde)",
    labels=frozenset(split("noël pâques facture commande tâche numéro client page version contrat salle")),
    counted=frozenset(split("euros euro dollars lignes fois personnes clients factures pages")),
    weak=frozenset({"mars", "jan", "oct", "nov", "lun", "mer", "jeu", "ven", "sam", "dim"}),
    weak_is_strong_when_capital=False,
    has_capital_months=False,
    common=frozenset(COMMON.split()),
    outlook=frozenset({"prévision", "prévisions", "prévisionnel"}),
    titles=frozenset({"monsieur", "madame", "mme", "mlle"}),
    also_numbers={"sept": 7},
    given_names=frozenset({"avril"}),
    elisions=("l", "d", "qu", "jusqu", "n", "s"),
    patterns=((r"[tq](\d)", "Q"), (r"([1-4])[tq]", "Q"), (r"[sh]([12])", "H")),
)
